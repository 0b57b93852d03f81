//! When calls ended and how long they took, from the run's beginning on: a bounded number of
//! buckets, which become twice as wide whenever the run has outgrown them.

use crate::event::{LogTime, Outcome, Summary, summary_bucket, summary_percentile};
use std::collections::BTreeMap;

/// The calls of a run over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverTime {
    /// The first moment; none before the first entry.
    begin: Option<LogTime>,
    width_ns: u64,
    buckets: Vec<Bucket>,
}

/// Calls that ended in one stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bucket {
    calls: u64,
    errors: u64,
    max_ns: u64,
    /// By [`summary_bucket`]: a percentile is right to 3.1 %.
    durations: BTreeMap<u16, u64>,
}

/// Calls that ended in one stretch of time, for a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeColumn {
    /// How many.
    pub calls: u64,
    /// Of those, how many returned an `Err` or unwound.
    pub errors: u64,
    /// 95 of 100 took no longer, ns, to 3.1 %.
    pub p95_ns: u64,
    /// The longest, ns.
    pub max_ns: u64,
}

impl Default for OverTime {
    fn default() -> Self {
        Self { begin: None, width_ns: Self::NARROWEST_NS, buckets: Vec::new() }
    }
}

impl OverTime {
    /// No more buckets are kept.
    pub const BUCKETS: usize = 200;
    /// How wide a bucket is at first, ns.
    pub const NARROWEST_NS: u64 = 100_000_000;

    /// The first moment, if anything was read.
    pub fn begins(&self) -> Option<LogTime> {
        self.begin
    }

    /// The time from the first moment to `now` in at most `columns` columns of equal width, and that
    /// width, ns.
    pub fn columns(&self, now: LogTime, columns: usize) -> (u64, Vec<TimeColumn>) {
        let Some(begin) = self.begin.filter(|_| columns > 0) else { return (0, Vec::new()) };
        let past = usize::try_from(now.since(begin) / self.width_ns).unwrap_or(usize::MAX);
        let count = past.saturating_add(1).max(self.buckets.len());
        let each = count.div_ceil(columns);
        let column = |index: usize| {
            let (from, until) = (index * each, (index + 1).saturating_mul(each));
            let until = until.min(self.buckets.len());
            let buckets = self.buckets.get(from.min(until)..until).unwrap_or_default();
            Bucket::sum(buckets).column()
        };
        let width_ns = self.width_ns.saturating_mul(each as u64);
        (width_ns, (0..count.div_ceil(each)).map(column).collect())
    }

    pub(super) fn begin(&mut self, time: LogTime) {
        self.begin.get_or_insert(time);
    }

    pub(super) fn add(&mut self, end: LogTime, ns: u64, outcome: Outcome) {
        let bucket = self.bucket(end);
        bucket.calls += 1;
        bucket.errors += u64::from(matches!(outcome, Outcome::Err | Outcome::Panicked));
        bucket.max_ns = bucket.max_ns.max(ns);
        *bucket.durations.entry(summary_bucket(ns)).or_default() += 1;
    }

    pub(super) fn add_summary(&mut self, time: LogTime, counted: &Summary) {
        let bucket = self.bucket(time);
        bucket.calls = bucket.calls.saturating_add(counted.calls);
        let errors = counted.errors.saturating_add(counted.panics);
        bucket.errors = bucket.errors.saturating_add(errors);
        bucket.max_ns = bucket.max_ns.max(counted.max_ns);
        for &(class, count) in &counted.histogram {
            let sum = bucket.durations.entry(class).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// The bucket of a moment; the first for one before the beginning, as threads may tell late.
    fn bucket(&mut self, time: LogTime) -> &mut Bucket {
        let after_ns = time.since(*self.begin.get_or_insert(time));
        while after_ns / self.width_ns >= Self::BUCKETS as u64 {
            self.widen();
        }
        // Below the number of buckets.
        let index = usize::try_from(after_ns / self.width_ns).unwrap_or(0);
        if index >= self.buckets.len() {
            self.buckets.resize_with(index + 1, Bucket::default);
        }
        &mut self.buckets[index]
    }

    fn widen(&mut self) {
        self.width_ns = self.width_ns.saturating_mul(2);
        self.buckets = self.buckets.chunks(2).map(Bucket::sum).collect();
    }
}

impl Bucket {
    fn sum(buckets: &[Self]) -> Self {
        let mut sum = Self::default();
        for bucket in buckets {
            sum.add(bucket);
        }
        sum
    }

    fn add(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.errors = self.errors.saturating_add(other.errors);
        self.max_ns = self.max_ns.max(other.max_ns);
        for (&class, &count) in &other.durations {
            let sum = self.durations.entry(class).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    fn column(&self) -> TimeColumn {
        let durations = self.durations.iter().map(|(&class, &count)| (class, count));
        let p95_ns = summary_percentile(durations, 95).map_or(0, |ns| ns.min(self.max_ns));
        TimeColumn { calls: self.calls, errors: self.errors, p95_ns, max_ns: self.max_ns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn every_second(seconds: u64) -> OverTime {
        let mut over = OverTime::default();
        over.begin(LogTime(50 * MS));
        for second in 0..seconds {
            let outcome = if second.is_multiple_of(10) { Outcome::Err } else { Outcome::Ok };
            over.add(LogTime(second * 1_000 * MS + 50 * MS), (second + 1) * MS, outcome);
        }
        over
    }

    #[test]
    fn a_longer_run_has_wider_buckets_and_no_more_of_them() {
        for seconds in [1, 20, 21, 100, 1_000, 100_000] {
            let over = every_second(seconds);
            assert!(over.buckets.len() <= OverTime::BUCKETS, "{}", over.buckets.len());
            let now = LogTime(seconds * 1_000 * MS);
            for count in [1, 2, 7, 80, 300] {
                let (width_ns, columns) = over.columns(now, count);
                assert!(columns.len() <= count && width_ns > 0);
                assert!(width_ns * columns.len() as u64 >= now.since(LogTime(50 * MS)));
                let calls: u64 = columns.iter().map(|column| column.calls).sum();
                let errors: u64 = columns.iter().map(|column| column.errors).sum();
                assert_eq!((calls, errors), (seconds, seconds.div_ceil(10)));
                let max = columns.iter().map(|column| column.max_ns).max();
                assert_eq!(max, Some(seconds * MS));
            }
        }
    }

    #[test]
    fn a_percentile_is_right_to_three_percent_and_silence_has_columns_too() {
        let over = every_second(100);
        let (width_ns, columns) = over.columns(LogTime(399_000 * MS), 4);
        assert_eq!((width_ns, columns.len()), (100_000 * MS, 4));
        assert_eq!((columns[0].calls, columns[0].max_ns), (100, 100 * MS));
        let p95_ms = columns[0].p95_ns / MS;
        assert!((95..=98).contains(&p95_ms), "{p95_ms}");
        assert_eq!(columns[1..], [TimeColumn::default(); 3]);
    }

    #[test]
    fn what_is_told_late_and_nothing_at_all_are_no_trouble() {
        let mut over = OverTime::default();
        assert_eq!(over.columns(LogTime(5), 10), (0, Vec::new()));
        over.begin(LogTime(1_000 * MS));
        over.add(LogTime(0), 5, Outcome::Ok);
        over.add(LogTime(u64::MAX), u64::MAX, Outcome::Panicked);
        let (_, columns) = over.columns(LogTime(0), 5);
        assert_eq!(columns.iter().map(|column| column.calls).sum::<u64>(), 2);
        assert_eq!(over.columns(LogTime(0), 0), (0, Vec::new()));
    }
}
