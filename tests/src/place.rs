//! A folder of a test's own, for its log.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A temporary folder and the name of a log in it, which is not there yet.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    /// `run.redb` in the folder.
    pub log: PathBuf,
}

impl Place {
    /// A new folder, removed when dropped.
    ///
    /// # Panics
    ///
    /// There is no room for one.
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("run.redb");
        Self { folder, log }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The names of the logs in it, in order.
    ///
    /// # Panics
    ///
    /// It cannot be listed.
    pub fn logs(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.folder())
            .expect("the folder can be listed")
            .map(|entry| entry.expect("it can be listed").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "redb"))
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .collect();
        names.sort();
        names
    }
}
