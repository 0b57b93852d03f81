//! What a process used of the machine, as a curve that can be asked about any stretch of time.

use crate::event::{LogTime, MetricSample};
use std::time::Duration;

/// More points than this are halved.
const MAX_POINTS: usize = 32_768;
/// A reading says nothing about moments further off than this, ns: three missed samples.
const REACH_NS: u64 = 3_000_000_000;

/// One reading.
#[derive(Clone, Copy, Debug)]
struct Point {
    at: u64,
    /// CPU time since the process began.
    cpu_ns: u64,
    /// The highest reading since the point before.
    rss_bytes: Option<u64>,
}

/// CPU time and resident memory of one process over time.
///
/// Bounded: when there are too many points every second one goes, which coarsens CPU time but
/// forgets no peak.
#[derive(Clone, Debug, Default)]
pub(super) struct Usage {
    points: Vec<Point>,
}

/// What a process used in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessUsage {
    /// The most memory it had.
    pub peak_rss_bytes: Option<u64>,
    /// CPU, percent of one core; none where there are not two readings.
    pub avg_cpu_percent: Option<f64>,
}

impl Usage {
    /// Adds a reading. One that goes back in time is left out: there is one sampler a process, so
    /// only a damaged log has any.
    pub(super) fn add(&mut self, at: LogTime, sample: &MetricSample) {
        let last = self.points.last().copied();
        if last.is_some_and(|last| at.0 < last.at) {
            return;
        }
        let (before_ns, since_ns) = last.map_or((0, 0), |last| (last.cpu_ns, at.0 - last.at));
        let cpu_ns = match (sample.cpu_ns, sample.cpu_percent) {
            (Some(cpu_ns), _) => cpu_ns.max(before_ns),
            (None, Some(percent)) => before_ns.saturating_add(scaled(since_ns, percent / 100.0)),
            (None, None) => before_ns,
        };
        self.points.push(Point { at: at.0, cpu_ns, rss_bytes: sample.rss_bytes });
        if self.points.len() > MAX_POINTS {
            self.halve();
        }
    }

    /// CPU time from `start` to `end`, and how much of that stretch it was read for, both ns.
    pub(super) fn cpu(&self, start: u64, end: u64) -> (u64, u64) {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return (0, 0);
        };
        let (start, end) = (start.clamp(first.at, last.at), end.clamp(first.at, last.at));
        (self.cpu_at(end).saturating_sub(self.cpu_at(start)), end - start)
    }

    /// The highest memory from `start` to `end`: of the readings in it, and of the nearest before
    /// and after it if they are no further than three seconds off.
    pub(super) fn peak_rss(&self, start: u64, end: u64) -> Option<u64> {
        let from = self.points.partition_point(|point| point.at < start);
        let to = self.points.partition_point(|point| point.at <= end);
        let inside = self.points[from..to].iter().filter_map(|point| point.rss_bytes).max();
        let before = from.checked_sub(1).map(|index| self.points[index]);
        let after = self.points.get(to).copied();
        // Memory moves between two readings as a line: at the stretch's ends it lies between the
        // readings on both sides.
        let edge = |at: u64, left: Option<Point>, right: Option<Point>| {
            let left = left.filter(|point| at - point.at <= REACH_NS);
            let right = right.filter(|point| point.at - at <= REACH_NS);
            match (left, right) {
                (Some(left), Some(right)) => {
                    Some(between((left.at, left.rss_bytes?), (right.at, right.rss_bytes?), at))
                }
                (Some(only), None) | (None, Some(only)) => only.rss_bytes,
                (None, None) => None,
            }
        };
        let first_after_start = self.points.get(from).copied();
        let last_before_end = to.checked_sub(1).map(|index| self.points[index]);
        let at_start = edge(start, before, first_after_start);
        let at_end = edge(end, last_before_end, after);
        [inside, at_start, at_end].into_iter().flatten().max()
    }

    /// From `start` to `end`.
    pub(super) fn between(&self, start: LogTime, end: LogTime) -> ProcessUsage {
        let (cpu_ns, known_ns) = self.cpu(start.0, end.0);
        let peak_rss_bytes = self.peak_rss(start.0, end.0);
        ProcessUsage { peak_rss_bytes, avg_cpu_percent: percent(cpu_ns, known_ns) }
    }

    fn cpu_at(&self, at: u64) -> u64 {
        let index = self.points.partition_point(|point| point.at <= at);
        let left = index.checked_sub(1).map(|index| self.points[index]);
        match (left, self.points.get(index)) {
            (Some(left), Some(right)) => {
                between((left.at, left.cpu_ns), (right.at, right.cpu_ns), at)
            }
            (Some(only), None) => only.cpu_ns,
            (None, right) => right.map_or(0, |only| only.cpu_ns),
        }
    }

    fn halve(&mut self) {
        let kept = self.points.chunks(2).map(|pair| {
            let last = pair[pair.len() - 1];
            Point { rss_bytes: pair.iter().filter_map(|point| point.rss_bytes).max(), ..last }
        });
        self.points = kept.collect();
    }
}

/// The value at `at` on the line from `left` to `right`, each (place, value).
fn between(left: (u64, u64), right: (u64, u64), at: u64) -> u64 {
    let (from, to) = (i128::from(left.1), i128::from(right.1));
    let width = i128::from(right.0.saturating_sub(left.0)).max(1);
    let along = i128::from(at.saturating_sub(left.0));
    // Between two values that fit, unless `at` lies outside, which no caller does.
    u64::try_from(from + (to - from) * along / width).unwrap_or(left.1)
}

/// `part` of `whole` in percent; none of nothing.
pub(super) fn percent(part: u64, whole: u64) -> Option<f64> {
    let seconds = |ns| Duration::from_nanos(ns).as_secs_f64();
    (whole > 0).then(|| 100.0 * seconds(part) / seconds(whole))
}

fn scaled(ns: u64, factor: f64) -> u64 {
    Duration::try_from_secs_f64(Duration::from_nanos(ns).as_secs_f64() * factor)
        .map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn usage(points: &[(u64, u64, u64)]) -> Usage {
        let mut usage = Usage::default();
        for &(at, cpu_ns, rss) in points {
            let sample = MetricSample {
                cpu_ns: Some(cpu_ns),
                rss_bytes: Some(rss),
                ..MetricSample::default()
            };
            usage.add(LogTime(at), &sample);
        }
        usage
    }

    #[test]
    fn cpu_time_is_read_off_the_line_between_two_readings() {
        let usage = usage(&[(0, 0, 1), (SECOND, SECOND, 1), (2 * SECOND, SECOND, 1)]);
        assert_eq!(usage.cpu(SECOND / 2, SECOND), (SECOND / 2, SECOND / 2));
        assert_eq!(usage.cpu(SECOND / 2, 2 * SECOND), (SECOND / 2, SECOND * 3 / 2));
    }

    #[test]
    fn what_was_not_read_is_not_counted_as_idle() {
        let usage = usage(&[(SECOND, 0, 1), (2 * SECOND, SECOND, 1)]);
        assert_eq!(usage.cpu(0, 10 * SECOND), (SECOND, SECOND));
        assert_eq!(Usage::default().cpu(0, SECOND), (0, 0));
    }

    #[test]
    fn the_peak_is_the_highest_reading_inside_or_the_line_at_its_ends() {
        let usage = usage(&[(0, 0, 100), (10, 0, 900), (20, 0, 300)]);
        assert_eq!(usage.peak_rss(5, 15), Some(900));
        assert_eq!(usage.peak_rss(15, 16), Some(600));
        assert_eq!(usage.peak_rss(20, 30), Some(300));
        assert_eq!(usage.peak_rss(60 * SECOND, 61 * SECOND), None, "too far from any reading");
    }

    #[test]
    fn cpu_percent_serves_where_cpu_time_is_not_known() {
        let mut usage = Usage::default();
        for second in 0..3 {
            let sample = MetricSample { cpu_percent: Some(150.0), ..MetricSample::default() };
            usage.add(LogTime(second * SECOND), &sample);
        }
        assert_eq!(usage.cpu(0, 2 * SECOND), (3 * SECOND, 2 * SECOND));
    }

    #[test]
    fn halving_forgets_no_peak_and_no_cpu_time() {
        let mut usage = Usage::default();
        let count = MAX_POINTS as u64 * 2;
        for index in 0..count {
            let rss = if index == 1_001 { 5_000 } else { 10 };
            let sample = MetricSample {
                cpu_ns: Some(index * 7),
                rss_bytes: Some(rss),
                ..MetricSample::default()
            };
            usage.add(LogTime(index * 10), &sample);
        }
        assert!(usage.points.len() <= MAX_POINTS);
        assert_eq!(usage.peak_rss(0, count * 10), Some(5_000));
        let (cpu_ns, known_ns) = usage.cpu(0, count * 10);
        assert!(cpu_ns.abs_diff(known_ns * 7 / 10) <= 1);
    }
}
