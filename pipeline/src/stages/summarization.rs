//! Stage `summarization`: the sentences that say most, in their order, with their times. Extractive: every word was said.
//!
//! `TextRank`: sentences that share words vote for each other, and a vote counts more from one that has votes itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::transcript_cleaning::CleanTranscript;
use crate::text::sentences::{Sentence, is_about_the_show};
use crate::text::words::stems;
use crate::time::Millis;

/// The summary of an episode.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// In order of time.
    pub sentences: Vec<SummarySentence>,
}

/// A sentence of the summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SummarySentence {
    /// When it begins in the episode.
    pub start: Millis,
    /// Its words.
    pub text: String,
    /// Its rank among the transcript's sentences, 1 for the average one.
    pub score: f32,
}

/// Stems, ranks, choice.
const STEPS: u64 = 3;
/// How much of a vote follows the words; the rest goes to all sentences alike.
const DAMPING: f32 = 0.85;
/// Ranks settle in twenty rounds or so; this bounds it.
const ROUNDS_MAX: usize = 60;
/// Ranks that move less than this have settled.
const SETTLED: f32 = 1e-4;
/// One sentence of the summary for this many of the transcript, between the two numbers after it.
const SENTENCES_EACH: usize = 7;
const SENTENCES_MIN: usize = 2;
const SENTENCES_MAX: usize = 8;
/// Sentences shorter than this say little alone.
const WORDS_MIN: usize = 6;
/// Sentences that share more than this part of their words say the same.
const SAME: f32 = 0.65;

/// Summarise `transcript`.
#[ferret::profile(stage)]
pub fn summarization(transcript: &CleanTranscript) -> Summary {
    let words = stem_sentences(&transcript.sentences);
    ferret::progress(1, STEPS);
    let ranks = rank_sentences(&words);
    ferret::progress(2, STEPS);
    let chosen = choose(&transcript.sentences, &words, &ranks);
    ferret::progress(STEPS, STEPS);
    let sentence = |at: usize| SummarySentence {
        start: transcript.sentences[at].start,
        text: transcript.sentences[at].text.clone(),
        score: ranks[at],
    };
    Summary { sentences: chosen.into_iter().map(sentence).collect() }
}

/// The stems of each sentence's words that carry meaning.
#[ferret::profile]
pub fn stem_sentences(sentences: &[Sentence]) -> Vec<BTreeSet<String>> {
    sentences.iter().map(|sentence| stems(&sentence.text).into_iter().collect()).collect()
}

/// `TextRank` of sentences, given the set of words of each; the mean is 1.
#[ferret::profile]
pub fn rank_sentences(words: &[BTreeSet<String>]) -> Vec<f32> {
    let votes = shared_words(words);
    let weight_out: Vec<f32> = votes.iter().map(|of| of.iter().map(|(_, w)| w).sum()).collect();
    let mut ranks = vec![1.0; words.len()];
    for _ in 0..ROUNDS_MAX {
        let next: Vec<f32> = votes
            .iter()
            .map(|from| {
                let got: f32 = from.iter().map(|(i, w)| ranks[*i] * w / weight_out[*i]).sum();
                1.0 - DAMPING + DAMPING * got
            })
            .collect();
        let moved = next.iter().zip(&ranks).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        ranks = next;
        if moved < SETTLED {
            break;
        }
    }
    ranks
}

/// For each sentence, those it shares words with and how strongly, by way of an index from words to sentences.
#[ferret::profile]
fn shared_words(words: &[BTreeSet<String>]) -> Vec<Vec<(usize, f32)>> {
    let mut with_word: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, own) in words.iter().enumerate() {
        for word in own {
            with_word.entry(word).or_default().push(at);
        }
    }
    let mut votes = vec![Vec::new(); words.len()];
    for (at, own) in words.iter().enumerate() {
        let mut shared: BTreeMap<usize, u16> = BTreeMap::new();
        for word in own {
            for other in
                with_word.get(word.as_str()).into_iter().flatten().filter(|other| **other != at)
            {
                *shared.entry(*other).or_default() += 1;
            }
        }
        votes[at] = shared
            .into_iter()
            .map(|(other, n)| (other, f32::from(n) / length_norm(own, &words[other])))
            .collect();
    }
    votes
}

/// What long sentences share by length alone.
fn length_norm(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "words of a sentence")]
    let log = |set: &BTreeSet<String>| (set.len() as f32 + 1.0).ln();
    log(a) + log(b)
}

/// The sentences of the summary, in order: the best ranked, less those that are too short or say what a better one says.
#[ferret::profile]
fn choose(sentences: &[Sentence], words: &[BTreeSet<String>], ranks: &[f32]) -> Vec<usize> {
    let wanted = (sentences.len() / SENTENCES_EACH).clamp(SENTENCES_MIN, SENTENCES_MAX);
    let mut best: Vec<usize> = (0..sentences.len()).collect();
    best.sort_by(|a, b| ranks[*b].total_cmp(&ranks[*a]));
    let tells = |at: &usize| {
        let text = &sentences[*at].text;
        text.split_whitespace().count() >= WORDS_MIN
            && !text.ends_with('?')
            && !is_about_the_show(text)
    };
    let mut chosen: Vec<usize> = Vec::new();
    for at in best.into_iter().filter(tells) {
        if chosen.len() == wanted {
            break;
        }
        if chosen.iter().all(|other| overlap(&words[at], &words[*other]) <= SAME) {
            chosen.push(at);
        }
    }
    chosen.sort_unstable();
    chosen
}

/// Which part of the smaller set is in both.
fn overlap(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "words of a sentence")]
    let part = a.intersection(b).count() as f32 / a.len().min(b.len()).max(1) as f32;
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::testing::clean;

    fn check(sentences: &[&str], expect: &[&str]) {
        let summary = summarization(&clean(sentences));
        assert_eq!(summary.sentences.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn sentences_about_what_others_are_about_are_chosen_in_order() {
        check(
            &[
                "Hello and welcome to another one of these.",
                "The tide mill ground grain with the power of the tide.",
                "My cousin once bought a green bicycle in spring.",
                "A miller worked whenever the tide let the mill grind grain.",
            ],
            &[
                "The tide mill ground grain with the power of the tide.",
                "A miller worked whenever the tide let the mill grind grain.",
            ],
        );
    }

    #[test]
    fn the_same_said_twice_is_told_once() {
        let twice = [
            "The tide mill ground grain by day and night.",
            "By night and by day the tide mill ground grain.",
            "Nobody there owned a clock or a bell.",
        ];
        let summary = summarization(&clean(&twice));
        assert_eq!(
            summary.sentences.iter().filter(|s| s.text.contains("grain")).count(),
            1,
            "{summary:?}"
        );
    }

    #[test]
    fn questions_and_scraps_are_not_chosen() {
        check(
            &["Why did the mill stop?", "It stopped.", "The mill stopped when the sea wall broke."],
            &["The mill stopped when the sea wall broke."],
        );
    }

    #[test]
    fn nothing_said_is_an_empty_summary() {
        check(&[], &[]);
    }

    #[test]
    fn ranks_average_one_where_all_sentences_are_linked() {
        let words: Vec<BTreeSet<String>> =
            (0..5).map(|i| [format!("w{i}"), format!("w{}", (i + 1) % 5)].into()).collect();
        let ranks = rank_sentences(&words);
        assert!(ranks.iter().all(|r| (r - 1.0).abs() < 0.01), "{ranks:?}");
    }
}
