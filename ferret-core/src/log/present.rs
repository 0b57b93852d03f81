//! Whether a log is still the file that was opened, and still under its name.
//!
//! A daemon closes every descriptor that it does not know, and what it opens next gets our number;
//! people remove logs, move them, truncate them. redb must not write into such a file, nor go on for
//! ever into one that nobody finds. So the writer looks before each commit: at its own descriptors,
//! and once a second at the name.
//!
//! A descriptor is looked at through `/proc`, since a bare number has no safe `fstat`. Where that is
//! missing it cannot be told whose it is, and it is taken for ours. What the program does in the
//! middle of a commit, a millisecond in forty, is seen by the next.

use super::backend::HeaderLock;
use crate::event::LogTime;
use std::fmt;
use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How often the name is looked at, ns.
const LOOK_NS: u64 = 1_000_000_000;

/// What tells a file from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId {
    pub(super) device: u64,
    pub(super) inode: u64,
}

/// What a descriptor's number leads to.
#[derive(Debug)]
pub(super) enum Held {
    File(Metadata),
    Closed,
    /// There is no `/proc`, or it may not be looked into.
    Unknown,
}

/// How a log was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Its descriptors were closed, and may be the program's own files by now.
    Closed,
    /// It is shorter than it was.
    Truncated,
    /// Nothing is under its name.
    Removed,
    /// Something else is.
    Replaced,
}

/// A log's file as it must be found.
#[derive(Debug)]
pub(super) struct Present {
    id: FileId,
    /// When the name was last looked at.
    looked: LogTime,
    /// What the file took on the disk at the last look, bytes.
    allocated: Option<u64>,
}

impl FileId {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "had its descriptors closed by the program",
            Self::Truncated => "was truncated",
            Self::Removed => "was removed",
            Self::Replaced => "was replaced by another file",
        })
    }
}

/// What a descriptor's number leads to. Allocates nothing, for a forked child asks too.
pub(super) fn held(descriptor: RawFd) -> Held {
    let mut path = [0; 32];
    let mut rest = path.as_mut_slice();
    if write!(rest, "/proc/self/fd/{descriptor}").is_err() {
        return Held::Unknown;
    }
    let unused = rest.len();
    let path = Path::new(std::ffi::OsStr::from_bytes(&path[..path.len() - unused]));
    match fs::metadata(path) {
        Ok(metadata) => Held::File(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound && has_proc() => Held::Closed,
        Err(_) => Held::Unknown,
    }
}

fn has_proc() -> bool {
    fs::metadata("/proc/self/fd").is_ok()
}

/// Whether the descriptor leads to that file, as far as can be told.
pub(super) fn leads_to(descriptor: RawFd, id: FileId) -> bool {
    match held(descriptor) {
        Held::File(metadata) => FileId::of(&metadata) == id,
        Held::Closed => false,
        Held::Unknown => true,
    }
}

impl Present {
    /// The file `id`, which has its name.
    pub(super) fn new(id: FileId, now: LogTime) -> Self {
        Self { id, looked: now, allocated: None }
    }

    pub(super) fn id(&self) -> FileId {
        self.id
    }

    /// What has become of the file by `now`, which as a rule is nothing. `alive` is one of its
    /// descriptors, `file` the other, with what redb has made of the file; none while it is closed.
    pub(super) fn look(
        &mut self,
        alive: RawFd,
        file: Option<(RawFd, &HeaderLock)>,
        path: &Path,
        now: LogTime,
    ) -> Option<Loss> {
        if !leads_to(alive, self.id) {
            return Some(Loss::Closed);
        }
        if let Some((descriptor, header)) = file {
            match held(descriptor) {
                Held::File(found) if FileId::of(&found) != self.id => return Some(Loss::Closed),
                Held::File(found) if found.len() < header.length() => return Some(Loss::Truncated),
                Held::Closed => return Some(Loss::Closed),
                Held::File(found) => self.allocated = Some(found.blocks() * 512),
                Held::Unknown => {}
            }
        }
        if now.since(self.looked) < LOOK_NS {
            return None;
        }
        self.looked = now;
        match fs::symlink_metadata(path) {
            Ok(found) if FileId::of(&found) == self.id => None,
            Ok(_) => Some(Loss::Replaced),
            Err(error) if is_absent(&error) => Some(Loss::Removed),
            // Who may not look cannot tell.
            Err(_) => None,
        }
    }

    /// What the file took on the disk at the last look, bytes.
    pub(super) fn allocated(&self) -> Option<u64> {
        self.allocated
    }

    /// The name is not looked at for so long.
    pub(super) fn rest(&mut self, now: LogTime, ns: u64) {
        self.looked = now.after(ns);
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
