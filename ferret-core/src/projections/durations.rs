//! How the durations of one group of spans are distributed, in bounded memory.

mod buckets;

use crate::event::{Summary, summary_bucket_range};
use buckets::Buckets;

/// Up to this many durations are kept as they are: 4 KiB, where a histogram takes 20 to 450.
const EXACT: usize = 512;

/// The durations of spans: exact while there are few, a histogram once there are many.
///
/// Up to 512 durations every figure is exact. Above, percentiles are within 0.1 %; the shortest, the longest and the mean stay exact. A histogram grows to at most
/// 450 KiB, whatever it is given.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    few: Vec<u64>,
    many: Option<Box<Buckets>>,
    count: u64,
    sum_ns: u64,
    min_ns: u64,
    max_ns: u64,
}

/// What [`Durations`] add up to. All in ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurationStats {
    /// The mean, rounded down.
    pub mean_ns: u64,
    /// The shortest.
    pub min_ns: u64,
    /// The median: half of the spans took no longer.
    pub p50_ns: u64,
    /// 90 of 100 took no longer.
    pub p90_ns: u64,
    /// 95 of 100 took no longer.
    pub p95_ns: u64,
    /// 99 of 100 took no longer.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl Durations {
    /// Adds one duration.
    #[inline]
    pub fn record(&mut self, ns: u64) {
        if self.count == 0 || ns < self.min_ns {
            self.min_ns = ns;
        }
        self.max_ns = self.max_ns.max(ns);
        self.count += 1;
        self.sum_ns = self.sum_ns.saturating_add(ns);
        match &mut self.many {
            Some(histogram) => histogram.add(ns, 1),
            None => self.record_few(ns),
        }
    }

    /// Adds all of another's.
    pub fn add(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let is_first = self.count == 0;
        self.min_ns = if is_first { other.min_ns } else { self.min_ns.min(other.min_ns) };
        self.max_ns = self.max_ns.max(other.max_ns);
        self.count = self.count.saturating_add(other.count);
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        if other.many.is_some() || self.few.len() + other.few.len() > EXACT {
            self.spill();
        }
        match (&mut self.many, &other.many) {
            (Some(own), Some(others)) => own.add_all(others),
            (Some(own), None) => other.few.iter().for_each(|&ns| own.add(ns, 1)),
            // Were the others many, these would be by now.
            (None, _) => self.few.extend(&other.few),
        }
    }

    /// Adds the calls of a summary: they are where their buckets say, to 3.1 %.
    pub fn record_summary(&mut self, summary: &Summary) {
        let &Summary { total_ns, min_ns, max_ns, histogram: ref buckets, .. } = summary;
        let calls = buckets.iter().fold(0_u64, |sum, &(_, count)| sum.saturating_add(count));
        if calls == 0 {
            return;
        }
        self.min_ns = if self.count == 0 { min_ns } else { self.min_ns.min(min_ns) };
        self.max_ns = self.max_ns.max(max_ns);
        self.count = self.count.saturating_add(calls);
        self.sum_ns = self.sum_ns.saturating_add(total_ns);
        self.spill();
        if let Some(histogram) = &mut self.many {
            for &(bucket, count) in buckets {
                let (low, high) = summary_bucket_range(bucket);
                histogram.add(low + (high - low) / 2, count);
            }
        }
    }

    /// Memory that it takes besides itself, bytes.
    pub fn bytes(&self) -> usize {
        let many = self.many.as_ref().map_or(0, |histogram| histogram.bytes());
        self.few.capacity() * size_of::<u64>() + many
    }

    /// All of them together, ns.
    pub fn sum_ns(&self) -> u64 {
        self.sum_ns
    }

    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What they add up to; `None` if there are none.
    pub fn stats(&self) -> Option<DurationStats> {
        let mean_ns = self.sum_ns.checked_div(self.count)?;
        let mut sorted = self.few.clone();
        sorted.sort_unstable();
        let at = |percent: u32| {
            let ns = match &self.many {
                Some(histogram) => histogram.at_percentile(percent),
                None => sorted[rank(sorted.len(), percent)],
            };
            // A histogram answers with the upper end of its bucket.
            self.bounded(ns)
        };
        Some(DurationStats {
            mean_ns,
            min_ns: self.min_ns,
            p50_ns: at(50),
            p90_ns: at(90),
            p95_ns: at(95),
            p99_ns: at(99),
            max_ns: self.max_ns,
        })
    }

    /// How they are spread: how many lie in each of so many columns, the first beginning at the
    /// shortest and each as many times as long as the one before. All lie in the first few where the
    /// longest is not much longer: a column is never narrower than from 1 to 1.2.
    pub fn shape(&self, columns: usize) -> Vec<u64> {
        let mut shape = vec![0_u64; columns];
        let (low, high) = (log2(self.min_ns), log2(self.max_ns));
        let Some(last) = columns.checked_sub(1) else { return shape };
        #[expect(clippy::cast_precision_loss, reason = "a few columns")]
        let width = ((high - low) / columns as f64).max(NARROWEST);
        let mut put = |ns: u64, count: u64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative; the longest falls in the last"
            )]
            let column = (((log2(ns) - low) / width) as usize).min(last);
            shape[column] = shape[column].saturating_add(count);
        };
        self.all().for_each(|(ns, count)| put(ns, count));
        shape
    }

    /// All durations, as far as they are told apart: each with how many there are.
    pub fn all(&self) -> impl Iterator<Item = (u64, u64)> {
        let many = self.many.iter().flat_map(|histogram| histogram.all());
        // A bucket is told by its upper end.
        let many = many.map(|(ns, count)| (self.bounded(ns), count));
        self.few.iter().map(|&ns| (ns, 1)).chain(many)
    }

    /// No longer than the longest, no shorter than the shortest; a damaged log may say that the one is below the other.
    fn bounded(&self, ns: u64) -> u64 {
        ns.max(self.min_ns).min(self.max_ns)
    }

    fn record_few(&mut self, ns: u64) {
        if self.few.len() < EXACT {
            self.few.push(ns);
        } else {
            self.spill();
            if let Some(histogram) = &mut self.many {
                histogram.add(ns, 1);
            }
        }
    }

    /// Moves what is kept exactly into a histogram.
    fn spill(&mut self) {
        if self.many.is_some() {
            return;
        }
        let mut histogram = Buckets::default();
        for ns in std::mem::take(&mut self.few) {
            histogram.add(ns, 1);
        }
        self.many = Some(Box::new(histogram));
    }
}

/// The narrowest column of a shape: log2 of 1.2.
const NARROWEST: f64 = 0.263;

/// The logarithm; of 0 that of 1, as nothing shorter than a nanosecond is told apart.
#[expect(clippy::cast_precision_loss, reason = "to find a column")]
fn log2(ns: u64) -> f64 {
    (ns.max(1) as f64).log2()
}

/// The index, in a sorted list, of the smallest value that `percent` of all do not exceed.
fn rank(len: usize, percent: u32) -> usize {
    (len * percent as usize).div_ceil(100).clamp(1, len.max(1)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::summary_bucket;
    use proptest::prelude::*;

    /// Compares with the plain way: sort, and take the value at the rank.
    fn check(mut all: Vec<u64>) {
        let mut durations = Durations::default();
        for &ns in &all {
            durations.record(ns);
        }
        all.sort_unstable();
        let Some(stats) = durations.stats() else { return assert!(all.is_empty()) };
        let sum: u64 = all.iter().sum();
        assert_eq!(stats.mean_ns, sum / all.len() as u64);
        assert_eq!((stats.min_ns, stats.max_ns), (all[0], all[all.len() - 1]));
        let close = |got: u64, percent: u32| {
            let want = all[rank(all.len(), percent)];
            let slack = if all.len() > EXACT { want / 1000 + 1 } else { 0 };
            assert!(got.abs_diff(want) <= slack, "p{percent}: {got} is not {want}");
        };
        close(stats.p50_ns, 50);
        close(stats.p90_ns, 90);
        close(stats.p95_ns, 95);
        close(stats.p99_ns, 99);
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_the_sorted_list(
            all in prop::collection::vec(prop_oneof![0..100_u64, 0..10_000_000_000_u64], 0..1500)
        ) {
            check(all);
        }
    }

    #[test]
    fn nothing_recorded_has_no_stats() {
        assert_eq!(Durations::default().stats(), None);
    }

    #[test]
    fn a_shape_has_every_duration_in_columns_of_equal_ratio() {
        let shape = |all: &[u64]| {
            let mut durations = Durations::default();
            for &ns in all {
                durations.record(ns);
            }
            durations.shape(4)
        };
        assert_eq!(shape(&[]), [0, 0, 0, 0]);
        assert_eq!(shape(&[1, 9, 11, 99, 101, 999, 1_001, 10_000]), [2, 2, 2, 2]);
        assert_eq!(shape(&[1_000, 1_001, 1_100]), [3, 0, 0, 0], "much the same");
        assert_eq!(shape(&[0, u64::MAX]), [1, 0, 0, 1]);
        let many: Vec<u64> = (0..2 * EXACT as u64).map(|index| 1 + index % 2 * 9_999).collect();
        assert_eq!(shape(&many), [EXACT as u64, 0, 0, EXACT as u64]);
    }

    #[test]
    fn the_longest_durations_there_are_do_not_upset_it() {
        let mut durations = Durations::default();
        for _ in 0..2 * EXACT {
            durations.record(u64::MAX);
        }
        let stats = durations.stats().unwrap();
        assert_eq!((stats.p99_ns, stats.max_ns), (u64::MAX, u64::MAX));
    }

    #[test]
    fn a_summary_counts_like_its_calls() {
        let mut durations = Durations::default();
        durations.record(1_000_000);
        durations.record_summary(&Summary {
            calls: 99,
            total_ns: 99 * 1_000,
            min_ns: 1_000,
            max_ns: 1_000,
            histogram: vec![(summary_bucket(1_000), 99)],
            ..Summary::default()
        });
        let stats = durations.stats().unwrap();
        assert_eq!(durations.count(), 100);
        assert_eq!((stats.min_ns, stats.max_ns), (1_000, 1_000_000));
        assert!(stats.p50_ns.abs_diff(1_000) <= 32);
        assert_eq!(stats.mean_ns, (1_000_000 + 99_000) / 100);
    }
}
