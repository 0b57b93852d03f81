//! The folder of one episode: its artifacts, its state, its files.

use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Artifact, EpisodeState, StoreError, read_json, write_json};
use crate::stage::Stage;

/// The state's file.
pub(super) const STATE: &str = "state.json";

/// The folder of one episode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpisodeFolder {
    path: PathBuf,
}

impl EpisodeFolder {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// A file of this name in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What `stage` made, if it made anything.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn artifact<T: DeserializeOwned>(
        &self,
        stage: Stage,
    ) -> Result<Option<Artifact<T>>, StoreError> {
        read_json(&self.artifact_path(stage))
    }

    /// Keep what `stage` made.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn keep<T: Serialize>(
        &self,
        stage: Stage,
        artifact: &Artifact<T>,
    ) -> Result<(), StoreError> {
        write_json(&self.artifact_path(stage), artifact)
    }

    /// How far the episode is; nothing where no run has seen it.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn state(&self) -> Result<Option<EpisodeState>, StoreError> {
        read_json(&self.file(STATE))
    }

    /// Note how far the episode is.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn set_state(&self, state: &EpisodeState) -> Result<(), StoreError> {
        write_json(&self.file(STATE), state)
    }

    fn artifact_path(&self, stage: Stage) -> PathBuf {
        self.file(&format!("{stage}.json"))
    }
}
