//! Stage `kg_extraction`: who and what the episode is about, as a graph: entities, relations, and for each the words that
//! say so.
//!
//! Names are told by how they are written (`text::names`), relations by the words between two names of a sentence. What no
//! pattern knows is a plain `mentioned_with`, never a guess.

mod relations;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::rss_feed_fetch::Episode;
use super::speaker_detection::{Role, Speakers};
use super::transcript_cleaning::CleanTranscript;
use crate::text::names::{Name, NameKind, names};
use crate::text::sentences::Sentence;
use crate::text::words::{bare, words};
use crate::time::Millis;

/// The graph of an episode.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// What there is.
    pub nodes: Vec<Node>,
    /// How it hangs together.
    pub edges: Vec<Edge>,
}

/// An entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What edges call it.
    pub id: String,
    /// Its name as first written.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// How often it is mentioned.
    pub mentions: usize,
}

/// What an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// This episode.
    Episode,
    /// Somebody.
    Person,
    /// Several people with one purpose.
    Organisation,
    /// Somewhere.
    Place,
    /// A year.
    Year,
    /// Something else with a name.
    Thing,
}

/// A relation between two entities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Whose relation it is.
    pub from: String,
    /// What relation, such as `built` or `works_at`.
    pub relation: String,
    /// To what.
    pub to: String,
    /// Which words say so; the first few.
    pub evidence: Vec<Evidence>,
    /// How many sentences say so.
    pub count: usize,
}

/// Words that say something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The words, as transcribed or as in the metadata.
    pub quote: String,
    /// When they begin; nothing where they are from the metadata.
    pub start: Option<Millis>,
}

/// The relation of two names of one sentence that no pattern knows.
const MENTIONED_WITH: &str = "mentioned_with";
/// Evidence kept for an edge.
const EVIDENCE_MAX: usize = 3;
/// Entities kept for an episode, the most mentioned ones.
const NODES_MAX: usize = 200;
/// Names of a sentence that are paired; lists of twenty names would make two hundred edges.
const NAMES_PER_SENTENCE_MAX: usize = 6;

/// The graph of `episode`.
#[ferret::profile(stage)]
pub fn kg_extraction(
    episode: &Episode,
    speakers: &Speakers,
    transcript: &CleanTranscript,
) -> Graph {
    let mut building = Building::default();
    let this = building.mention(&episode.title, NodeKind::Episode);
    for speaker in &speakers.speakers {
        let person = building.mention(&speaker.name, NodeKind::Person);
        let relation = if speaker.role == Role::Host { "hosts" } else { "guest_of" };
        building.relate(
            &person,
            relation,
            &this,
            Evidence { quote: speaker.quote.clone(), start: None },
        );
    }
    // Speech models capitalise at whim: what is also written small is no name.
    let small = small_words(&transcript.sentences);
    // Two passes, so that "Pryce" in the first sentence is known to be the Owen Pryce of the tenth.
    let found: Vec<Vec<(Name, NodeKind)>> =
        transcript.sentences.iter().map(|s| entities_of(s, &small)).collect();
    building.learn_full_names(found.iter().flatten());
    for ((sentence, entities), number) in transcript.sentences.iter().zip(&found).zip(1..) {
        ferret::progress(number, found.len() as u64);
        relate_sentence(&mut building, &this, sentence, entities);
    }
    building.finish()
}

/// The words that begin with a small letter somewhere.
fn small_words(sentences: &[Sentence]) -> BTreeSet<String> {
    let tokens = sentences.iter().flat_map(|s| s.text.split_whitespace());
    tokens.filter(|t| t.starts_with(char::is_lowercase)).map(bare).collect()
}

/// The names and years of a sentence, in order.
#[ferret::profile]
fn entities_of(sentence: &Sentence, small: &BTreeSet<String>) -> Vec<(Name, NodeKind)> {
    let kind = |kind| match kind {
        NameKind::Person => NodeKind::Person,
        NameKind::Organisation => NodeKind::Organisation,
        NameKind::Place => NodeKind::Place,
        NameKind::Thing => NodeKind::Thing,
    };
    let mut found: Vec<(Name, NodeKind)> = names(&sentence.text)
        .into_iter()
        .filter(|n| !small.contains(&n.text.to_lowercase()))
        .map(|n| (kind(n.kind), n))
        .map(|(k, n)| (n, k))
        .collect();
    found.extend(years(&sentence.text).into_iter().map(|n| (n, NodeKind::Year)));
    found.sort_by_key(|(name, _)| name.range.start);
    found.truncate(NAMES_PER_SENTENCE_MAX);
    found
}

/// Numbers that are years: four digits from 1000 to 2099, with nothing that would make them an amount.
fn years(text: &str) -> Vec<Name> {
    let mut found = Vec::new();
    let mut before = "";
    for token in text.split_whitespace() {
        let digits = token.trim_matches(|c: char| !c.is_ascii_digit());
        let is_year = digits.len() == 4 && (digits.starts_with('1') || digits.starts_with("20"));
        let said_as_year =
            ["in", "since", "by", "until", "of", "from", "year", "before", "after", "around"]
                .contains(&before);
        if is_year && said_as_year && digits.bytes().all(|b| b.is_ascii_digit()) {
            let start = digits.as_ptr() as usize - text.as_ptr() as usize;
            found.push(Name {
                text: digits.to_owned(),
                range: start..start + 4,
                kind: NameKind::Thing,
            });
        }
        before = token;
    }
    found
}

/// Add a sentence's entities, and the relations between each and the next.
#[ferret::profile]
fn relate_sentence(
    building: &mut Building,
    this: &str,
    sentence: &Sentence,
    entities: &[(Name, NodeKind)],
) {
    let evidence = || Evidence { quote: sentence.spoken.clone(), start: Some(sentence.start) };
    let ids: Vec<String> =
        entities.iter().map(|(name, kind)| building.mention(&name.text, *kind)).collect();
    for id in &ids {
        building.relate(this, "mentions", id, evidence());
    }
    for (at, pair) in entities.windows(2).enumerate() {
        let (from, to) = (&ids[at], &ids[at + 1]);
        if from == to {
            continue;
        }
        let between = sentence.text.get(pair[0].0.range.end..pair[1].0.range.start).unwrap_or("");
        match relations::between(between, pair[0].1, pair[1].1) {
            Some((relation, true)) => building.relate(to, relation, from, evidence()),
            Some((relation, false)) => building.relate(from, relation, to, evidence()),
            None => building.relate(from, MENTIONED_WITH, to, evidence()),
        }
    }
}

/// The graph while it grows.
#[derive(Default)]
struct Building {
    nodes: BTreeMap<String, Node>,
    edges: BTreeMap<(String, String, String), Edge>,
    /// People's full names by their first and last words; nothing where two people share one.
    full_names: BTreeMap<String, Option<String>>,
}

impl Building {
    /// Note names of several words, so that their first or last word alone means them.
    fn learn_full_names<'a>(&mut self, found: impl Iterator<Item = &'a (Name, NodeKind)>) {
        let speakers: Vec<String> = self
            .nodes
            .values()
            .filter(|n| n.kind == NodeKind::Person)
            .map(|n| n.name.clone())
            .collect();
        let people =
            found.filter(|(_, kind)| *kind == NodeKind::Person).map(|(name, _)| name.text.clone());
        for name in speakers.into_iter().chain(people) {
            let (Some((first, _)), Some((_, last))) = (name.split_once(' '), name.rsplit_once(' '))
            else {
                continue;
            };
            for part in [first, last] {
                let known = self
                    .full_names
                    .entry(part.to_lowercase())
                    .or_insert_with(|| Some(name.clone()));
                if known.as_ref().is_some_and(|other| !other.eq_ignore_ascii_case(&name)) {
                    *known = None;
                }
            }
        }
    }

    /// Count a mention of `name`; its node's id.
    fn mention(&mut self, name: &str, kind: NodeKind) -> String {
        let full = self.full_names.get(&name.to_lowercase()).and_then(Option::as_ref);
        let full = full.filter(|_| matches!(kind, NodeKind::Person | NodeKind::Thing));
        let (name, kind) = full.map_or((name, kind), |full| (full.as_str(), NodeKind::Person));
        let id = words(name).collect::<Vec<_>>().join("-");
        let node = || Node { id: id.clone(), name: name.to_owned(), kind, mentions: 0 };
        let node = self.nodes.entry(id.clone()).or_insert_with(node);
        node.mentions += 1;
        // "the Heron" may be a thing at first and a place where "to Heron" says so.
        if node.kind == NodeKind::Thing {
            node.kind = kind;
        }
        id
    }

    fn relate(&mut self, from: &str, relation: &str, to: &str, evidence: Evidence) {
        let key = (from.to_owned(), relation.to_owned(), to.to_owned());
        let edge = self.edges.entry(key).or_insert_with(|| Edge {
            from: from.to_owned(),
            relation: relation.to_owned(),
            to: to.to_owned(),
            evidence: Vec::new(),
            count: 0,
        });
        edge.count += 1;
        if edge.evidence.len() < EVIDENCE_MAX && !edge.evidence.contains(&evidence) {
            edge.evidence.push(evidence);
        }
    }

    /// The graph: most mentioned nodes first, and edges between those that are kept.
    fn finish(self) -> Graph {
        let mut nodes: Vec<Node> = self.nodes.into_values().collect();
        nodes.sort_by(|a, b| {
            (a.kind != NodeKind::Episode)
                .cmp(&(b.kind != NodeKind::Episode))
                .then(b.mentions.cmp(&a.mentions))
        });
        nodes.truncate(NODES_MAX);
        let has = |id: &str| nodes.iter().any(|n| n.id == id);
        let edges = self.edges.into_values().filter(|e| has(&e.from) && has(&e.to)).collect();
        Graph { nodes, edges }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::speaker_detection::speaker_detection;
    use crate::stages::testing::{clean, episode};

    fn graph(segments: &[&str]) -> Graph {
        let about = episode("Mills", "Host Ada Bell is joined by Owen Pryce.");
        kg_extraction(&about, &speaker_detection(&about), &clean(segments))
    }

    fn check(segments: &[&str], expect: &[(&str, &str, &str)]) {
        let graph = graph(segments);
        for (from, relation, to) in expect {
            let found = graph.edges.iter().find(|e| {
                (e.from.as_str(), e.relation.as_str(), e.to.as_str()) == (from, relation, to)
            });
            let edge =
                found.unwrap_or_else(|| panic!("no {from} {relation} {to} in {:#?}", graph.edges));
            assert!(!edge.evidence.is_empty());
        }
    }

    #[test]
    fn speakers_are_tied_to_the_episode_by_the_words_that_named_them() {
        check(&[], &[("ada-bell", "hosts", "mills"), ("owen-pryce", "guest_of", "mills")]);
    }

    #[test]
    fn the_words_between_two_names_say_how_they_hang_together() {
        check(
            &[
                "Later Mary Thorne founded the Saltmarsh Trust.",
                "The Saltmarsh Trust was led by Ann Lee.",
                "In the end Ann Lee lived in Sandwick.",
            ],
            &[
                ("mary-thorne", "founded", "saltmarsh-trust"),
                ("ann-lee", "led", "saltmarsh-trust"),
                ("ann-lee", "lived_in", "sandwick"),
            ],
        );
    }

    #[test]
    fn a_last_name_alone_means_the_person_known_by_it() {
        let graph = graph(&["We asked Pryce about it."]);
        let pryce: Vec<_> = graph.nodes.iter().filter(|n| n.name.contains("Pryce")).collect();
        assert_eq!((pryce.len(), pryce[0].name.as_str(), pryce[0].mentions), (1, "Owen Pryce", 2));
    }

    #[test]
    fn a_first_name_that_two_share_means_neither() {
        let graph = graph(&["There were Ann Lee and Ann Ross.", "He asked Ann about it."]);
        assert!(
            graph.nodes.iter().any(|n| n.name == "Ann" && n.mentions == 1),
            "{:?}",
            graph.nodes
        );
    }

    #[test]
    fn a_word_that_is_also_written_small_is_no_name() {
        let graph = graph(&["They built the Mill in Sandwick.", "That mill was old."]);
        assert!(!graph.nodes.iter().any(|n| n.name == "Mill"), "{:?}", graph.nodes);
    }

    #[test]
    fn years_are_entities_and_amounts_are_not() {
        let graph = graph(&["It was built in 1794 for 1800 pounds."]);
        let years: Vec<_> = graph
            .nodes
            .iter()
            .filter(|n| n.kind == NodeKind::Year)
            .map(|n| n.name.as_str())
            .collect();
        assert_eq!(years, ["1794"]);
    }

    #[test]
    fn every_edge_has_its_evidence_in_the_transcript_or_the_metadata() {
        let segments =
            ["They went to Gull Island with Dr. Vane.", "Then Dr. Vane left Gull Island."];
        for edge in graph(&segments).edges {
            assert!(edge.count > 0 && !edge.evidence.is_empty(), "{edge:?}");
            for evidence in edge.evidence.iter().filter(|e| e.start.is_some()) {
                assert!(segments.contains(&evidence.quote.as_str()), "{evidence:?}");
            }
        }
    }
}
