//! Durations in few numbers: a histogram of 128 buckets for each doubling, which is exact below 256 ns and
//! to 0.4 % above, as long as the spread is wide.

use super::slices::Slices;
use crate::event::LogTime;

/// log2 of the buckets of a doubling.
const BITS: u32 = 7;
const PER_DOUBLING: usize = 1 << BITS;
/// Buckets of a page: half a doubling.
const PAGE: usize = 64;
/// A distribution has as many pairs as there are, up to this; or the shares of all below.
const FEW: usize = 48;
/// Neighbours of a distribution are laid together up to this share of all calls, ...
const SHARE: u64 = 32;
/// ... and of the longest tenth up to this, so that a 95th percentile can be told from it.
const SHARE_OF_LONGEST: u64 = 200;

/// The durations of calls.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    /// Pages of buckets, up to the last one used; a page without a call takes no memory.
    pages: Vec<Option<Box<[u64; PAGE]>>>,
    slices: Slices,
}

/// What a sketch comes down to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// Durations, shortest first, and how many calls took so long: 32 to about 80 pairs, or all that differ. What is
    /// rare is laid together with its neighbours, at their mean.
    pub pairs: Vec<(u64, u64)>,
    /// As many calls, if each said nothing of the next, would tell the middle as well as these do: fewer than there
    /// are where calls were slow, or fast, for a while.
    pub independent: f64,
}

impl Sketch {
    /// Adds `count` calls that took `ns` and ended about `at`.
    #[inline]
    pub fn record(&mut self, at: LogTime, ns: u64, count: u64) {
        let index = index_of(ns);
        self.add(index, count);
        self.slices.add(at, index as u64, count);
    }

    /// Adds the calls of another.
    pub fn merge(&mut self, other: &Self) {
        for (index, count) in other.buckets() {
            self.add(index, count);
        }
        self.slices.merge(&other.slices);
    }

    /// How many calls there are.
    pub fn count(&self) -> u64 {
        self.buckets().fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// The shortest duration that `percent` of all do not exceed; none of none.
    pub fn percentile(&self, percent: u32) -> Option<u64> {
        let rank = (u128::from(self.count()) * u128::from(percent)).div_ceil(100).max(1);
        let mut sum = 0;
        self.buckets().find_map(|(index, count)| {
            sum += u128::from(count);
            (sum >= rank).then(|| middle_of(index))
        })
    }

    /// In few numbers.
    pub fn distribution(&self) -> Distribution {
        let all = self.count();
        let variance = self.variance();
        let independent = self.slices.independent(variance);
        let is_few = self.buckets().take(FEW + 1).count() <= FEW;
        let mut pairs = Vec::new();
        let (mut sum, mut weighed, mut passed) = (0_u64, 0_u128, 0_u64);
        for (index, count) in self.buckets() {
            let shares = if passed < all / 10 * 9 { SHARE } else { SHARE_OF_LONGEST };
            // What is not rare stands for itself.
            if sum > 0 && (is_few || count > all / shares || sum + count > all / shares) {
                pairs.push((mean(weighed, sum), sum));
                (sum, weighed) = (0, 0);
            }
            sum = sum.saturating_add(count);
            weighed += u128::from(middle_of(index)) * u128::from(count);
            passed = passed.saturating_add(count);
        }
        if sum > 0 {
            pairs.push((mean(weighed, sum), sum));
        }
        Distribution { pairs, independent }
    }

    /// That of the buckets' numbers, which grow as logarithms do.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn variance(&self) -> f64 {
        let all = self.count().max(1) as f64;
        let mean: f64 = self.buckets().map(|(index, count)| index as f64 * count as f64).sum();
        let mean = mean / all;
        let squares = self.buckets().map(|(index, count)| {
            let off = index as f64 - mean;
            off * off * count as f64
        });
        squares.sum::<f64>() / all
    }

    /// The buckets that are not empty, shortest first.
    fn buckets(&self) -> impl Iterator<Item = (usize, u64)> {
        let used =
            self.pages.iter().enumerate().filter_map(|(at, page)| Some((at, page.as_ref()?)));
        used.flat_map(|(at, page)| {
            let counts = page.iter().enumerate().filter(|(_, count)| **count > 0);
            counts.map(move |(place, count)| (at * PAGE + place, *count))
        })
    }

    #[inline]
    fn add(&mut self, index: usize, count: u64) {
        let at = index / PAGE;
        if at >= self.pages.len() {
            self.pages.resize(at + 1, None);
        }
        let page = self.pages[at].get_or_insert_with(|| Box::new([0; PAGE]));
        let bucket = &mut page[index % PAGE];
        *bucket = bucket.saturating_add(count);
    }
}

fn mean(weighed: u128, count: u64) -> u64 {
    u64::try_from(weighed / u128::from(count.max(1))).unwrap_or(u64::MAX)
}

/// The bucket that a duration is in.
#[inline]
fn index_of(ns: u64) -> usize {
    let cut = (u64::BITS - 1 - BITS).saturating_sub((ns | 1).leading_zeros());
    #[expect(clippy::cast_possible_truncation, reason = "eight bits are left")]
    let rest = (ns >> cut) as usize;
    (cut as usize) * PER_DOUBLING + rest
}

/// The duration in the middle of a bucket.
fn middle_of(index: usize) -> u64 {
    let cut = (index / PER_DOUBLING).saturating_sub(1);
    let rest = (index - cut * PER_DOUBLING) as u64;
    (rest << cut) | ((1 << cut) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sketch(all: &[u64]) -> Sketch {
        let mut sketch = Sketch::default();
        for (index, &ns) in all.iter().enumerate() {
            sketch.record(LogTime(index as u64 * 1_000_000), ns, 1);
        }
        sketch
    }

    proptest! {
        #[test]
        fn a_bucket_is_at_most_as_wide_as_it_says(ns in 0..=u64::MAX, cut in 0..64_u32) {
            let ns = ns >> cut;
            let off = middle_of(index_of(ns)).abs_diff(ns);
            prop_assert!(off <= ns / 256 + u64::from(ns > 255), "{ns}: {off}");
        }

        #[test]
        fn percentiles_are_those_of_the_sorted_list(
            mut all in prop::collection::vec(0..10_000_000_u64, 1..400)
        ) {
            let sketch = sketch(&all);
            all.sort_unstable();
            for percent in [50, 95] {
                let want = all[(all.len() * percent).div_ceil(100) - 1];
                let got = sketch.percentile(u32::try_from(percent).unwrap()).unwrap();
                prop_assert!(got.abs_diff(want) <= want / 200 + 1, "p{percent}: {got} is not {want}");
            }
        }

        #[test]
        fn a_distribution_has_every_call_and_their_sum(
            all in prop::collection::vec((1..20_u32).prop_map(|cut| 10_000_000 >> cut), 1..2_000)
        ) {
            let all: Vec<u64> = all.iter().enumerate().map(|(i, ns)| ns + i as u64 * 37).collect();
            let Distribution { pairs, .. } = sketch(&all).distribution();
            prop_assert_eq!(pairs.iter().map(|(_, count)| count).sum::<u64>(), all.len() as u64);
            prop_assert!(pairs.len() <= 120, "{}", pairs.len());
            prop_assert!(pairs.is_sorted());
            let (sum, want) = (pairs.iter().map(|(ns, n)| ns * n).sum::<u64>(), all.iter().sum::<u64>());
            prop_assert!(sum.abs_diff(want) <= want / 100 + all.len() as u64, "{sum} is not {want}");
        }

        #[test]
        fn parts_that_are_merged_are_the_whole(all in prop::collection::vec(0..100_000_u64, 0..300), at in 0..300_usize) {
            let at = at.min(all.len());
            let whole = sketch(&all);
            let mut merged = Sketch::default();
            for (index, &ns) in all.iter().enumerate().skip(at) {
                merged.record(LogTime(index as u64 * 1_000_000), ns, 1);
            }
            merged.merge(&sketch(&all[..at]));
            prop_assert_eq!(merged.distribution(), whole.distribution());
        }
    }

    #[test]
    fn the_longest_and_the_shortest_have_a_place() {
        let spread = sketch(&[u64::MAX, 0]).distribution();
        assert_eq!(spread.pairs[0], (0, 1));
        assert!(spread.pairs[1].0 > u64::MAX / 256 * 255);
        assert_eq!(Sketch::default().percentile(50), None);
    }
}
