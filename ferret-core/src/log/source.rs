//! An open log file, and every call into redb on the reading side.
//!
//! redb panics on some damaged files. Each call therefore runs under [`guarded`], which turns a
//! panic into [`LogError::Damaged`]; what redb left behind is never touched again.

use super::backend::LogBackend;
use super::error::LogError;
use super::lease::Lease;
#[cfg(all(test, feature = "record"))]
use super::lease::in_tests::turn;
use super::overlay::OverlayBackend;
use super::schema;
use redb::{ConcurrencyMode, Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

/// Memory that a reader's cache takes at most.
pub(super) const CACHE_BYTES: usize = 16 << 20;

/// How long a reader waits for the writer's header lock; a commit holds it for milliseconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// An open log.
pub(super) struct Source {
    /// None: redb panicked, or found damage, and is not asked again.
    kind: Option<Kind>,
    /// The file when it was recovered in memory, if it was.
    recovered: Option<Stamp>,
}

/// What changes with each commit to a file, but not what it is: when it was written last, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: (i64, i64),
    length: u64,
}

impl Stamp {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let found = file.metadata()?;
        Ok(Self { modified: (found.mtime(), found.mtime_nsec()), length: found.len() })
    }
}

enum Kind {
    /// Beside its writer, or after a clean end.
    Shared(ReadOnlyDatabase),
    /// Recovered in memory.
    Overlay(Database),
}

impl Source {
    /// Opens `file`, a description of its own, for reading.
    pub(super) fn shared(file: File, cache_bytes: usize) -> Result<Self, redb::DatabaseError> {
        let backend = LogBackend::new(file, false, PATIENCE)?;
        redb::Builder::new()
            .set_cache_size(cache_bytes)
            .set_concurrency_mode(ConcurrencyMode::SingleWriter)
            .open_read_only_with_backend(backend)
            .map(|database| Self { kind: Some(Kind::Shared(database)), recovered: None })
    }

    /// Recovers the file behind `backend` in memory, as it is at `stamp`.
    pub(super) fn overlay(
        backend: OverlayBackend,
        stamp: Stamp,
    ) -> Result<Self, redb::DatabaseError> {
        redb::Builder::new()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(backend)
            .map(|database| Self { kind: Some(Kind::Overlay(database)), recovered: Some(stamp) })
    }

    /// Whether it was recovered in memory, and `file` has been written since: nobody there waits for who reads
    /// like that, and what is read is neither the old state nor the new.
    pub(super) fn is_stale(&self, file: &File) -> bool {
        self.recovered.is_some_and(|stamp| Stamp::of(file).is_ok_and(|now| now != stamp))
    }

    /// Runs `read` in one read transaction after the other, until it says that all is done: it ends
    /// each when its lease is over, and does something in each.
    pub(super) fn read_in_turns(
        &mut self,
        path: &Path,
        mut read: impl FnMut(&ReadTransaction, Lease) -> Result<bool, ReadError>,
    ) -> Result<(), LogError> {
        while !self.read(path, |txn| read(txn, Lease::begin()))? {}
        Ok(())
    }

    /// Runs `read` in a read transaction, which ends before this returns.
    pub(super) fn read<T>(
        &mut self,
        path: &Path,
        read: impl FnOnce(&ReadTransaction) -> Result<T, ReadError>,
    ) -> Result<T, LogError> {
        let result = turn(|| self.read_guarded(path, read));
        if result.as_ref().is_err_and(LogError::is_damage) {
            self.close();
        }
        result
    }

    fn read_guarded<T>(
        &self,
        path: &Path,
        read: impl FnOnce(&ReadTransaction) -> Result<T, ReadError>,
    ) -> Result<T, LogError> {
        guarded(path, || {
            let txn = match &self.kind {
                Some(Kind::Shared(database)) => database.begin_read(),
                Some(Kind::Overlay(database)) => database.begin_read(),
                None => return Err(LogError::damaged(path, &"redb gave the file up")),
            };
            let read = txn.map_err(ReadError::from).and_then(|txn| read(&txn));
            read.map_err(|ReadError(error)| redb_error(path, error))
        })
    }

    fn close(&mut self) {
        let database = self.kind.take();
        // A panic here says nothing new.
        drop(catch_unwind(AssertUnwindSafe(|| drop(database))));
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.kind {
            Some(Kind::Shared(_)) => "Shared",
            Some(Kind::Overlay(_)) => "Overlay",
            None => "Broken",
        })
    }
}

/// Tests measure it.
#[cfg(not(all(test, feature = "record")))]
fn turn<T>(read: impl FnOnce() -> T) -> T {
    read()
}

/// What a read transaction runs into, before it is said of which file.
#[derive(Debug)]
pub(super) struct ReadError(pub(super) redb::Error);

impl<E: Into<redb::Error>> From<E> for ReadError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// Holds the keys of a walk over a table to their order. A damaged tree may give them in any, and
/// again and again: a walk that believed it would never end.
#[derive(Debug)]
pub(super) struct Order<K>(Option<K>);

impl<K: Ord + Copy> Order<K> {
    /// No key has been seen.
    pub(super) fn new() -> Self {
        Self(None)
    }

    /// Every key must be beyond `key`.
    pub(super) fn beyond(key: Option<K>) -> Self {
        Self(key)
    }

    /// The next key, of a walk upwards.
    pub(super) fn up(&mut self, key: K) -> Result<K, ReadError> {
        self.step(key, self.0.is_none_or(|last| key > last))
    }

    /// The next key, of a walk downwards.
    pub(super) fn down(&mut self, key: K) -> Result<K, ReadError> {
        self.step(key, self.0.is_none_or(|last| key < last))
    }

    fn step(&mut self, key: K, in_order: bool) -> Result<K, ReadError> {
        self.0 = Some(key);
        if in_order {
            return Ok(key);
        }
        Err(ReadError(redb::Error::Corrupted("the keys of a table are out of order".to_owned())))
    }
}

/// Says what an error of redb's means.
pub(super) fn redb_error(path: &Path, error: redb::Error) -> LogError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "redb may add variants")]
    match error {
        redb::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
            LogError::NotALog { path: path.to_owned(), what: source.to_string() }
        }
        redb::Error::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
            LogError::damaged(path, &"the file ends too early")
        }
        redb::Error::Io(source) => LogError::io(path, "read", source),
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
            LogError::Locked { path: path.to_owned(), doing: "opening" }
        }
        redb::Error::UpgradeRequired(version) => LogError::NotALog {
            path: path.to_owned(),
            what: format!("its redb file format is {version}"),
        },
        error @ (redb::Error::TableDoesNotExist(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TypeDefinitionChanged { .. }) => {
            LogError::NotALog { path: path.to_owned(), what: error.to_string() }
        }
        error => LogError::damaged(path, &error),
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a call whose panic becomes [`LogError::Damaged`]: a panic hook that
/// stays silent then keeps redb's own message off the terminal.
pub fn panics_are_damage() -> bool {
    GUARDED.get()
}

/// Runs `call`; a panic of redb's is damage to the file.
pub(super) fn guarded<T>(
    path: &Path,
    call: impl FnOnce() -> Result<T, LogError>,
) -> Result<T, LogError> {
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(outer);
    result.unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let said: String = said.chars().take(200).collect();
        Err(LogError::damaged(path, &format_args!("redb panicked: {said}")))
    })
}

/// Reads who wrote the log; refuses other databases and newer formats.
pub(super) fn read_meta(source: &mut Source, path: &Path) -> Result<schema::Meta, LogError> {
    let (format, meta) = source.read(path, |txn| {
        let table = txn.open_table(schema::META)?;
        let format = table.get(schema::META_FORMAT)?.map(|row| row.value().to_vec());
        let meta = table.get(schema::META_LOG)?.map(|row| row.value().to_vec());
        Ok((format, meta))
    })?;
    let format = format.and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    let Some(found) = format else {
        let what = "its `meta` table has no format".to_owned();
        return Err(LogError::NotALog { path: path.to_owned(), what });
    };
    if found > schema::FORMAT {
        let supported = schema::FORMAT;
        return Err(LogError::NewerFormat { path: path.to_owned(), found, supported });
    }
    let row = meta.ok_or_else(|| LogError::damaged(path, &"its `meta` table has no log"))?;
    schema::read_row(schema::RowKind::Meta, 0, &row).map_err(|what| LogError::damaged(path, &what))
}
