//! `PROCESS_START` and `METRIC` as bytes: facts about the whole process.

use crate::event::{MetricSample, ProcessStart, ProcessUid, SpanCost};
use crate::log::codec::{CodecError, Input, put_bytes, put_varint};

/// Longer texts are cut.
const MAX_TEXT_BYTES: usize = 4 * 1024;
/// More arguments are left out.
const MAX_ARGS: usize = 64;

const CPU_PERCENT: u8 = 1;
const CPU_NS: u8 = 2;
const RSS: u8 = 4;
const THREADS: u8 = 8;
const READ: u8 = 16;
const WRITTEN: u8 = 32;

pub(super) fn put_start(out: &mut Vec<u8>, start: &ProcessStart) {
    out.extend_from_slice(&start.uid.0.to_le_bytes());
    put_varint(out, u64::from(start.pid));
    put_varint(out, start.start_ticks);
    put_varint(out, start.unix_ns);
    for text in [&start.host, &start.boot_id, &start.exe, &start.ferret] {
        put_text(out, text);
    }
    let args = &start.args[..start.args.len().min(MAX_ARGS)];
    put_varint(out, args.len() as u64);
    for arg in args {
        put_text(out, arg);
    }
    if let Some(SpanCost { inner_ps, outer_ps }) = start.span_cost {
        put_varint(out, u64::from(inner_ps));
        put_varint(out, u64::from(outer_ps));
    }
}

/// Reads a start, and with `is_measured` what a span costs.
pub(super) fn get_start(
    input: &mut Input<'_>,
    is_measured: bool,
) -> Result<ProcessStart, CodecError> {
    let uid = ProcessUid(u128::from_le_bytes(input.array()?));
    let pid = input.varint32()?;
    let start_ticks = input.varint()?;
    let unix_ns = input.varint()?;
    let host = get_text(input)?;
    let boot_id = get_text(input)?;
    let exe = get_text(input)?;
    let ferret = get_text(input)?;
    let mut args = Vec::new();
    for _ in 0..input.varint()? {
        args.push(get_text(input)?);
    }
    let span_cost = if is_measured {
        Some(SpanCost { inner_ps: input.varint32()?, outer_ps: input.varint32()? })
    } else {
        None
    };
    Ok(ProcessStart { uid, pid, start_ticks, host, boot_id, exe, args, unix_ns, ferret, span_cost })
}

pub(super) fn put_metric(out: &mut Vec<u8>, metric: &MetricSample) {
    let bit = |present: bool, bit: u8| if present { bit } else { 0 };
    out.push(
        bit(metric.cpu_percent.is_some(), CPU_PERCENT)
            | bit(metric.cpu_ns.is_some(), CPU_NS)
            | bit(metric.rss_bytes.is_some(), RSS)
            | bit(metric.threads.is_some(), THREADS)
            | bit(metric.read_bytes.is_some(), READ)
            | bit(metric.written_bytes.is_some(), WRITTEN),
    );
    if let Some(percent) = metric.cpu_percent {
        out.extend_from_slice(&percent.to_le_bytes());
    }
    let threads = metric.threads.map(u64::from);
    let numbers =
        [metric.cpu_ns, metric.rss_bytes, threads, metric.read_bytes, metric.written_bytes];
    for number in numbers.into_iter().flatten() {
        put_varint(out, number);
    }
    put_varint(out, u64::from(metric.open_spans));
    put_varint(out, u64::from(metric.open_tasks));
}

pub(super) fn get_metric(input: &mut Input<'_>) -> Result<MetricSample, CodecError> {
    let present = input.byte()?;
    if present >= WRITTEN << 1 {
        return Err(CodecError("a metric has unknown fields"));
    }
    let has = |bit: u8| present & bit != 0;
    Ok(MetricSample {
        cpu_percent: has(CPU_PERCENT).then(|| input.array().map(f64::from_le_bytes)).transpose()?,
        cpu_ns: has(CPU_NS).then(|| input.varint()).transpose()?,
        rss_bytes: has(RSS).then(|| input.varint()).transpose()?,
        threads: has(THREADS).then(|| input.varint32()).transpose()?,
        read_bytes: has(READ).then(|| input.varint()).transpose()?,
        written_bytes: has(WRITTEN).then(|| input.varint()).transpose()?,
        open_spans: input.varint32()?,
        open_tasks: input.varint32()?,
    })
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, &text.as_bytes()[..text.floor_char_boundary(MAX_TEXT_BYTES)]);
}

fn get_text(input: &mut Input<'_>) -> Result<String, CodecError> {
    let text = std::str::from_utf8(input.bytes()?);
    Ok(text.map_err(|_invalid| CodecError("a text is not UTF-8"))?.to_owned())
}
