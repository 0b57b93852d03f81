//! What can go wrong with a log, said so that one knows what to do.

use crate::event::Offset;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A log could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Nothing is there.
    #[error("{} does not exist: start a profiled program with FERRET_LOG={}, or name another log", path.display(), path.display())]
    NotFound {
        /// The path asked for.
        path: PathBuf,
    },
    /// A folder is there, and no log in it.
    #[error("no log is in the folder {}{}", path.display(), instead(path, below.as_deref()))]
    EmptyFolder {
        /// The folder asked for.
        path: PathBuf,
        /// A folder within it that has logs, if there is one: that is not read.
        below: Option<PathBuf>,
    },
    /// A file that ferret did not write.
    #[error("{} is not a ferret log ({what}): name a file that a profiled program wrote, as FERRET_LOG or `ferret run --log` called it", path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
        /// What it lacks.
        what: String,
    },
    /// A log of a later ferret.
    #[error("{} is of format {found}, and this ferret reads formats up to {supported}: use a newer ferret", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format it says.
        found: u32,
        /// The newest format known here.
        supported: u32,
    },
    /// Bytes that cannot be what was written.
    #[error("{} is damaged{}: {what}; `ferret check --scavenge` saves what can be saved", path.display(), at(*offset))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in the log, if that is known.
        offset: Option<Offset>,
        /// What is wrong.
        what: String,
    },
    /// Another process holds what is needed, and did not let go in time.
    #[error("{} is locked by another process (while {doing}): try again, or see who holds it with `fuser -v {}`", path.display(), path.display())]
    Locked {
        /// The file or folder.
        path: PathBuf,
        /// What the lock was needed for.
        doing: &'static str,
    },
    /// The system refused.
    #[error("cannot {doing} {}: {source}{}", path.display(), advice(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// The system's answer.
        source: io::Error,
    },
}

/// What to do where a folder has no log.
fn instead(folder: &Path, below: Option<&Path>) -> String {
    if let Some(below) = below {
        let below = below.display();
        return format!(", and the folders in it are not read: name {below}, which has logs");
    }
    let log = folder.join("run.redb");
    format!(": name another, or start a profiled program with FERRET_LOG={}", log.display())
}

fn advice(error: &io::Error) -> &'static str {
    let many = error.raw_os_error() == Some(libc::EMFILE);
    if many { "; raise the limit with `ulimit -n`, or name fewer logs" } else { "" }
}

fn at(offset: Option<Offset>) -> String {
    offset.map_or_else(String::new, |offset| format!(" at entry {}", offset.0))
}

impl LogError {
    /// An I/O error with its place; a missing file is its own variant.
    pub(super) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::NotFound {
            Self::NotFound { path }
        } else if source.kind() == io::ErrorKind::TimedOut {
            Self::Locked { path, doing }
        } else {
            Self::Io { path, doing, source }
        }
    }

    /// Damage that is not of one entry.
    pub(super) fn damaged(path: &Path, what: &dyn fmt::Display) -> Self {
        Self::Damaged { path: path.to_owned(), offset: None, what: what.to_string() }
    }

    /// Whether it may not be written, or there is no room for more.
    #[cfg(feature = "read")]
    pub fn is_not_writable(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_not_writable(source))
    }

    /// Whether the log is damaged, rather than missing, foreign or out of reach.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}

/// Whether a file may not be written, or there is no room for more.
#[cfg(feature = "read")]
pub(super) fn is_not_writable(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
    )
}

/// For the writer's side, which speaks [`io::Error`] with its host.
impl From<LogError> for io::Error {
    fn from(error: LogError) -> Self {
        let kind = match &error {
            LogError::NotFound { .. } | LogError::EmptyFolder { .. } => io::ErrorKind::NotFound,
            LogError::NotALog { .. } | LogError::NewerFormat { .. } | LogError::Damaged { .. } => {
                io::ErrorKind::InvalidData
            }
            LogError::Locked { .. } => io::ErrorKind::WouldBlock,
            LogError::Io { source, .. } => source.kind(),
        };
        Self::new(kind, error)
    }
}
