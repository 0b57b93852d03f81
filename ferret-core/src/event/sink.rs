//! The seam between recorder and log: the recorder drains threads into a [`Sink`], and knows no
//! file; the log's writer is one, and knows no thread. `session` joins the two.

use super::{
    CallsiteId, CallsiteInfo, LogEntry, LogTime, PathId, PathInfo, Position, ThreadId, ThreadInfo,
    ThreadStack,
};
use std::io;

/// Where the recorder puts entries. Everything given joins a batch in memory; [`Sink::commit`]
/// makes the batch durable and visible to readers as a whole, or keeps it as it is.
pub trait Sink {
    /// A new callsite. Given before the first entry that needs it, once.
    fn callsite(&mut self, id: CallsiteId, info: &CallsiteInfo);

    /// A new path. Given before the first entry that needs it, once; its parent came earlier.
    fn path(&mut self, id: PathId, info: PathInfo);

    /// A new thread. Given before its first entry, once.
    fn thread(&mut self, id: ThreadId, info: &ThreadInfo);

    /// One entry of `thread`. `stack` is the thread's open stack *before* this entry. `position`
    /// is the raw event's it comes from: never falling, and more than one entry may share one.
    /// Behind a `ThreadEnd` and its watermark nothing more comes of that thread.
    fn entry(
        &mut self,
        thread: ThreadId,
        position: Position,
        stack: &ThreadStack,
        time: LogTime,
        what: &LogEntry,
    );

    /// Every entry of the raw events of `thread` below `position` has been given: the watermark
    /// that the next commit makes durable.
    fn drained(&mut self, thread: ThreadId, position: Position);

    /// `thread` has been silent for a while with `stack` open. Kept beside the entries until its
    /// next entry, so that a reader that attaches late finds a stuck thread at once.
    fn silent(&mut self, thread: ThreadId, stack: &ThreadStack);

    /// The size of the batch, bytes in memory. The recorder stops draining above its limit.
    fn pending_bytes(&self) -> usize;

    /// Whether the batch holds anything worth a commit.
    fn is_empty(&self) -> bool;

    /// Commits the batch. On `Busy` and on errors the batch is kept, to be committed later.
    ///
    /// # Errors
    ///
    /// The log could not be written. The sink heals itself if it can at the next call.
    fn commit(&mut self, now: LogTime) -> io::Result<Commit>;
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// The batch is in the log; a new one has begun.
    Done,
    /// A reader holds the header: nothing was written, try again at the next tick.
    Busy,
}
