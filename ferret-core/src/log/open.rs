//! Opening a log for reading, whatever state its process left it in.
//!
//! redb answers `RepairAborted` to a read-only open of a file whose writer was killed. One
//! read-write open, through the descriptor and never the name, then repairs it; another process
//! that does so at the same time makes that `DatabaseAlreadyOpen`, and is waited for. Where the
//! file may not or must not be written, the same recovery happens in memory. A log that opens as it
//! is may still lack what a power loss took: `verify` finds that out.

use super::backend::{LogBackend, wait_until};
use super::error::{LogError, is_not_writable};
use super::info::{Integrity, ReadOptions};
use super::overlay::OverlayBackend;
use super::schema::Meta;
use super::source::{self, CACHE_BYTES, PATIENCE, Source, Stamp, guarded, redb_error};
use super::verify;
use redb::{ConcurrencyMode, Database, DatabaseError};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// How long a repair by another process is waited for: redb repairs 1 GB a second.
const REPAIR_PATIENCE: Duration = Duration::from_secs(30);

/// A log that can be read.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) source: Source,
    /// The file, without any lock: for its size and its owner.
    pub(super) file: File,
    pub(super) meta: Meta,
    pub(super) repaired: bool,
    pub(super) integrity: Integrity,
}

/// Opens the log at `path`.
pub(super) fn open(path: &Path, options: ReadOptions) -> Result<Opened, LogError> {
    open_in(path, open_file(path)?, options, None)
}

/// Opens the log in `file`, which is called `path`. What is known of its integrity since it was opened before is not
/// looked for again: that can mean to read all of it.
pub(super) fn open_in(
    path: &Path,
    file: File,
    options: ReadOptions,
    known: Option<Integrity>,
) -> Result<Opened, LogError> {
    let (mut source, repaired) = open_source(path, &file, options)?;
    let meta = source::read_meta(&mut source, path)?;
    let integrity = if repaired {
        // A repair verifies all that it keeps.
        Integrity::Verified
    } else if let Some(known) = known {
        known
    } else {
        verify::integrity_of(path, &file, &meta)?
    };
    Ok(Opened { source, file, meta, repaired, integrity })
}

/// The file itself: a regular one, so that nothing waits and nothing unexpected is opened.
fn open_file(path: &Path) -> Result<File, LogError> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map_err(|error| LogError::io(path, "open", error))?;
    let metadata = file.metadata().map_err(|error| LogError::io(path, "stat", error))?;
    let not_a_log =
        |what: &str| Err(LogError::NotALog { path: path.to_owned(), what: what.to_owned() });
    if !metadata.is_file() {
        return not_a_log("it is not a regular file");
    }
    if metadata.len() == 0 {
        return not_a_log("it is empty");
    }
    Ok(file)
}

/// A writer may start and be killed between a repair and the next attempt, but not for ever.
const MAX_REPAIRS: u32 = 3;

/// What one attempt to open came to.
enum Attempt {
    Open(Source),
    NeedsRepair,
    Busy,
}

fn open_source(path: &Path, file: &File, options: ReadOptions) -> Result<(Source, bool), LogError> {
    let (mut repaired, mut repairs) = (false, 0);
    let mut opened = None;
    wait_until(REPAIR_PATIENCE, || {
        match attempt(path, file, options)? {
            Attempt::Open(source) => opened = Some(source),
            Attempt::Busy => return Ok(false),
            Attempt::NeedsRepair if repairs == MAX_REPAIRS => {
                return Err(LogError::damaged(path, &"it needs repair again after each repair"));
            }
            Attempt::NeedsRepair => {
                repaired = true;
                match repair_as(path, file, options)? {
                    Repair::Done => repairs += 1,
                    Repair::ByAnother => {}
                    Repair::NotWritable => opened = Some(overlay(path, file)?),
                }
            }
        }
        Ok::<_, LogError>(opened.is_some())
    })?;
    let source =
        opened.ok_or_else(|| LogError::Locked { path: path.to_owned(), doing: "opening" })?;
    Ok((source, repaired))
}

/// Opens the file once more that was recovered in memory, since it has changed; none if that is to be tried
/// again.
pub(super) fn reopen(
    path: &Path,
    file: &File,
    options: ReadOptions,
) -> Result<Option<Source>, LogError> {
    match attempt(path, file, options)? {
        Attempt::Open(source) => Ok(Some(source)),
        Attempt::Busy => Ok(None),
        Attempt::NeedsRepair => match repair_as(path, file, options)? {
            Repair::Done | Repair::ByAnother => Ok(None),
            Repair::NotWritable => overlay(path, file).map(Some),
        },
    }
}

fn attempt(path: &Path, file: &File, options: ReadOptions) -> Result<Attempt, LogError> {
    let own = again(path, file, false).map_err(|error| LogError::io(path, "open", error))?;
    guarded(path, || match Source::shared(own, options.cache_bytes()) {
        Ok(source) => Ok(Attempt::Open(source)),
        Err(DatabaseError::RepairAborted) => Ok(Attempt::NeedsRepair),
        Err(DatabaseError::DatabaseAlreadyOpen) => Ok(Attempt::Busy),
        Err(error) => Err(redb_error(path, error.into())),
    })
}

/// What became of a repair.
enum Repair {
    Done,
    /// Another process is at it: what comes next finds the file repaired, or waits.
    ByAnother,
    NotWritable,
}

/// Repairs the file in place, if that is wanted.
fn repair_as(path: &Path, file: &File, options: ReadOptions) -> Result<Repair, LogError> {
    if options.read_only { Ok(Repair::NotWritable) } else { repair(path, file) }
}

/// Repairs the file in place.
fn repair(path: &Path, file: &File) -> Result<Repair, LogError> {
    let own = match again(path, file, true) {
        Ok(own) => own,
        Err(error) => {
            let not_writable = is_not_writable(&error) || error.kind() == io::ErrorKind::NotFound;
            return if not_writable {
                Ok(Repair::NotWritable)
            } else {
                Err(LogError::io(path, "open for repair", error))
            };
        }
    };
    guarded(path, || {
        let opened = LogBackend::new(own, true, PATIENCE).and_then(|backend| {
            redb::Builder::new()
                .set_cache_size(CACHE_BYTES)
                .set_concurrency_mode(ConcurrencyMode::SingleWriter)
                .create_with_backend(backend)
        });
        match opened.and_then(Database::close) {
            Ok(()) => Ok(Repair::Done),
            Err(DatabaseError::DatabaseAlreadyOpen) => Ok(Repair::ByAnother),
            Err(DatabaseError::Storage(redb::StorageError::Io(error)))
                if is_not_writable(&error) =>
            {
                Ok(Repair::NotWritable)
            }
            Err(error) => Err(redb_error(path, error.into())),
        }
    })
}

/// Recovers the file in memory.
fn overlay(path: &Path, file: &File) -> Result<Source, LogError> {
    let own = again(path, file, false).map_err(|error| LogError::io(path, "open", error))?;
    guarded(path, || {
        let stamp = Stamp::of(file).map_err(|error| LogError::io(path, "stat", error))?;
        let backend =
            OverlayBackend::new(own).map_err(|error| LogError::io(path, "read", error))?;
        Source::overlay(backend, stamp).map_err(|error| redb_error(path, error.into()))
    })
}

/// The same file once more, with locks of its own; by the descriptor, since the name may be
/// another file's by now.
pub(super) fn again(path: &Path, file: &File, write: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(write).custom_flags(libc::O_NONBLOCK);
    match options.open(format!("/proc/self/fd/{}", file.as_raw_fd())) {
        // No /proc here.
        Err(error) if error.kind() == io::ErrorKind::NotFound => options.open(path),
        opened => opened,
    }
}
