//! How much one call says of the next: batch means over time.
//!
//! Calls are slow for a while and fast for a while (another program runs, a cache is warm), so a thousand of them
//! tell less than a thousand independent ones. Time is cut into at most 64 equal slices; were calls
//! independent, the means of slices would differ by as much as the spread of single calls makes them, and by how much
//! more they do is by how much fewer calls these are worth.

use crate::event::LogTime;

/// Slices that are kept.
const MOST: u64 = 64;
/// log2 of the ns of the first slices: 16 µs.
const NARROWEST: u32 = 14;
/// Fewer slices cannot tell: then the calls are worth no more than there are slices.
const LEAST: usize = 8;

/// Sums over time. They stand on a fixed grid, so that the order in which calls are added does not matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Slices {
    /// log2 of a slice's ns, less [`NARROWEST`].
    widened: u32,
    /// The number of the first slice.
    first: u64,
    /// Calls, and the sum of their scores.
    sums: Vec<(u64, u64)>,
}

impl Slices {
    /// Adds `count` calls that ended `at`, all of one score.
    #[inline]
    pub(super) fn add(&mut self, at: LogTime, score: u64, count: u64) {
        self.put(at.0, (count, score.saturating_mul(count)));
    }

    pub(super) fn merge(&mut self, other: &Self) {
        while self.widened < other.widened {
            self.widen();
        }
        for (index, &sums) in other.sums.iter().enumerate() {
            if sums.0 > 0 {
                self.put((other.first + index as u64) << (NARROWEST + other.widened), sums);
            }
        }
    }

    fn put(&mut self, at_ns: u64, (count, sum): (u64, u64)) {
        let place = loop {
            let slice = at_ns >> (NARROWEST + self.widened);
            if self.sums.is_empty() {
                self.first = slice;
            }
            let first = self.first.min(slice);
            let behind = (self.first + self.sums.len() as u64).max(slice + 1);
            if behind - first <= MOST {
                break self.room(slice);
            }
            self.widen();
        };
        let slice = &mut self.sums[place];
        *slice = (slice.0.saturating_add(count), slice.1.saturating_add(sum));
    }

    /// Where a slice is, which is made if it is not there.
    #[inline]
    fn room(&mut self, slice: u64) -> usize {
        if slice < self.first {
            for _ in slice..self.first {
                self.sums.insert(0, (0, 0));
            }
            self.first = slice;
        }
        // Both are less than 64 apart.
        let place = usize::try_from(slice - self.first).unwrap_or(0);
        if place >= self.sums.len() {
            self.sums.resize(place + 1, (0, 0));
        }
        place
    }

    /// Makes slices twice as wide.
    fn widen(&mut self) {
        let first = self.first >> 1;
        let mut wider: Vec<(u64, u64)> = Vec::new();
        for (index, (count, sum)) in self.sums.iter().enumerate() {
            let place = usize::try_from(((self.first + index as u64) >> 1) - first).unwrap_or(0);
            if place >= wider.len() {
                wider.resize(place + 1, (0, 0));
            }
            wider[place] =
                (wider[place].0.saturating_add(*count), wider[place].1.saturating_add(*sum));
        }
        (self.first, self.sums, self.widened) = (first, wider, self.widened + 1);
    }

    /// As many independent calls tell as much; `variance` is that of the scores.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn independent(&self, variance: f64) -> f64 {
        let slices = || self.sums.iter().filter(|(count, _)| *count > 0);
        let calls: f64 = slices().map(|(count, _)| *count as f64).sum();
        let sum: f64 = slices().map(|(_, sum)| *sum as f64).sum();
        let used = slices().count();
        if used < LEAST {
            return calls.min(used as f64);
        }
        // All but the same.
        if variance < 1e-9 {
            return calls;
        }
        let mean = sum / calls;
        let squares = slices().map(|(count, sum)| {
            let off = *sum as f64 - *count as f64 * mean;
            off * off
        });
        let used = used as f64;
        let between = squares.sum::<f64>() * used / (used - 1.0) / calls;
        calls / (between / variance).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// What calls are worth, one a millisecond, with these scores.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn worth(scores: impl Iterator<Item = u64> + Clone) -> f64 {
        let mut slices = Slices::default();
        for (index, score) in scores.clone().enumerate() {
            slices.add(LogTime(index as u64 * MS), score, 1);
        }
        let count = scores.clone().count() as f64;
        let mean = scores.clone().sum::<u64>() as f64 / count;
        let variance = scores.map(|score| (score as f64 - mean).powi(2)).sum::<f64>() / count;
        assert!(slices.sums.len() <= 64);
        slices.independent(variance)
    }

    /// Numbers that look random, from 0 to 999.
    fn random(index: u64) -> u64 {
        let mixed = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ mixed >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ mixed >> 29) % 1_000
    }

    #[test]
    fn independent_calls_are_worth_what_they_are() {
        let worth = worth((0..6_400).map(random));
        assert!((3_500.0..=6_400.0).contains(&worth), "{worth}");
    }

    #[test]
    fn calls_that_are_slow_for_a_while_are_worth_fewer() {
        // In the second half all take longer by as much as they differ.
        let worth = worth((0..6_400).map(|index| random(index) + index / 3_200 * 1_000));
        assert!(worth < 200.0, "{worth}");
    }

    #[test]
    fn a_burst_is_worth_little() {
        let mut slices = Slices::default();
        for index in 0..1_000 {
            slices.add(LogTime(5 * MS + index), random(index), 1);
        }
        assert!(slices.independent(1e5) <= 2.0);
        assert!(Slices::default().independent(1.0) < 1e-9);
    }

    #[test]
    fn the_order_of_calls_does_not_matter() {
        let all: Vec<u64> = (0..1_000).map(|index| index * index * MS).collect();
        let (mut forward, mut backward) = (Slices::default(), Slices::default());
        for (&at, &last) in all.iter().zip(all.iter().rev()) {
            forward.add(LogTime(at), at % 97, 1);
            backward.add(LogTime(last), last % 97, 1);
        }
        assert_eq!(forward.sums, backward.sums);
        assert_eq!((forward.first, forward.widened), (backward.first, backward.widened));
        forward.add(LogTime(u64::MAX), 1, 1);
        assert!(forward.sums.len() <= 64);
    }
}
