//! The rare entries, field by field: what stands behind an opcode, written and read side by side.

use super::{ops, process};
use crate::event::{
    CallsiteId, LogEntry, LogTime, PathId, Position, ProcessEnd, SpanId, Summary, TagValue,
};
use crate::log::codec::{CodecError, Input, put_signed, put_varint};

/// Appends opcode and fields. `time` is the entry's; `ends_hidden` says that it ends a frame that the
/// keyframe only counted.
pub(super) fn put_other(out: &mut Vec<u8>, what: &LogEntry, time: LogTime, ends_hidden: bool) {
    match what {
        LogEntry::SpanStart { .. }
        | LogEntry::SpanEnd { .. }
        | LogEntry::Enter { .. }
        | LogEntry::Exit { .. }
        | LogEntry::Created { .. }
        | LogEntry::Polls { .. } => put_of_span(out, what, time, ends_hidden),
        LogEntry::ProcessStart(start) => {
            let is_measured = start.span_cost.is_some();
            out.push(if is_measured { ops::MEASURED_START } else { ops::PROCESS_START });
            process::put_start(out, start);
        }
        LogEntry::ProcessEnd(end) => {
            out.push(ops::PROCESS_END);
            ops::put_end(out, end.how);
        }
        LogEntry::ProcessExit(exit) => {
            out.push(ops::PROCESS_EXIT);
            ops::put_exit(out, *exit);
        }
        LogEntry::ThreadStart => out.push(ops::THREAD_START),
        LogEntry::ThreadEnd => out.push(ops::THREAD_END),
        LogEntry::Metric(metric) => {
            out.push(ops::METRIC);
            process::put_metric(out, metric);
        }
        LogEntry::Tag { span, key, value } => put_tag(out, *span, *key, value),
        LogEntry::Progress { span, done, total } => {
            out.push(ops::PROGRESS);
            ops::put_optional_span(out, *span);
            put_varint(out, *done);
            put_varint(out, *total);
        }
        LogEntry::Mark { span, callsite } => {
            out.push(ops::MARK);
            ops::put_optional_span(out, *span);
            put_varint(out, u64::from(callsite.0));
        }
        LogEntry::Counter { key, value, gauge } => {
            out.extend_from_slice(&[ops::COUNTER, u8::from(*gauge)]);
            put_varint(out, u64::from(key.0));
            out.extend_from_slice(&value.to_le_bytes());
        }
        LogEntry::Alloc { span, path, heap } => {
            out.extend_from_slice(&[ops::ALLOC, 1]);
            ops::put_span(out, *span);
            put_varint(out, u64::from(path.0));
            ops::put_heap(out, heap);
        }
        LogEntry::Heap { callsite, live_bytes, live_count, peak_bytes } => {
            out.push(ops::HEAP);
            put_all(out, &[u64::from(callsite.0), *live_bytes, *live_count, *peak_bytes]);
        }
        LogEntry::Summary(summary) => put_summary(out, summary),
        LogEntry::Dropped { spans, busy_ns, top, .. } => {
            out.extend_from_slice(&[ops::DROPPED, u8::from(top.is_some())]);
            for number in [Some(*spans), Some(*busy_ns), top.map(|top| top.0)] {
                put_all(out, number.as_slice());
            }
        }
        LogEntry::Clock { jump_ns } => {
            out.push(ops::CLOCK);
            put_signed(out, *jump_ns);
        }
    }
}

/// The entries that name a span and its path.
fn put_of_span(out: &mut Vec<u8>, what: &LogEntry, time: LogTime, ends_hidden: bool) {
    let mut put = |opcode: u8, flags: Option<u8>, span: &SpanId, path: &PathId| {
        out.push(opcode);
        out.extend(flags);
        ops::put_span(out, *span);
        put_varint(out, u64::from(path.0));
    };
    let hidden = if ends_hidden { ops::FLAG_ENDS_HIDDEN } else { 0 };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller hands over only these")]
    match what {
        LogEntry::SpanStart { span, path, parent, is_async } => {
            let is_async = if *is_async { ops::FLAG_ASYNC } else { 0 };
            let has_parent = if parent.is_some() { ops::FLAG_PARENT } else { 0 };
            put(ops::SPAN_START, Some(is_async | has_parent), span, path);
            if let Some(parent) = parent {
                ops::put_span(out, *parent);
            }
        }
        LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order } => {
            let late = if *out_of_order { ops::FLAG_OUT_OF_ORDER } else { 0 };
            let flags = ops::outcome_byte(*outcome) | late | hidden;
            put(ops::SPAN_END, Some(flags), span, path);
            put_signed(out, time.0.wrapping_sub(start.0).cast_signed());
            put_varint(out, *child_ns);
        }
        LogEntry::Enter { span, path } => put(ops::ENTER, None, span, path),
        LogEntry::Exit { span, path, busy_ns, child_ns } => {
            put(ops::EXIT, Some(hidden), span, path);
            put_varint(out, *busy_ns);
            put_varint(out, *child_ns);
        }
        LogEntry::Created { span, parent, path } => {
            put(ops::CREATED, None, span, path);
            ops::put_optional_span(out, *parent);
        }
        LogEntry::Polls { span, path, count, busy_ns, child_ns: 0, longest_ns } => {
            put(ops::POLLS, None, span, path);
            put_all(out, &[*count, *busy_ns, *longest_ns]);
        }
        LogEntry::Polls { span, path, count, busy_ns, child_ns, longest_ns } => {
            put(ops::POLLS_WITH_CHILDREN, None, span, path);
            put_all(out, &[*count, *busy_ns, *child_ns, *longest_ns]);
        }
        _ => {}
    }
}

fn put_tag(out: &mut Vec<u8>, span: SpanId, key: CallsiteId, value: &TagValue) {
    out.push(ops::TAG);
    ops::put_span(out, span);
    put_varint(out, u64::from(key.0));
    ops::put_tag(out, value);
}

fn put_summary(out: &mut Vec<u8>, summary: &Summary) {
    out.push(ops::SUMMARY);
    put_varint(out, u64::from(summary.path.0));
    put_all(out, &[summary.calls, summary.errors, summary.panics, summary.cancelled]);
    put_all(out, &[summary.total_ns, summary.child_ns, summary.min_ns, summary.max_ns]);
    let histogram = &summary.histogram;
    let buckets = &histogram[..histogram.len().min(ops::MAX_BUCKETS)];
    put_varint(out, buckets.len() as u64);
    for (bucket, count) in buckets {
        put_varint(out, u64::from(*bucket));
        put_varint(out, *count);
    }
}

fn put_all(out: &mut Vec<u8>, numbers: &[u64]) {
    for number in numbers {
        put_varint(out, *number);
    }
}

/// Reads what stands behind `opcode`; the second value is `ends_hidden`.
pub(super) fn get_other(
    opcode: u8,
    input: &mut Input<'_>,
    time: LogTime,
) -> Result<(LogEntry, bool), CodecError> {
    let mut ends_hidden = false;
    let entry = match opcode {
        ops::PROCESS_START | ops::MEASURED_START => {
            let is_measured = opcode == ops::MEASURED_START;
            LogEntry::ProcessStart(Box::new(process::get_start(input, is_measured)?))
        }
        ops::PROCESS_END => LogEntry::ProcessEnd(ProcessEnd { how: ops::get_end(input)? }),
        ops::PROCESS_EXIT => LogEntry::ProcessExit(ops::get_exit(input)?),
        ops::THREAD_START => LogEntry::ThreadStart,
        ops::THREAD_END => LogEntry::ThreadEnd,
        ops::SPAN_START => get_start(input)?,
        ops::SPAN_END => {
            let flags = input.byte()?;
            ends_hidden = flags & ops::FLAG_ENDS_HIDDEN != 0;
            get_end(flags, input, time)?
        }
        ops::ENTER => LogEntry::Enter { span: ops::get_span(input)?, path: get_path(input)? },
        ops::EXIT => {
            ends_hidden = input.byte()? & ops::FLAG_ENDS_HIDDEN != 0;
            LogEntry::Exit {
                span: ops::get_span(input)?,
                path: get_path(input)?,
                busy_ns: input.varint()?,
                child_ns: input.varint()?,
            }
        }
        ops::CREATED => {
            let (span, path) = (ops::get_span(input)?, get_path(input)?);
            LogEntry::Created { span, parent: ops::get_optional_span(input)?, path }
        }
        ops::POLLS | ops::POLLS_WITH_CHILDREN => LogEntry::Polls {
            span: ops::get_span(input)?,
            path: get_path(input)?,
            count: input.varint()?,
            busy_ns: input.varint()?,
            child_ns: if opcode == ops::POLLS { 0 } else { input.varint()? },
            longest_ns: input.varint()?,
        },
        ops::METRIC => LogEntry::Metric(Box::new(process::get_metric(input)?)),
        _ => get_fact(opcode, input)?,
    };
    Ok((entry, ends_hidden))
}

/// The entries that belong to a span or to none, and end nothing.
fn get_fact(opcode: u8, input: &mut Input<'_>) -> Result<LogEntry, CodecError> {
    Ok(match opcode {
        ops::TAG => LogEntry::Tag {
            span: ops::get_span(input)?,
            key: CallsiteId(input.varint32()?),
            value: ops::get_tag(input)?,
        },
        ops::PROGRESS => LogEntry::Progress {
            span: ops::get_optional_span(input)?,
            done: input.varint()?,
            total: input.varint()?,
        },
        ops::MARK => LogEntry::Mark {
            span: ops::get_optional_span(input)?,
            callsite: CallsiteId(input.varint32()?),
        },
        ops::COUNTER => {
            let gauge = ops::get_flag(input)?;
            let key = CallsiteId(input.varint32()?);
            LogEntry::Counter { key, value: f64::from_le_bytes(input.array()?), gauge }
        }
        ops::ALLOC => LogEntry::Alloc {
            span: ops::get_span(input)?,
            path: get_path(input)?,
            heap: ops::get_heap(input)?,
        },
        ops::HEAP => LogEntry::Heap {
            callsite: CallsiteId(input.varint32()?),
            live_bytes: input.varint()?,
            live_count: input.varint()?,
            peak_bytes: input.varint()?,
        },
        ops::SUMMARY | ops::SYNC_SUMMARY | ops::OLD_SUMMARY => get_summary(opcode, input)?,
        ops::DROPPED => {
            let has_top = ops::get_flag(input)?;
            let (spans, busy_ns) = (input.varint()?, input.varint()?);
            let top = has_top.then(|| input.varint().map(Position)).transpose()?;
            LogEntry::Dropped { spans, busy_ns, top, path: None }
        }
        ops::CLOCK => LogEntry::Clock { jump_ns: input.signed()? },
        _ => return Err(CodecError("an opcode is not known")),
    })
}

fn get_path(input: &mut Input<'_>) -> Result<PathId, CodecError> {
    Ok(PathId(input.varint32()?))
}

fn get_start(input: &mut Input<'_>) -> Result<LogEntry, CodecError> {
    let flags = input.byte()?;
    let (span, path) = (ops::get_span(input)?, get_path(input)?);
    let parent = (flags & ops::FLAG_PARENT != 0).then(|| ops::get_span(input)).transpose()?;
    Ok(LogEntry::SpanStart { span, path, parent, is_async: flags & ops::FLAG_ASYNC != 0 })
}

fn get_end(flags: u8, input: &mut Input<'_>, time: LogTime) -> Result<LogEntry, CodecError> {
    let (span, path) = (ops::get_span(input)?, get_path(input)?);
    let start = LogTime(time.0.wrapping_sub(input.signed()?.cast_unsigned()));
    let child_ns = input.varint()?;
    let outcome = ops::outcome_of(flags & ops::OUTCOME_MASK)?;
    let out_of_order = flags & ops::FLAG_OUT_OF_ORDER != 0;
    Ok(LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order })
}

/// With or without what older formats do not have.
fn get_summary(opcode: u8, input: &mut Input<'_>) -> Result<LogEntry, CodecError> {
    let is_whole = opcode != ops::OLD_SUMMARY;
    let mut summary =
        Summary { path: get_path(input)?, calls: input.varint()?, ..Summary::default() };
    if is_whole {
        (summary.errors, summary.panics) = (input.varint()?, input.varint()?);
    }
    if opcode == ops::SUMMARY {
        summary.cancelled = input.varint()?;
    }
    summary.total_ns = input.varint()?;
    if is_whole {
        summary.child_ns = input.varint()?;
    }
    (summary.min_ns, summary.max_ns) = (input.varint()?, input.varint()?);
    for _ in 0..input.varint()? {
        let bucket = u16::try_from(input.varint()?)
            .map_err(|_too_large| CodecError("a histogram's bucket exceeds 16 bits"))?;
        summary.histogram.push((bucket, input.varint()?));
    }
    Ok(LogEntry::Summary(Box::new(summary)))
}
