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
use crate::log::codec::{self, put_signed, put_varint};
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
#[derive(Debug)]
struct Open {
    start: usize,
    first: Offset,
    count: u32,
    min_time: LogTime,
    max_time: LogTime,
    fold: Fold,
    /// Known frames that were open before the segment: their ends are written in full.
    inherited: usize,
}

impl Encoder {
    /// An empty batch, whose first entry will have the offset `next`.
    pub(crate) fn new(next: Offset) -> Self {
        Self { bytes: Vec::new(), sealed: Vec::new(), next, open: None }
    }

    /// The offset the next entry will get.
    pub(crate) fn next(&self) -> Offset {
        self.next
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
        let goes_on = self.open.as_ref().is_some_and(|open| {
            open.fold.thread == thread && self.bytes.len() - open.start < CUT_BYTES
        });
        if !goes_on {
            self.begin(thread, position, stack, time);
        }
        if let Some(open) = &mut self.open {
            open.put(&mut self.bytes, stack, time, what);
            self.next = self.next.plus(1);
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
        self.sealed.push(SealedSegment {
            bytes: open.start..self.bytes.len(),
            first: open.first,
            count: open.count,
            thread: open.fold.thread,
            min_time: open.min_time,
            max_time: open.max_time,
            open_after: open.fold.stack.depth(),
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
            inherited: keyframe.frames().len(),
            fold: Fold {
                thread,
                next_position: position.0,
                time,
                last_path: PathId::ROOT,
                stack: keyframe,
            },
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
    #[inline]
    fn put(&mut self, out: &mut Vec<u8>, stack: &ThreadStack, time: LogTime, what: &LogEntry) {
        let elapsed_ns = self.elapsed_ns(out, time);
        let mut ends_hidden = false;
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others have one form only")]
        match what {
            LogEntry::SpanStart { span, path, parent, is_async: false }
                if span.thread == self.fold.thread
                    && *parent == self.fold.stack.top().map(|top| top.span) =>
            {
                self.put_start(out, elapsed_ns, span.start, *path);
            }
            LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order: false }
                if self.ends_top(&Frame {
                    span: *span,
                    path: *path,
                    since: *start,
                    child_ns: *child_ns,
                }) =>
            {
                if *outcome == Outcome::Ok {
                    put_head(out, KIND_END_OK, elapsed_ns);
                } else {
                    put_op(out, ops::SPAN_END_TOP, elapsed_ns);
                    out.push(ops::outcome_byte(*outcome));
                }
            }
            LogEntry::Exit { span, path, busy_ns, child_ns }
                if time.0 >= *busy_ns
                    && self.ends_top(&Frame {
                        span: *span,
                        path: *path,
                        since: LogTime(time.0 - busy_ns),
                        child_ns: *child_ns,
                    }) =>
            {
                put_op(out, ops::EXIT_TOP, elapsed_ns);
            }
            LogEntry::Alloc { span, path, heap } if self.is_top(*span, *path) => {
                put_op(out, ops::ALLOC, elapsed_ns);
                out.push(0);
                ops::put_heap(out, heap);
            }
            _ => {
                ends_hidden = self.ends_hidden(stack, what);
                put_head(out, KIND_OTHER, elapsed_ns);
                put_other(out, what, time, ends_hidden);
            }
        }
        self.fold.time = time;
        self.fold.apply(what, ends_hidden);
        self.inherited = self.inherited.min(self.fold.stack.frames().len());
        self.count += 1;
        self.min_time = self.min_time.min(time);
        self.max_time = self.max_time.max(time);
    }

    /// Time since the last entry; time that goes back is corrected first.
    #[inline]
    fn elapsed_ns(&mut self, out: &mut Vec<u8>, time: LogTime) -> u64 {
        if time < self.fold.time {
            put_op(out, ops::TIME_BACK, 0);
            put_varint(out, self.fold.time.since(time));
            self.fold.time = time;
        }
        time.since(self.fold.time)
    }

    #[inline]
    fn put_start(&mut self, out: &mut Vec<u8>, elapsed_ns: u64, start: Position, path: PathId) {
        if start.0 != self.fold.next_position {
            put_op(out, ops::POSITION, 0);
            put_varint(out, start.0);
        }
        if path == self.fold.last_path {
            put_head(out, KIND_START_SAME, elapsed_ns);
        } else {
            put_head(out, KIND_START, elapsed_ns);
            put_signed(out, i64::from(path.0) - i64::from(self.fold.stack.path().0));
        }
    }

    /// Whether the innermost frame, begun in this segment, is exactly `frame`.
    #[inline]
    fn ends_top(&self, frame: &Frame) -> bool {
        self.fold.stack.frames().len() > self.inherited && self.fold.stack.top() == Some(frame)
    }

    /// Whether the innermost frame, begun in this segment, is this span's.
    fn is_top(&self, span: SpanId, path: PathId) -> bool {
        self.fold.stack.frames().len() > self.inherited
            && self.fold.stack.top().is_some_and(|top| (top.span, top.path) == (span, path))
    }

    /// Whether `what` ends a frame that the keyframe only counted.
    fn ends_hidden(&self, stack: &ThreadStack, what: &LogEntry) -> bool {
        let (LogEntry::SpanEnd { span, .. } | LogEntry::Exit { span, .. }) = what else {
            return false;
        };
        self.fold.stack.hidden() > 0
            && !self.fold.knows(*span)
            // From the innermost: in deep recursion it is that one, time after time.
            && stack.frames().iter().rev().any(|frame| frame.span == *span)
    }
}

#[inline]
fn put_head(out: &mut Vec<u8>, kind: u8, elapsed_ns: u64) {
    let more = elapsed_ns >> TIME_BITS;
    let low = codec::low_byte(elapsed_ns) << TIME_SHIFT;
    if more == 0 {
        out.push(kind | low);
    } else {
        out.push(kind | MORE_TIME | low);
        put_varint(out, more);
    }
}

fn put_op(out: &mut Vec<u8>, opcode: u8, elapsed_ns: u64) {
    put_head(out, KIND_OTHER, elapsed_ns);
    out.push(opcode);
}
