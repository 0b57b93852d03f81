//! What is kept on disk: one folder an episode, artifacts written beside and renamed, one writer at a time.
//!
//! ```text
//! OUT/feeds/<feed>.json                  the feed as last read
//! OUT/episodes/<episode>/<stage>.json    what a stage made, with the fingerprint it was made under
//! OUT/episodes/<episode>/state.json      how far the episode is
//! OUT/index.bin                          the vectors of all episodes
//! ```
//! A reader sees a whole file or none: nothing here is ever changed in place. A database was the alternative; plain files
//! were chosen because people want to open them.

mod artifact;
mod file;
mod folder;
mod state;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub use artifact::{Artifact, Kept};
pub use file::{read_json, replace, write_json};
pub use folder::EpisodeFolder;
pub use state::{EpisodeState, Failure, Phase};

use crate::ids::{EpisodeId, FeedId};

/// Why something could not be kept or found again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as "writing".
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is there, but is not what it should be.
    #[error("{} cannot be understood ({source}): delete it and run again", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Another run is writing to the folder.
    #[error("another pipeline is writing to {}: wait for it, or choose another --out", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A folder that no run has written to.
    #[error("{} holds no episodes: `pipeline run FEED --out {}` puts some there", path.display(), path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

impl StoreError {
    /// For `map_err`: the system refused `doing` to `path`.
    pub fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// The output folder.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// Held while this process may write.
    _lock: Option<File>,
}

impl Store {
    /// Open `root` to write, making it where it does not exist. One process at a time.
    ///
    /// # Errors
    /// When it cannot be made, or another process has it open to write.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        for folder in [root.to_owned(), root.join("feeds"), root.join("episodes")] {
            fs::create_dir_all(&folder).map_err(StoreError::io("making the folder", &folder))?;
        }
        let path = root.join(".lock");
        let lock = File::create(&path).map_err(StoreError::io("opening", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy { path: root.to_owned() }),
            Err(TryLockError::Error(source)) => {
                Err(StoreError::Io { doing: "locking", path, source })
            }
        }
    }

    /// Open `root` to write. It must have been written before.
    ///
    /// # Errors
    /// When no run has written there, or another process has it open to write.
    pub fn reopen(root: &Path) -> Result<Self, StoreError> {
        Self::open_to_read(root)?;
        Self::open(root)
    }

    /// Open `root` to read. It must have been written before.
    ///
    /// # Errors
    /// When no run has written there.
    pub fn open_to_read(root: &Path) -> Result<Self, StoreError> {
        if root.join("episodes").is_dir() {
            Ok(Self { root: root.to_owned(), _lock: None })
        } else {
            Err(StoreError::Empty { path: root.to_owned() })
        }
    }

    /// The folder of `episode`, made where it does not exist.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn episode(&self, episode: &EpisodeId) -> Result<EpisodeFolder, StoreError> {
        let path = self.root.join("episodes").join(episode.as_ref());
        fs::create_dir_all(&path).map_err(StoreError::io("making the folder", &path))?;
        Ok(EpisodeFolder::at(path))
    }

    /// The folders of all episodes, in the order of their names.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn episodes(&self) -> Result<Vec<EpisodeFolder>, StoreError> {
        let folder = self.root.join("episodes");
        let wrap = |source| StoreError::Io { doing: "listing", path: folder.clone(), source };
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(wrap)? {
            let path = entry.map_err(wrap)?.path();
            if path.join(folder::STATE).is_file() {
                found.push(EpisodeFolder::at(path));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Where the feed `id` is kept.
    pub fn feed_path(&self, id: &FeedId) -> PathBuf {
        self.root.join("feeds").join(format!("{id}.json"))
    }

    /// Where the vectors of all episodes are.
    pub fn index_path(&self) -> PathBuf {
        self.root.join("index.bin")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_writers_never_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = Store::open(folder.path()).unwrap();
        assert!(matches!(Store::open(folder.path()), Err(StoreError::Busy { .. })));
        drop(first);
        Store::open(folder.path()).unwrap();
    }

    #[test]
    fn reading_a_folder_that_no_run_wrote_says_how_to_fill_it() {
        let folder = tempfile::tempdir().unwrap();
        let said = Store::open_to_read(folder.path()).unwrap_err().to_string();
        assert!(said.contains("pipeline run"), "{said}");
    }
}
