//! Where sentences begin and end.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::text::words::words;
use crate::time::Millis;

/// A sentence of a transcript, and when it was spoken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// When it begins in the episode's audio.
    pub start: Millis,
    /// When it ends.
    pub end: Millis,
    /// Its words, cleaned.
    pub text: String,
    /// Its words exactly as transcribed: what a quote must be.
    pub spoken: String,
}

/// Words whose full stop ends no sentence.
const ABBREVIATIONS: &[&str] =
    &["dr.", "mr.", "mrs.", "ms.", "prof.", "st.", "jr.", "sr.", "vs.", "e.g.", "i.e.", "capt."];

/// Words of a show about itself.
const ABOUT_THE_SHOW: &[&str] = &[
    "welcome to",
    "welcome back",
    "thanks for listening",
    "thank you for",
    "subscribe",
    "next week",
    "last week",
    "next time",
    "this episode",
    "our guest",
    "my guest",
    "joining me",
    "good to be here",
];

/// Whether a sentence is the show talking about itself: greetings, thanks, what comes next week.
pub fn is_about_the_show(sentence: &str) -> bool {
    let said = format!(" {} ", words(sentence).collect::<Vec<_>>().join(" "));
    ABOUT_THE_SHOW.iter().any(|phrase| said.contains(&format!(" {phrase} ")))
}

/// The sentences of `text` as byte ranges, without the white space around them.
pub fn sentence_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (at, piece) in text.split_sentence_bound_indices() {
        let trimmed = piece.trim();
        if trimmed.is_empty() {
            continue;
        }
        let start = at + (piece.len() - piece.trim_start().len());
        let range = start..start + trimmed.len();
        match ranges.last_mut() {
            Some(last) if !ends_a_sentence(&text[last.clone()]) => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    ranges
}

fn ends_a_sentence(text: &str) -> bool {
    let last_word = text.rsplit(char::is_whitespace).next().unwrap_or(text).to_lowercase();
    let is_initial = {
        let mut chars = last_word.chars();
        matches!((chars.next(), chars.next(), chars.next()), (Some(c), Some('.'), None) if c.is_alphabetic() && c != 'i')
    };
    !is_initial && !ABBREVIATIONS.contains(&last_word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let got: Vec<&str> = sentence_ranges(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn sentences_end_at_their_marks() {
        check(" One here. Two there?  Three! ", &["One here.", "Two there?", "Three!"]);
    }

    #[test]
    fn titles_and_initials_end_none() {
        check("I met Dr. Vane. J. Bell came.", &["I met Dr. Vane.", "J. Bell came."]);
    }

    #[test]
    fn a_greeting_is_about_the_show_and_a_welcome_need_not_be() {
        assert!(is_about_the_show("Hello, and welcome to another one."));
        assert!(!is_about_the_show("The rain was welcome after June."));
    }

    #[test]
    fn a_number_with_a_point_is_one_word() {
        check("It rose 3.5 metres. Then it fell.", &["It rose 3.5 metres.", "Then it fell."]);
    }

    #[test]
    fn text_without_marks_is_one_sentence() {
        check("and so on", &["and so on"]);
        check("", &[]);
    }
}
