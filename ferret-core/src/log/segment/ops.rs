//! The ops behind [`KIND_OTHER`](super::KIND_OTHER): opcode numbers, and the small enums as bytes.
//!
//! Numbers are never reused. A new opcode is a new format.

use crate::event::{EndKind, HeapUse, Outcome, ProcessExit, SpanId, TagValue};
use crate::event::{Position, ThreadId};
use crate::log::codec::{self, CodecError, Input};

pub(super) const PROCESS_START: u8 = 1;
pub(super) const PROCESS_END: u8 = 2;
pub(super) const PROCESS_EXIT: u8 = 3;
pub(super) const THREAD_START: u8 = 4;
pub(super) const THREAD_END: u8 = 5;
/// A span whose id, parent or nature the fold does not predict.
pub(super) const SPAN_START: u8 = 6;
/// The innermost frame ends, with an outcome byte.
pub(super) const SPAN_END_TOP: u8 = 7;
/// A span's end in full: needs nothing that came before it.
pub(super) const SPAN_END: u8 = 8;
pub(super) const ENTER: u8 = 9;
/// The innermost frame, a poll, ends.
pub(super) const EXIT_TOP: u8 = 10;
pub(super) const EXIT: u8 = 11;
pub(super) const CREATED: u8 = 12;
pub(super) const POLLS: u8 = 13;
pub(super) const METRIC: u8 = 14;
pub(super) const TAG: u8 = 15;
pub(super) const PROGRESS: u8 = 16;
pub(super) const MARK: u8 = 17;
pub(super) const COUNTER: u8 = 18;
/// A `SUMMARY` without outcomes and child time. Up to format 2, and no recorder wrote it.
pub(super) const OLD_SUMMARY: u8 = 19;
pub(super) const DROPPED: u8 = 20;
pub(super) const CLOCK: u8 = 21;
/// Since format 2.
pub(super) const ALLOC: u8 = 22;
/// Since format 2.
pub(super) const HEAP: u8 = 23;
/// As `PROCESS_START`, with what a span costs behind it. Since format 2.
pub(super) const MEASURED_START: u8 = 24;
/// A `SUMMARY` that tells of none that was cancelled. Of format 3 alone.
pub(super) const SYNC_SUMMARY: u8 = 25;
/// A `POLLS` with child time. Since format 4.
pub(super) const POLLS_WITH_CHILDREN: u8 = 26;
/// Since format 4.
pub(super) const SUMMARY: u8 = 27;
/// No entry: the time of the next op counts from this much earlier.
pub(super) const TIME_BACK: u8 = 64;
/// No entry: the position at which the next START of this thread is expected.
pub(super) const POSITION: u8 = 65;

pub(super) const FLAG_ASYNC: u8 = 1;
pub(super) const FLAG_PARENT: u8 = 2;

pub(super) const OUTCOME_MASK: u8 = 0b111;
pub(super) const FLAG_OUT_OF_ORDER: u8 = 0b1000;
pub(super) const FLAG_ENDS_HIDDEN: u8 = 0b1_0000;

/// Buckets that a SUMMARY keeps at most; it takes a few hundred.
pub(super) const MAX_BUCKETS: usize = 16_384;

/// The text of a tag that is kept; the recorder cuts it at 256 bytes.
const MAX_TAG_BYTES: usize = 4 * 1024;

pub(super) fn outcome_byte(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Err => 1,
        Outcome::Panicked => 2,
        Outcome::Cancelled => 3,
        Outcome::Unknown => 4,
    }
}

pub(super) fn outcome_of(byte: u8) -> Result<Outcome, CodecError> {
    Ok(match byte {
        0 => Outcome::Ok,
        1 => Outcome::Err,
        2 => Outcome::Panicked,
        3 => Outcome::Cancelled,
        4 => Outcome::Unknown,
        _ => return Err(CodecError("an outcome is not known")),
    })
}

pub(super) fn put_span(out: &mut Vec<u8>, span: SpanId) {
    codec::put_varint(out, u64::from(span.thread.0));
    codec::put_varint(out, span.start.0);
}

pub(super) fn get_span(input: &mut Input<'_>) -> Result<SpanId, CodecError> {
    Ok(SpanId { thread: ThreadId(input.varint32()?), start: Position(input.varint()?) })
}

pub(super) fn put_optional_span(out: &mut Vec<u8>, span: Option<SpanId>) {
    out.push(u8::from(span.is_some()));
    if let Some(span) = span {
        put_span(out, span);
    }
}

pub(super) fn get_optional_span(input: &mut Input<'_>) -> Result<Option<SpanId>, CodecError> {
    get_flag(input)?.then(|| get_span(input)).transpose()
}

pub(super) fn get_flag(input: &mut Input<'_>) -> Result<bool, CodecError> {
    match input.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(CodecError("a flag is neither 0 nor 1")),
    }
}

pub(super) fn put_end(out: &mut Vec<u8>, how: EndKind) {
    match how {
        EndKind::Exited(None) => out.push(0),
        EndKind::Exited(Some(code)) => {
            out.push(1);
            codec::put_signed(out, i64::from(code));
        }
        EndKind::Closed => out.push(2),
        EndKind::Signal(signal) => {
            out.push(3);
            codec::put_signed(out, i64::from(signal));
        }
        EndKind::Lost => out.push(4),
    }
}

pub(super) fn get_end(input: &mut Input<'_>) -> Result<EndKind, CodecError> {
    Ok(match input.byte()? {
        0 => EndKind::Exited(None),
        1 => EndKind::Exited(Some(get_code(input)?)),
        2 => EndKind::Closed,
        3 => EndKind::Signal(get_code(input)?),
        4 => EndKind::Lost,
        _ => return Err(CodecError("the way a process ended is not known")),
    })
}

pub(super) fn put_exit(out: &mut Vec<u8>, exit: ProcessExit) {
    let (kind, code) = match exit {
        ProcessExit::Code(code) => (0, code),
        ProcessExit::Signal(signal) => (1, signal),
    };
    out.push(kind);
    codec::put_signed(out, i64::from(code));
}

pub(super) fn get_exit(input: &mut Input<'_>) -> Result<ProcessExit, CodecError> {
    Ok(match input.byte()? {
        0 => ProcessExit::Code(get_code(input)?),
        1 => ProcessExit::Signal(get_code(input)?),
        _ => return Err(CodecError("an exit status is not known")),
    })
}

pub(super) fn put_heap(out: &mut Vec<u8>, heap: &HeapUse) {
    let HeapUse { bytes, count, freed_bytes, frees, peak_bytes } = *heap;
    for number in [bytes, count, freed_bytes, frees, peak_bytes] {
        codec::put_varint(out, number);
    }
}

pub(super) fn get_heap(input: &mut Input<'_>) -> Result<HeapUse, CodecError> {
    Ok(HeapUse {
        bytes: input.varint()?,
        count: input.varint()?,
        freed_bytes: input.varint()?,
        frees: input.varint()?,
        peak_bytes: input.varint()?,
    })
}

fn get_code(input: &mut Input<'_>) -> Result<i32, CodecError> {
    i32::try_from(input.signed()?).map_err(|_too_large| CodecError("a code exceeds 32 bits"))
}

pub(super) fn put_tag(out: &mut Vec<u8>, value: &TagValue) {
    match value {
        TagValue::Bool(value) => out.push(u8::from(*value)),
        TagValue::Unsigned(value) => {
            out.push(2);
            codec::put_varint(out, *value);
        }
        TagValue::Signed(value) => {
            out.push(3);
            codec::put_signed(out, *value);
        }
        TagValue::Float(value) => {
            out.push(4);
            out.extend_from_slice(&value.to_le_bytes());
        }
        TagValue::Text(text) => {
            out.push(5);
            let end = text.floor_char_boundary(MAX_TAG_BYTES);
            codec::put_bytes(out, &text.as_bytes()[..end]);
        }
    }
}

pub(super) fn get_tag(input: &mut Input<'_>) -> Result<TagValue, CodecError> {
    Ok(match input.byte()? {
        0 => TagValue::Bool(false),
        1 => TagValue::Bool(true),
        2 => TagValue::Unsigned(input.varint()?),
        3 => TagValue::Signed(input.signed()?),
        4 => TagValue::Float(f64::from_le_bytes(input.array()?)),
        5 => {
            let text = std::str::from_utf8(input.bytes()?);
            TagValue::Text(text.map_err(|_invalid| CodecError("a tag is not UTF-8"))?.to_owned())
        }
        _ => return Err(CodecError("a tag's type is not known")),
    })
}
