//! How far an episode is. Written at every change, so a run that was killed shows where it was.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{Digest, EpisodeId, FeedId};
use crate::stage::Stage;

/// The state of an episode: `state.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EpisodeState {
    /// Whose state this is.
    pub episode: EpisodeId,
    /// The feed it is from.
    pub feed: FeedId,
    /// The feed's title, for people.
    pub feed_title: String,
    /// The episode's title, for people.
    pub title: String,
    /// Where it is.
    pub phase: Phase,
    /// The last stage whose artifact is there.
    pub last_stage: Option<Stage>,
    /// Why it failed, where it did.
    pub failure: Option<Failure>,
    /// The fingerprint of the work that made it done: models, versions, settings, inputs.
    pub fingerprint: Option<Digest>,
    /// When this was written.
    pub updated: Timestamp,
}

/// Where an episode is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing runs; work is left.
    Pending,
    /// The audio is being fetched.
    Downloading,
    /// The audio is being turned into text.
    Transcribing,
    /// Summary, insights and graph are being made.
    Enriching,
    /// It is being added to the index.
    Indexing,
    /// All is there.
    Done,
    /// A stage failed.
    Failed,
}

impl Phase {
    /// The phase of an episode while `stage` works on it.
    pub fn during(stage: Stage) -> Self {
        match stage {
            Stage::RssFeedFetch | Stage::SpeakerDetection => Self::Pending,
            Stage::MediaDownload => Self::Downloading,
            Stage::AudioPreprocessing | Stage::Transcription => Self::Transcribing,
            Stage::TranscriptCleaning
            | Stage::Summarization
            | Stage::GiGeneration
            | Stage::KgExtraction => Self::Enriching,
            Stage::VectorIndexing => Self::Indexing,
            Stage::Done => Self::Done,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Downloading => "downloading",
            Self::Transcribing => "transcribing",
            Self::Enriching => "enriching",
            Self::Indexing => "indexing",
            Self::Done => "done",
            Self::Failed => "failed",
        })
    }
}

/// A failure at a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stage that failed.
    pub stage: Stage,
    /// What it said.
    pub error: String,
    /// How many runs have failed there in a row.
    pub attempts: u32,
}

impl EpisodeState {
    /// Note that `stage` failed with `error`, counting the attempts at the same stage.
    pub fn fail(&mut self, stage: Stage, error: String) {
        let before = self.failure.take().filter(|f| f.stage == stage).map_or(0, |f| f.attempts);
        self.phase = Phase::Failed;
        self.failure = Some(Failure { stage, error, attempts: before.saturating_add(1) });
    }
}
