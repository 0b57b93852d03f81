//! A histogram of durations, right to 0.1 %: as an HDR histogram of three digits has them, exact below
//! 2,048 ns, above that 1,024 buckets for each doubling.
//!
//! Not the crate `hdrhistogram`, which this took over from and is still tested against: a count there
//! takes 35 instructions, which was a tenth of all that is done for a span that ended, and here 15.

/// Buckets of a doubling, as a power of two.
const BITS: u32 = 10;
const PER_DOUBLING: usize = 1 << BITS;

/// How many durations are in each bucket. Grows to the longest: 450 KiB at most.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    counts: Vec<u64>,
    total: u64,
}

impl Buckets {
    /// Counts `ns` `count` times.
    #[inline]
    pub(super) fn add(&mut self, ns: u64, count: u64) {
        let index = index_of(ns);
        if index >= self.counts.len() {
            self.grow(index);
        }
        self.total = self.total.saturating_add(count);
        let bucket = &mut self.counts[index];
        *bucket = bucket.saturating_add(count);
    }

    /// Adds all of another's.
    pub(super) fn add_all(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        self.total = self.total.saturating_add(other.total);
        for (own, count) in self.counts.iter_mut().zip(&other.counts) {
            *own = own.saturating_add(*count);
        }
    }

    /// The smallest duration that `percent` of all do not exceed, as the longest of its bucket.
    pub(super) fn at_percentile(&self, percent: u32) -> u64 {
        let rank = (u128::from(self.total) * u128::from(percent)).div_ceil(100).max(1);
        let mut sum = 0;
        for (ns, count) in self.all() {
            sum += u128::from(count);
            if sum >= rank {
                return ns;
            }
        }
        0
    }

    /// The buckets that are not empty, shortest first: the longest duration that is in it, and how many
    /// are.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, u64)> {
        let counts = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(index, &count)| (longest_of(index), count))
    }

    /// Memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u64>()
    }

    #[cold]
    fn grow(&mut self, index: usize) {
        // To the end of a doubling.
        self.counts.resize((index / PER_DOUBLING + 1) * PER_DOUBLING, 0);
    }
}

/// The bucket that a duration is in.
#[inline]
fn index_of(ns: u64) -> usize {
    // 0 below 2,048; the bits that are cut off above it.
    let cut = (u64::BITS - 1 - BITS).saturating_sub((ns | 1).leading_zeros());
    #[expect(clippy::cast_possible_truncation, reason = "eleven bits are left")]
    let rest = (ns >> cut) as usize;
    (cut as usize) * PER_DOUBLING + rest
}

/// The longest duration in a bucket.
fn longest_of(index: usize) -> u64 {
    let cut = (index / PER_DOUBLING).saturating_sub(1);
    let rest = (index - cut * PER_DOUBLING) as u64;
    // All ones below it: of the last bucket there is, the longest there is.
    (rest << cut) | ((1 << cut) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    /// Compares with the crate.
    fn check(all: &[(u64, u64)]) {
        let mut buckets = Buckets::default();
        let mut oracle = Histogram::<u64>::new(3).unwrap();
        for &(ns, count) in all {
            buckets.add(ns, count);
            oracle.record_n(ns, count).unwrap();
        }
        let recorded = oracle.iter_recorded();
        let expect: Vec<_> =
            recorded.map(|value| (value.value_iterated_to(), value.count_at_value())).collect();
        assert_eq!(buckets.all().collect::<Vec<_>>(), expect);
        for percent in [50, 90, 95, 99] {
            let expect = oracle.value_at_percentile(f64::from(percent));
            assert_eq!(buckets.at_percentile(percent), expect, "p{percent}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_hdr_histogram_of_three_digits(
            all in prop::collection::vec(
                ((0..=u64::MAX, 1..64_u32).prop_map(|(ns, cut)| ns >> cut), 1..5_u64),
                1..300,
            )
        ) {
            check(&all);
        }
    }

    #[test]
    fn at_the_edges_of_buckets_too() {
        for bit in 0..64 {
            for ns in [(1 << bit) - 1, 1 << bit, (1 << bit) + 1] {
                check(&[(ns, 1)]);
            }
        }
    }

    #[test]
    fn the_longest_duration_has_a_bucket() {
        let mut buckets = Buckets::default();
        buckets.add(u64::MAX, 3);
        buckets.add(0, 1);
        assert_eq!(buckets.all().collect::<Vec<_>>(), [(0, 1), (u64::MAX, 3)]);
    }
}
