//! Memory that grows and grows.

use super::super::board::Scene;
use super::{Kind, Warning, of};
use crate::format;
use ferret::event::{LogIndex, LogTime};
use ferret::projections::Process;

/// What is looked at, ns; and what must be known of it.
const WINDOW_NS: u64 = 120_000_000_000;
const LEAST_NS: u64 = 60_000_000_000;
/// It is cut into so many parts, each of which must have more than the one before, ...
const PART_COUNT: usize = 6;
const PARTS: u64 = PART_COUNT as u64;
/// ... by at least so much of what all steps together come to: else it is a step and no growth.
const SHARE: u64 = 15;
/// Less than this, or than a twentieth of what there was, is nothing.
const LEAST_BYTES: u64 = 16 << 20;
const LEAST_SHARE: u64 = 20;

pub(super) fn find(scene: &Scene, log: LogIndex, process: &Process) -> Option<Warning> {
    let series = scene.board.metrics.series(log)?;
    let readings = series.samples().iter().rev();
    let readings = readings.take_while(|(at, _)| scene.now.since(*at) <= WINDOW_NS);
    let mut readings: Vec<(LogTime, u64)> = readings
        .filter(|(at, _)| *at <= scene.now)
        .filter_map(|(at, sample)| Some((*at, sample.rss_bytes?)))
        .collect();
    readings.reverse();
    let per_second = growth(&readings)?;
    let (first, last) = (readings.first()?, readings.last()?);
    let lasts = format::age(last.0.since(first.0));
    let rate = format::bytes(per_second);
    let now = format::bytes(last.1);
    let outside = scene.board.logs.get(log.0).and_then(|file| file.outside);
    let end = outside.and_then(|outside| outside.memory_limit).map_or_else(String::new, |limit| {
        let left_s = limit.saturating_sub(last.1) / per_second.max(1);
        let left = format::age(left_s.saturating_mul(1_000_000_000));
        format!(", {left} to the limit of {}", format::bytes(limit))
    });
    let owners = scene.heap_owners();
    let look = match owners.iter().find(|(_, living)| living.bytes > 0) {
        Some((owner, living)) => {
            format!("most of it is {}'s: {}", owner.name, format::bytes(living.bytes))
        }
        None => "which functions keep it is told by ferret's feature `alloc`".to_owned(),
    };
    let what =
        format!("{}memory has grown for {lasts}, by {rate}/s: {now} now{end}", of(scene, process));
    Some(Warning { kind: Kind::Grows, log, what, look })
}

/// Bytes a second, if readings, oldest first, grow steadily.
fn growth(readings: &[(LogTime, u64)]) -> Option<u64> {
    let (first, last) = (readings.first()?.0, readings.last()?.0);
    let span_ns = last.since(first);
    if span_ns < LEAST_NS {
        return None;
    }
    let mut parts = [(0_u64, 0_u64); PART_COUNT];
    for (at, bytes) in readings {
        // The last reading falls behind the last part.
        let part = (at.since(first) * PARTS / span_ns).min(PARTS - 1);
        let (sum, count) = parts.get_mut(usize::try_from(part).ok()?)?;
        *sum = sum.saturating_add(*bytes);
        *count += 1;
    }
    if parts.iter().any(|(_, count)| *count == 0) {
        return None;
    }
    let means = parts.map(|(sum, count)| sum / count);
    let (least, most) = (means.first()?, means.last()?);
    let rise = most.checked_sub(*least)?;
    let rises = |pair: &[u64]| pair[1].saturating_sub(pair[0]) >= rise / SHARE;
    let is_much = rise >= LEAST_BYTES && rise >= least / LEAST_SHARE;
    // From the middle of the first part to that of the last.
    let ms = span_ns / 1_000_000 * (PARTS - 1) / PARTS;
    (means.windows(2).all(rises) && is_much).then(|| rise.saturating_mul(1_000) / ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    /// Of so many seconds, each with so many MiB.
    fn check(seconds: u64, mib: impl Fn(u64) -> u64, expect: Option<u64>) {
        let readings: Vec<_> =
            (0..=seconds).map(|second| (LogTime(second * S), mib(second) << 20)).collect();
        let found = growth(&readings).map(|per_second| (per_second + (1 << 19)) >> 20);
        assert_eq!(found, expect);
    }

    #[test]
    fn what_grows_steadily_is_found() {
        check(120, |second| 100 + 3 * second, Some(3));
        // With some noise.
        check(90, |second| 100 + 5 * second + second % 7, Some(5));
    }

    #[test]
    fn what_does_not_is_not() {
        check(120, |_| 100, None);
        check(120, |second| if second < 50 { 100 } else { 900 }, None);
        check(120, |second| 100 + (second % 20) * 10, None);
        check(120, |second| 500 - second, None);
        check(40, |second| 100 + 3 * second, None);
        check(120, |second| 10_000 + second, None);
        assert_eq!(growth(&[]), None);
    }
}
