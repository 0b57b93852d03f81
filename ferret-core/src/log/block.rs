//! Blocks: the values of the log's `blocks` table. A header that proves the bytes behind it, then
//! segments.
//!
//! ```text
//!  0  magic         8 bytes  "FERRETb\x01"
//!  8  format        u16 LE   FORMAT of the schema that wrote it
//! 10  reserved      u16 LE   0
//! 12  length        u32 LE   bytes behind the header
//! 16  first offset  u64 LE   of its first entry; the table's key says the same
//! 24  count         u32 LE   entries
//! 28  segments      u32 LE
//! 32  min time      u64 LE   ns, of all entries
//! 40  max time      u64 LE
//! 48  checksum      u64 LE   XXH3-64 of bytes 0..48 and of those behind the header
//! 56                         segments
//! ```
//!
//! redb stores a value in a power-of-two number of 4 KiB pages less 16 bytes, and does not verify
//! what it reads: so blocks are cut to [`CLASSES`], and carry their own checksum. The header is
//! also what a salvager looks for in a file whose tree is gone.

use super::codec::{CodecError, Input};
use super::schema;
use super::segment::SealedSegment;
use crate::event::{LogTime, Offset};
use xxhash_rust::xxh3::Xxh3;

/// What every block begins with.
pub(super) const MAGIC: [u8; 8] = *b"FERRETb\x01";

/// Bytes of a header.
pub(super) const HEADER_BYTES: usize = 56;

/// The sizes of value that waste nothing.
pub(super) const CLASSES: [usize; 7] = [4_080, 8_176, 16_368, 32_752, 65_520, 262_128, 1_048_560];

/// The largest class that is used as long as a batch is not larger than [`LARGE_BATCH`]: larger
/// blocks cost a reader more latency and memory, and gain nothing measurable.
const USUAL_CLASS: usize = 65_520;
const LARGE_CLASS: usize = 262_128;
const LARGE_BATCH: usize = 4 << 20;

/// No block is larger.
pub(super) const LARGEST: usize = 1_048_560;

const CHECKSUM_AT: usize = 48;

/// What a block says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The first entry.
    pub(super) first: Offset,
    /// How many entries.
    pub(super) count: u32,
    /// How many segments.
    pub(super) segments: u32,
    /// The earliest time.
    pub(super) min_time: LogTime,
    /// The latest.
    pub(super) max_time: LogTime,
    /// Bytes behind the header.
    pub(super) length: u32,
}

impl Header {
    /// The offset behind the last entry.
    pub(super) fn next(&self) -> Offset {
        Offset(self.first.0.saturating_add(u64::from(self.count)))
    }

    /// Reads a header; its checksum is not verified.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut input = Input::new(bytes);
        if input.array()? != MAGIC {
            return Err(CodecError("no block begins here"));
        }
        let format = u16::from_le_bytes(input.array()?);
        if u32::from(format) > schema::FORMAT {
            return Err(CodecError("the block is of a newer format"));
        }
        if input.array()? != [0, 0] {
            return Err(CodecError("the block's reserved bytes are in use"));
        }
        let length = u32::from_le_bytes(input.array()?);
        let header = Self {
            length,
            first: Offset(u64::from_le_bytes(input.array()?)),
            count: u32::from_le_bytes(input.array()?),
            segments: u32::from_le_bytes(input.array()?),
            min_time: LogTime(u64::from_le_bytes(input.array()?)),
            max_time: LogTime(u64::from_le_bytes(input.array()?)),
        };
        if header.first.0.checked_add(u64::from(header.count)).is_none() {
            return Err(CodecError("the block's offsets exceed 64 bits"));
        }
        Ok(header)
    }

    fn write(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let format = u16::try_from(schema::FORMAT).unwrap_or(u16::MAX);
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&format.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.length.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.count.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.segments.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.min_time.0.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.max_time.0.to_le_bytes());
        bytes
    }
}

/// Verifies the block at the front of `bytes`, which may go on behind it; returns its header and
/// its segments' bytes.
pub(super) fn verify(bytes: &[u8]) -> Result<(Header, &[u8]), CodecError> {
    let header = Header::read(bytes)?;
    let mut input = Input::new(bytes);
    let signed = input.take(CHECKSUM_AT)?;
    let checksum = u64::from_le_bytes(input.array()?);
    let length = header.length as usize;
    if length > LARGEST - HEADER_BYTES {
        return Err(CodecError("the block is larger than any block"));
    }
    let body = input.take(length)?;
    if checksum_of(signed, body) != checksum {
        return Err(CodecError("the block's checksum does not match"));
    }
    Ok((header, body))
}

pub(super) fn checksum_of(signed: &[u8], body: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(signed);
    hash.update(body);
    hash.digest()
}

/// Packs consecutive segments into as many blocks as waste little space.
pub(super) fn pack(segments: &[SealedSegment], bytes: &[u8]) -> Vec<(Offset, Vec<u8>)> {
    let total: usize = segments.iter().map(|segment| segment.bytes.len()).sum();
    let largest = if total > LARGE_BATCH { LARGE_CLASS } else { USUAL_CLASS };
    let mut blocks = Vec::new();
    let (mut left, mut left_bytes) = (segments, total);
    while let Some(first) = left.first() {
        let size = class_for(left_bytes + HEADER_BYTES, largest)
            .max(class_above(first.bytes.len() + HEADER_BYTES));
        let mut room = size.saturating_sub(HEADER_BYTES + first.bytes.len());
        let mut taken = 1;
        for segment in &left[1..] {
            let Some(rest) = room.checked_sub(segment.bytes.len()) else { break };
            room = rest;
            taken += 1;
        }
        let (these, rest) = left.split_at(taken);
        left_bytes -= these.iter().map(|segment| segment.bytes.len()).sum::<usize>();
        blocks.push((first.first, build(these, bytes)));
        left = rest;
    }
    blocks
}

/// The class to cut at when `wanted` bytes are left: the largest that they fill, or the smallest.
fn class_for(wanted: usize, largest: usize) -> usize {
    let fits = |class: &&usize| **class <= wanted && **class <= largest;
    *CLASSES.iter().rev().find(fits).unwrap_or(&CLASSES[0])
}

/// The smallest class that holds `wanted` bytes.
fn class_above(wanted: usize) -> usize {
    *CLASSES.iter().find(|class| **class >= wanted).unwrap_or(&wanted)
}

fn build(segments: &[SealedSegment], bytes: &[u8]) -> Vec<u8> {
    let (mut count, mut length) = (0, 0);
    let (mut min_time, mut max_time) = (LogTime(u64::MAX), LogTime(0));
    for segment in segments {
        count += segment.count;
        length += segment.bytes.len();
        min_time = min_time.min(segment.min_time);
        max_time = max_time.max(segment.max_time);
    }
    let header = Header {
        first: segments.first().map_or(Offset(0), |segment| segment.first),
        count,
        segments: u32::try_from(segments.len()).unwrap_or(u32::MAX),
        min_time,
        max_time,
        length: u32::try_from(length).unwrap_or(u32::MAX),
    };
    let mut block = Vec::with_capacity(HEADER_BYTES + length);
    block.extend_from_slice(&header.write());
    for segment in segments {
        block.extend_from_slice(&bytes[segment.bytes.clone()]);
    }
    let checksum = checksum_of(&block[..CHECKSUM_AT], &block[HEADER_BYTES..]);
    block[CHECKSUM_AT..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
    block
}

/// What redb takes for a value of so many bytes: a power-of-two number of pages, or a part of one.
pub(super) fn stored_bytes(length: usize) -> u64 {
    const PAGE: u64 = 4_096;
    /// What it keeps of the pages that a value has for itself.
    const HEADER: u64 = 16;
    let bytes = length as u64 + HEADER;
    if bytes < PAGE / 2 { bytes } else { bytes.div_ceil(PAGE).next_power_of_two() * PAGE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_a_class_wastes_nothing() {
        for class in CLASSES {
            assert_eq!(stored_bytes(class), class as u64 + 16);
            assert_eq!(stored_bytes(class + 1), 2 * (class as u64 + 16));
        }
        assert_eq!(stored_bytes(100), 116);
    }
}
