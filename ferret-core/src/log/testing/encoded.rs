//! What a recorder told, through bytes and back.

use crate::event::{
    CallsiteId, CallsiteInfo, Commit, Entry, LogEntry, LogTime, Offset, OpenTask, Parts, PathId,
    PathInfo, Position, Resume, Sink, SpanId, ThreadId, ThreadInfo, ThreadStack,
};
use crate::log::codec::CodecError;
pub(crate) use crate::log::segment::Encoder;
use crate::log::segment::Segment;

impl Sink for Encoder {
    fn callsite(&mut self, _: CallsiteId, _: &CallsiteInfo) {}
    fn path(&mut self, _: PathId, _: PathInfo) {}
    fn thread(&mut self, _: ThreadId, _: &ThreadInfo) {}
    fn resume(&mut self, _: ThreadId, _: Option<&Resume>) {}
    fn entry(
        &mut self,
        thread: ThreadId,
        position: Position,
        stack: &ThreadStack,
        time: LogTime,
        what: &LogEntry,
    ) {
        self.push(thread, position, stack, time, what);
    }

    fn start(
        &mut self,
        thread: ThreadId,
        position: Position,
        stack: &ThreadStack,
        time: LogTime,
        path: PathId,
    ) {
        Self::start(self, thread, position, stack, time, path);
    }

    fn end_ok(&mut self, thread: ThreadId, position: Position, stack: &ThreadStack, time: LogTime) {
        Self::end_ok(self, thread, position, stack, time);
    }
    fn drained(&mut self, _: ThreadId, _: Position) {}
    fn silent(&mut self, _: ThreadId, _: &ThreadStack) {}
    fn keep_task(&mut self, _: &OpenTask) {}
    fn forget_task(&mut self, _: SpanId) {}
    fn kept_tasks(&mut self) {}
    fn pending_bytes(&self) -> usize {
        self.len()
    }
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn commit(&mut self, _: LogTime) -> std::io::Result<Commit> {
        self.seal();
        Ok(Commit::Done)
    }
}

/// The parts of segments, one behind the other.
pub(crate) fn decode_parts(mut bytes: &[u8], mut first: Offset) -> Result<Parts, CodecError> {
    let mut parts = Parts::default();
    while !bytes.is_empty() {
        let (segment, rest) = Segment::split(first, bytes)?;
        segment.entries()?.decode_parts_into(Offset(0), &mut parts)?;
        first = segment.next();
        bytes = rest;
    }
    Ok(parts)
}

/// The entries of segments, one behind the other.
pub(crate) fn decode(mut bytes: &[u8], mut first: Offset) -> Result<Vec<Entry>, CodecError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (segment, rest) = Segment::split(first, bytes)?;
        segment.entries()?.decode_into(Offset(0), &mut entries)?;
        first = segment.next();
        bytes = rest;
    }
    Ok(entries)
}
