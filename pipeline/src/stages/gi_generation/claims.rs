//! Which sentences claim something, and what.

use serde::{Deserialize, Serialize};

use crate::text::sentences::is_about_the_show;
use crate::text::words::{bare, words};

/// What sort of claim a sentence makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// Something was found out.
    Finding,
    /// One thing makes another.
    Cause,
    /// How much, how many, when.
    Number,
    /// One thing beside another.
    Comparison,
    /// What to do.
    Advice,
}

/// A claim as read off a sentence.
#[derive(Debug, PartialEq)]
pub(super) struct Claim {
    pub(super) text: String,
    pub(super) kind: ClaimKind,
    pub(super) hedged: bool,
    /// How strongly its words make it a claim, from 1 up.
    pub(super) strength: f32,
}

/// Words that make a claim of a kind, most telling kind first.
const SIGNS: &[(ClaimKind, &[&str])] = &[
    (
        ClaimKind::Finding,
        &[
            "found that",
            "showed that",
            "shows that",
            "discovered",
            "it turns out",
            "turned out",
            "proved",
            "proves",
            "evidence",
            "the truth is",
            "in fact",
        ],
    ),
    (
        ClaimKind::Cause,
        &[
            "because",
            "therefore",
            "leads to",
            "led to",
            "caused",
            "causes",
            "which means",
            "that means",
            "as a result",
            "the reason",
            "depends on",
            "depended on",
        ],
    ),
    (
        ClaimKind::Advice,
        &[
            "should",
            "ought to",
            "you need to",
            "we need to",
            "never",
            "always",
            "the best way",
            "the trick is",
            "make sure",
        ],
    ),
    (
        ClaimKind::Comparison,
        &[
            "more than",
            "less than",
            "better than",
            "worse than",
            "twice",
            "half as",
            "as much as",
            "as many as",
            "unlike",
            "compared",
            "faster than",
            "larger than",
            "cheaper than",
            "instead of",
            "the only",
            "the first",
            "the oldest",
            "the largest",
            "the most",
        ],
    ),
];
/// Words by which a speaker is careful.
const HEDGES: &[&str] = &[
    "i think",
    "i believe",
    "i guess",
    "maybe",
    "perhaps",
    "probably",
    "might",
    "it seems",
    "as far as i know",
    "supposedly",
];
/// Words that lead up to a sentence and claim nothing.
const LEAD_INS: &[&[&str]] = &[
    &["and", "so"],
    &["so"],
    &["and"],
    &["but"],
    &["well"],
    &["now"],
    &["actually"],
    &["okay"],
    &["yes"],
    &["right"],
    &["look"],
    &["of", "course"],
    &["in", "fact"],
    &["i", "think", "that"],
    &["i", "think"],
    &["i", "believe", "that"],
    &["it", "turns", "out", "that"],
];
const WORDS_MIN: usize = 6;
const WORDS_MAX: usize = 45;
const NUMBER_WORDS: &[&str] = &[
    "dozen",
    "fifty",
    "forty",
    "hundred",
    "hundreds",
    "million",
    "percent",
    "sixty",
    "thirty",
    "thousand",
    "thousands",
    "twenty",
];

/// The claim that `sentence` makes, if it makes one.
pub(super) fn claim_of(sentence: &str) -> Option<Claim> {
    let all: Vec<String> = words(sentence).collect();
    let said = format!(" {} ", all.join(" "));
    let says = |phrase: &&str| said.contains(&format!(" {phrase} "));
    let fits = (WORDS_MIN..=WORDS_MAX).contains(&all.len());
    if !fits || sentence.trim_end().ends_with('?') || is_about_the_show(sentence) {
        return None;
    }
    let signs: Vec<(ClaimKind, usize)> = SIGNS
        .iter()
        .map(|(kind, phrases)| (*kind, phrases.iter().filter(|p| says(p)).count()))
        .collect();
    let numbers = all
        .iter()
        .filter(|w| {
            w.starts_with(|c: char| c.is_ascii_digit()) || NUMBER_WORDS.contains(&w.as_str())
        })
        .count();
    let total = signs.iter().map(|(_, n)| n).sum::<usize>() + numbers;
    if total == 0 {
        return None;
    }
    let kind = signs.iter().find(|(_, n)| *n > 0).map_or(ClaimKind::Number, |(kind, _)| *kind);
    // Each further sign adds less: one cause with a number is a good claim, five signs are a long sentence.
    let strength = 1.0 + 0.25 * f32::from(u8::try_from(total - 1).unwrap_or(4).min(4));
    Some(Claim { text: without_lead_in(sentence), kind, hedged: HEDGES.iter().any(says), strength })
}

/// `sentence` from where it begins to say something.
fn without_lead_in(sentence: &str) -> String {
    let mut tokens: Vec<&str> = sentence.split_whitespace().collect();
    loop {
        let leads = |lead: &&[&str]| {
            lead.len() < tokens.len()
                && lead.iter().zip(&tokens).all(|(word, token)| bare(token) == *word)
        };
        // "So far" is no "so", "now" may begin a time: a lead-in of one word needs its comma.
        let set_off = |lead: &&[&str]| {
            lead.len() > 1
                || matches!(lead[0], "and" | "but")
                || tokens[lead.len() - 1].ends_with(',')
        };
        let Some(lead) =
            LEAD_INS.iter().copied().filter(|l| leads(l) && set_off(l)).max_by_key(|l| l.len())
        else {
            break;
        };
        tokens.drain(..lead.len());
    }
    let text = tokens.join(" ");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(sentence: &str) -> Option<ClaimKind> {
        claim_of(sentence).map(|claim| claim.kind)
    }

    #[test]
    fn claims_are_told_by_their_words() {
        assert_eq!(
            kind("The survey found that the dam was older than the town."),
            Some(ClaimKind::Finding)
        );
        assert_eq!(
            kind("The wheel stopped because the pond had silted up."),
            Some(ClaimKind::Cause)
        );
        assert_eq!(
            kind("You should never trust a tide table from a cousin."),
            Some(ClaimKind::Advice)
        );
        assert_eq!(
            kind("A tide mill was cheaper than a windmill to run."),
            Some(ClaimKind::Comparison)
        );
        assert_eq!(kind("It ran for two hundred years without a break."), Some(ClaimKind::Number));
    }

    #[test]
    fn questions_scraps_and_the_show_about_itself_claim_nothing() {
        assert_eq!(kind("Why was it cheaper than a windmill to run?"), None);
        assert_eq!(kind("Because of the mud."), None);
        assert_eq!(kind("Welcome to the 40th one of our many shows."), None);
        assert_eq!(kind("The grey water lay quite still below us."), None);
    }

    #[test]
    fn what_leads_up_to_a_claim_is_no_part_of_it() {
        let claim = claim_of("And so, I think the wall broke because the clay had dried.").unwrap();
        assert_eq!(claim.text, "The wall broke because the clay had dried.");
        assert!(claim.hedged);
        assert_eq!(
            claim_of("So far 40 mills are known on this coast.").unwrap().text,
            "So far 40 mills are known on this coast."
        );
    }
}
