//! What the calls of one function by one process came to in a slot of time, in a form that is kept and added
//! up: counts, and a histogram in the buckets of [`summary_bucket`].

use ferret::event::{summary_bucket, summary_percentile};
use ferret::projections::{Calls, DurationStats, FunctionCalls};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Calls, added up. `total_ns` counts recursion once, as in [`Calls`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallsRow {
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) cancelled: u64,
    pub(crate) unknown: u64,
    pub(crate) total_ns: u64,
    pub(crate) self_ns: u64,
    min_ns: u64,
    max_ns: u64,
    /// How long all of them took together, ns: other than `total_ns`, also calls within calls of itself.
    sum_ns: u64,
    /// (bucket, calls), ascending.
    histogram: Vec<(u16, u64)>,
}

impl CallsRow {
    /// What `calls` counted of one function.
    pub(crate) fn of(calls: &Calls, function: &FunctionCalls) -> Self {
        let totals = function.totals;
        let mut row = Self {
            calls: totals.calls,
            errors: totals.errors,
            panics: totals.panics,
            cancelled: totals.cancelled,
            unknown: totals.unknown,
            total_ns: totals.total_ns,
            self_ns: totals.self_ns,
            ..Self::default()
        };
        let (Some(stats), Some(durations)) = (function.durations, calls.durations(function.id))
        else {
            return row;
        };
        (row.min_ns, row.max_ns) = (stats.min_ns, stats.max_ns);
        row.sum_ns = durations.sum_ns();
        let mut histogram: BTreeMap<u16, u64> = BTreeMap::new();
        for (ns, count) in durations.all() {
            *histogram.entry(summary_bucket(ns)).or_default() += count;
        }
        row.histogram = histogram.into_iter().collect();
        row
    }

    /// Whether there is anything in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls == 0 && self.unknown == 0 && self.self_ns == 0
    }

    /// Adds calls of the same function.
    pub(crate) fn add(&mut self, other: &Self) {
        if !other.histogram.is_empty() {
            let is_first = self.histogram.is_empty();
            self.min_ns = if is_first { other.min_ns } else { self.min_ns.min(other.min_ns) };
            self.max_ns = self.max_ns.max(other.max_ns);
            self.histogram = merged(&self.histogram, &other.histogram);
        }
        self.calls = self.calls.saturating_add(other.calls);
        self.errors = self.errors.saturating_add(other.errors);
        self.panics = self.panics.saturating_add(other.panics);
        self.cancelled = self.cancelled.saturating_add(other.cancelled);
        self.unknown = self.unknown.saturating_add(other.unknown);
        self.total_ns = self.total_ns.saturating_add(other.total_ns);
        self.self_ns = self.self_ns.saturating_add(other.self_ns);
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
    }

    /// How long the calls took, percentiles within 3.1 %; none if no call has ended.
    pub(crate) fn durations(&self) -> Option<DurationStats> {
        let counted =
            self.histogram.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
        let mean_ns = self.sum_ns.checked_div(counted)?;
        let at = |percent| {
            let ns = summary_percentile(self.histogram.iter().copied(), percent);
            ns.unwrap_or_default().max(self.min_ns).min(self.max_ns)
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
}

fn merged(one: &[(u16, u64)], other: &[(u16, u64)]) -> Vec<(u16, u64)> {
    let mut all = Vec::with_capacity(one.len().max(other.len()));
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    loop {
        let (bucket, count) = match (one.peek(), other.peek()) {
            (Some(&&(a, n)), Some(&&(b, m))) if a == b => {
                one.next();
                other.next();
                (a, n.saturating_add(m))
            }
            (Some(&&(a, n)), Some(&&(b, _))) if a < b => {
                one.next();
                (a, n)
            }
            (Some(&&(a, n)), None) => {
                one.next();
                (a, n)
            }
            (_, Some(&&(b, m))) => {
                other.next();
                (b, m)
            }
            (None, None) => return all,
        };
        all.push((bucket, count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(all: &[u64]) -> CallsRow {
        let mut row = CallsRow::default();
        for &ns in all {
            row.add(&CallsRow {
                calls: 1,
                min_ns: ns,
                max_ns: ns,
                sum_ns: ns,
                histogram: vec![(summary_bucket(ns), 1)],
                ..CallsRow::default()
            });
        }
        row
    }

    #[test]
    fn rows_add_up_to_what_all_calls_in_one_would_be() {
        let (one, other) = ([5, 1_000, 70_000, 5], [900_000, 5, 71_000]);
        let mut sum = row(&one);
        sum.add(&row(&other));
        assert_eq!(sum, row(&[one.as_slice(), other.as_slice()].concat()));
        let before = sum.clone();
        sum.add(&CallsRow::default());
        assert_eq!(sum, before);
    }

    #[test]
    fn percentiles_are_within_a_bucket_of_the_sorted_list() {
        let mut all: Vec<u64> = (0..1_000).map(|index| 1_000 + index * index * 37).collect();
        let spread = row(&all).durations().unwrap();
        all.sort_unstable();
        for (got, percent) in [(spread.p50_ns, 50), (spread.p95_ns, 95), (spread.p99_ns, 99)] {
            let want = all[all.len() * percent / 100 - 1];
            assert!(got >= want && got - want <= want / 31, "p{percent}: {got} is not {want}");
        }
        assert_eq!((spread.min_ns, spread.max_ns), (all[0], all[999]));
        assert_eq!(CallsRow::default().durations(), None);
    }
}
