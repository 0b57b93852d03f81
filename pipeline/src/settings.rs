//! What a run may choose.

use crate::models::ModelPaths;
use crate::stage::StageRange;

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which stages to run.
    pub range: StageRange,
    /// The models.
    pub models: ModelPaths,
    /// The language spoken, as a two-letter code. A model of English only hears English.
    pub language: String,
    /// Threads for the speech model, 1 or more.
    pub threads: usize,
    /// The largest audio file that is taken.
    pub max_media_bytes: u64,
    /// Of each feed, only this many of its newest episodes.
    pub latest: Option<usize>,
    /// Redo what could be reused.
    pub force: bool,
}
