//! What the words between two names say of them.

use super::NodeKind;
use crate::text::words::bare;

/// A verb that relates two entities: its forms, the relation's name.
const VERBS: &[(&[&str], &str)] = &[
    (&["founded", "founds", "established", "started"], "founded"),
    (&["built", "builds", "constructed", "raised"], "built"),
    (&["designed", "designs", "drew"], "designed"),
    (&["invented", "invents"], "invented"),
    (&["discovered", "found"], "discovered"),
    (&["wrote", "writes", "written", "published"], "wrote"),
    (&["owned", "owns", "bought"], "owned"),
    (&["led", "leads", "runs", "ran", "directed", "directs", "headed", "manages"], "led"),
    (&["married", "marries"], "married"),
    (&["taught", "teaches"], "taught"),
    (&["restored", "restores", "repaired", "rebuilt"], "restored"),
    (&["surveyed", "surveys", "measured", "mapped", "studied", "studies"], "studied"),
    (&["paid", "funded", "funds", "financed"], "funded"),
    (&["visited", "visits", "reached"], "visited"),
    (&["left"], "left"),
    (&["met", "meets", "told", "asked", "joined"], "met"),
];
/// Verbs that need the word after them to mean something.
const VERBS_WITH: &[(&[&str], &[&str], &str)] = &[
    (&["works", "worked", "working"], &["at", "for", "with"], "works_at"),
    (&["lived", "lives", "living"], &["in", "at", "on", "near"], "lived_in"),
    (&["born", "grew", "raised"], &["in", "at", "on", "up"], "born_in"),
    (&["died"], &["in", "at", "on"], "died_in"),
    (
        &["moved", "came", "went", "sailed", "travelled", "traveled", "walked"],
        &["to", "from"],
        "went_to",
    ),
    (
        &["stands", "stood", "lies", "lay", "is", "was", "sits"],
        &["in", "on", "at", "near"],
        "located_in",
    ),
];
/// Words further apart than this are not about each other.
const WORDS_BETWEEN_MAX: usize = 8;

/// The relation that `text`, standing between an entity of kind `left` and one of kind `right`, says; true where it runs from
/// the right to the left, as in "built by".
pub(super) fn between(text: &str, left: NodeKind, right: NodeKind) -> Option<(&'static str, bool)> {
    let words: Vec<String> = text.split_whitespace().map(bare).filter(|w| !w.is_empty()).collect();
    if words.len() > WORDS_BETWEEN_MAX
        || text.contains(['.', ';', '?', '!'])
        || begins_a_clause(text, &words)
    {
        return None;
    }
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map_or("", String::as_str);
        // "the invented places", "a found coin": no verb.
        if at > 0
            && ["of", "the", "a", "an", "some", "this", "that"].contains(&words[at - 1].as_str())
        {
            continue;
        }
        if let Some((.., name)) = VERBS_WITH
            .iter()
            .find(|(verbs, with, _)| verbs.contains(&word.as_str()) && with.contains(&next))
        {
            return Some((name, false));
        }
        // A year has nothing done to it: "founded the trust in 1794" is about the trust.
        if right == NodeKind::Year || left == NodeKind::Year {
            continue;
        }
        if let Some((_, name)) = VERBS.iter().find(|(verbs, _)| verbs.contains(&word.as_str())) {
            let passive = words[at + 1..].iter().any(|w| w == "by");
            return Some((name, passive));
        }
    }
    match (words.last().map(String::as_str), right) {
        (Some("in" | "since" | "by" | "until" | "around" | "of"), NodeKind::Year) => {
            Some(("dated", false))
        }
        (Some("in" | "near" | "on" | "at"), NodeKind::Place) if words.len() == 1 => {
            Some(("located_in", false))
        }
        (Some(_), NodeKind::Organisation) if left == NodeKind::Person && is_of(&words) => {
            Some(("works_at", false))
        }
        _ => None,
    }
}

/// Whether what stands between two names begins to speak of something else. "Ada, who built" does not.
fn begins_a_clause(text: &str, words: &[String]) -> bool {
    let joins = words.iter().any(|w| {
        ["and", "but", "because", "while", "when", "where", "if", "so"].contains(&w.as_str())
    });
    let goes_on = matches!(words.first().map(String::as_str), Some("who" | "which"));
    (joins && words.len() > 1) || (text.contains(',') && !goes_on)
}

/// Whether `words` are "of", "from the" and the like: who is named before belongs to what is named after.
fn is_of(words: &[String]) -> bool {
    let mut words = words.iter().map(String::as_str);
    matches!(
        (words.next(), words.next(), words.next()),
        (Some("of" | "from" | "at"), None | Some("the"), None)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use NodeKind::{Organisation, Person, Place, Thing, Year};

    fn check(text: &str, left: NodeKind, right: NodeKind, expect: Option<(&str, bool)>) {
        assert_eq!(between(text, left, right), expect, "{text}");
    }

    #[test]
    fn verbs_relate_and_the_passive_turns_them_round() {
        check(" founded the ", Person, Organisation, Some(("founded", false)));
        check(" was built by ", Thing, Person, Some(("built", true)));
        check(" worked for the ", Person, Organisation, Some(("works_at", false)));
    }

    #[test]
    fn places_and_years_are_related_by_their_prepositions() {
        check(" in ", Thing, Place, Some(("located_in", false)));
        check(" in ", Thing, Year, Some(("dated", false)));
        check(" of the ", Person, Organisation, Some(("works_at", false)));
    }

    #[test]
    fn a_comma_or_another_sentence_relates_nothing() {
        check(", ", Person, Person, None);
        check(" and it was built in ", Person, Year, None);
        check(", who built the ", Person, Thing, Some(("built", false)));
        check(" of the invented ", Thing, Thing, None);
        check(". Nobody built ", Person, Thing, None);
    }
}
