//! The seam between recorder and log: the recorder drains threads into a [`Sink`], and knows no
//! file; the log's writer is one, and knows no thread. `session` joins the two.

use super::{
    CallsiteId, CallsiteInfo, LogEntry, LogTime, OpenTask, Outcome, OuterFrames, PathId, PathInfo,
    Position, Resume, SpanId, ThreadId, ThreadInfo, ThreadStack,
};
use std::io;
use std::path::Path;

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

    /// One entry: [`LogEntry::SpanStart`] of a sync span of the thread, a child of its innermost frame. That
    /// and the next are most of what there is, and may have a shorter way.
    fn start(
        &mut self,
        thread: ThreadId,
        position: Position,
        stack: &ThreadStack,
        time: LogTime,
        path: PathId,
    ) {
        let span = SpanId { thread, start: position };
        let parent = stack.top().map(|top| top.span);
        let start = LogEntry::SpanStart { span, path, parent, is_async: false };
        self.entry(thread, position, stack, time, &start);
    }

    /// One entry: [`LogEntry::SpanEnd`] of the innermost frame, outcome ok. There is one.
    fn end_ok(&mut self, thread: ThreadId, position: Position, stack: &ThreadStack, time: LogTime) {
        if let Some(top) = stack.top() {
            self.entry(thread, position, stack, time, &top.end(Outcome::Ok, false));
        }
    }

    /// Every entry of the raw events of `thread` below `position` has been given: the watermark
    /// that the next commit makes durable.
    fn drained(&mut self, thread: ThreadId, position: Position);

    /// How to go on with `thread` behind its watermark; none if no frame of it is open. Given before a commit
    /// of every thread whose watermark has moved since the last.
    fn resume(&mut self, thread: ThreadId, how: Option<&Resume>);

    /// What lies below the stack that [`Sink::resume`] is given: from the outermost on the group of that number, where
    /// it has changed since it was last given.
    fn outer(&mut self, _thread: ThreadId, _number: u32, _frames: &OuterFrames) {}

    /// `thread` has been silent for a while with `stack` open. Kept beside the entries until its
    /// next entry, so that a reader that attaches late finds a stuck thread at once.
    fn silent(&mut self, thread: ThreadId, stack: &ThreadStack);

    /// An async span has been open for a while, or a place is held: kept beside the entries until
    /// [`Sink::forget_task`]. Given again when one begins that had been made.
    fn keep_task(&mut self, task: &OpenTask);

    /// A span that was given to [`Sink::keep_task`] has ended; its END comes before the next commit.
    fn forget_task(&mut self, span: SpanId);

    /// Every async span that is open and was made before the last call of this, has been given to
    /// [`Sink::keep_task`].
    fn kept_tasks(&mut self);

    /// The size of the batch, bytes in memory. The recorder stops draining above its limit.
    fn pending_bytes(&self) -> usize;

    /// Whether the batch holds anything worth a commit.
    fn is_empty(&self) -> bool;

    /// The file that is written now, with its device and inode; none if there is none.
    fn file(&self) -> Option<(&Path, (u64, u64))> {
        None
    }

    /// Commits the batch. On `Busy` and on errors the batch is kept, to be committed later.
    ///
    /// # Errors
    ///
    /// The log could not be written. The sink heals itself if it can at the next call.
    fn commit(&mut self, now: LogTime) -> io::Result<Commit>;

    /// The log that has begun anew is known to whoever must know of it, and has what the first had not: that can be
    /// ended.
    fn leave(&mut self, _now: LogTime) {}

    /// How long to rest at least before the next commit, ns.
    fn rest_ns(&self) -> u64 {
        0
    }

    /// What has happened to the log since this was last asked, in words for the user.
    fn news(&mut self) -> Option<String> {
        None
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// The batch is in the log; a new one has begun.
    Done,
    /// A reader holds the header: nothing was written, try again at the next tick.
    Busy,
    /// The log is lost, and another begins, in which nothing is yet: the batch is kept. Tell again every callsite,
    /// every path and the stack of every thread that has one open, then commit: only then it gets its name. Behind
    /// that comes [`Sink::leave`].
    Anew,
}
