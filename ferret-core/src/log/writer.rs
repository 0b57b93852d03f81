//! The writer: a log of this process's own, from its first entry to its clean end.
//!
//! A commit takes redb's header lock by a bounded try, writes the whole batch in one transaction,
//! and gives the lock back; a reader in the way means [`Commit::Busy`], with nothing lost. After
//! an I/O error redb answers nothing more until it is reopened, which may repair and so take a
//! while: it is tried with a growing pause. The error may have come after the commit, so what
//! the reopened log already holds is skipped. What is done where the file itself is lost is
//! [`renew`]'s.

mod renew;

use super::batch::Batch;
use super::descriptors::Descriptors;
use super::family::{self, Durability, Nameless, Place};
use super::growth::Growth;
use super::lock::Liveness;
use super::pinned::{Pinned, Turn};
use super::present::{Loss, Present, leads_to};
use super::prune::Pruner;
use super::schema::LogEnd;
use super::sync::Syncer;
use super::written::{self, Open, Owned};
use crate::event::{
    CallsiteId, CallsiteInfo, Commit, LogEntry, LogTime, Offset, OpenTask, OuterFrames, PathId,
    PathInfo, Position, ProcessEnd, ProcessStart, Resume, RunId, Sink, SpanId, ThreadId,
    ThreadInfo, ThreadStack,
};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a commit waits for the header lock. A reader holds it for microseconds.
const HEADER_PATIENCE: Duration = Duration::from_millis(2);
const FIRST_PAUSE_NS: u64 = 100_000_000;
const LONGEST_PAUSE_NS: u64 = 10_000_000_000;

/// Writes one process's log: the [`Sink`] of its recorder.
///
/// A forked child must close [`Writer::descriptors`] and forget the value, never drop it: dropping
/// would write to the parent's log and release its locks.
#[derive(Debug)]
pub struct Writer {
    open: Option<Open>,
    /// None where it is lost.
    alive: Option<Arc<Liveness>>,
    descriptors: Arc<Descriptors>,
    batch: Batch,
    pruner: Pruner,
    path: PathBuf,
    run: RunId,
    place: Place,
    /// What the log says of the process, and when it began to.
    start: (Box<ProcessStart>, LogTime),
    retry: Retry,
    syncer: Option<Syncer>,
    present: Present,
    /// The log is lost, and no other has begun yet.
    lost: Option<Loss>,
    /// This one has no name yet.
    beginning: Option<renew::Beginning>,
    /// The one that it takes the place of, to be ended.
    left: Option<renew::LeftOpen>,
    /// It has been said that recording stays in a file that has lost its name.
    stays: bool,
    news: Option<String>,
    growth: Growth,
    pinned: Pinned,
    /// When something was committed last.
    written: LogTime,
}

/// When to try to reopen.
#[derive(Debug, Default)]
struct Retry {
    pause_ns: u64,
    not_before: LogTime,
}

impl Retry {
    /// Once more in a while, each time a longer one; gives how long, ns.
    fn wait(&mut self, now: LogTime) -> u64 {
        let pause_ns = self.pause_ns.clamp(FIRST_PAUSE_NS, LONGEST_PAUSE_NS);
        *self = Self { pause_ns: pause_ns.saturating_mul(2), not_before: now.after(pause_ns) };
        pause_ns
    }
}

/// A log with `ProcessStart` in it, which has no name yet.
#[derive(Debug)]
struct Begun {
    owned: Owned,
    nameless: Nameless,
    run: RunId,
}

/// Begins a log, whose first entry has the offset `first`.
fn begin(place: &Place, start: ProcessStart, first: Offset, now: LogTime) -> io::Result<Begun> {
    let (nameless, (owned, run)) = family::prepare(place, start.uid, |temp, file, run| {
        let owned = written::create(place, temp, file, &written::meta(place, &start, run, now))?;
        let what = LogEntry::ProcessStart(Box::new(start));
        let mut batch = Batch::of_one(first, Position(0), now, &what);
        match written::write_one(&owned.open, &mut batch, now) {
            Ok(()) => Ok((owned, run)),
            Err(error) => {
                // The file is removed: nothing more is written into it.
                owned.open.let_go();
                Err(error)
            }
        }
    })?;
    Ok(Begun { owned, nameless, run })
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
        let begun = begin(place, start.clone(), Offset(0), now)?;
        let path = begun.nameless.link()?;
        let mut writer = Self {
            open: None,
            alive: None,
            descriptors: Descriptors::new(),
            batch: Batch::new(Offset(1)).own_from(Position(1)),
            path,
            run: begun.run,
            place: place.clone(),
            start: (Box::new(start), now),
            pruner: Pruner::new(place.limits),
            retry: Retry::default(),
            syncer: None,
            present: Present::new(begun.owned.id, now),
            lost: None,
            beginning: None,
            left: None,
            stays: false,
            news: None,
            growth: Growth::default(),
            pinned: Pinned::new(place.limits),
            written: now,
        };
        writer.hold(begun.owned, now);
        Ok(writer)
    }

    /// Goes on with that file.
    fn hold(&mut self, owned: Owned, now: LogTime) {
        let Owned { open, alive, alive_fd, id } = owned;
        self.present = Present::new(id, now);
        self.growth = Growth::default();
        self.pinned = Pinned::new(self.place.limits);
        self.descriptors.hold(id, alive_fd, open.fd);
        let alive = Arc::new(alive);
        let tidies = self.place.durability == Durability::Process;
        self.syncer = tidies.then(|| Syncer::start(&alive)).flatten();
        (self.open, self.alive) = (Some(open), Some(alive));
    }

    /// The log's file, an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The device and inode of the file that is written now.
    pub fn identity(&self) -> (u64, u64) {
        let id = self.present.id();
        (id.device, id.inode)
    }

    /// The run it belongs to.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The file descriptors that a forked child must close, as they are at any time.
    pub fn descriptors(&self) -> Arc<Descriptors> {
        Arc::clone(&self.descriptors)
    }

    /// Ends the log: one last commit with `end` in it, tried for `patience` at most, then closes
    /// the file so that it needs no repair.
    ///
    /// # Errors
    ///
    /// The last commit failed. The file is closed all the same.
    pub fn finish(mut self, end: ProcessEnd, now: LogTime, patience: Duration) -> io::Result<()> {
        self.batch.put_own(now, &LogEntry::ProcessEnd(end));
        self.batch.end(LogEnd { at: now, ..LogEnd::default() });
        // A log that failed a moment ago is tried once more: there is no later. One that has lost its
        // name takes the end as it is.
        self.retry.not_before = LogTime::default();
        self.present.rest(now, u64::MAX);
        let done = super::backend::wait_until(patience, || {
            // Another one would have no names, and nobody to tell them.
            if let Some(loss) = self.look(now) {
                return Err(self.lost_as(loss));
            }
            self.commit(now).map(|commit| commit == Commit::Done)
        })?;
        if done { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }

    fn reopen(&mut self, now: LogTime) -> io::Result<()> {
        if now < self.retry.not_before {
            return Err(io::Error::other("the log failed, and is reopened in a moment"));
        }
        let file = written::again(self.descriptors.alive(), &self.path)?;
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let open = written::open(file, self.place.durability)?;
            let end = written::end_of(&open.database)?;
            Ok((open, end))
        }));
        let (open, end) = opened
            .unwrap_or_else(|_panic| Err(io::Error::other("redb panicked while reopening")))?;
        self.batch.skip_below(end);
        self.pruner.reopened();
        self.descriptors.opened(open.fd);
        self.open = Some(open);
        Ok(())
    }

    /// The log failed: closes it, to be reopened later.
    fn give_up(&mut self, now: LogTime) {
        self.retry.wait(now);
        self.close_file();
    }

    /// Closes the file, if the descriptor is ours to close.
    fn close_file(&mut self) {
        self.descriptors.closes_file();
        match self.open.take() {
            Some(open) if !leads_to(open.fd, self.present.id()) => open.forsake(),
            // Its pages are not what redb thinks.
            Some(open) if self.lost == Some(Loss::Truncated) => open.let_go(),
            Some(open) => open.close(),
            None => {}
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(left) = self.left.take() {
            left.let_go();
        }
        // The file is closed before its owner is seen to be gone.
        self.close_file();
        self.forsake_alive();
        if let Some(alive) = self.alive.take() {
            self.descriptors.closes_all();
            alive.release();
        }
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

    #[inline]
    fn start(
        &mut self,
        thread: ThreadId,
        position: Position,
        stack: &ThreadStack,
        time: LogTime,
        path: PathId,
    ) {
        self.batch.start(thread, position, stack, time, path);
    }

    #[inline]
    fn end_ok(&mut self, thread: ThreadId, position: Position, stack: &ThreadStack, time: LogTime) {
        self.batch.end_ok(thread, position, stack, time);
    }

    fn drained(&mut self, thread: ThreadId, position: Position) {
        self.batch.drained(thread, position);
    }

    fn resume(&mut self, thread: ThreadId, how: Option<&Resume>) {
        self.batch.resume(thread, how);
    }

    fn outer(&mut self, thread: ThreadId, number: u32, frames: &OuterFrames) {
        self.batch.outer(thread, number, frames);
    }

    fn silent(&mut self, thread: ThreadId, stack: &ThreadStack) {
        self.batch.silent(thread, stack);
    }

    fn keep_task(&mut self, task: &OpenTask) {
        self.batch.keep_task(task);
    }

    fn forget_task(&mut self, span: SpanId) {
        self.batch.forget_task(span);
    }

    fn kept_tasks(&mut self) {
        self.batch.kept_tasks();
    }

    fn pending_bytes(&self) -> usize {
        self.batch.pending_bytes()
    }

    fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    fn commit(&mut self, now: LogTime) -> io::Result<Commit> {
        if let Some(loss) = self.look(now) {
            return self.renew(loss, now);
        }
        self.look_at_growth();
        self.write(now)
    }

    fn file(&self) -> Option<(&Path, (u64, u64))> {
        Some((&self.path, self.identity()))
    }

    fn leave(&mut self, now: LogTime) {
        if let Some(left) = self.left.take() {
            left.end(now);
        }
    }

    fn rest_ns(&self) -> u64 {
        self.growth.rest_ns()
    }

    fn news(&mut self) -> Option<String> {
        self.news.take()
    }
}

impl Writer {
    /// Says so where a reader makes the file grow.
    fn look_at_growth(&mut self) {
        let Some(allocated) = self.present.allocated() else { return };
        if self.growth.look(allocated) {
            self.news = Some(format!(
                "a program that reads {} does not let go of what it has read, and the file grows: it is written once a second until then",
                self.path.display()
            ));
        }
    }

    /// It may take no more, and what was dropped of it makes no room.
    fn stopped(&self) -> io::Error {
        let message = format!(
            "{} takes the {} bytes that it may, and a program that reads it does not let go of what it has read",
            self.path.display(),
            self.pinned.max_bytes()
        );
        io::Error::new(io::ErrorKind::QuotaExceeded, message)
    }

    /// Commits to the log that there is.
    fn write(&mut self, now: LogTime) -> io::Result<Commit> {
        if self.open.is_none()
            && let Err(error) = self.reopen(now)
        {
            if now >= self.retry.not_before {
                self.give_up(now);
            }
            return Err(error);
        }
        let Some(open) = &self.open else { return Ok(Commit::Busy) };
        let (comes, file_bytes) = (self.batch.pending_bytes() as u64, self.present.allocated());
        let turn = self.pinned.turn(&open.header, file_bytes.unwrap_or(0), comes, now)?;
        match turn {
            Turn::Write | Turn::MakeRoom => {}
            Turn::Wait => return Ok(Commit::Busy),
            Turn::Stop => return Err(self.stopped()),
        }
        if !open.header.try_hold(HEADER_PATIENCE)? {
            return Ok(Commit::Busy);
        }
        let (batch, pruner) = (&mut self.batch, &mut self.pruner);
        // redb asserts where a file is not as it left it; the host must not see that.
        let write = || {
            if turn == Turn::MakeRoom {
                written::make_room(&open.database, pruner, comes, now)?;
            }
            written::write(&open.database, batch, pruner, file_bytes, now)
        };
        let written = catch_unwind(AssertUnwindSafe(write))
            .unwrap_or_else(|_panic| Err(io::Error::other("redb panicked while committing")));
        let released = open.header.release();
        match written.and_then(|written| released.map(|()| written)) {
            Ok((checkpoint_at, pruner)) => {
                self.pinned.committed(&open.header, now);
                self.name_it(now)?;
                self.pruner = pruner;
                self.growth.committed(&self.batch);
                self.batch.committed(checkpoint_at);
                if let Some(syncer) = &self.syncer {
                    syncer.written();
                }
                self.retry = Retry::default();
                self.written = now;
                Ok(Commit::Done)
            }
            Err(error) => {
                if !self.take_back(now) {
                    self.give_up(now);
                }
                Err(error)
            }
        }
    }
}
