//! Segments to entries. Any bytes give entries or a [`CodecError`], in time and memory bounded by
//! their length.

use super::{
    Fold, HEADER_BYTES, KIND_END_OK, KIND_MASK, KIND_START, KIND_START_SAME, MAX_FRAMES, MORE_TIME,
    TIME_BITS, TIME_SHIFT, ops, other::get_other,
};
use crate::event::{
    Entry, Frame, LogEntry, LogTime, Offset, Outcome, PathId, Position, SpanId, ThreadId,
    ThreadStack,
};
use crate::log::codec::{CodecError, Input};

const LEFT_OVER: CodecError = CodecError("bytes are left over behind a segment's entries");
const NONE_OPEN: CodecError = CodecError("a frame ends where none is open");

/// One segment's bytes, and where it stands in the log.
#[derive(Clone, Debug)]
pub(crate) struct Segment<'a> {
    first: Offset,
    count: u32,
    body: &'a [u8],
}

impl<'a> Segment<'a> {
    /// Splits the segment that begins at `first` off `bytes`; returns it and the bytes behind it.
    pub(crate) fn split(first: Offset, bytes: &'a [u8]) -> Result<(Self, &'a [u8]), CodecError> {
        let mut input = Input::new(bytes);
        let length = u32::from_le_bytes(input.array()?);
        let count = u32::from_le_bytes(input.array()?);
        let body = usize::try_from(length)
            .ok()
            .and_then(|length| length.checked_sub(HEADER_BYTES - 4))
            .ok_or(CodecError("a segment is shorter than its header"))?;
        let body = input.take(body)?;
        Ok((Self { first, count, body }, &bytes[HEADER_BYTES + body.len()..]))
    }

    /// The thread whose entries these are, without decoding any.
    pub(crate) fn thread(&self) -> Result<ThreadId, CodecError> {
        Input::new(self.body).varint32().map(ThreadId)
    }

    /// Its first entry's offset.
    pub(crate) fn first(&self) -> Offset {
        self.first
    }

    /// How many entries it says that it holds.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The offset behind its last entry.
    pub(crate) fn next(&self) -> Offset {
        Offset(self.first.0.saturating_add(u64::from(self.count)))
    }

    /// Its entries, in order.
    pub(crate) fn entries(&self) -> Result<SegmentEntries<'a>, CodecError> {
        let mut input = Input::new(self.body);
        let thread = ThreadId(input.varint32()?);
        let next_position = input.varint()?;
        let time = LogTime(input.varint()?);
        let stack = get_keyframe(&mut input, time)?;
        Ok(SegmentEntries {
            input,
            next: self.first,
            left: self.count,
            fold: Fold { thread, next_position, time, last_path: PathId::ROOT },
            stack,
        })
    }
}

/// Reads a stack written by `put_keyframe`.
pub(crate) fn get_keyframe(
    input: &mut Input<'_>,
    time: LogTime,
) -> Result<ThreadStack, CodecError> {
    let hidden = input.varint32()?;
    let count = input.varint()?;
    if count > ThreadStack::KEYFRAME_FRAMES as u64 {
        return Err(CodecError("a keyframe has too many frames"));
    }
    let mut frames = Vec::new();
    for _ in 0..count {
        let span = ops::get_span(input)?;
        let path = PathId(input.varint32()?);
        let since = LogTime(time.0.wrapping_sub(input.signed()?.cast_unsigned()));
        frames.push(Frame { span, path, since, child_ns: input.varint()? });
    }
    Ok(ThreadStack::restore(hidden, frames))
}

/// Decodes one segment. After an error it is of no more use.
#[derive(Clone, Debug)]
pub(crate) struct SegmentEntries<'a> {
    input: Input<'a>,
    next: Offset,
    left: u32,
    fold: Fold,
    stack: ThreadStack,
}

impl SegmentEntries<'_> {
    /// The thread's open stack behind the entries yielded so far.
    pub(crate) fn stack(&self) -> &ThreadStack {
        &self.stack
    }

    /// The time of the last entry yielded; before the first, its time.
    pub(crate) fn time(&self) -> LogTime {
        self.fold.time
    }

    /// Decodes all entries into `entries`, but for those below `wanted`; those before an error are
    /// there too.
    pub(crate) fn decode_into(
        &mut self,
        wanted: Offset,
        entries: &mut Vec<Entry>,
    ) -> Result<(), CodecError> {
        // An entry takes a byte at least, and a segment is cut at 4 KB.
        entries.reserve(self.input.len().min(self.left as usize).min(MAX_FRAMES));
        while self.left > 0 {
            let head = self.head()?;
            // What is written straight into its place is not copied: these are nearly all.
            match head & KIND_MASK {
                KIND_START_SAME => {
                    let what = self.start(self.fold.last_path)?;
                    self.put(wanted, entries, what);
                }
                KIND_START => {
                    let path = self.path_above()?;
                    let what = self.start(path)?;
                    self.put(wanted, entries, what);
                }
                KIND_END_OK => {
                    let what = self.end_ok()?;
                    self.put(wanted, entries, what);
                }
                _ => {
                    if let Some((what, ends_hidden)) = self.other()? {
                        self.apply(&what, ends_hidden)?;
                        self.put(wanted, entries, what);
                    }
                }
            }
        }
        if self.input.is_empty() { Ok(()) } else { Err(LEFT_OVER) }
    }

    #[inline(always)]
    fn put(&mut self, wanted: Offset, entries: &mut Vec<Entry>, what: LogEntry) {
        let (offset, time, thread) = (self.next, self.fold.time, self.fold.thread);
        self.left -= 1;
        self.next = Offset(offset.0.wrapping_add(1));
        if offset >= wanted {
            entries.push(Entry { offset, time, thread, what });
        }
    }

    /// The offset of the entry that is decoded next.
    pub(crate) fn next_offset(&self) -> Offset {
        self.next
    }

    /// The head byte of the next op, whose time has come.
    #[inline(always)]
    fn head(&mut self) -> Result<u8, CodecError> {
        let head = self.input.byte()?;
        let mut elapsed_ns = u64::from(head >> TIME_SHIFT);
        if head & MORE_TIME != 0 {
            let more = self.input.varint()?;
            if more > u64::MAX >> TIME_BITS {
                return Err(CodecError("a time exceeds 64 bits"));
            }
            elapsed_ns |= more << TIME_BITS;
        }
        self.fold.time = self.fold.time.after(elapsed_ns);
        Ok(head)
    }

    /// A path that is told by how far it is from that of the innermost frame.
    #[inline(always)]
    fn path_above(&mut self) -> Result<PathId, CodecError> {
        let above = i64::from(self.stack.path().0);
        let path = above.checked_add(self.input.signed()?);
        let path = path.and_then(|path| u32::try_from(path).ok());
        path.map(PathId).ok_or(CodecError("a path exceeds 32 bits"))
    }

    #[inline(always)]
    fn start(&mut self, path: PathId) -> Result<LogEntry, CodecError> {
        let parent = self.stack.top().map(|top| top.span);
        let span = SpanId { thread: self.fold.thread, start: Position(self.fold.next_position) };
        self.push(span, path)?;
        self.fold.starts();
        Ok(LogEntry::SpanStart { span, path, parent, is_async: false })
    }

    #[inline(always)]
    fn push(&mut self, span: SpanId, path: PathId) -> Result<(), CodecError> {
        if self.stack.frames().len() == MAX_FRAMES {
            return Err(CodecError("a segment opens too many frames"));
        }
        self.stack.push(span, path, self.fold.time);
        Ok(())
    }

    fn top(&self) -> Result<Frame, CodecError> {
        self.stack.top().copied().ok_or(NONE_OPEN)
    }

    #[inline(always)]
    fn end_ok(&mut self) -> Result<LogEntry, CodecError> {
        let frame = self.stack.close_top(self.fold.time).ok_or(NONE_OPEN)?;
        self.fold.ends(frame.path);
        Ok(frame.end(Outcome::Ok, false))
    }

    /// Takes in an entry of another form. `ends_hidden`: it ends a frame that is not among the known
    /// ones, but counted below them.
    fn apply(&mut self, what: &LogEntry, ends_hidden: bool) -> Result<(), CodecError> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others leave the stack as it is")]
        match what {
            LogEntry::SpanStart { span, path, is_async: false, .. }
            | LogEntry::Enter { span, path } => self.push(*span, *path)?,
            LogEntry::SpanEnd { span, .. } | LogEntry::Exit { span, .. }
                if ends_hidden || self.stack.index_of(*span).is_some() =>
            {
                self.stack.close(*span, self.fold.time);
            }
            LogEntry::Dropped { busy_ns, .. } | LogEntry::Polls { busy_ns, .. } => {
                self.stack.dropped(*busy_ns);
            }
            _ => {}
        }
        self.fold.apply(what);
        Ok(())
    }

    /// The op behind an opcode; `None` for a correction.
    fn other(&mut self) -> Result<Option<(LogEntry, bool)>, CodecError> {
        match self.input.byte()? {
            ops::TIME_BACK => {
                self.fold.time = LogTime(self.fold.time.0.saturating_sub(self.input.varint()?));
                Ok(None)
            }
            ops::POSITION => {
                self.fold.next_position = self.input.varint()?;
                Ok(None)
            }
            ops::SPAN_END_TOP => {
                let outcome = ops::outcome_of(self.input.byte()?)?;
                Ok(Some((self.top()?.end(outcome, false), false)))
            }
            ops::EXIT_TOP => {
                let Frame { span, path, since, child_ns } = self.top()?;
                let busy_ns = self.fold.time.since(since);
                Ok(Some((LogEntry::Exit { span, path, busy_ns, child_ns }, false)))
            }
            ops::ALLOC if !ops::get_flag(&mut self.input)? => {
                let Frame { span, path, .. } = self.top()?;
                let heap = ops::get_heap(&mut self.input)?;
                Ok(Some((LogEntry::Alloc { span, path, heap }, false)))
            }
            opcode => get_other(opcode, &mut self.input, self.fold.time).map(Some),
        }
    }
}
