//! Stage `transcript_cleaning`: the transcript as sentences that people want to read, and a list of what was taken out.
//!
//! Taken out: sounds that are no speech, fillers, stutters, the loops small models fall into, and sponsors' messages. Each
//! sentence keeps its words as spoken beside the cleaned ones, so that a quote can be verbatim.

mod fillers;
mod sponsors;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::transcription::Transcript;
use crate::text::sentences::{Sentence, sentence_ranges};
use crate::text::words::bare;
use crate::time::Millis;

/// The cleaned transcript.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanTranscript {
    /// What is left, in order of time.
    pub sentences: Vec<Sentence>,
    /// What was taken out, in order of time.
    pub removed: Vec<Removed>,
}

/// Something taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Why.
    pub reason: Reason,
    /// When it began.
    pub start: Millis,
    /// When it ended.
    pub end: Millis,
    /// Its words.
    pub text: String,
}

/// Why something was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A mark of the model for silence, music and the like.
    NoSpeech,
    /// "Um", "you know".
    Filler,
    /// The same words twice in a row.
    Repeat,
    /// A sponsor's message.
    Sponsor,
}

/// Of a sentence said over and over, this many words make it a loop; "No. No." stays.
const LOOP_WORDS_MIN: usize = 3;

/// Sentences, loops, sponsors, fillers.
const STEPS: u64 = 4;

/// Clean `transcript`.
#[ferret::profile(stage)]
pub fn transcript_cleaning(transcript: &Transcript) -> CleanTranscript {
    let mut removed = Vec::new();
    let sentences = split(transcript, &mut removed);
    ferret::progress(1, STEPS);
    let sentences = drop_loops(sentences, &mut removed);
    ferret::progress(2, STEPS);
    let sentences = sponsors::drop_sponsors(&sentences, &mut removed);
    ferret::progress(3, STEPS);
    let sentences = drop_fillers(sentences, &mut removed);
    ferret::progress(STEPS, STEPS);
    removed.sort_by_key(|r| r.start);
    CleanTranscript { sentences, removed }
}

/// Sentences without fillers, less those that were nothing else.
#[ferret::profile]
fn drop_fillers(sentences: Vec<Sentence>, removed: &mut Vec<Removed>) -> Vec<Sentence> {
    sentences.into_iter().filter_map(|sentence| fillers::clean(sentence, removed)).collect()
}

impl Removed {
    fn sentence(reason: Reason, sentence: &Sentence) -> Self {
        Self { reason, start: sentence.start, end: sentence.end, text: sentence.spoken.clone() }
    }
}

/// The sentences of the segments that are speech. A sentence may go over several segments, and a segment have several.
#[ferret::profile]
fn split(transcript: &Transcript, removed: &mut Vec<Removed>) -> Vec<Sentence> {
    let (mut text, mut pieces) = (String::new(), Vec::new());
    for segment in &transcript.segments {
        if is_no_speech(&segment.text) {
            let text = segment.text.clone();
            removed.push(Removed {
                reason: Reason::NoSpeech,
                start: segment.start,
                end: segment.end,
                text,
            });
            continue;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        let from = text.len();
        text.push_str(segment.text.trim());
        pieces.push(Piece { range: from..text.len(), start: segment.start, end: segment.end });
    }
    sentence_ranges(&text)
        .into_iter()
        .map(|range| {
            let spoken = text[range.clone()].to_owned();
            Sentence {
                start: time_at(&pieces, range.start),
                end: time_at(&pieces, range.end),
                text: spoken.clone(),
                spoken,
            }
        })
        .collect()
}

/// A segment's place in the joined text and in time.
struct Piece {
    range: Range<usize>,
    start: Millis,
    end: Millis,
}

/// When the byte `at` of the joined text was spoken: between its segment's ends in proportion, as speech is even enough.
fn time_at(pieces: &[Piece], at: usize) -> Millis {
    let Some(piece) = pieces.iter().find(|p| at <= p.range.end).or(pieces.last()) else {
        return Millis(0);
    };
    let into = at.saturating_sub(piece.range.start) as u64;
    let length = piece.range.len().max(1) as u64;
    Millis(piece.start.0 + piece.end.since(piece.start).0 * into.min(length) / length)
}

/// Whether the model says that nobody spoke: `[BLANK_AUDIO]`, `(music)`, `*laughs*`, `♪`.
fn is_no_speech(text: &str) -> bool {
    let text = text.trim();
    let enclosed = [('[', ']'), ('(', ')'), ('*', '*')]
        .iter()
        .any(|(a, b)| text.len() > 1 && text.starts_with(*a) && text.ends_with(*b));
    enclosed || !text.chars().any(char::is_alphanumeric)
}

/// Sentences less those that repeat the one before.
#[ferret::profile]
fn drop_loops(sentences: Vec<Sentence>, removed: &mut Vec<Removed>) -> Vec<Sentence> {
    let words = |s: &Sentence| s.text.split_whitespace().map(bare).collect::<Vec<_>>();
    let mut kept: Vec<Sentence> = Vec::with_capacity(sentences.len());
    for sentence in sentences {
        let own = words(&sentence);
        if own.len() >= LOOP_WORDS_MIN && kept.last().is_some_and(|last| words(last) == own) {
            removed.push(Removed::sentence(Reason::Repeat, &sentence));
        } else {
            kept.push(sentence);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::testing::{clean, transcript};

    fn check(segments: &[&str], expect: &[&str], removed: &[Reason]) {
        let got = clean(segments);
        assert_eq!(got.sentences.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(), expect);
        assert_eq!(got.removed.iter().map(|r| r.reason).collect::<Vec<_>>(), removed);
    }

    #[test]
    fn a_sentence_may_go_over_segments() {
        check(
            &["The mill stands", "on the shore. It is"],
            &["The mill stands on the shore.", "It is"],
            &[],
        );
    }

    #[test]
    fn marks_for_silence_and_music_go() {
        check(
            &["[BLANK_AUDIO]", "Welcome back.", "(upbeat music)", "♪♪"],
            &["Welcome back."],
            &[Reason::NoSpeech, Reason::NoSpeech, Reason::NoSpeech],
        );
    }

    #[test]
    fn a_model_that_loops_is_heard_once() {
        check(
            &["That is how it works. That is how it works.", "That is how it works. No. No."],
            &["That is how it works.", "No.", "No."],
            &[Reason::Repeat, Reason::Repeat],
        );
    }

    #[test]
    fn times_follow_the_words() {
        let got = clean(&["Ten letters. And ten more.", "Then the end."]);
        let times: Vec<_> = got.sentences.iter().map(|s| (s.start.0, s.end.0)).collect();
        assert_eq!((times[0].0, times[2]), (0, (5000, 10_000)));
        assert!(times[0].1 > 1500 && times[1].0 < 3500 && times[1].1 == 5000, "{times:?}");
    }

    #[test]
    fn what_was_spoken_stays_beside_what_is_read() {
        let sentence = &clean(&["So, um, the the tide turned."]).sentences[0];
        assert_eq!(sentence.text, "So, the tide turned.");
        assert_eq!(sentence.spoken, "So, um, the the tide turned.");
    }

    #[test]
    fn nothing_said_is_nothing_left() {
        assert_eq!(transcript_cleaning(&transcript(&[])), CleanTranscript::default());
    }
}
