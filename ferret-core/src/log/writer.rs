//! The writer: a log of this process's own, from its first entry to its clean end.
//!
//! A commit takes redb's header lock by a bounded try, writes the whole batch in one transaction,
//! and gives the lock back; a reader in the way means [`Commit::Busy`], with nothing lost. After
//! an I/O error redb answers nothing more until it is reopened, which may repair and so take a
//! while: it is tried with a growing pause. The error may have come after the commit, so what
//! the reopened log already holds is skipped.

use super::backend::{HeaderLock, LogBackend};
use super::batch::Batch;
use super::block;
use super::family::{self, Durability, Place};
use super::lock::Liveness;
use super::schema::{self, Meta, RowKind};
use super::sync::Syncer;
use crate::event::{
    CallsiteId, CallsiteInfo, Commit, LogEntry, LogTime, Offset, PathId, PathInfo, Position,
    ProcessEnd, ProcessStart, RunId, Sink, ThreadId, ThreadInfo, ThreadStack,
};
use redb::{ConcurrencyMode, Database, ReadableTable};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The default of redb would cost the host 1 GiB.
const CACHE_BYTES: usize = 8 << 20;

/// How long a commit waits for the header lock. A reader holds it for microseconds.
const HEADER_PATIENCE: Duration = Duration::from_millis(2);
/// How long opening and closing wait for it.
const OPEN_PATIENCE: Duration = Duration::from_millis(200);

const FIRST_PAUSE_NS: u64 = 100_000_000;
const LONGEST_PAUSE_NS: u64 = 10_000_000_000;

/// Writes one process's log: the [`Sink`] of its recorder.
///
/// A forked child must close [`Writer::descriptors`] and forget the value, never drop it: dropping
/// would write to the parent's log and release its locks.
#[derive(Debug)]
pub struct Writer {
    open: Option<Open>,
    alive: Arc<Liveness>,
    alive_fd: RawFd,
    batch: Batch,
    path: PathBuf,
    run: RunId,
    durability: Durability,
    retry: Retry,
    syncer: Option<Syncer>,
}

#[derive(Debug)]
struct Open {
    database: Database,
    header: HeaderLock,
    fd: RawFd,
}

/// When to try to reopen.
#[derive(Debug, Default)]
struct Retry {
    pause_ns: u64,
    not_before: LogTime,
}

impl Writer {
    /// Creates this process's log at `place`, as a new run's head or as a member of the run that
    /// goes on there. [`LogEntry::ProcessStart`] is its first entry (recorder's thread, position 0,
    /// so the recorder's own entries go on at position 1), and is committed.
    ///
    /// # Errors
    ///
    /// The folder cannot be written, or the name is taken by something that is not a log.
    pub fn create(place: &Place, start: ProcessStart, now: LogTime) -> io::Result<Self> {
        let uid = start.uid;
        let placed = family::place(place, uid, |temp, file, run| {
            let (open, alive, alive_fd) =
                create_file(place, temp, file, &meta(place, &start, run, now))?;
            Ok((open, alive, alive_fd, run))
        })?;
        let (open, alive, alive_fd, run) = placed.value;
        let alive = Arc::new(alive);
        let tidies = place.durability == Durability::Process;
        let mut writer = Self {
            open: Some(open),
            syncer: tidies.then(|| Syncer::start(&alive)).flatten(),
            alive,
            alive_fd,
            batch: Batch::new(Offset(0)),
            path: placed.path,
            run,
            durability: place.durability,
            retry: Retry::default(),
        };
        writer.own_entry(now, &LogEntry::ProcessStart(Box::new(start)));
        writer.commit(now)?;
        Ok(writer)
    }

    /// The log's file, an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run it belongs to.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The file descriptors that a forked child must close.
    pub fn descriptors(&self) -> Vec<RawFd> {
        let mut fds = vec![self.alive_fd];
        fds.extend(self.open.as_ref().map(|open| open.fd));
        fds
    }

    /// Ends the log: one last commit with `end` in it, tried for `patience` at most, then closes
    /// the file so that it needs no repair.
    ///
    /// # Errors
    ///
    /// The last commit failed. The file is closed all the same.
    pub fn finish(mut self, end: ProcessEnd, now: LogTime, patience: Duration) -> io::Result<()> {
        self.own_entry(now, &LogEntry::ProcessEnd(end));
        let done = super::backend::wait_until(patience, || {
            self.commit(now).map(|commit| commit == Commit::Done)
        })?;
        if done { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }

    /// An entry of the recorder's own thread, at its next position.
    fn own_entry(&mut self, now: LogTime, what: &LogEntry) {
        let position = self.batch.next_own();
        self.batch.entry(ThreadId::RECORDER, position, &ThreadStack::default(), now, what);
        self.batch.drained(ThreadId::RECORDER, position.next());
    }

    fn reopen(&mut self, now: LogTime) -> io::Result<()> {
        if now < self.retry.not_before {
            return Err(io::Error::other("the log failed, and is reopened in a moment"));
        }
        let file = reopen_rw(self.alive_fd, &self.path)?;
        let open = open_database(file, self.durability)?;
        self.batch.skip_below(end_of(&open.database)?);
        self.open = Some(open);
        Ok(())
    }

    /// The log failed: closes it, to be reopened later.
    fn give_up(&mut self, now: LogTime) {
        let pause_ns = self.retry.pause_ns.clamp(FIRST_PAUSE_NS, LONGEST_PAUSE_NS);
        self.retry =
            Retry { pause_ns: pause_ns.saturating_mul(2), not_before: now.after(pause_ns) };
        let open = self.open.take();
        // A panic of redb while it closes changes nothing: the file is repaired when reopened.
        drop(catch_unwind(AssertUnwindSafe(|| drop(open))));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let open = self.open.take();
        // As in `give_up`; and the file is closed before its owner is seen to be gone.
        drop(catch_unwind(AssertUnwindSafe(|| drop(open))));
        self.alive.release();
    }
}

impl Sink for Writer {
    fn callsite(&mut self, id: CallsiteId, info: &CallsiteInfo) {
        self.batch.callsite(id, info);
    }

    fn path(&mut self, id: PathId, info: PathInfo) {
        self.batch.path(id, info);
    }

    fn thread(&mut self, id: ThreadId, info: &ThreadInfo) {
        self.batch.thread(id, info);
    }

    #[inline]
    fn entry(
        &mut self,
        thread: ThreadId,
        position: Position,
        stack: &ThreadStack,
        time: LogTime,
        what: &LogEntry,
    ) {
        self.batch.entry(thread, position, stack, time, what);
    }

    fn drained(&mut self, thread: ThreadId, position: Position) {
        self.batch.drained(thread, position);
    }

    fn silent(&mut self, thread: ThreadId, stack: &ThreadStack) {
        self.batch.silent(thread, stack);
    }

    fn pending_bytes(&self) -> usize {
        self.batch.pending_bytes()
    }

    fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    fn commit(&mut self, now: LogTime) -> io::Result<Commit> {
        if self.open.is_none()
            && let Err(error) = self.reopen(now)
        {
            if now >= self.retry.not_before {
                self.give_up(now);
            }
            return Err(error);
        }
        let Some(open) = &self.open else { return Ok(Commit::Busy) };
        if !open.header.try_hold(HEADER_PATIENCE)? {
            return Ok(Commit::Busy);
        }
        let batch = &mut self.batch;
        // redb asserts where a file is not as it left it; the host must not see that.
        let written = catch_unwind(AssertUnwindSafe(|| write(&open.database, batch, now)))
            .unwrap_or_else(|_panic| Err(io::Error::other("redb panicked while committing")));
        let released = open.header.release();
        match written.and_then(|checkpoint_at| released.map(|()| checkpoint_at)) {
            Ok(checkpoint_at) => {
                self.batch.committed(checkpoint_at);
                if let Some(syncer) = &self.syncer {
                    syncer.written();
                }
                self.retry = Retry::default();
                Ok(Commit::Done)
            }
            Err(error) => {
                self.give_up(now);
                Err(error)
            }
        }
    }
}

fn meta(place: &Place, start: &ProcessStart, run: RunId, now: LogTime) -> Meta {
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
fn create_file(
    place: &Place,
    temp: &Path,
    file: File,
    meta: &Meta,
) -> io::Result<(Open, Liveness, RawFd)> {
    let own =
        OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOFOLLOW).open(temp)?;
    let alive_fd = own.as_raw_fd();
    let alive = Liveness::take(own)?
        .ok_or_else(|| io::Error::other("another process owns a log that was just created"))?;
    let open = open_database(file, place.durability)?;
    let txn = open.database.begin_write().map_err(io::Error::other)?;
    {
        let mut table = txn.open_table(schema::META).map_err(io::Error::other)?;
        let format = schema::FORMAT.to_le_bytes();
        table.insert(schema::META_FORMAT, format.as_slice()).map_err(io::Error::other)?;
        let row = schema::row(RowKind::Meta, 0, meta).map_err(io::Error::other)?;
        table.insert(schema::META_LOG, row.as_slice()).map_err(io::Error::other)?;
    }
    schema::open_all(&txn).map_err(io::Error::other)?;
    txn.commit().map_err(io::Error::other)?;
    Ok((open, alive, alive_fd))
}

fn open_database(file: File, durability: Durability) -> io::Result<Open> {
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
fn reopen_rw(fd: RawFd, path: &Path) -> io::Result<File> {
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
fn write(database: &Database, batch: &mut Batch, now: LogTime) -> io::Result<Option<LogTime>> {
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
