//! What the writer has been given and not yet committed. Entries become bytes as they come; blocks
//! are packed once, at the first attempt to commit, and never rebuilt: their offsets stand.

mod thread;

use super::block;
use super::schema::{self, Checkpoint, LogEnd, OpenStack, RowKind};
use super::segment::{Encoder, put_keyframe};
use super::task_rows::TaskRows;
use crate::event::{
    CallsiteId, CallsiteInfo, Commit, LogEntry, LogTime, Offset, OpenTask, OuterFrames, PathId,
    PathInfo, Position, Resume, Sink, SpanId, ThreadId, ThreadInfo, ThreadStack,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use thread::{End, Silent, ThreadState};

/// Entries, rows and watermarks that wait for a commit.
#[derive(Debug)]
pub(crate) struct Batch {
    encoder: Encoder,
    blocks: Vec<(Offset, Vec<u8>)>,
    block_bytes: usize,
    callsites: Vec<(CallsiteId, Vec<u8>)>,
    paths: Vec<(PathId, Vec<u8>)>,
    threads: BTreeMap<ThreadId, ThreadState>,
    tasks: TaskRows,
    outer: BTreeMap<u64, Option<Vec<u8>>>,
    rows_bytes: usize,
    /// Something besides entries waits: a row, a watermark, a silent thread.
    dirty: bool,
    checkpoints: u64,
    last_checkpoint: Option<LogTime>,
    end: Option<LogEnd>,
    /// Entries of the recorder's thread are numbered here where the caller has no number.
    next_own: Position,
}

/// What one commit writes, borrowed from the batch.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    pub(super) blocks: &'a [(Offset, Vec<u8>)],
    pub(super) callsites: &'a [(CallsiteId, Vec<u8>)],
    pub(super) paths: &'a [(PathId, Vec<u8>)],
    pub(super) threads: Vec<(ThreadId, Position, Cow<'a, [u8]>)>,
    pub(super) open: Vec<(ThreadId, Option<Vec<u8>>)>,
    pub(super) tasks: Vec<(u64, Option<Vec<u8>>)>,
    pub(super) tasks_from: Option<Offset>,
    /// Frames far below, by their keys; none where they are of a thread that has ended.
    pub(super) outer: Vec<(u64, Option<&'a [u8]>)>,
    pub(super) checkpoint: Option<(LogTime, Vec<u8>)>,
    pub(super) end: Option<Vec<u8>>,
    /// Threads that have ended, and where their last segments begin.
    pub(super) ended: Vec<(Offset, ThreadId)>,
    /// What comes before tells nothing of what is open that no row does.
    pub(super) needed_from: Offset,
}

impl Batch {
    /// An empty batch for a log that ends at `next`.
    pub(super) fn new(next: Offset) -> Self {
        Self {
            encoder: Encoder::new(next),
            blocks: Vec::new(),
            block_bytes: 0,
            callsites: Vec::new(),
            paths: Vec::new(),
            threads: BTreeMap::new(),
            tasks: TaskRows::default(),
            outer: BTreeMap::new(),
            rows_bytes: 0,
            dirty: false,
            checkpoints: 0,
            last_checkpoint: None,
            end: None,
            next_own: Position(0),
        }
    }

    /// The log has this row of a thread, and its stack if it was silent.
    #[cfg(feature = "read")]
    pub(super) fn has_thread(
        &mut self,
        id: ThreadId,
        committed: Position,
        row: Vec<u8>,
        silent: Option<Offset>,
    ) {
        let silent = silent.map_or(Silent::Absent, Silent::Written);
        let state = ThreadState { row, committed, silent, ..ThreadState::default() };
        self.threads.insert(id, state);
        if id == ThreadId::RECORDER {
            self.next_own = committed;
        }
    }

    /// The log has a row of this async span.
    #[cfg(feature = "read")]
    pub(super) fn has_task(&mut self, key: u64, span: SpanId) {
        self.tasks.has(key, span);
    }

    /// The log ends with the next commit.
    pub(super) fn end(&mut self, end: LogEnd) {
        self.end = Some(end);
        self.dirty = true;
    }

    /// The offset of the next entry.
    #[cfg(feature = "read")]
    pub(super) fn next(&self) -> Offset {
        self.encoder.next()
    }

    /// A batch of one entry of the recorder's own thread, for a log that begins or ends with it: no
    /// checkpoint is needed there.
    pub(super) fn of_one(next: Offset, position: Position, now: LogTime, what: &LogEntry) -> Self {
        let mut batch = Self::new(next).own_from(position);
        batch.last_checkpoint = Some(now);
        batch.put_own(now, what);
        batch
    }

    /// An entry of the recorder's own thread, at its next position.
    pub(crate) fn put_own(&mut self, time: LogTime, what: &LogEntry) {
        let position = self.next_own;
        self.entry(ThreadId::RECORDER, position, &ThreadStack::default(), time, what);
        self.drained(ThreadId::RECORDER, position.next());
    }

    /// The recorder's own entries go on at `position`.
    pub(super) fn own_from(mut self, position: Position) -> Self {
        self.next_own = position;
        self
    }

    /// The position of the next entry of the recorder's own thread.
    pub(super) fn next_own(&self) -> Position {
        self.next_own
    }

    /// The sizes of what is packed, of the names that go with it, and of the rows of tasks.
    pub(super) fn value_bytes(&self) -> impl Iterator<Item = usize> {
        let rows = self.callsites.iter().map(|(_, row)| row.len());
        let rows = rows.chain(self.paths.iter().map(|(_, row)| row.len()));
        let threads = self.threads.values().filter(|state| state.dirty);
        let rows = rows.chain(threads.map(|state| state.row.len()));
        let rows = rows.chain(self.outer.values().flatten().map(Vec::len));
        let rows = rows.chain(std::iter::once(self.tasks.len()));
        rows.chain(self.blocks.iter().map(|(_, block)| block.len()))
    }

    /// Blocks below `next` are in the log after all: a commit that failed had written them.
    pub(super) fn skip_below(&mut self, next: Offset) {
        self.blocks.retain(|(first, _)| *first >= next);
        self.block_bytes = self.blocks.iter().map(|(_, block)| block.len()).sum();
    }

    /// The first offset that is not in the log.
    pub(super) fn first(&self) -> Offset {
        self.blocks.first().map_or_else(|| self.encoder.first(), |(first, _)| *first)
    }

    /// Whether the log may end at `end`, as far as is known: with all that was packed, some or none.
    pub(super) fn has_border(&self, end: Offset) -> bool {
        self.encoder.first() == end || self.blocks.iter().any(|(first, _)| *first == end)
    }

    /// Another log has begun, and has nothing of what was committed. What waits goes there, with the
    /// rows of all threads that live; other names and open stacks are to be told again.
    pub(super) fn begin_anew(&mut self) {
        let first = self.first();
        for state in self.threads.values_mut() {
            state.dirty = true;
            state.last_segment = state.last_segment.filter(|(at, _)| *at >= first);
            state.touched &= state.last_segment.is_some();
            if matches!(state.silent, Silent::Written(_) | Silent::Remove) {
                state.silent = Silent::Absent;
            }
        }
        self.tasks = TaskRows::default();
        (self.dirty, self.checkpoints, self.last_checkpoint) = (true, 0, None);
    }

    /// Packs what is encoded, and says all that a commit at `now` has to write.
    pub(super) fn rows(&mut self, now: LogTime) -> Rows<'_> {
        self.pack();
        let checkpoint = self.checkpoint(now);
        let mut rows = Rows {
            blocks: &self.blocks,
            callsites: &self.callsites,
            paths: &self.paths,
            tasks: self.tasks.rows(self.encoder.next()),
            tasks_from: self.tasks.from(),
            outer: self.outer.iter().map(|(key, row)| (*key, row.as_deref())).collect(),
            checkpoint,
            // Three numbers are far below the limit of a row.
            end: self.end.as_ref().and_then(|end| schema::row(RowKind::End, 0, end).ok()),
            needed_from: self.tasks.covered(),
            ..Rows::default()
        };
        for (id, state) in &self.threads {
            if state.dirty {
                rows.threads.push((*id, state.committed, state.stored()));
            }
            match &state.silent {
                // 32 frames are far below the limit of a row.
                Silent::Put(stack) => {
                    let row = schema::row(RowKind::Open, u64::from(id.0), stack).ok();
                    rows.open.push((*id, row));
                }
                Silent::Remove => rows.open.push((*id, None)),
                Silent::Absent | Silent::Written(_) => {}
            }
            if let Some(first) = state.needs() {
                rows.needed_from = rows.needed_from.min(first);
            }
            if let Some((last, _)) = state.last_segment
                && state.end == End::Given
            {
                rows.ended.push((last, *id));
            }
        }
        rows
    }

    /// The entries alone, packed.
    #[cfg(feature = "read")]
    pub(super) fn into_blocks(mut self) -> Vec<(Offset, Vec<u8>)> {
        self.pack();
        self.blocks
    }

    /// The commit that wrote [`Batch::rows`] is in: begins a new batch.
    pub(super) fn committed(&mut self, checkpoint_at: Option<LogTime>) {
        self.blocks.clear();
        self.callsites.clear();
        self.paths.clear();
        self.outer.clear();
        self.tasks.committed();
        (self.block_bytes, self.rows_bytes, self.dirty) = (0, 0, false);
        for state in self.threads.values_mut() {
            state.dirty = false;
            if state.end == End::Given {
                state.end = End::Written;
            }
            state.silent = match std::mem::take(&mut state.silent) {
                Silent::Put(stack) => Silent::Written(stack.next),
                Silent::Remove => Silent::Absent,
                other @ (Silent::Absent | Silent::Written(_)) => other,
            };
            if checkpoint_at.is_some() {
                state.touched = false;
            }
        }
        if checkpoint_at.is_some() {
            self.checkpoints += 1;
            self.last_checkpoint = checkpoint_at;
            self.threads.retain(|_, state| !state.is_over());
        }
    }

    fn pack(&mut self) {
        self.encoder.seal();
        let (segments, bytes) = self.encoder.sealed();
        for segment in segments {
            let state = self.threads.entry(segment.thread).or_default();
            state.last_segment = Some((segment.first, segment.open_after > 0));
            state.last_time = segment.max_time;
            state.touched = true;
            let ends_silence = match &state.silent {
                Silent::Absent | Silent::Remove => false,
                Silent::Put(stack) => segment.first >= stack.next,
                Silent::Written(next) => segment.first >= *next,
            };
            if ends_silence {
                state.silent = Silent::Remove;
            }
        }
        let blocks = block::pack(segments, bytes);
        self.block_bytes += blocks.iter().map(|(_, block)| block.len()).sum::<usize>();
        self.blocks.extend(blocks);
        self.encoder.clear();
    }

    /// A checkpoint, if one is due and there is something to say.
    fn checkpoint(&self, now: LogTime) -> Option<(LogTime, Vec<u8>)> {
        let due = self.last_checkpoint.is_none_or(|at| now.since(at) >= schema::CHECKPOINT_NS);
        if !due || !self.threads.values().any(|state| state.touched) {
            return None;
        }
        let full = self.checkpoints.is_multiple_of(schema::FULL_EVERY);
        let keyframes = self.threads.iter().filter_map(|(id, state)| {
            let (first, leaves_open) = state.last_segment?;
            (state.touched || (full && leaves_open)).then_some((*id, first))
        });
        let checkpoint =
            Checkpoint { next: self.encoder.next(), full, keyframes: keyframes.collect() };
        // With more threads than a row can name, there are no checkpoints: readers can do without.
        Some((now, schema::row(RowKind::Checkpoint, now.0, &checkpoint).ok()?))
    }
}

/// What the recorder tells joins the batch. Rows are names from a source file, at most a few KB: one that exceeds the
/// limit of 1 MB is left out, and shown as `?`.
impl Sink for Batch {
    fn callsite(&mut self, id: CallsiteId, info: &CallsiteInfo) {
        if let Ok(row) = schema::row(RowKind::Callsite, u64::from(id.0), info) {
            self.rows_bytes += row.len();
            self.callsites.push((id, row));
            self.dirty = true;
        }
    }

    fn path(&mut self, id: PathId, info: PathInfo) {
        if let Ok(row) = schema::row(RowKind::Path, u64::from(id.0), &info) {
            self.rows_bytes += row.len();
            self.paths.push((id, row));
            self.dirty = true;
        }
    }

    fn thread(&mut self, id: ThreadId, info: &ThreadInfo) {
        if let Ok(row) = schema::row(RowKind::Thread, u64::from(id.0), info) {
            self.rows_bytes += row.len();
            let state = self.threads.entry(id).or_default();
            state.row = row;
            state.dirty = true;
            self.dirty = true;
        }
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
        if thread == ThreadId::RECORDER {
            self.next_own = self.next_own.max(position.next());
        }
        if matches!(what, LogEntry::ThreadEnd) {
            let state = self.threads.entry(thread).or_default();
            (state.end, state.dirty) = (End::Given, true);
            state.resume.clear();
            let keys = (0..std::mem::take(&mut state.outer)).map(|n| schema::outer_key(thread, n));
            self.outer.extend(keys.map(|key| (key, None)));
        }
        self.encoder.push(thread, position, stack, time, what);
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
        self.encoder.start(thread, position, stack, time, path);
    }

    #[inline]
    fn end_ok(&mut self, thread: ThreadId, position: Position, stack: &ThreadStack, time: LogTime) {
        self.encoder.end_ok(thread, position, stack, time);
    }

    fn drained(&mut self, thread: ThreadId, position: Position) {
        let state = self.threads.entry(thread).or_default();
        if position > state.committed {
            state.committed = position;
            state.dirty = true;
            self.dirty = true;
        }
    }

    fn resume(&mut self, thread: ThreadId, how: Option<&Resume>) {
        let state = self.threads.entry(thread).or_default();
        // It has a bound, far below that of a row.
        let row = how.and_then(|how| schema::row(RowKind::Resume, u64::from(thread.0), how).ok());
        let row = row.unwrap_or_default();
        if state.resume != row {
            state.resume = row;
            state.dirty = true;
            self.dirty = true;
        }
    }

    fn outer(&mut self, thread: ThreadId, number: u32, frames: &OuterFrames) {
        let key = schema::outer_key(thread, number);
        // It has a bound, far below that of a row.
        let Ok(row) = schema::row(RowKind::Outer, key, frames) else { return };
        let state = self.threads.entry(thread).or_default();
        state.outer = state.outer.max(number.saturating_add(1));
        self.rows_bytes += row.len();
        self.outer.insert(key, Some(row));
        self.dirty = true;
    }

    fn silent(&mut self, thread: ThreadId, stack: &ThreadStack) {
        self.pack();
        let state = self.threads.entry(thread).or_default();
        let mut keyframe = Vec::new();
        put_keyframe(&mut keyframe, &stack.keyframe(), state.last_time);
        state.silent =
            Silent::Put(OpenStack { next: self.encoder.next(), time: state.last_time, keyframe });
        self.dirty = true;
    }

    fn keep_task(&mut self, task: &OpenTask) {
        self.tasks.keep(*task);
    }

    fn forget_task(&mut self, span: SpanId) {
        self.tasks.forget(span);
    }

    fn kept_tasks(&mut self) {
        self.pack();
        self.tasks.turn(self.encoder.next());
    }

    fn pending_bytes(&self) -> usize {
        self.encoder.len() + self.block_bytes + self.rows_bytes + self.tasks.len()
    }

    fn is_empty(&self) -> bool {
        !self.dirty && self.encoder.len() == 0 && self.blocks.is_empty() && self.tasks.is_empty()
    }

    /// It has no file: whoever has it writes it.
    fn commit(&mut self, _: LogTime) -> io::Result<Commit> {
        Ok(Commit::Busy)
    }
}

#[cfg(test)]
#[cfg(all(feature = "record", feature = "read"))]
#[path = "batch_tests.rs"]
mod tests;
