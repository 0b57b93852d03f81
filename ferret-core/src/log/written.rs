//! The file under a writer: created with its tables, opened again after an error, written to in one
//! transaction a commit.

use super::backend::{HeaderLock, LogBackend};
use super::batch::Batch;
use super::block;
use super::family::{Durability, Place};
use super::lock::Liveness;
use super::schema::{self, Meta, RowKind};
use crate::event::{LogTime, Offset, ProcessStart, RunId};
use redb::{ConcurrencyMode, Database, ReadableTable};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// The default of redb would cost the host 1 GiB.
const CACHE_BYTES: usize = 8 << 20;

/// How long opening and closing wait for the header lock.
const OPEN_PATIENCE: Duration = Duration::from_millis(200);

/// A log open for writing.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) database: Database,
    pub(super) header: HeaderLock,
    pub(super) fd: RawFd,
}

/// The file descriptors that a log holds now, for a forked child to close: the lock that says who
/// lives, and the file, which is closed and opened again after errors.
///
/// Each is taken out before it is closed: a number that is free again may be the host's next file.
#[derive(Debug)]
pub struct Descriptors {
    alive: AtomicI32,
    file: AtomicI32,
}

/// In the place of a descriptor that is not open.
const CLOSED: RawFd = -1;

impl Descriptors {
    pub(super) fn new(alive: RawFd, file: RawFd) -> Arc<Self> {
        Arc::new(Self { alive: AtomicI32::new(alive), file: AtomicI32::new(file) })
    }

    pub(super) fn alive(&self) -> RawFd {
        self.alive.load(Ordering::Relaxed)
    }

    pub(super) fn opened(&self, file: RawFd) {
        self.file.store(file, Ordering::Relaxed);
    }

    pub(super) fn closes_file(&self) {
        self.file.store(CLOSED, Ordering::Relaxed);
    }

    pub(super) fn closes_all(&self) {
        self.closes_file();
        self.alive.store(CLOSED, Ordering::Relaxed);
    }

    /// Takes those that are open: no lock, no allocation.
    pub fn take(&self) -> impl Iterator<Item = RawFd> {
        // Relaxed: a child has the one thread that forked, and a parent's other threads are late at
        // worst, when a descriptor lives on in the child.
        let each = [&self.alive, &self.file].into_iter();
        each.map(|number| number.swap(CLOSED, Ordering::Relaxed)).filter(|number| *number >= 0)
    }
}

/// What the log says of its process.
pub(super) fn meta(place: &Place, start: &ProcessStart, run: RunId, now: LogTime) -> Meta {
    Meta {
        run,
        uid: start.uid,
        pid: start.pid,
        host: start.host.clone(),
        boot_id: start.boot_id.clone(),
        token: place.join,
        max_bytes: 0,
        max_age_ns: 0,
        created: now,
        salvaged_entries: 0,
    }
}

/// Makes a log of the new file `file`, whose name is `temp`: liveness first, then the tables.
pub(super) fn create(
    place: &Place,
    temp: &Path,
    file: File,
    meta: &Meta,
) -> io::Result<(Open, Liveness, Arc<Descriptors>)> {
    let own =
        OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOFOLLOW).open(temp)?;
    let alive_fd = own.as_raw_fd();
    let alive = Liveness::take(own)?
        .ok_or_else(|| io::Error::other("another process owns a log that was just created"))?;
    let open = open(file, place.durability)?;
    let txn = open.database.begin_write().map_err(io::Error::other)?;
    {
        let mut table = txn.open_table(schema::META).map_err(io::Error::other)?;
        let format = schema::FORMAT.to_le_bytes();
        table.insert(schema::META_FORMAT, format.as_slice()).map_err(io::Error::other)?;
        table.insert(schema::META_TASKS, [0; 8].as_slice()).map_err(io::Error::other)?;
        let row = schema::row(RowKind::Meta, 0, meta).map_err(io::Error::other)?;
        table.insert(schema::META_LOG, row.as_slice()).map_err(io::Error::other)?;
        let none = 0_u64.to_le_bytes();
        table.insert(schema::META_TASKS, none.as_slice()).map_err(io::Error::other)?;
    }
    schema::open_all(&txn).map_err(io::Error::other)?;
    txn.commit().map_err(io::Error::other)?;
    let descriptors = Descriptors::new(alive_fd, open.fd);
    Ok((open, alive, descriptors))
}

pub(super) fn open(file: File, durability: Durability) -> io::Result<Open> {
    let fd = file.as_raw_fd();
    let backend = LogBackend::new(file, durability == Durability::Power, OPEN_PATIENCE)
        .map_err(io::Error::other)?;
    let header = backend.header_lock();
    let opened = catch_unwind(AssertUnwindSafe(|| {
        redb::Builder::new()
            .set_cache_size(CACHE_BYTES)
            .set_concurrency_mode(ConcurrencyMode::SingleWriter)
            .create_with_backend(backend)
    }));
    let opened = opened.map_err(|_panic| io::Error::other("redb panicked while opening"))?;
    Ok(Open { database: opened.map_err(io::Error::other)?, header, fd })
}

/// The file behind `fd` once more, with locks of its own; through the descriptor, since the name
/// may be another's by now.
pub(super) fn again(fd: RawFd, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match options.open(format!("/proc/self/fd/{fd}")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            options.custom_flags(libc::O_NOFOLLOW).open(path)
        }
        opened => opened,
    }
}

/// Where the log ends, by its last block.
pub(super) fn end_of(database: &impl redb::ReadableDatabase) -> io::Result<Offset> {
    let txn = database.begin_read().map_err(io::Error::other)?;
    let blocks = txn.open_table(schema::BLOCKS).map_err(io::Error::other)?;
    let last = blocks.last().map_err(io::Error::other)?;
    last.map_or(Ok(Offset(0)), |(_, block)| {
        block::Header::read(block.value()).map(|header| header.next()).map_err(io::Error::other)
    })
}

/// Writes the batch in one transaction; returns the time of the checkpoint in it.
pub(super) fn write(
    database: &Database,
    batch: &mut Batch,
    now: LogTime,
) -> io::Result<Option<LogTime>> {
    let rows = batch.rows(now);
    let checkpoint_at = rows.checkpoint.as_ref().map(|(at, _)| *at);
    let txn = database.begin_write().map_err(storage_error)?;
    schema::insert(&txn, &rows).map_err(storage_error)?;
    txn.commit().map_err(storage_error)?;
    Ok(checkpoint_at)
}

/// Keeps the kind of an I/O error (`StorageFull`), which the user is told.
fn storage_error(error: impl Into<redb::Error>) -> io::Error {
    #[expect(clippy::wildcard_enum_match_arm, reason = "redb may add variants")]
    match error.into() {
        redb::Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
