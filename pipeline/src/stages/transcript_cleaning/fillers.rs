//! Fillers and stutters within a sentence.

use super::{Reason, Removed};
use crate::text::sentences::Sentence;
use crate::text::words::bare;

/// Sounds that are never words.
const SOUNDS: &[&str] = &["ah", "eh", "er", "erm", "hm", "hmm", "mhm", "uh", "uhm", "um", "umm"];
/// Words that say nothing where commas set them off.
const PHRASES: &[&[&str]] =
    &[&["you", "know"], &["i", "mean"], &["sort", "of"], &["kind", "of"], &["like"]];
/// Words that are right twice in a row.
const DOUBLED: &[&str] = &["had", "that", "very", "no", "ha", "bye", "so", "many", "far", "knock"];
/// The longest run of words that is looked for twice in a row.
const STUTTER_WORDS_MAX: usize = 4;

/// `sentence` without fillers and stutters; nothing where it had nothing else.
pub(super) fn clean(mut sentence: Sentence, removed: &mut Vec<Removed>) -> Option<Sentence> {
    let mut tokens: Vec<String> = sentence.text.split_whitespace().map(str::to_owned).collect();
    let before = tokens.len();
    let mut note = |reason, words: &[String]| {
        let text = words.join(" ");
        removed.push(Removed { reason, start: sentence.start, end: sentence.end, text });
    };
    let mut at = 0;
    while at < tokens.len() {
        if let Some(count) = filler_at(&tokens, at) {
            note(Reason::Filler, &tokens[at..at + count]);
            take_out(&mut tokens, at, count);
        } else if let Some(count) = stutter_at(&tokens, at) {
            note(Reason::Repeat, &tokens[at..at + count]);
            tokens.drain(at..at + count);
        } else {
            at += 1;
        }
    }
    if !tokens.iter().any(|t| t.chars().any(char::is_alphanumeric)) {
        return None;
    }
    if tokens.len() < before {
        sentence.text = capitalised(&tokens.join(" "));
    }
    Some(sentence)
}

/// How many tokens from `at` are a filler.
fn filler_at(tokens: &[String], at: usize) -> Option<usize> {
    if SOUNDS.contains(&bare(&tokens[at]).as_str()) {
        return Some(1);
    }
    // "I know you know him" has no commas around it.
    let opens = at == 0 || tokens[at - 1].ends_with(',');
    let closes = |last: usize| tokens.get(last).is_some_and(|t| t.ends_with(','));
    let phrase = PHRASES.iter().find(|p| {
        p.iter().enumerate().all(|(i, word)| tokens.get(at + i).is_some_and(|t| bare(t) == *word))
            && closes(at + p.len() - 1)
    })?;
    opens.then_some(phrase.len())
}

/// How many tokens from `at` are said again right after.
fn stutter_at(tokens: &[String], at: usize) -> Option<usize> {
    let same = |count: usize| {
        (0..count).all(|i| {
            let (first, again) = (bare(&tokens[at + i]), bare(&tokens[at + count + i]));
            // A full stop or a question mark between them makes it emphasis.
            !first.is_empty() && first == again && !tokens[at + i].ends_with(['.', '?', '!'])
        })
    };
    (1..=STUTTER_WORDS_MAX).rev().filter(|count| at + 2 * count <= tokens.len()).find(|count| {
        same(*count) && !(*count == 1 && DOUBLED.contains(&bare(&tokens[at]).as_str()))
    })
}

/// Take out `count` tokens, keeping the punctuation right: of two commas one stays, a final stop moves on to the word before.
fn take_out(tokens: &mut Vec<String>, at: usize, count: usize) {
    let end = tokens[at + count - 1].chars().last().filter(|c| !c.is_alphanumeric());
    tokens.drain(at..at + count);
    let Some(before) = at.checked_sub(1).map(|i| &mut tokens[i]) else { return };
    if let Some(stop) = end.filter(|c| matches!(c, '.' | '?' | '!')) {
        let word = before.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
        before.truncate(word);
        before.push(stop);
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Millis;

    fn check(spoken: &str, expect: &str) {
        let sentence = Sentence {
            start: Millis(0),
            end: Millis(1),
            text: spoken.into(),
            spoken: spoken.into(),
        };
        let mut removed = Vec::new();
        let got = clean(sentence, &mut removed).map_or(String::new(), |s| s.text);
        assert_eq!(got, expect);
        assert_eq!(removed.is_empty(), spoken == expect, "{removed:?}");
    }

    #[test]
    fn sounds_go() {
        check("Um, the tide is, uh, high.", "The tide is, high.");
        check("It works, um.", "It works.");
        check("Hmm.", "");
    }

    #[test]
    fn phrases_go_only_where_commas_set_them_off() {
        check("It was, you know, hard.", "It was, hard.");
        check("I mean, nobody paid.", "Nobody paid.");
        check("You know the man I mean.", "You know the man I mean.");
        check("It looks like, well, rain.", "It looks like, well, rain.");
    }

    #[test]
    fn stutters_go() {
        check("The the wheel turns.", "The wheel turns.");
        check("We had to, we had to stop.", "We had to stop.");
    }

    #[test]
    fn words_that_are_right_twice_stay() {
        check("He said that that had had effect.", "He said that that had had effect.");
        check("It was very very old.", "It was very very old.");
    }
}
