//! Calls that were counted instead of being recorded one by one, and how their durations are divided: whoever
//! counts calls and whoever reads the counts does it the same way.
//!
//! Every power of two is cut into 32 equal buckets, so a bucket is at most 3.1 % wide; below 64 ns
//! each nanosecond has its own. All of `u64` takes 1,920 buckets, so an index fits `u16`. (HDR
//! histograms are finer and larger: 3 digits cost a hundred kilobytes a function, too much in the
//! profiled process.)

use super::PathId;
use serde::{Deserialize, Serialize};

/// Calls of one thread, from one place in the call tree, that were counted and timed but not recorded one by
/// one. What is recorded of the same path is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Their place in the call tree.
    pub path: PathId,
    /// How many.
    pub calls: u64,
    /// Of those, how many returned an `Err`.
    pub errors: u64,
    /// Of those, how many unwound.
    pub panics: u64,
    /// Of those, how many were dropped before they were done: async ones.
    pub cancelled: u64,
    /// Their time together, ns.
    pub total_ns: u64,
    /// Of that, time in child spans, ns. Of an async function all of it: what it worked itself stands in its
    /// [`Polls`](super::LogEntry::Polls).
    pub child_ns: u64,
    /// The shortest, ns.
    pub min_ns: u64,
    /// The longest, ns.
    pub max_ns: u64,
    /// How many took so long: (bucket, count), ascending; see [`summary_bucket`].
    pub histogram: Vec<(u16, u64)>,
}

/// log2 of the buckets in a power of two.
const SUB_BITS: u32 = 5;
const SUB: u64 = 1 << SUB_BITS;

/// The number of buckets.
pub const SUMMARY_BUCKETS: u16 = 1_920;

/// The bucket a duration falls in: below [`SUMMARY_BUCKETS`], and never falling as `ns` grows.
pub fn summary_bucket(ns: u64) -> u16 {
    let octave = (ns | 1).ilog2().saturating_sub(SUB_BITS);
    let index = u64::from(octave) * SUB + (ns >> octave);
    // At most 59 * 32 + 63.
    u16::try_from(index).unwrap_or(SUMMARY_BUCKETS - 1)
}

/// The shortest and longest durations of a bucket, ns, both inclusive. An index that no writer
/// makes counts as the last bucket.
pub fn summary_bucket_range(bucket: u16) -> (u64, u64) {
    let bucket = u64::from(bucket.min(SUMMARY_BUCKETS - 1));
    let octave = (bucket / SUB).saturating_sub(1);
    let low = (bucket - octave * SUB) << octave;
    (low, low + ((1 << octave) - 1))
}

/// How long the call took that so many of a hundred took no longer than, ns, by a histogram of (bucket, calls) in
/// ascending order: the upper end of its bucket, which is 3.1 % more at most. None of no calls, or beyond 100.
///
/// ```
/// use ferret::event::{summary_bucket, summary_percentile};
///
/// let histogram = [(summary_bucket(10), 99), (summary_bucket(5_000), 1)];
/// assert_eq!(summary_percentile(histogram.into_iter(), 99), Some(10));
/// ```
pub fn summary_percentile(
    histogram: impl Iterator<Item = (u16, u64)> + Clone,
    percent: u32,
) -> Option<u64> {
    let all: u128 = histogram.clone().map(|(_, calls)| u128::from(calls)).sum();
    let rank = (all * u128::from(percent)).div_ceil(100).max(1);
    let mut passed = 0_u128;
    let (bucket, _) = histogram.into_iter().find(|(_, calls)| {
        passed += u128::from(*calls);
        passed >= rank
    })?;
    Some(summary_bucket_range(bucket).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_that_of_the_call_at_its_rank() {
        let histogram = [(3, 50), (7, 49), (summary_bucket(u64::MAX), 1)];
        let at = |percent| summary_percentile(histogram.into_iter(), percent);
        assert_eq!([0, 50, 51, 99].map(at), [Some(3), Some(3), Some(7), Some(7)]);
        assert_eq!((at(100), at(101)), (Some(u64::MAX), None));
        let many = [(1, u64::MAX), (2, u64::MAX)];
        assert_eq!(summary_percentile(many.into_iter(), 75), Some(2));
        assert_eq!(summary_percentile(std::iter::empty(), 50), None);
    }

    #[test]
    fn buckets_are_contiguous_and_hold_what_falls_in_them() {
        let mut next = 0;
        for bucket in 0..SUMMARY_BUCKETS {
            let (low, high) = summary_bucket_range(bucket);
            assert_eq!(low, next);
            assert_eq!(summary_bucket(low), bucket);
            assert_eq!(summary_bucket(high), bucket);
            assert!(high - low <= low / 32);
            next = high.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last bucket ends at u64::MAX");
    }
}
