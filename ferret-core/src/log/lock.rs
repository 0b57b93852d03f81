//! The two locks of Ferret's own: one that says that a log's process lives, one that orders those
//! who start in one folder.
//!
//! Liveness is an exclusive lock on byte 2^62 - 1 of the log, of an open file description that
//! nothing else uses, held for the process's life: the kernel drops it with the process, whatever
//! kills it. Rejected: pids, which repeat and differ between containers; redb's own writer lock,
//! which whoever repairs the log holds too. The byte lies below those that redb uses (from 2^62).

use super::backend::wait_until;
use redb::StorageBackend;
use redb::backends::FileBackend;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// The byte whose lock is liveness.
const ALIVE: Bound<u64> = Bound::Included((1 << 62) - 1);

/// Says that this process lives and owns a log, until dropped.
///
/// redb's `FileBackend` is used for what it does well: locks of an open file description, without
/// unsafe code here.
#[derive(Debug)]
pub(super) struct Liveness(FileBackend);

impl Liveness {
    /// Takes the lock on `file`, a description of its own, open for writing. `None`: another
    /// process has it.
    pub(super) fn take(file: File) -> io::Result<Option<Self>> {
        let backend = FileBackend::new(file).map_err(io::Error::other)?;
        Ok(backend.try_lock_range(ALIVE, ALIVE).map_err(io::Error::from)?.then_some(Self(backend)))
    }

    /// Flushes the file to the disk.
    #[cfg(feature = "record")]
    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    /// Releases the lock; also done when dropped. Explicitly, not by closing the descriptor alone:
    /// a child forked and not yet executing shares it, and would keep the lock.
    pub(super) fn release(&self) {
        if self.0.close().is_err() {
            // Closing the descriptor releases it too.
        }
    }
}

impl Drop for Liveness {
    fn drop(&mut self) {
        self.release();
    }
}

/// Whether a live process owns the log `file`; `None` if that cannot be told.
pub(super) fn is_owned(file: File) -> Option<bool> {
    let backend = FileBackend::new(file).ok()?;
    // An error is the answer that this file system has no such locks.
    backend.query_lock_range(ALIVE, ALIVE).ok()
}

/// The same for the file at `path`: `Some(true)` also if it may not be opened, since then it is
/// another user's, to be left alone.
pub(super) fn is_path_owned(path: &Path) -> Option<bool> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => is_owned(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(false),
        Err(_) => Some(true),
    }
}

/// Orders those who create, move and remove logs in one folder, until dropped.
#[derive(Debug)]
pub(super) struct FolderLock {
    _folder: File,
}

impl FolderLock {
    /// Takes the lock. `None`: not obtained within `patience`, or the file system has no locks.
    pub(super) fn take(folder: &Path, patience: Duration) -> io::Result<Option<Self>> {
        let file = File::open(folder)?;
        let locked = wait_until(patience, || match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        });
        Ok(matches!(locked, Ok(true)).then_some(Self { _folder: file }))
    }
}
