//! What the writer does when its log is lost: opens it again, or begins another.
//!
//! The other log goes on with the numbers of the first: `ProcessStart` stands just before the first
//! entry that waits, so that it reads like a log whose beginning was pruned. What it needs of names
//! and open stacks the recorder tells again ([`Commit::Anew`]). With all that, and with how far each thread has
//! been read, it gets its name, and only then the first gets its end: at whatever moment the process dies, one of
//! the two has what was committed, and says where to go on. Rejected: a name at once, and the rest a moment later,
//! in which nobody could tell what is missing.

use super::super::batch::Batch;
use super::super::family::Nameless;
use super::super::lock::Liveness;
use super::super::present::{Held, Loss, held, leads_to};
use super::super::prune::Pruner;
use super::super::schema::LogEnd;
use super::super::written::{self, Open};
use super::{HEADER_PATIENCE, LONGEST_PAUSE_NS, Retry, Writer, begin};
use crate::event::{
    Commit, EndKind, LogEntry, LogTime, Offset, Position, ProcessEnd, ProcessStart,
};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

impl Writer {
    /// What has become of the log by now.
    pub(super) fn look(&mut self, now: LogTime) -> Option<Loss> {
        if self.lost.is_none() {
            let file = self.open.as_ref().map(|open| (open.fd, &open.header));
            self.lost = self.present.look(self.descriptors.alive(), file, &self.path, now);
        }
        self.lost
    }

    /// Does something about it.
    pub(super) fn renew(&mut self, loss: Loss, now: LogTime) -> io::Result<Commit> {
        if now < self.retry.not_before {
            return Err(self.lost_as(loss));
        }
        // One that could not be written in all that time.
        self.take_back(now);
        let renewed = match loss {
            Loss::Closed => self.open_by_name(now),
            Loss::Truncated => self.replace_file(now),
            Loss::Removed | Loss::Replaced => self.leave_file(loss, now),
        };
        match renewed {
            Ok(commit) => {
                (self.lost, self.retry) = (None, Retry::default());
                Ok(commit)
            }
            Err(error) => {
                self.retry.wait(now);
                let message = format!("{}, and no other can begin: {error}", self.lost_as(loss));
                Err(io::Error::new(error.kind(), message))
            }
        }
    }

    pub(super) fn lost_as(&self, loss: Loss) -> io::Error {
        io::Error::other(format!("{} {loss}", self.path.display()))
    }

    /// The descriptors may be the program's by now: nothing is done with them. The file is opened
    /// again, if its name still leads to it.
    fn open_by_name(&mut self, now: LogTime) -> io::Result<Commit> {
        self.close_file();
        self.forsake_alive();
        self.release_alive();
        let (path, id, batch) = (&self.path, self.present.id(), &self.batch);
        let border = |end| batch.has_border(end);
        let Some((owned, end)) = written::retake(path, id, self.place.durability, border)? else {
            return self.begin_anew(Loss::Closed, now);
        };
        self.batch.skip_below(end);
        self.hold(owned, now);
        self.news = Some(format!("{} {}: it is opened again", self.path.display(), Loss::Closed));
        self.write(now)
    }

    /// The file is not what redb knows: it writes nothing more, and the file makes room.
    fn replace_file(&mut self, now: LogTime) -> io::Result<Commit> {
        self.close_file();
        self.release_alive();
        self.begin_anew(Loss::Truncated, now)
    }

    /// The file is whole, and not under its name. One that has another name is left for one that has
    /// this; if that cannot be, as where the program has changed its root, recording stays there.
    fn leave_file(&mut self, loss: Loss, now: LogTime) -> io::Result<Commit> {
        let is_named = match held(self.descriptors.alive()) {
            Held::File(metadata) => metadata.nlink() > 0,
            Held::Closed | Held::Unknown => false,
        };
        let position = self.batch.next_own();
        let (open, alive, syncer) = (self.open.take(), self.alive.take(), self.syncer.take());
        match self.begin_anew(loss, now) {
            Ok(commit) => {
                self.left = open.map(|open| LeftOpen { open, alive, position });
                Ok(commit)
            }
            Err(error) => {
                (self.open, self.alive, self.syncer) = (open, alive, syncer);
                if !is_named {
                    self.descriptors.closes_file();
                    if let Some(open) = self.open.take() {
                        end(open, position, now);
                    }
                    self.release_alive();
                    return Err(error);
                }
                self.present.rest(now, LONGEST_PAUSE_NS);
                self.lost = None;
                if !std::mem::replace(&mut self.stays, true) {
                    self.news = Some(format!(
                        "{}; recording goes on in that file, for no other can begin: {error}",
                        self.lost_as(loss)
                    ));
                }
                self.write(now)
            }
        }
    }

    /// Begins another log, to have the name once all that waits is in it.
    fn begin_anew(&mut self, loss: Loss, now: LogTime) -> io::Result<Commit> {
        let first = self.batch.first();
        // Nothing that waits is much older than the last commit.
        let since = self.written;
        let begun =
            begin(&self.place, self.start_at(since), Offset(first.0.saturating_sub(1)), since)?;
        let path = begun.nameless.target().to_owned();
        let lost = std::mem::replace(&mut self.path, path);
        self.run = begun.run;
        self.hold(begun.owned, now);
        self.batch.begin_anew();
        self.pruner = Pruner::new(self.place.limits);
        self.beginning = Some(Beginning { nameless: begun.nameless, lost, loss });
        Ok(Commit::Anew)
    }

    /// Gives the log its name that has just got all that waited, if it has none.
    pub(super) fn name_it(&mut self, now: LogTime) -> io::Result<()> {
        let Some(Beginning { nameless, lost, loss }) = self.beginning.take() else { return Ok(()) };
        match nameless.link() {
            Ok(path) => {
                self.path = path;
                self.news = Some(format!(
                    "{} {loss}: recording goes on in a new log, {}",
                    lost.display(),
                    self.path.display()
                ));
                Ok(())
            }
            Err(error) => {
                self.forget_file(now);
                Err(error)
            }
        }
    }

    /// A log that cannot be written and has no name yet is none; whether it was such a one. What waits waits for
    /// another.
    pub(super) fn take_back(&mut self, now: LogTime) -> bool {
        let is_one = self.beginning.take().is_some();
        if is_one {
            self.forget_file(now);
        }
        is_one
    }

    /// The file is removed, and another is to begin in a while.
    fn forget_file(&mut self, now: LogTime) {
        self.lost = Some(Loss::Removed);
        self.descriptors.closes_file();
        if let Some(open) = self.open.take() {
            open.let_go();
        }
        self.release_alive();
        self.retry.wait(now);
    }

    /// What the process says of itself, as of later.
    fn start_at(&self, time: LogTime) -> ProcessStart {
        let (start, began) = &self.start;
        let unix_ns = start.unix_ns.saturating_add(time.since(*began));
        ProcessStart { unix_ns, ..ProcessStart::clone(start) }
    }

    /// The lock's descriptor, where it is not ours any more, is never closed.
    pub(super) fn forsake_alive(&mut self) {
        if leads_to(self.descriptors.alive(), self.present.id()) {
            return;
        }
        if let Some(alive) = self.alive.take() {
            self.descriptors.closes_all();
            self.syncer = None;
            std::mem::forget(alive);
        }
    }

    fn release_alive(&mut self) {
        self.syncer = None;
        if let Some(alive) = self.alive.take() {
            self.descriptors.closes_all();
            alive.release();
        }
    }
}

/// A log that is to take the place of one that is lost, and has no name yet.
#[derive(Debug)]
pub(super) struct Beginning {
    nameless: Nameless,
    lost: PathBuf,
    loss: Loss,
}

/// A log whose place another has taken: still owned, so that nobody takes its process for dead.
#[derive(Debug)]
pub(super) struct LeftOpen {
    open: Open,
    alive: Option<Arc<Liveness>>,
    /// Of its end.
    position: Position,
}

impl LeftOpen {
    /// Ends it.
    pub(super) fn end(self, now: LogTime) {
        end(self.open, self.position, now);
        if let Some(alive) = self.alive {
            alive.release();
        }
    }

    /// Closes it as it is.
    pub(super) fn let_go(self) {
        self.open.let_go();
        if let Some(alive) = self.alive {
            alive.release();
        }
    }
}

/// Ends a log that is left, if its file takes that: somebody may read on in it.
fn end(open: Open, position: Position, now: LogTime) {
    let written = (|| {
        if open.header.try_hold(HEADER_PATIENCE)? {
            let next = written::end_of(&open.database)?;
            let what = LogEntry::ProcessEnd(ProcessEnd { how: EndKind::Closed });
            let mut batch = Batch::of_one(next, position, now, &what);
            batch.end(LogEnd { at: now, ..LogEnd::default() });
            written::write_one(&open, &mut batch, now)?;
            open.header.release()?;
        }
        Ok::<_, io::Error>(())
    })();
    match written {
        Ok(()) => open.close(),
        // Its readers see that nobody owns it.
        Err(_) => open.let_go(),
    }
}
