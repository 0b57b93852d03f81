//! Segments: consecutive entries of one thread, as bytes that decode without any others.
//!
//! A segment is
//!
//! ```text
//! length    u32 LE   bytes that follow
//! count     u32 LE   entries
//! thread    varint
//! position  varint   where the next START of this thread is expected
//! time      varint   ns, of the first entry
//! keyframe           the thread's open stack before the first entry:
//!   hidden  varint   open frames whose details are left out, below the others
//!   frames  varint   at most 32, then for each, outermost first:
//!     span thread, span start, path: varints; time - since: signed; child_ns: varint
//! ops                until the segment's end, each one entry or a correction
//! ```
//!
//! An op is a head byte (bits 0-1 kind, bit 2 "more", bits 3-7 the low bits of the time since the
//! last entry), if "more" a varint with the time's other bits, then by kind:
//!
//! ```text
//! 0 START_SAME   a sync span of the path that ended last, child of the innermost frame
//! 1 START        the same, then path - path of the innermost frame, signed
//! 2 END_OK       the innermost frame ends, outcome ok
//! 3 OTHER        an opcode byte (see `ops`), then that op's fields
//! ```
//!
//! Encoder and decoder fold the same entries into the same [`Fold`] and the same open stack, and short
//! forms say only what these do not predict. The decoder goes on from the keyframe's stack; the encoder has
//! no stack of its own, for it is given the thread's with every entry, and takes a short form only where
//! that says what the keyframe's would. Rejected: one column per field (better compression, but a
//! reader beside the writer wants a block at once, and a block is at most 64 KiB).

#[cfg(feature = "read")]
mod decode;
mod encode;
mod ops;
mod other;
mod process;

#[cfg(feature = "read")]
pub(crate) use decode::{Segment, SegmentEntries, get_keyframe};
pub(crate) use encode::{Encoder, SealedSegment, put_keyframe};

use crate::event::{LogEntry, LogTime, PathId, ThreadId};

/// Length and count.
const HEADER_BYTES: usize = 8;

/// A decoder refuses deeper stacks: it bounds the work that crafted bytes can cause. An encoder
/// cuts a segment long before.
const MAX_FRAMES: usize = 8_192;

const KIND_START_SAME: u8 = 0;
const KIND_START: u8 = 1;
const KIND_END_OK: u8 = 2;
const KIND_OTHER: u8 = 3;
const KIND_MASK: u8 = 0b11;
const MORE_TIME: u8 = 0b100;
const TIME_SHIFT: u32 = 3;
const TIME_BITS: u32 = 5;

/// What both sides know of a thread between two ops, beside its open stack.
#[derive(Clone, Debug)]
struct Fold {
    thread: ThreadId,
    next_position: u64,
    time: LogTime,
    last_path: PathId,
}

impl Fold {
    /// A sync span begins at the position that was expected.
    #[inline]
    fn starts(&mut self) {
        self.next_position = self.next_position.wrapping_add(1);
    }

    /// The innermost frame, which has this path, ends.
    #[inline]
    fn ends(&mut self, path: PathId) {
        self.next_position = self.next_position.wrapping_add(1);
        self.last_path = path;
    }

    /// Takes in any entry.
    fn apply(&mut self, what: &LogEntry) {
        let mut next_position = self.next_position.wrapping_add(1);
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others take one slot")]
        match what {
            LogEntry::SpanStart { span, .. } if span.thread == self.thread => {
                next_position = span.start.0.wrapping_add(1);
            }
            LogEntry::SpanEnd { path, .. } | LogEntry::Exit { path, .. } => {
                self.last_path = *path;
            }
            // As many slots as the raw event has that it usually comes from.
            LogEntry::Alloc { .. } => next_position = next_position.wrapping_add(2),
            _ => {}
        }
        self.next_position = next_position;
    }
}

#[cfg(test)]
#[cfg(all(feature = "record", feature = "read"))]
mod tests;
