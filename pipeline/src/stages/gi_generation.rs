//! Stage `gi_generation`: grounded insights: what the episode claims, each claim with the quote and the time it comes from.
//!
//! Extractive and checked: a claim is a sentence that states a finding, a cause, a number, a comparison or an advice, and
//! its quote must be found word for word in the transcript as spoken. No quote, no insight.

mod claims;

use serde::{Deserialize, Serialize};

use super::summarization::{rank_sentences, stem_sentences};
use super::transcript_cleaning::CleanTranscript;
use super::transcription::Transcript;
use crate::time::Millis;

pub use claims::ClaimKind;

/// The insights of an episode.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Insights {
    /// In order of time.
    pub insights: Vec<Insight>,
    /// How many claims were left out since no quote in the transcript carries them.
    pub ungrounded: usize,
}

/// A claim and its ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Insight {
    /// What is claimed, without what leads up to it.
    pub claim: String,
    /// What sort of claim it is.
    pub kind: ClaimKind,
    /// Whether the speaker was careful: "I think", "perhaps".
    pub hedged: bool,
    /// The words it comes from, exactly as transcribed.
    pub quote: String,
    /// When they begin.
    pub start: Millis,
    /// When they end.
    pub end: Millis,
    /// How much it stands out, 1 for an average claim of average weight.
    pub score: f32,
}

/// At most this many insights for each ten minutes begun.
const INSIGHTS_PER_TEN_MINUTES: usize = 12;

/// The insights of `clean`, grounded in `transcript`.
#[ferret::profile(stage)]
pub fn gi_generation(clean: &CleanTranscript, transcript: &Transcript) -> Insights {
    let words = stem_sentences(&clean.sentences);
    let ranks = rank_sentences(&words);
    let spoken = normalised(
        &transcript.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(" "),
    );

    let mut found = Insights::default();
    for ((sentence, rank), number) in clean.sentences.iter().zip(&ranks).zip(1..) {
        ferret::progress(number, clean.sentences.len() as u64);
        let Some(claim) = claims::claim_of(&sentence.text) else { continue };
        if !is_grounded(&sentence.spoken, &spoken) {
            found.ungrounded += 1;
            continue;
        }
        found.insights.push(Insight {
            claim: claim.text,
            kind: claim.kind,
            hedged: claim.hedged,
            quote: sentence.spoken.clone(),
            start: sentence.start,
            end: sentence.end,
            score: rank * claim.strength,
        });
    }
    keep_best(&mut found.insights, clean.sentences.last().map_or(Millis(0), |s| s.end));
    found
}

/// Whether `quote` is in the transcript word for word.
#[ferret::profile]
fn is_grounded(quote: &str, spoken: &str) -> bool {
    let quote = normalised(quote);
    !quote.is_empty() && spoken.contains(&quote)
}

/// White space is the only freedom that a quote has.
fn normalised(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Keep those that stand out most, in order of time.
#[ferret::profile]
fn keep_best(insights: &mut Vec<Insight>, end: Millis) {
    let tens = usize::try_from(end.0 / 600_000 + 1).unwrap_or(1);
    insights.sort_by(|a, b| b.score.total_cmp(&a.score));
    insights.truncate(tens * INSIGHTS_PER_TEN_MINUTES);
    insights.sort_by_key(|i| i.start);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::testing::transcript;
    use crate::stages::transcript_cleaning::transcript_cleaning;

    fn insights(segments: &[&str]) -> Insights {
        let transcript = transcript(segments);
        gi_generation(&transcript_cleaning(&transcript), &transcript)
    }

    #[test]
    fn a_claim_comes_with_the_words_and_the_time_it_was_said() {
        let found =
            insights(&["Welcome to the show.", "So, um, the mill ground 40 tons of grain a year."]);
        let insight = &found.insights[0];
        assert_eq!(insight.claim, "The mill ground 40 tons of grain a year.");
        assert_eq!(insight.quote, "So, um, the mill ground 40 tons of grain a year.");
        assert_eq!((insight.kind, insight.start), (ClaimKind::Number, Millis(5000)));
    }

    #[test]
    fn every_quote_is_in_the_transcript_word_for_word() {
        let segments = [
            "The sea wall broke because the",
            "clay had dried. Um, you should never build on sand.",
        ];
        let spoken = segments.join(" ");
        let found = insights(&segments);
        assert_eq!(found.insights.len(), 2);
        assert!(found.insights.iter().all(|i| spoken.contains(&i.quote)), "{found:?}");
    }

    #[test]
    fn a_claim_without_its_quote_is_left_out_and_counted() {
        let clean = transcript_cleaning(&transcript(&["The mill ground 40 tons of grain a year."]));
        let found = gi_generation(&clean, &transcript(&["Something else was said here."]));
        assert_eq!((found.insights.len(), found.ungrounded), (0, 1));
    }

    #[test]
    fn small_talk_has_no_insights() {
        assert_eq!(
            insights(&["Welcome back.", "How are you?", "I had coffee this morning."]),
            Insights::default()
        );
    }
}
