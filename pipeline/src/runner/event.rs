//! What happens in a run, for whoever tells the user.

use std::time::Duration;

use crate::error::StageError;
use crate::stage::Stage;
use crate::stages::rss_feed_fetch::{Episode, Feed};
use crate::time::Millis;

/// Something happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A feed was read.
    FeedRead {
        /// The feed.
        feed: &'a Feed,
        /// One sentence for each entry that cannot be used.
        left_out: &'a [String],
    },
    /// A feed could not be read.
    FeedFailed {
        /// Why; it names the feed.
        error: &'a StageError,
    },
    /// Work on an episode begins.
    EpisodeBegins {
        /// Which.
        episode: &'a Episode,
        /// Its number in this run, from 1.
        number: usize,
        /// How many there are.
        total: usize,
    },
    /// A stage has its output.
    StageEnds {
        /// Which stage.
        stage: Stage,
        /// How long it took; nothing where an earlier run's output was reused.
        took: Option<Duration>,
        /// What came out, in a few words.
        result: &'a str,
    },
    /// A stage failed; the episode is left, the others go on.
    EpisodeFailed {
        /// Which episode.
        episode: &'a Episode,
        /// Its number in this run, from 1.
        number: usize,
        /// Which stage.
        stage: Stage,
        /// Why.
        error: &'a StageError,
    },
}

/// What episodes hold, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Audio as published.
    pub audio: Millis,
    /// Words of the cleaned transcripts.
    pub words: usize,
    /// Insights.
    pub insights: usize,
    /// Entities.
    pub entities: usize,
    /// Chunks in the index.
    pub chunks: usize,
}

impl Totals {
    /// Add what `other` holds.
    pub fn add(&mut self, other: &Self) {
        self.audio.0 += other.audio.0;
        self.words += other.words;
        self.insights += other.insights;
        self.entities += other.entities;
        self.chunks += other.chunks;
    }
}
