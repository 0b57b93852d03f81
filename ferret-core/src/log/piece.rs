//! Pieces of logs that are fetched and not decoded: a few segments each. Segments decode alone, so a reader
//! of much decodes pieces wherever there is a core, and puts in order only what depends on order.

use super::codec::CodecError;
use super::cursor::BlockCursor;
use super::info::Damage;
use super::segment::{Segment, SegmentEntries};
use crate::event::{LogIndex, LogTime, Offset, Parts};
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a piece, and a segment more: so little that nobody waits long for the last of many, and so much
/// that handing it over costs nothing beside decoding it.
const PIECE_BYTES: usize = 32 << 10;

/// Some segments of one block.
#[derive(Clone, Debug)]
pub struct Piece {
    log: LogIndex,
    /// Its block has been verified.
    block: Arc<Vec<u8>>,
    bytes: Range<usize>,
    /// Its first entry.
    first: Offset,
    /// Entries below are not wanted.
    wanted: Offset,
    entries: u64,
    /// The earliest and the latest time in its block.
    times: (LogTime, LogTime),
}

impl Piece {
    /// The log that it is of.
    pub fn log(&self) -> LogIndex {
        self.log
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// No entry of it is earlier than the first of these, or later than the second.
    pub fn times(&self) -> (LogTime, LogTime) {
        self.times
    }

    /// How many entries it says that it holds.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Adds its entries to `parts`, segment by segment, and calls `each` behind each segment.
    ///
    /// # Errors
    ///
    /// Something does not decode. What comes before it is in `parts`.
    pub fn decode(
        &self,
        parts: &mut Parts,
        mut each: impl FnMut(&mut Parts),
    ) -> Result<(), Damage> {
        self.each_segment(|mut segment| {
            let decoded = segment.decode_parts_into(self.wanted, parts);
            each(parts);
            decoded.map_err(|error| (segment.next_offset(), error))
        })
    }

    /// The same, each of its entries by itself.
    ///
    /// # Errors
    ///
    /// As for [`Piece::decode`].
    pub fn decode_entries(&self, parts: &mut Parts) -> Result<(), Damage> {
        self.each_segment(|mut segment| {
            let mut entries = Vec::new();
            let decoded = segment.decode_into(self.wanted, &mut entries);
            for entry in entries {
                parts.push(entry);
            }
            decoded.map_err(|error| (segment.next_offset(), error))
        })
    }

    fn each_segment(
        &self,
        mut decode: impl FnMut(SegmentEntries<'_>) -> Result<(), (Offset, CodecError)>,
    ) -> Result<(), Damage> {
        let (mut first, mut bytes) = (self.first, &self.block[self.bytes.clone()]);
        while !bytes.is_empty() {
            let damage = |offset, error: CodecError| Damage { offset, what: error.to_string() };
            let (segment, rest) =
                Segment::split(first, bytes).map_err(|error| damage(first, error))?;
            if segment.next() > self.wanted {
                let entries = segment.entries().map_err(|error| damage(first, error))?;
                decode(entries).map_err(|(offset, error)| damage(offset, error))?;
            }
            (first, bytes) = (segment.next(), rest);
        }
        Ok(())
    }
}

impl BlockCursor {
    /// The rest of the block, in pieces, and what is damaged behind them. Shows each segment to `see`.
    pub(super) fn into_pieces(
        mut self,
        log: LogIndex,
        mut see: impl FnMut(&Segment<'_>),
    ) -> (Vec<Piece>, Option<Damage>) {
        let mut cuts = vec![self.place()];
        let damage = loop {
            match self.segment() {
                Ok(Some(segment)) => see(&segment),
                Ok(None) => break None,
                Err(damage) => break Some(damage),
            }
            let ((from, _), (at, _)) = (cuts[cuts.len() - 1], self.place());
            if at - from >= PIECE_BYTES {
                cuts.push(self.place());
            }
        };
        cuts.push(self.place());
        let times = self.times();
        let (block, wanted) = self.into_block();
        let block = Arc::new(block);
        let piece = |cut: &[(usize, Offset)]| {
            let &[(from, first), (to, next)] = cut else { return None };
            let (block, entries) = (Arc::clone(&block), next.0 - first.0);
            (to > from).then_some(Piece {
                log,
                block,
                bytes: from..to,
                first,
                wanted,
                entries,
                times,
            })
        };
        (cuts.windows(2).filter_map(piece).collect(), damage)
    }
}
