//! The stages: their names and their order.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A step of the work on an episode, in the order in which they run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Stage {
    /// Read the feed.
    RssFeedFetch,
    /// Find hosts and guests in the metadata.
    SpeakerDetection,
    /// Fetch the audio.
    MediaDownload,
    /// Decode, mix, resample, cut silence.
    AudioPreprocessing,
    /// Speech to text.
    Transcription,
    /// Take out what nobody wants to read.
    TranscriptCleaning,
    /// Choose the sentences that say most.
    Summarization,
    /// Claims with the words they come from.
    GiGeneration,
    /// Entities and relations.
    KgExtraction,
    /// Make it findable.
    VectorIndexing,
    /// Write the page and mark the episode as done.
    Done,
}

impl Stage {
    /// All stages, first to last.
    pub const ALL: [Self; 11] = [
        Self::RssFeedFetch,
        Self::SpeakerDetection,
        Self::MediaDownload,
        Self::AudioPreprocessing,
        Self::Transcription,
        Self::TranscriptCleaning,
        Self::Summarization,
        Self::GiGeneration,
        Self::KgExtraction,
        Self::VectorIndexing,
        Self::Done,
    ];

    /// The stage's name, as in the command line, the artifacts and a profile.
    pub fn name(self) -> &'static str {
        match self {
            Self::RssFeedFetch => "rss_feed_fetch",
            Self::SpeakerDetection => "speaker_detection",
            Self::MediaDownload => "media_download",
            Self::AudioPreprocessing => "audio_preprocessing",
            Self::Transcription => "transcription",
            Self::TranscriptCleaning => "transcript_cleaning",
            Self::Summarization => "summarization",
            Self::GiGeneration => "gi_generation",
            Self::KgExtraction => "kg_extraction",
            Self::VectorIndexing => "vector_indexing",
            Self::Done => "done",
        }
    }

    /// How many stages come before this one.
    pub fn position(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A run of consecutive stages, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageRange {
    from: Stage,
    to: Stage,
}

impl StageRange {
    /// All stages.
    pub const FULL: Self = Self { from: Stage::RssFeedFetch, to: Stage::Done };

    /// From `from` to `to`, or nothing where `to` comes before `from`.
    pub fn new(from: Stage, to: Stage) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    /// The first stage.
    pub fn from(self) -> Stage {
        self.from
    }

    /// The last stage.
    pub fn to(self) -> Stage {
        self.to
    }

    /// Whether `stage` is one of these.
    pub fn contains(self, stage: Stage) -> bool {
        (self.from..=self.to).contains(&stage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_listed_in_the_order_they_run() {
        assert!(Stage::ALL.is_sorted());
        assert!(Stage::ALL.iter().enumerate().all(|(at, stage)| stage.position() == at));
    }

    #[test]
    fn the_command_line_and_the_artifacts_use_the_same_name() {
        for stage in Stage::ALL {
            assert_eq!(Stage::from_str(stage.name(), false), Ok(stage));
            assert_eq!(serde_json::to_string(&stage).unwrap(), format!("\"{stage}\""));
        }
    }

    #[test]
    fn a_range_that_ends_before_it_starts_is_no_range() {
        assert_eq!(StageRange::new(Stage::Done, Stage::Transcription), None);
        let only = StageRange::new(Stage::Transcription, Stage::Transcription).unwrap();
        assert!(only.contains(Stage::Transcription) && !only.contains(Stage::Done));
    }
}
