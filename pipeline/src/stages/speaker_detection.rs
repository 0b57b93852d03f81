//! Stage `speaker_detection`: who hosts and who is a guest, from what feed and episode say about themselves.
//!
//! It listens to nothing: telling voices apart is another craft. Each speaker comes with the words that named them.

use serde::{Deserialize, Serialize};

use super::rss_feed_fetch::Episode;
use crate::text::names::looks_like_a_person;
use crate::text::sentences::sentence_ranges;
use crate::text::words::bare;

/// Whom the metadata names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speakers {
    /// Hosts first, then guests, each in the order found.
    pub speakers: Vec<Speaker>,
}

/// A person who probably speaks in the episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// The name, without title.
    pub name: String,
    /// As what.
    pub role: Role,
    /// Which part of the metadata said so.
    pub field: Field,
    /// Its words.
    pub quote: String,
}

/// As what somebody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Leads through the episode.
    Host,
    /// Is asked.
    Guest,
}

/// A part of the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// A person's element in the feed, such as `itunes:author` or `podcast:person`.
    Credit,
    /// The episode's title.
    Title,
    /// The episode's description.
    Description,
    /// The feed's description.
    FeedDescription,
}

/// Words that a host's name follows, in lower case.
const HOST_CUES: &[&str] = &[
    "hosted by",
    "your host",
    "your hosts",
    "presented by",
    "read by",
    "narrated by",
    "host",
    "hosts",
];
/// Words that a guest's name follows.
const GUEST_CUES: &[&str] = &[
    "guest",
    "guests",
    "joined by",
    "talks to",
    "talk to",
    "talks with",
    "talk with",
    "speaks to",
    "speaks with",
    "speak with",
    "interview with",
    "interviews",
    "conversation with",
    "featuring",
    "sits down with",
    "asks",
    "welcomes",
];
/// Words that a guest's name follows in a title.
const TITLE_CUES: &[&str] = &["with", "feat.", "ft."];

/// Between a cue and a name: "joined by the marine historian …".
const WORDS_BEFORE_NAME_MAX: usize = 5;

/// The hosts and guests of `episode`.
#[ferret::profile(stage)]
pub fn speaker_detection(episode: &Episode) -> Speakers {
    let mut found = Found::default();
    for credit in &episode.credits {
        let role = match credit.role.as_str() {
            "Host" | "CoHost" | "GuestHost" | "Narrator" | "Reporter" => Role::Host,
            "Guest" => Role::Guest,
            _ => continue,
        };
        found.add(&credit.name, role, Field::Credit, &credit.name);
    }
    found.read(&episode.description, Field::Description, GUEST_CUES, Role::Guest);
    found.read(&episode.title, Field::Title, GUEST_CUES, Role::Guest);
    found.read(&episode.title, Field::Title, TITLE_CUES, Role::Guest);
    found.read_openings(&episode.description, Field::Description, TITLE_CUES, Role::Guest);
    found.read(&episode.description, Field::Description, HOST_CUES, Role::Host);
    found.read(&episode.feed_description, Field::FeedDescription, HOST_CUES, Role::Host);
    // An author is often a company, and sometimes the guest: last, and only where it is a person's name.
    let authors = episode.credits.iter().filter(|c| matches!(c.role.as_str(), "author" | "owner"));
    for credit in authors {
        for name in credit.name.split([',', '&']).flat_map(|part| part.split(" and ")) {
            found.add(name.trim(), Role::Host, Field::Credit, &credit.name);
        }
    }
    let mut speakers = found.speakers;
    speakers.sort_by_key(|s| s.role);
    Speakers { speakers }
}

#[derive(Default)]
struct Found {
    speakers: Vec<Speaker>,
}

impl Found {
    fn add(&mut self, name: &str, role: Role, field: Field, quote: &str) {
        let known = self.speakers.iter().any(|s| s.name.eq_ignore_ascii_case(name));
        if !known && looks_like_a_person(name) {
            self.speakers.push(Speaker {
                name: name.to_owned(),
                role,
                field,
                quote: quote.to_owned(),
            });
        }
    }

    /// Add whom `text` names after one of `cues`.
    fn read(&mut self, text: &str, field: Field, cues: &[&str], role: Role) {
        for range in sentence_ranges(text) {
            let sentence = &text[range];
            let tokens: Vec<&str> = sentence.split_whitespace().collect();
            for at in 0..tokens.len() {
                self.read_at(&tokens, at, sentence, field, cues, role);
            }
        }
    }

    /// As [`Self::read`], for cues that mean a guest only where a sentence opens with them: "With Ada Bell."
    fn read_openings(&mut self, text: &str, field: Field, cues: &[&str], role: Role) {
        for range in sentence_ranges(text) {
            let sentence = &text[range];
            let tokens: Vec<&str> = sentence.split_whitespace().collect();
            self.read_at(&tokens, 0, sentence, field, cues, role);
        }
    }

    fn read_at(
        &mut self,
        tokens: &[&str],
        at: usize,
        sentence: &str,
        field: Field,
        cues: &[&str],
        role: Role,
    ) {
        let after = cues.iter().filter_map(|cue| after_cue(tokens, at, cue)).max();
        for name in after.map(|from| names_from(&tokens[from..])).unwrap_or_default() {
            self.add(&name, role, field, sentence);
        }
    }
}

/// One past the last token of `cue`, where `tokens` have it at `at` and a name may follow.
fn after_cue(tokens: &[&str], at: usize, cue: &str) -> Option<usize> {
    let mut end = at;
    for word in cue.split(' ') {
        let token = tokens.get(end)?;
        // "our guest: Ada" goes on, "our guest. Ada" does not.
        let token_word = bare(token);
        if token_word != bare(word) || (token.ends_with(['.', ';']) && !cue.ends_with('.')) {
            return None;
        }
        end += 1;
    }
    Some(end)
}

/// The persons that `tokens` begin with: "the historian Dr. Mara Ellison, Owen Pryce and Ada Bell about …".
fn names_from(tokens: &[&str]) -> Vec<String> {
    let (mut names, mut at, mut skipped) = (Vec::new(), 0, 0);
    while at < tokens.len() {
        let (name, used) = name_at(&tokens[at..]);
        if looks_like_a_person(&name) {
            names.push(name);
            at += used;
            skipped = 0;
            let listed = tokens[at - 1].ends_with(',')
                || tokens.get(at).is_some_and(|t| matches!(*t, "and" | "&"));
            if !listed {
                break;
            }
        } else {
            skipped += 1;
            let breaks = tokens[at].ends_with(['.', ';', ')']) && !is_title(tokens[at]);
            if skipped > WORDS_BEFORE_NAME_MAX || breaks {
                break;
            }
            at += 1;
        }
    }
    names
}

/// The capitalised words that `tokens` begin with, up to punctuation, and how many they are.
fn name_at(tokens: &[&str]) -> (String, usize) {
    let mut words = Vec::new();
    for token in tokens {
        let word = token.trim_matches(|c: char| !c.is_alphanumeric());
        let possessive = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s"));
        let word = possessive.unwrap_or(word);
        if !word.starts_with(char::is_uppercase) || is_title(token) {
            break;
        }
        words.push(word);
        if possessive.is_some() || token.ends_with(|c: char| !c.is_alphanumeric()) {
            break;
        }
    }
    (words.join(" "), words.len().max(1))
}

fn is_title(token: &str) -> bool {
    ["dr", "prof", "professor", "captain", "mr", "mrs", "ms", "sir", "dame"]
        .contains(&bare(token).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::rss_feed_fetch::Credit;
    use crate::stages::testing::episode;

    fn check(title: &str, description: &str, feed: &str, expect: &[(&str, Role)]) {
        let mut about = episode(title, description);
        feed.clone_into(&mut about.feed_description);
        let got = speaker_detection(&about).speakers;
        let short: Vec<_> = got.iter().map(|s| (s.name.as_str(), s.role)).collect();
        assert_eq!(short, expect);
        assert!(got.iter().all(|s| s.quote.contains(&s.name)), "{got:?}");
    }

    #[test]
    fn hosts_and_guests_are_told_by_the_words_before_them() {
        check(
            "The mill",
            "Host Ada Bell is joined by the marine historian Dr. Mara Ellison. They talk about mud.",
            "",
            &[("Ada Bell", Role::Host), ("Mara Ellison", Role::Guest)],
        );
    }

    #[test]
    fn several_guests_may_be_listed() {
        check(
            "Lights",
            "Our guests: Owen Pryce, Ann Lee and Tom Ross.",
            "",
            &[("Owen Pryce", Role::Guest), ("Ann Lee", Role::Guest), ("Tom Ross", Role::Guest)],
        );
    }

    #[test]
    fn a_title_may_name_the_guest_and_the_feed_the_host() {
        check(
            "Tides, with Mara Ellison",
            "About tides.",
            "A show hosted by Ada Bell.",
            &[("Ada Bell", Role::Host), ("Mara Ellison", Role::Guest)],
        );
    }

    #[test]
    fn a_description_may_open_a_sentence_with_the_guest() {
        check(
            "Mills",
            "About mills. With the engineer Tom Ross of the Mill Museum.",
            "",
            &[("Tom Ross", Role::Guest)],
        );
    }

    #[test]
    fn nobody_named_is_nobody_found() {
        check(
            "With great power",
            "The guest speaks. Boats sail with the Tide Mill Trust.",
            "",
            &[],
        );
    }

    #[test]
    fn an_author_is_a_host_only_where_the_name_is_a_persons() {
        let mut about = episode("T", "D");
        let credit = |name: &str, role: &str| Credit {
            name: name.into(),
            role: role.into(),
            of_episode: false,
        };
        about.credits = vec![
            credit("Shoreline Society", "author"),
            credit("Ada Bell & Tom Ross", "author"),
            credit("Ann Lee", "Guest"),
        ];
        let got = speaker_detection(&about).speakers;
        let names: Vec<_> = got.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["Ada Bell", "Tom Ross", "Ann Lee"]);
    }
}
