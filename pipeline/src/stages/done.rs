//! Stage `done`: the episode as a page that people read, in Markdown.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::gi_generation::Insights;
use super::kg_extraction::{Graph, Node, NodeKind};
use super::rss_feed_fetch::Episode;
use super::speaker_detection::{Role, Speakers};
use super::summarization::Summary;
use super::transcript_cleaning::{CleanTranscript, Reason};
use crate::time::Millis;

/// The page's file in the episode's folder.
pub const PAGE_FILE: &str = "episode.md";
/// A paragraph of the transcript begins anew after this time.
const PARAGRAPH: Millis = Millis(30_000);
/// Entities named on the page.
const NAMED_MAX: usize = 12;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The page's file in the episode's folder.
    pub file: String,
    /// How long the transcript is.
    pub words: usize,
    /// How many insights the page has.
    pub insights: usize,
}

/// All that is known of an episode.
#[derive(Debug)]
pub struct Known<'a> {
    /// Its metadata.
    pub episode: &'a Episode,
    /// Who speaks.
    pub speakers: &'a Speakers,
    /// What was said.
    pub transcript: &'a CleanTranscript,
    /// What it comes to.
    pub summary: &'a Summary,
    /// What was claimed.
    pub insights: &'a Insights,
    /// Whom and what it is about.
    pub graph: &'a Graph,
}

/// The page of `known`, and what is on it.
#[ferret::profile(stage)]
pub fn done(known: &Known<'_>) -> (String, Page) {
    let mut page = String::new();
    // Writing to a String cannot fail.
    let written = write_page(&mut page, known);
    debug_assert!(written.is_ok());
    let words = known.transcript.sentences.iter().map(|s| s.text.split_whitespace().count()).sum();
    (page, Page { file: PAGE_FILE.to_owned(), words, insights: known.insights.insights.len() })
}

#[ferret::profile]
fn write_page(page: &mut String, known: &Known<'_>) -> std::fmt::Result {
    let Known { episode, summary, insights, transcript, .. } = known;
    writeln!(page, "# {}\n\n{}{}", episode.title, episode.feed_title, published(episode))?;
    writeln!(page, "{}", people(known.speakers))?;
    writeln!(page, "## Summary\n")?;
    for sentence in &summary.sentences {
        writeln!(page, "- [{}] {}", sentence.start, sentence.text)?;
    }
    writeln!(page, "\n## Insights\n")?;
    for insight in &insights.insights {
        let careful = if insight.hedged { " (said with care)" } else { "" };
        writeln!(
            page,
            "- **{}**{careful}\n  > [{}] \"{}\"",
            insight.claim, insight.start, insight.quote
        )?;
    }
    let names = named(known.graph);
    if !names.is_empty() {
        writeln!(page, "\n## Named\n\n{}", names.join(", "))?;
    }
    writeln!(page, "\n## Transcript\n")?;
    write_transcript(page, transcript)
}

fn published(episode: &Episode) -> String {
    episode.published.map_or_else(String::new, |at| format!(" · {}", at.strftime("%Y-%m-%d")))
}

/// "Host: Ada Bell. Guest: Owen Pryce.", or nothing where nobody is known.
pub fn people(speakers: &Speakers) -> String {
    let of = |role: Role| {
        speakers
            .speakers
            .iter()
            .filter(|s| s.role == role)
            .map(|s| s.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let line =
        |what: &str, who: String| if who.is_empty() { who } else { format!("{what}: {who}. ") };
    let both = line("Host", of(Role::Host)) + &line("Guest", of(Role::Guest));
    if both.is_empty() { both } else { format!("\n{}\n", both.trim_end()) }
}

/// The names of what the episode is about, the most mentioned first.
pub fn named(graph: &Graph) -> Vec<String> {
    let shown = |n: &&Node| !matches!(n.kind, NodeKind::Episode | NodeKind::Year);
    graph.nodes.iter().filter(shown).take(NAMED_MAX).map(|n| n.name.clone()).collect()
}

fn write_transcript(page: &mut String, transcript: &CleanTranscript) -> std::fmt::Result {
    let mut paragraph_start = None;
    for sentence in &transcript.sentences {
        let begins = paragraph_start.is_none_or(|start| sentence.start.since(start) >= PARAGRAPH);
        if begins {
            let gap = if paragraph_start.is_some() { "\n\n" } else { "" };
            write!(page, "{gap}[{}]", sentence.start)?;
            paragraph_start = Some(sentence.start);
        }
        write!(page, " {}", sentence.text)?;
    }
    if transcript.sentences.is_empty() {
        write!(page, "Nothing was said.")?;
    }
    let sponsored = transcript.removed.iter().filter(|r| r.reason == Reason::Sponsor).count();
    let others = transcript.removed.len() - sponsored;
    if !transcript.removed.is_empty() {
        write!(
            page,
            "\n\n*Taken out: {sponsored} sentences of sponsors, {others} fillers, repeats and sounds.*"
        )?;
    }
    writeln!(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::gi_generation::gi_generation;
    use crate::stages::kg_extraction::kg_extraction;
    use crate::stages::speaker_detection::speaker_detection;
    use crate::stages::summarization::summarization;
    use crate::stages::testing::{clean, episode, transcript};

    fn page(segments: &[&str]) -> String {
        let about = episode("Mills", "Host Ada Bell is joined by Owen Pryce.");
        let (clean, speakers) = (clean(segments), speaker_detection(&about));
        let known = Known {
            episode: &about,
            speakers: &speakers,
            transcript: &clean,
            summary: &summarization(&clean),
            insights: &gi_generation(&clean, &transcript(segments)),
            graph: &kg_extraction(&about, &speakers, &clean),
        };
        done(&known).0
    }

    #[test]
    fn the_page_tells_who_what_and_when() {
        let page = page(&["Um, the mill at Sandwick ground 40 tons of grain a year."]);
        for part in [
            "# Mills",
            "Host: Ada Bell. Guest: Owen Pryce.",
            "- **",
            "[0:00] \"Um, the mill",
            "Sandwick",
            "1 fillers",
        ] {
            assert!(page.contains(part), "no {part} in {page}");
        }
    }

    #[test]
    fn an_episode_without_words_says_so() {
        assert!(page(&[]).contains("Nothing was said."));
    }
}
