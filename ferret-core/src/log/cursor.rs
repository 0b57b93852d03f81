//! One block's entries, segment by segment.

use super::block::{self, HEADER_BYTES, Header};
use super::codec::CodecError;
use super::info::Damage;
use super::segment::{Segment, SegmentEntries};
use crate::event::{Entry, LogTime, Offset, Parts, ThreadId, ThreadStack};

/// A verified block, and how far it has been decoded.
#[derive(Debug)]
pub(super) struct BlockCursor {
    header: Header,
    block: Vec<u8>,
    /// Where the next segment begins in `block`.
    at: usize,
    /// Its first entry.
    next: Offset,
    /// Entries below are not wanted.
    wanted: Offset,
}

impl BlockCursor {
    /// Verifies the block under `key`; entries below `wanted` will be left out.
    pub(super) fn new(key: Offset, block: Vec<u8>, wanted: Offset) -> Result<Self, Damage> {
        let damage = |what: String| Damage { offset: key, what };
        let (header, body) = block::verify(&block).map_err(|error| damage(error.to_string()))?;
        if body.len() + HEADER_BYTES != block.len() {
            return Err(damage("bytes are left over behind a block".to_owned()));
        }
        if header.first != key {
            return Err(damage(format!("the block of entry {} is in its place", header.first.0)));
        }
        Ok(Self { header, block, at: HEADER_BYTES, next: key, wanted })
    }

    /// Its first entry.
    pub(super) fn first(&self) -> Offset {
        self.header.first
    }

    /// The earliest time in it and the latest.
    pub(super) fn times(&self) -> (LogTime, LogTime) {
        (self.header.min_time, self.header.max_time)
    }

    /// The offset behind its last entry.
    pub(super) fn next(&self) -> Offset {
        self.header.next()
    }

    /// Where the next segment is: in the block, and in the log.
    pub(super) fn place(&self) -> (usize, Offset) {
        (self.at, self.next)
    }

    /// The block, and from which entry on it is wanted.
    pub(super) fn into_block(self) -> (Vec<u8>, Offset) {
        (self.block, self.wanted)
    }

    /// The next segment, not yet decoded; `None` at the end.
    pub(super) fn segment(&mut self) -> Result<Option<Segment<'_>>, Damage> {
        let next = self.next;
        let damage = |what: &dyn ToString| Damage { offset: next, what: what.to_string() };
        let bytes = &self.block[self.at..];
        if bytes.is_empty() {
            if self.next != self.header.next() {
                return Err(damage(&"the block holds fewer entries than it says"));
            }
            return Ok(None);
        }
        let (segment, rest) = Segment::split(self.next, bytes).map_err(|error| damage(&error))?;
        // Not by where they end: that of a segment at the end of all offsets is cut off there.
        if u64::from(segment.count()) > self.header.next().0 - self.next.0 {
            return Err(damage(&"the block holds more entries than it says"));
        }
        self.at = self.block.len() - rest.len();
        self.next = segment.next();
        Ok(Some(segment))
    }

    /// When the next segment begins; `None` at the end.
    pub(super) fn next_time(&self) -> Result<Option<LogTime>, Damage> {
        let bytes = &self.block[self.at..];
        if bytes.is_empty() && self.next == self.header.next() {
            return Ok(None);
        }
        let time = Segment::split(self.next, bytes).and_then(|(segment, _)| segment.time());
        let damage = |error: CodecError| Damage { offset: self.next, what: error.to_string() };
        time.map(Some).map_err(damage)
    }

    /// Decodes the next segment into `parts`; false at the end. What was decoded before the damage stays.
    /// Shows what the segment's thread has open before its first entry.
    pub(super) fn next_parts(
        &mut self,
        parts: &mut Parts,
        see: impl FnOnce(Offset, ThreadId, &ThreadStack),
    ) -> Result<bool, Damage> {
        self.next_segment(see, |segment, wanted| segment.decode_parts_into(wanted, parts))
    }

    /// The same as entries.
    pub(super) fn next_entries(
        &mut self,
        entries: &mut Vec<Entry>,
        see: impl FnOnce(Offset, ThreadId, &ThreadStack),
    ) -> Result<bool, Damage> {
        self.next_segment(see, |segment, wanted| segment.decode_into(wanted, entries))
    }

    fn next_segment(
        &mut self,
        see: impl FnOnce(Offset, ThreadId, &ThreadStack),
        decode: impl FnOnce(&mut SegmentEntries<'_>, Offset) -> Result<(), CodecError>,
    ) -> Result<bool, Damage> {
        let wanted = self.wanted;
        let Some(segment) = self.segment()? else { return Ok(false) };
        if segment.next() <= wanted {
            return Ok(true);
        }
        let first = segment.first();
        let damage = |offset, error: CodecError| Damage { offset, what: error.to_string() };
        let thread = segment.thread().map_err(|error| damage(first, error))?;
        let mut segment = segment.entries().map_err(|error| damage(first, error))?;
        see(first, thread, segment.stack());
        decode(&mut segment, wanted).map_err(|error| damage(segment.next_offset(), error))?;
        Ok(true)
    }
}
