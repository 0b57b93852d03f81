//! What a path given by the user names: a head and its family, one log, or a folder of logs.

use super::error::LogError;
use super::family::run_id;
use super::lock::is_owned;
use super::names::{self, FamilyName};
use crate::event::RunId;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a path names.
#[derive(Debug)]
pub(super) enum Named {
    /// A log and the other members of its run, now and later.
    Head {
        path: PathBuf,
        /// Its device and inode when it was first seen.
        identity: (u64, u64),
        /// It may be moved away while it is read: it is then known by its own new name.
        family: FamilyName,
        run: RunId,
    },
    /// All logs in a folder.
    Folder(PathBuf),
}

impl Named {
    /// Looks at what is there.
    pub(super) fn resolve(path: &Path) -> Result<Self, LogError> {
        let metadata = fs::metadata(path).map_err(|error| LogError::io(path, "open", error))?;
        if metadata.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let absolute =
            std::path::absolute(path).map_err(|error| LogError::io(path, "open", error))?;
        // A head that was moved away tells its run by its name, so it is found after a copy too.
        let (head, run) =
            names::moved_away(&absolute).unwrap_or_else(|| (absolute.clone(), run_id(&metadata)));
        let family = FamilyName::of(&head).map_err(|error| LogError::io(path, "open", error))?;
        let identity = (metadata.dev(), metadata.ino());
        Ok(Self::Head { path: absolute, identity, family, run })
    }

    /// The files that belong to it now.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Head { path, identity, family, run } => {
                let is_it = |metadata: fs::Metadata| (metadata.dev(), metadata.ino()) == *identity;
                let head = fs::metadata(path).is_ok_and(is_it).then(|| path.clone());
                head.into_iter().chain(family.members(*run)).collect()
            }
            Self::Folder(folder) => logs_in(folder).unwrap_or_default(),
        }
    }

    /// The folder in which files may appear.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Head { family, .. } => family.folder(),
            Self::Folder(folder) => folder,
        }
    }
}

/// The logs that `path` names now: a head with its whole family, a single log, or all logs in a folder. Who follows
/// them asks again, since logs appear, take each other's place and vanish.
///
/// # Errors
///
/// Nothing is there, or the folder cannot be read.
pub fn members(path: &Path) -> Result<Vec<PathBuf>, LogError> {
    match Named::resolve(path)? {
        Named::Folder(folder) => {
            logs_in(&folder).map_err(|error| LogError::io(&folder, "read", error))
        }
        head @ Named::Head { .. } => Ok(head.files()),
    }
}

impl LogError {
    /// That there is no log in a folder, which is known: looks for one further below, so that it can be told.
    pub fn empty_folder(path: PathBuf) -> Self {
        Self::EmptyFolder { below: below_with_logs(&path), path }
    }
}

/// Folders that are looked into for logs at most.
const MOST_FOLDERS: usize = 100;

/// The first folder within this one that has logs, those that are nearer before those that are deeper. What cannot be
/// read has none; links are not followed.
fn below_with_logs(folder: &Path) -> Option<PathBuf> {
    let mut next = VecDeque::from([folder.to_owned()]);
    for _ in 0..MOST_FOLDERS {
        let Ok(entries) = fs::read_dir(next.pop_front()?) else { continue };
        let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|found| found.is_dir());
        let folders = entries.filter_map(Result::ok).filter(is_folder).map(|entry| entry.path());
        let mut folders: Vec<_> = folders.take(MOST_FOLDERS).collect();
        folders.sort();
        let has_logs = |folder: &&PathBuf| logs_in(folder).is_ok_and(|logs| !logs.is_empty());
        if let Some(found) = folders.iter().find(has_logs) {
            return Some(found.clone());
        }
        next.extend(folders);
    }
    None
}

/// The log in `folder` that a live process writes; of several the one written last.
pub(super) fn newest_owned(folder: &Path) -> Result<Option<PathBuf>, LogError> {
    let logs = logs_in(folder).map_err(|error| LogError::io(folder, "read", error))?;
    let owned = logs.into_iter().filter_map(|path| {
        // A log that cannot be opened cannot be watched either.
        let file = File::open(&path).ok()?;
        let modified = file.metadata().and_then(|metadata| metadata.modified()).ok()?;
        (is_owned(file) == Some(true)).then_some((modified, path))
    });
    Ok(owned.max().map(|(_, path)| path))
}

/// The files in `folder` that begin as redb's do, in order of name.
fn logs_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
        let is_redb = path.extension().is_some_and(|extension| extension == "redb");
        if is_redb && !hidden && begins_as_redb(&path) {
            logs.push(path);
        }
    }
    logs.sort();
    Ok(logs)
}

fn begins_as_redb(path: &Path) -> bool {
    let mut magic = [0; 4];
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
        && File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok()
        && magic == *b"redb"
}
