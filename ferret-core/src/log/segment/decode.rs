//! Segments to entries. Any bytes give entries or a [`CodecError`], in time and memory bounded by
//! their length.

mod parts;

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
const TOO_MANY: CodecError = CodecError("a segment opens too many frames");

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

    /// When its first entry was, or, where that went back in time, a moment before.
    pub(crate) fn time(&self) -> Result<LogTime, CodecError> {
        let mut input = Input::new(self.body);
        let (_thread, _position) = (input.varint32()?, input.varint()?);
        input.varint().map(LogTime)
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
        let mut places = Places { end: entries.len(), entries };
        let result = self.decode_ops(wanted, &mut places);
        places.entries.truncate(places.end);
        result?;
        if self.input.is_empty() { Ok(()) } else { Err(LEFT_OVER) }
    }

    /// The same of as many as are left, whatever comes behind.
    fn decode_ops(&mut self, wanted: Offset, places: &mut Places<'_>) -> Result<(), CodecError> {
        while self.left > 0 {
            self.decode_short(wanted, places)?;
            if self.left > 0
                && let Some((what, ends_hidden)) = self.other()?
            {
                self.apply(&what, ends_hidden)?;
                if self.next >= wanted {
                    let (offset, time, thread) = (self.next, self.fold.time, self.fold.thread);
                    places.put(self.left, Entry { offset, time, thread, what });
                }
                self.left -= 1;
                self.next = Offset(self.next.0.wrapping_add(1));
            }
        }
        Ok(())
    }

    /// Passes over so many entries.
    pub(crate) fn skip(&mut self, count: usize) -> Result<(), CodecError> {
        let count = u32::try_from(count).unwrap_or(u32::MAX).min(self.left);
        let rest = self.left - count;
        self.left = count;
        let mut none = Places { end: 0, entries: &mut Vec::new() };
        let result = self.decode_ops(Offset(u64::MAX), &mut none);
        self.left = rest;
        result
    }

    /// Decodes ops in short form, nearly all there are, up to the head of one that is not. All that changes
    /// is held in registers meanwhile, and each entry written straight into its place.
    fn decode_short(&mut self, wanted: Offset, places: &mut Places<'_>) -> Result<(), CodecError> {
        let (mut input, mut fold) = (self.input.clone(), self.fold.clone());
        let (mut next, mut left, stack) = (self.next, self.left, &mut self.stack);
        let mut result = Ok(());
        while left > 0 {
            match short(&mut input, &mut fold, stack) {
                Ok(Short::Start(path)) => {
                    let span = SpanId { thread: fold.thread, start: Position(fold.next_position) };
                    let parent = stack.top().map(|top| top.span);
                    stack.push(span, path, fold.time);
                    fold.starts();
                    if next >= wanted {
                        let what = LogEntry::SpanStart { span, path, parent, is_async: false };
                        let (time, thread) = (fold.time, fold.thread);
                        places.put(left, Entry { offset: next, time, thread, what });
                    }
                }
                Ok(Short::End(frame)) => {
                    if next >= wanted {
                        let (what, time) = (frame.end(Outcome::Ok, false), fold.time);
                        places.put(left, Entry { offset: next, time, thread: fold.thread, what });
                    }
                }
                Ok(Short::Other) => break,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
            left -= 1;
            next = Offset(next.0.wrapping_add(1));
        }
        (self.input, self.fold, self.next, self.left) = (input, fold, next, left);
        result
    }

    /// The offset of the entry that is decoded next.
    pub(crate) fn next_offset(&self) -> Offset {
        self.next
    }

    fn push(&mut self, span: SpanId, path: PathId) -> Result<(), CodecError> {
        if self.stack.frames().len() == MAX_FRAMES {
            return Err(TOO_MANY);
        }
        self.stack.push(span, path, self.fold.time);
        Ok(())
    }

    fn top(&self) -> Result<Frame, CodecError> {
        self.stack.top().copied().ok_or(NONE_OPEN)
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
            opcode => {
                let mut other = get_other(opcode, &mut self.input, self.fold.time)?;
                if let LogEntry::Dropped { top: Some(top), path, .. } = &mut other.0 {
                    let mut open = self.stack.frames().iter().rev();
                    *path = open.find(|frame| frame.span.start == *top).map(|frame| frame.path);
                }
                Ok(Some(other))
            }
        }
    }
}

/// Where entries are decoded to. There are always some behind the last one that have nothing to drop, to be
/// overwritten: pushed, each would be made elsewhere and copied, for the case that the list must grow.
struct Places<'e> {
    entries: &'e mut Vec<Entry>,
    end: usize,
}

/// Places that are made at once. A segment is cut at 4 KB.
const MORE_PLACES: usize = 1_024;

impl Places<'_> {
    /// Puts an entry behind the last; so many are still to come, with this one.
    #[inline(always)]
    fn put(&mut self, left: u32, entry: Entry) {
        if self.end >= self.entries.len() {
            self.grow(left);
        }
        if let Some(place) = self.entries.get_mut(self.end) {
            std::mem::forget(std::mem::replace(place, entry));
        }
        self.end += 1;
    }

    #[cold]
    fn grow(&mut self, left: u32) {
        let more = MORE_PLACES.min(left as usize);
        let (offset, time, thread) = (Offset(0), LogTime(0), ThreadId(0));
        let nothing = || Entry { offset, time, thread, what: LogEntry::ThreadStart };
        self.entries.resize_with(self.end + more, nothing);
    }
}

/// An op in short form.
enum Short {
    /// A span of this path begins.
    Start(PathId),
    /// The innermost frame, which was this, has ended.
    End(Frame),
    /// It is of another form: its opcode comes next.
    Other,
}

/// Reads the head of an op, whose time has then come, and all of one in short form.
#[inline(always)]
fn short(
    input: &mut Input<'_>,
    fold: &mut Fold,
    stack: &mut ThreadStack,
) -> Result<Short, CodecError> {
    let head = input.byte()?;
    let mut elapsed_ns = u64::from(head >> TIME_SHIFT);
    if head & MORE_TIME != 0 {
        let more = input.varint()?;
        if more > u64::MAX >> TIME_BITS {
            return Err(CodecError("a time exceeds 64 bits"));
        }
        elapsed_ns |= more << TIME_BITS;
    }
    fold.time = fold.time.after(elapsed_ns);
    let path = match head & KIND_MASK {
        KIND_START_SAME => fold.last_path,
        KIND_START => {
            let above = i64::from(stack.path().0);
            let path = above.checked_add(input.signed()?);
            let path = path.and_then(|path| u32::try_from(path).ok());
            PathId(path.ok_or(CodecError("a path exceeds 32 bits"))?)
        }
        KIND_END_OK => {
            let frame = stack.close_top(fold.time).ok_or(NONE_OPEN)?;
            fold.ends(frame.path);
            return Ok(Short::End(frame));
        }
        _ => return Ok(Short::Other),
    };
    if stack.frames().len() == MAX_FRAMES {
        return Err(TOO_MANY);
    }
    Ok(Short::Start(path))
}
