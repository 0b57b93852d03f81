//! The file under a writer: created with its tables, opened again after an error, written to in one
//! transaction a commit.

use super::backend::{HeaderLock, LogBackend};
use super::batch::Batch;
use super::block;
use super::family::{Durability, Place};
use super::lock::Liveness;
use super::present::FileId;
use super::prune::Pruner;
use super::schema::{self, Meta, RowKind};
use crate::event::{LogTime, Offset, ProcessStart, RunId};
use redb::{ConcurrencyMode, Database, ReadableDatabase, ReadableTable};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
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

impl Open {
    /// Closes the file, so that it needs no repair if that can be.
    pub(super) fn close(self) {
        // A panic of redb while it closes changes nothing: the file is repaired when it is opened.
        drop(catch_unwind(AssertUnwindSafe(|| drop(self))));
    }

    /// Closes the file and writes nothing more into it.
    pub(super) fn let_go(self) {
        self.header.let_go();
        self.close();
    }

    /// Lets redb go without touching the file: its descriptor's number is another file's by now.
    pub(super) fn forsake(self) {
        self.header.clone().forsake();
        self.close();
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
        max_bytes: place.limits.max_bytes(),
        max_age_ns: place.limits.max_age_ns(),
        created: now,
        salvaged_entries: 0,
    }
}

/// A log open for writing, and the lock that says that its process lives.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) open: Open,
    pub(super) alive: Liveness,
    pub(super) alive_fd: RawFd,
    pub(super) id: FileId,
}

/// Makes a log of the new file `file`, whose name is `temp`: liveness first, then the tables.
pub(super) fn create(place: &Place, temp: &Path, file: File, meta: &Meta) -> io::Result<Owned> {
    let own = by_name(temp)?;
    let (alive_fd, id) = (own.as_raw_fd(), FileId::of(&file.metadata()?));
    let alive = Liveness::take(own)?
        .ok_or_else(|| io::Error::other("another process owns a log that was just created"))?;
    let open = open(file, place.durability)?;
    // As in `open`: whatever redb finds out, the host must not see it panic.
    let created = catch_unwind(AssertUnwindSafe(|| create_tables(&open.database, meta, place)))
        .unwrap_or_else(|_panic| Err(io::Error::other("redb panicked while creating the log")));
    if let Err(error) = created {
        // The file is removed: how redb closes it makes no difference.
        drop(catch_unwind(AssertUnwindSafe(|| drop(open))));
        return Err(error);
    }
    Ok(Owned { open, alive, alive_fd, id })
}

/// The log at `path` once more, if that is still the file `id`, nobody else has taken it for a dead
/// process's, and it ends where `is_border` says that it may. Liveness first, as ever.
pub(super) fn retake(
    path: &Path,
    id: FileId,
    durability: Durability,
    is_border: impl FnOnce(Offset) -> bool,
) -> io::Result<Option<(Owned, Offset)>> {
    if !std::fs::symlink_metadata(path).is_ok_and(|found| FileId::of(&found) == id) {
        return Ok(None);
    }
    let (own, file) = (by_name(path)?, by_name(path)?);
    for found in [&own, &file] {
        if FileId::of(&found.metadata()?) != id {
            return Ok(None);
        }
    }
    let alive_fd = own.as_raw_fd();
    let Some(alive) = Liveness::take(own)? else { return Ok(None) };
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let open = open(file, durability)?;
        let end = end_of(&open.database)?;
        let is_ours = is_border(end) && !is_ended(&open.database)?;
        Ok(is_ours.then_some((Owned { open, alive, alive_fd, id }, end)))
    }));
    opened.unwrap_or_else(|_panic| Err(io::Error::other("redb panicked while reopening")))
}

/// Whether somebody has ended the log, taking its process for dead.
fn is_ended(database: &Database) -> io::Result<bool> {
    let txn = database.begin_read().map_err(io::Error::other)?;
    let meta = txn.open_table(schema::META).map_err(io::Error::other)?;
    Ok(meta.get(schema::META_END).map_err(io::Error::other)?.is_some())
}

/// The file itself, never what a link leads to, and never waiting for what is no file.
fn by_name(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)
}

fn create_tables(database: &Database, meta: &Meta, place: &Place) -> io::Result<()> {
    let txn = database.begin_write().map_err(storage_error)?;
    {
        let mut table = txn.open_table(schema::META).map_err(storage_error)?;
        let format = schema::FORMAT.to_le_bytes();
        table.insert(schema::META_FORMAT, format.as_slice()).map_err(storage_error)?;
        table.insert(schema::META_TASKS, [0; 8].as_slice()).map_err(storage_error)?;
        if place.outlived {
            table.insert(schema::META_OUTLIVED, [].as_slice()).map_err(storage_error)?;
        }
        let row = schema::row(RowKind::Meta, 0, meta).map_err(io::Error::other)?;
        table.insert(schema::META_LOG, row.as_slice()).map_err(storage_error)?;
    }
    schema::open_all(&txn).map_err(storage_error)?;
    txn.commit().map_err(storage_error)
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

/// Writes the batch in one transaction, in which the oldest goes; returns the time of the checkpoint
/// in it, and what is left to be dropped.
pub(super) fn write(
    database: &Database,
    batch: &mut Batch,
    pruner: &Pruner,
    file_bytes: Option<u64>,
    now: LogTime,
) -> io::Result<(Option<LogTime>, Pruner)> {
    let rows = batch.rows(now);
    let checkpoint_at = rows.checkpoint.as_ref().map(|(at, _)| *at);
    let txn = database.begin_write().map_err(storage_error)?;
    schema::insert(&txn, &rows).map_err(storage_error)?;
    let pruner = pruner.prune(&txn, &rows, file_bytes, now).map_err(storage_error)?;
    txn.commit().map_err(storage_error)?;
    Ok((checkpoint_at, pruner))
}

/// Transactions in which the oldest goes before a large batch comes, at most.
const ROUNDS: u32 = 8;

/// Makes room for `comes` bytes before they are written, as far as there is what can go.
pub(super) fn make_room(
    database: &Database,
    pruner: &mut Pruner,
    comes: u64,
    now: LogTime,
) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let txn = database.begin_write().map_err(storage_error)?;
        let made = pruner.make_room(&txn, comes, now).map_err(storage_error)?;
        // With the last, in which nothing goes, pages of those before are free.
        txn.commit().map_err(storage_error)?;
        match made {
            Some(made) => *pruner = made,
            None => break,
        }
    }
    Ok(())
}

/// Writes a batch of one entry, beside which nothing goes.
pub(super) fn write_one(open: &Open, batch: &mut Batch, now: LogTime) -> io::Result<()> {
    let write = || write(&open.database, batch, &Pruner::default(), None, now).map(drop);
    catch_unwind(AssertUnwindSafe(write))
        .unwrap_or_else(|_panic| Err(io::Error::other("redb panicked while committing")))
}

/// Keeps the kind of an I/O error (`StorageFull`), which the user is told.
fn storage_error(error: impl Into<redb::Error>) -> io::Error {
    #[expect(clippy::wildcard_enum_match_arm, reason = "redb may add variants")]
    match error.into() {
        redb::Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
