//! Entries to segments. One [`Encoder`] holds the bytes of a batch: sealed segments one behind the
//! other, then the one that grows.

use super::other::put_other;
use super::{
    Fold, HEADER_BYTES, KIND_END_OK, KIND_OTHER, KIND_START, KIND_START_SAME, MORE_TIME, TIME_BITS,
    TIME_SHIFT, ops,
};
use crate::event::{
    Frame, LogEntry, LogTime, Offset, Outcome, PathId, Position, SpanId, ThreadId, ThreadStack,
};
use crate::log::codec::{self, put_few, put_signed, put_varint};
use std::ops::Range;

/// A segment is cut when it is this long: one fits the smallest block, sixteen fit 64 KiB.
const CUT_BYTES: usize = 3_968;

/// A sealed segment's place in the batch.
#[derive(Clone, Debug)]
pub(crate) struct SealedSegment {
    /// Where its bytes are.
    pub(crate) bytes: Range<usize>,
    /// Its first entry.
    pub(crate) first: Offset,
    /// Its entries.
    pub(crate) count: u32,
    /// Its thread.
    pub(crate) thread: ThreadId,
    /// The earliest time in it.
    pub(crate) min_time: LogTime,
    /// The latest.
    pub(crate) max_time: LogTime,
    /// Frames open behind its last entry.
    pub(crate) open_after: usize,
}

/// Encodes entries, and keeps the bytes until they are packed into blocks.
#[derive(Debug)]
pub(crate) struct Encoder {
    bytes: Vec<u8>,
    sealed: Vec<SealedSegment>,
    next: Offset,
    open: Option<Open>,
}

/// The segment that grows.
///
/// A reader that begins with it knows the stack that it begins with, of which the innermost 32 frames, and
/// what has been opened since: the caller's stack, but for the `hidden` frames at its bottom.
#[derive(Debug)]
struct Open {
    start: usize,
    first: Offset,
    count: u32,
    min_time: LogTime,
    /// The latest time before it last went back.
    max_time: LogTime,
    fold: Fold,
    /// Frames at the bottom of the caller's stack that the keyframe only counts.
    hidden: usize,
    /// Those, and the frames above them that were open before the segment: their ends are written in
    /// full.
    inherited: usize,
    /// Frames open behind the last entry.
    depth: usize,
}

impl Encoder {
    /// An empty batch, whose first entry will have the offset `next`.
    pub(crate) fn new(next: Offset) -> Self {
        Self { bytes: Vec::new(), sealed: Vec::new(), next, open: None }
    }

    /// The offset of the first entry that has not been taken.
    pub(crate) fn first(&self) -> Offset {
        let sealed = self.sealed.first().map(|segment| segment.first);
        sealed.or_else(|| self.open.as_ref().map(|open| open.first)).unwrap_or(self.next)
    }

    /// The offset the next entry will get.
    pub(crate) fn next(&self) -> Offset {
        self.open.as_ref().map_or(self.next, Open::next)
    }

    /// Bytes encoded and not yet taken.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds one entry; `stack` is the thread's open stack before it.
    #[inline]
    pub(crate) fn push(
        &mut self,
        thread: ThreadId,
        position: Position,
        stack: &ThreadStack,
        time: LogTime,
        what: &LogEntry,
    ) {
        self.go_on(thread, position, stack, time);
        if let Some(open) = &mut self.open {
            open.put(&mut self.bytes, stack, time, what);
        }
    }

    /// Adds the START of a sync span, a child of the innermost frame.
    #[inline]
    pub(crate) fn start(
        &mut self,
        thread: ThreadId,
        position: Position,
        stack: &ThreadStack,
        time: LogTime,
        path: PathId,
    ) {
        self.go_on(thread, position, stack, time);
        let Some(open) = &mut self.open else { return };
        if open.hides_top(stack) {
            let (span, parent) =
                (SpanId { thread, start: position }, stack.top().map(|top| top.span));
            let start = LogEntry::SpanStart { span, path, parent, is_async: false };
            open.put(&mut self.bytes, stack, time, &start);
        } else {
            open.put_start(&mut self.bytes, stack, time, position, path);
        }
    }

    /// Adds the END of the innermost frame's span, outcome ok.
    #[inline]
    pub(crate) fn end_ok(
        &mut self,
        thread: ThreadId,
        position: Position,
        stack: &ThreadStack,
        time: LogTime,
    ) {
        self.go_on(thread, position, stack, time);
        let Some(open) = &mut self.open else { return };
        if let Some(top) = open.new_top(stack) {
            open.put_end(&mut self.bytes, time, top.path);
        } else if let Some(top) = stack.top() {
            open.put(&mut self.bytes, stack, time, &top.end(Outcome::Ok, false));
        }
    }

    /// Begins a segment, if the one that grows is not the thread's, or is full.
    #[inline]
    fn go_on(&mut self, thread: ThreadId, position: Position, stack: &ThreadStack, time: LogTime) {
        let goes_on = self.open.as_ref().is_some_and(|open| {
            open.fold.thread == thread && self.bytes.len() - open.start < CUT_BYTES
        });
        if !goes_on {
            self.begin(thread, position, stack, time);
        }
    }

    /// Ends the segment that grows: what comes next starts another.
    pub(crate) fn seal(&mut self) {
        let Some(open) = self.open.take() else { return };
        let length = self.bytes.len() - open.start;
        // A segment is cut at 4 KB, and one op takes less than 1 MB.
        let body = u32::try_from(length - 4).unwrap_or(u32::MAX);
        self.bytes[open.start..open.start + 4].copy_from_slice(&body.to_le_bytes());
        self.bytes[open.start + 4..open.start + 8].copy_from_slice(&open.count.to_le_bytes());
        self.next = open.next();
        self.sealed.push(SealedSegment {
            bytes: open.start..self.bytes.len(),
            first: open.first,
            count: open.count,
            thread: open.fold.thread,
            min_time: open.min_time,
            max_time: open.max_time.max(open.fold.time),
            open_after: open.depth,
        });
    }

    /// The sealed segments and the bytes they lie in.
    pub(crate) fn sealed(&self) -> (&[SealedSegment], &[u8]) {
        (&self.sealed, &self.bytes)
    }

    /// Forgets the sealed segments, which are packed; keeps the memory.
    ///
    /// Call [`Encoder::seal`] first, and take what [`Encoder::sealed`] gives.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.sealed.clear();
        self.open = None;
        // One very large batch must not hold its memory for ever.
        self.bytes.shrink_to(1 << 20);
    }

    #[cold]
    fn begin(&mut self, thread: ThreadId, position: Position, stack: &ThreadStack, time: LogTime) {
        self.seal();
        let start = self.bytes.len();
        let keyframe = stack.keyframe();
        let out = &mut self.bytes;
        out.extend_from_slice(&[0; HEADER_BYTES]);
        put_varint(out, u64::from(thread.0));
        put_varint(out, position.0);
        put_varint(out, time.0);
        put_keyframe(out, &keyframe, time);
        self.open = Some(Open {
            start,
            first: self.next,
            count: 0,
            min_time: time,
            max_time: time,
            hidden: stack.frames().len() - keyframe.frames().len(),
            inherited: stack.frames().len(),
            depth: stack.depth(),
            fold: Fold { thread, next_position: position.0, time, last_path: PathId::ROOT },
        });
    }
}

/// Appends a stack of at most 32 known frames, its times relative to `time`.
pub(crate) fn put_keyframe(out: &mut Vec<u8>, keyframe: &ThreadStack, time: LogTime) {
    put_varint(out, u64::from(keyframe.hidden()));
    put_varint(out, keyframe.frames().len() as u64);
    for frame in keyframe.frames() {
        ops::put_span(out, frame.span);
        put_varint(out, u64::from(frame.path.0));
        put_signed(out, time.0.wrapping_sub(frame.since.0).cast_signed());
        put_varint(out, frame.child_ns);
    }
}

impl Open {
    fn next(&self) -> Offset {
        self.first.plus(u64::from(self.count))
    }

    fn put(&mut self, out: &mut Vec<u8>, stack: &ThreadStack, time: LogTime, what: &LogEntry) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others have one form only")]
        match what {
            LogEntry::SpanStart { span, path, parent, is_async: false }
                if span.thread == self.fold.thread
                    && *parent == self.known_top(stack).map(|top| top.span) =>
            {
                return self.put_start(out, stack, time, span.start, *path);
            }
            LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order: false }
                if self.ends_top(stack, *span, *path, *start, *child_ns) =>
            {
                if *outcome == Outcome::Ok {
                    return self.put_end(out, time, *path);
                }
                self.put_op(out, ops::SPAN_END_TOP, time);
                out.push(ops::outcome_byte(*outcome));
            }
            LogEntry::Exit { span, path, busy_ns, child_ns }
                if time.0 >= *busy_ns
                    && self.ends_top(stack, *span, *path, LogTime(time.0 - busy_ns), *child_ns) =>
            {
                self.put_op(out, ops::EXIT_TOP, time);
            }
            LogEntry::Alloc { span, path, heap }
                if self
                    .new_top(stack)
                    .is_some_and(|top| (top.span, top.path) == (*span, *path)) =>
            {
                self.put_op(out, ops::ALLOC, time);
                out.push(0);
                ops::put_heap(out, heap);
            }
            _ => {
                let ends_hidden = self.ends_hidden(stack, what);
                let elapsed_ns = self.elapsed_ns(out, time);
                put_head(out, KIND_OTHER, elapsed_ns);
                put_other(out, what, time, ends_hidden);
            }
        }
        self.fold_stack(stack, what);
        self.fold.apply(what);
        self.done(time);
    }

    /// Counts an entry.
    #[inline]
    fn done(&mut self, time: LogTime) {
        self.fold.time = time;
        self.count += 1;
    }

    /// What becomes of the stack, which is the caller's.
    fn fold_stack(&mut self, stack: &ThreadStack, what: &LogEntry) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others leave the stack as it is")]
        match what {
            LogEntry::SpanStart { is_async: false, .. } | LogEntry::Enter { .. } => self.depth += 1,
            LogEntry::SpanEnd { span, .. } | LogEntry::Exit { span, .. } => {
                let Some(index) = stack.index_of(*span) else { return };
                self.depth = self.depth.saturating_sub(1);
                self.hidden -= usize::from(index < self.hidden);
                self.inherited -= usize::from(index < self.inherited);
            }
            _ => {}
        }
    }

    /// Whether there is an innermost frame that a reader does not know.
    #[inline]
    fn hides_top(&self, stack: &ThreadStack) -> bool {
        self.hidden > 0 && stack.frames().len() <= self.hidden
    }

    /// The innermost frame, if a reader knows it.
    #[inline]
    fn known_top<'a>(&self, stack: &'a ThreadStack) -> Option<&'a Frame> {
        stack.top().filter(|_| stack.frames().len() > self.hidden)
    }

    /// The innermost frame, if it began in this segment.
    #[inline]
    fn new_top<'a>(&self, stack: &'a ThreadStack) -> Option<&'a Frame> {
        stack.top().filter(|_| stack.frames().len() > self.inherited)
    }

    /// Whether an END or EXIT is of the innermost frame, begun in this segment, and says just what that
    /// does.
    fn ends_top(
        &self,
        stack: &ThreadStack,
        span: SpanId,
        path: PathId,
        since: LogTime,
        child_ns: u64,
    ) -> bool {
        self.new_top(stack) == Some(&Frame { span, path, since, child_ns })
    }

    /// Whether `what` ends a frame that the keyframe only counted.
    fn ends_hidden(&self, stack: &ThreadStack, what: &LogEntry) -> bool {
        let (LogEntry::SpanEnd { span, .. } | LogEntry::Exit { span, .. }) = what else {
            return false;
        };
        self.hidden > 0 && stack.index_of(*span).is_some_and(|index| index < self.hidden)
    }

    /// The START of a child of the innermost frame.
    #[inline]
    fn put_start(
        &mut self,
        out: &mut Vec<u8>,
        stack: &ThreadStack,
        time: LogTime,
        start: Position,
        path: PathId,
    ) {
        let elapsed_ns = self.elapsed_ns(out, time);
        if start.0 != self.fold.next_position {
            put_head(out, KIND_OTHER, 0);
            out.push(ops::POSITION);
            put_varint(out, start.0);
            self.fold.next_position = start.0;
        }
        if path == self.fold.last_path {
            put_short(out, KIND_START_SAME, elapsed_ns);
        } else {
            let above = self.known_top(stack).map_or(PathId::ROOT, |top| top.path);
            let down = i64::from(path.0) - i64::from(above.0);
            let short = short_head(KIND_START, elapsed_ns).zip(codec::one_byte(down));
            if let Some(((head, length), down)) = short {
                put_few(out, head | (down << (8 * length)), length + 1);
            } else {
                put_head(out, KIND_START, elapsed_ns);
                put_signed(out, down);
            }
        }
        self.depth += 1;
        self.fold.starts();
        self.done(time);
    }

    /// The END of the innermost frame, which began in this segment and has this path.
    #[inline]
    fn put_end(&mut self, out: &mut Vec<u8>, time: LogTime, path: PathId) {
        let elapsed_ns = self.elapsed_ns(out, time);
        put_short(out, KIND_END_OK, elapsed_ns);
        self.depth = self.depth.saturating_sub(1);
        self.fold.ends(path);
        self.done(time);
    }

    fn put_op(&mut self, out: &mut Vec<u8>, opcode: u8, time: LogTime) {
        let elapsed_ns = self.elapsed_ns(out, time);
        put_head(out, KIND_OTHER, elapsed_ns);
        out.push(opcode);
    }

    /// Time since the last entry; time that goes back is corrected first.
    #[inline]
    fn elapsed_ns(&mut self, out: &mut Vec<u8>, time: LogTime) -> u64 {
        if time < self.fold.time {
            self.go_back(out, time);
        }
        time.since(self.fold.time)
    }

    #[cold]
    fn go_back(&mut self, out: &mut Vec<u8>, time: LogTime) {
        put_head(out, KIND_OTHER, 0);
        out.push(ops::TIME_BACK);
        put_varint(out, self.fold.time.since(time));
        self.max_time = self.max_time.max(self.fold.time);
        self.min_time = self.min_time.min(time);
        self.fold.time = time;
    }
}

/// An op's first byte, and the time's other bits.
fn put_head(out: &mut Vec<u8>, kind: u8, elapsed_ns: u64) {
    let more = elapsed_ns >> TIME_BITS;
    let head = kind | (codec::low_byte(elapsed_ns) << TIME_SHIFT);
    if more == 0 {
        out.push(head);
    } else {
        out.push(head | MORE_TIME);
        put_varint(out, more);
    }
}

/// The same, of an op that has nothing else.
#[inline]
fn put_short(out: &mut Vec<u8>, kind: u8, elapsed_ns: u64) {
    match short_head(kind, elapsed_ns) {
        Some((head, length)) => put_few(out, head, length),
        None => put_head(out, kind, elapsed_ns),
    }
}

/// The same as a number, low byte first, and how many bytes it has, if that are three at most: half
/// a millisecond.
#[inline]
fn short_head(kind: u8, elapsed_ns: u64) -> Option<(u64, usize)> {
    let more = elapsed_ns >> TIME_BITS;
    let head = u64::from(kind | (codec::low_byte(elapsed_ns) << TIME_SHIFT));
    let head_of_more = head | u64::from(MORE_TIME);
    match more {
        0 => Some((head, 1)),
        1..0x80 => Some((head_of_more | (more << 8), 2)),
        0x80..0x4000 => {
            let (low, high) = ((more & 0x7f) | 0x80, more >> 7);
            Some((head_of_more | (low << 8) | (high << 16), 3))
        }
        _ => None,
    }
}
