//! Proper names in running text, by how they are written. No dictionary of the world, so it works on any podcast; what
//! it cannot tell it calls a thing.

use std::collections::HashSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::text::words::{bare, is_stop_word};

/// What a name most likely names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// Somebody.
    Person,
    /// Several people with one purpose.
    Organisation,
    /// Somewhere.
    Place,
    /// A name of something else.
    Thing,
}

/// A name in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name, without title.
    pub text: String,
    /// Where it stands, title included.
    pub range: Range<usize>,
    /// What it most likely names.
    pub kind: NameKind,
}

const TITLES: &[&str] = &[
    "captain",
    "doctor",
    "dr",
    "engineer",
    "lady",
    "lord",
    "madam",
    "miss",
    "mister",
    "mr",
    "mrs",
    "ms",
    "prof",
    "professor",
    "sir",
];
const ORGANISATION_WORDS: &[&str] = &[
    "academy",
    "agency",
    "archive",
    "association",
    "bank",
    "college",
    "committee",
    "company",
    "corporation",
    "council",
    "department",
    "foundation",
    "institute",
    "laboratory",
    "library",
    "ministry",
    "museum",
    "office",
    "school",
    "society",
    "trust",
    "union",
    "university",
];
const PLACE_WORDS: &[&str] = &[
    "avenue", "bay", "beach", "bridge", "canal", "castle", "city", "coast", "county", "estuary",
    "harbor", "harbour", "head", "hill", "island", "isle", "lake", "mount", "mountain", "park",
    "point", "port", "river", "road", "sea", "sound", "street", "valley", "village",
];
const PLACE_PREPOSITIONS: &[&str] =
    &["across", "around", "at", "from", "in", "near", "outside", "to", "toward", "towards"];
const CALENDAR: &[&str] = &[
    "april",
    "august",
    "december",
    "february",
    "friday",
    "january",
    "july",
    "june",
    "march",
    "may",
    "monday",
    "november",
    "october",
    "saturday",
    "september",
    "sunday",
    "thursday",
    "tuesday",
    "wednesday",
];

/// Words that often open a sentence before a name, and are no part of it.
const OPENERS: &[&str] = &[
    "afterwards",
    "although",
    "another",
    "eventually",
    "finally",
    "first",
    "here",
    "instead",
    "later",
    "many",
    "maybe",
    "meanwhile",
    "next",
    "nobody",
    "perhaps",
    "second",
    "since",
    "somehow",
    "sometimes",
    "soon",
    "suddenly",
    "third",
    "thus",
    "today",
    "tomorrow",
    "tonight",
    "unless",
    "unlike",
    "unlikely",
    "whether",
    "without",
    "yesterday",
    "yet",
];

/// A token of the text: its range, and whether a sentence begins with it.
struct Token<'a> {
    text: &'a str,
    start: usize,
    opens_sentence: bool,
}

/// The names in `text`, in order.
pub fn names(text: &str) -> Vec<Name> {
    let tokens = tokens(text);
    // A capital letter says nothing at the start of a sentence, unless the same word has one elsewhere.
    let certain: HashSet<String> = tokens
        .iter()
        .filter(|t| !t.opens_sentence && is_capitalised(t.text))
        .map(|t| bare(t.text))
        .collect();
    let starts_name = |t: &Token<'_>| {
        let word = bare(t.text);
        is_capitalised(t.text)
            && !is_stop_word(&word)
            && !CALENDAR.contains(&word.as_str())
            && (!t.opens_sentence || certain.contains(&word) || TITLES.contains(&word.as_str()))
    };

    let (mut found, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        // "Ada Lovelace" opening a sentence: the second word tells.
        let opens_pair = tokens[at].opens_sentence
            && is_capitalised(tokens[at].text)
            && !is_stop_word(&bare(tokens[at].text))
            && !OPENERS.contains(&bare(tokens[at].text).as_str())
            && !ends_name(tokens[at].text)
            && tokens
                .get(at + 1)
                .is_some_and(|next| !next.opens_sentence && is_capitalised(next.text));
        if !starts_name(&tokens[at]) && !opens_pair {
            at += 1;
            continue;
        }
        let end = name_end(&tokens, at);
        let before = at.checked_sub(1).map(|i| bare(tokens[i].text));
        found.extend(name_of(&tokens[at..end], before.as_deref()));
        at = end;
    }
    found
}

/// Whether `name` is written as a person's name usually is: two to four capitalised words, no keyword of something else.
pub fn looks_like_a_person(name: &str) -> bool {
    let words: Vec<String> = name.split_whitespace().map(bare).collect();
    let keyword =
        |w: &String| ORGANISATION_WORDS.contains(&w.as_str()) || PLACE_WORDS.contains(&w.as_str());
    (2..=4).contains(&words.len())
        && name.split_whitespace().all(is_capitalised)
        && !words.iter().any(|w| keyword(w) || is_stop_word(w) || w.chars().any(char::is_numeric))
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut opens_sentence = true;
    for token in text.split_whitespace() {
        let start = token.as_ptr() as usize - text.as_ptr() as usize;
        tokens.push(Token { text: token, start, opens_sentence });
        let titled = TITLES.contains(&bare(token).as_str());
        opens_sentence =
            token.trim_end_matches(['"', '\'', '”', ')']).ends_with(['.', '?', '!', ':'])
                && !titled;
    }
    tokens
}

fn is_capitalised(token: &str) -> bool {
    let word = token.trim_start_matches(|c: char| !c.is_alphanumeric());
    word.chars().next().is_some_and(char::is_uppercase) && bare(word).len() > 1
}

/// Whether a name cannot go on after `token`, since punctuation follows.
fn ends_name(token: &str) -> bool {
    let titled = TITLES.contains(&bare(token).as_str());
    token.ends_with(|c: char| !c.is_alphanumeric()) && !titled
        || token.ends_with("'s")
        || token.ends_with("’s")
}

/// One past the last token of the name that starts at `at`. "of" and "the" may stand inside.
fn name_end(tokens: &[Token<'_>], at: usize) -> usize {
    let mut end = at + 1;
    while end < tokens.len() && !ends_name(tokens[end - 1].text) && !tokens[end].opens_sentence {
        let word = bare(tokens[end].text);
        if is_capitalised(tokens[end].text) && !is_stop_word(&word) {
            end += 1;
            continue;
        }
        // "University of Norhaven", but not "Thomas of".
        let joins =
            word == "of" && ORGANISATION_WORDS.contains(&bare(tokens[end - 1].text).as_str());
        match tokens.get(end + 1) {
            Some(next) if joins && is_capitalised(next.text) => end += 2,
            _ => break,
        }
    }
    end
}

fn name_of(tokens: &[Token<'_>], before: Option<&str>) -> Option<Name> {
    let titled = TITLES.contains(&bare(tokens[0].text).as_str());
    let named = if titled { &tokens[1..] } else { tokens };
    let clean = |t: &Token<'_>| {
        let word = t.text.trim_matches(|c: char| !c.is_alphanumeric());
        word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word).to_owned()
    };
    let text = named.iter().map(clean).collect::<Vec<_>>().join(" ");
    let last = tokens.last()?;
    let range = tokens[0].start
        ..last.start + last.text.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
    if text.is_empty() {
        return None;
    }
    let has = |list: &[&str]| named.iter().any(|t| list.contains(&bare(&clean(t)).as_str()));
    let kind = if titled {
        NameKind::Person
    } else if has(ORGANISATION_WORDS) {
        NameKind::Organisation
    } else if has(PLACE_WORDS)
        || (named.len() == 1 && before.is_some_and(|w| PLACE_PREPOSITIONS.contains(&w)))
    {
        NameKind::Place
    } else if looks_like_a_person(&text) {
        NameKind::Person
    } else {
        NameKind::Thing
    };
    Some(Name { text, range, kind })
}

#[cfg(test)]
mod tests {
    use super::NameKind::{Organisation, Person, Place, Thing};
    use super::*;

    fn check(text: &str, expect: &[(&str, NameKind)]) {
        let got = names(text);
        let short: Vec<_> = got.iter().map(|n| (n.text.as_str(), n.kind)).collect();
        assert_eq!(short, expect);
        assert!(got.iter().all(|n| text[n.range.clone()].contains(&n.text)), "{got:?}");
    }

    #[test]
    fn people_are_told_by_title_or_by_two_names() {
        check(
            "We met Dr. Vane and Ada Lovelace there.",
            &[("Vane", Person), ("Ada Lovelace", Person)],
        );
    }

    #[test]
    fn organisations_and_places_are_told_by_their_words() {
        check(
            "She left the University of Norhaven for Gull Island, near Sandwick.",
            &[
                ("University of Norhaven", Organisation),
                ("Gull Island", Place),
                ("Sandwick", Place),
            ],
        );
    }

    #[test]
    fn a_capital_at_the_start_of_a_sentence_is_no_name() {
        check("Water rises. Mills turn.", &[]);
    }

    #[test]
    fn a_name_at_the_start_of_a_sentence_is_found_by_its_second_word_or_by_another_place() {
        check(
            "Ada Lovelace wrote it. Later Ada Lovelace left.",
            &[("Ada Lovelace", Person), ("Ada Lovelace", Person)],
        );
        check("They sailed the Heron. Heron was slow.", &[("Heron", Thing), ("Heron", Thing)]);
    }

    #[test]
    fn months_and_i_are_no_names() {
        check("In March I saw it, and I left on Friday.", &[]);
    }

    #[test]
    fn a_possessive_is_not_part_of_the_name() {
        check("It was Mr. Dashwood's house.", &[("Dashwood", Person)]);
    }
}
