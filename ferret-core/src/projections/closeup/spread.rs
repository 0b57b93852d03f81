//! How long calls took, in classes that people read without thinking: 1, 2 and 5 of every power of
//! ten.

use crate::event::{Summary, summary_bucket_range};

/// The first durations, ns, of the classes behind the first: 1, 2, 5, 10, 20, 50 … 10^19.
const CLASSES: usize = 58;

/// The calls of each class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// By class; the first has what took no time.
    counts: [u64; CLASSES + 1],
}

/// A class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpreadClass {
    /// The shortest duration in it, ns.
    pub from_ns: u64,
    /// The shortest that is not in it any more, ns.
    pub until_ns: u64,
    /// Calls.
    pub count: u64,
}

impl Default for Spread {
    fn default() -> Self {
        Self { counts: [0; CLASSES + 1] }
    }
}

impl Spread {
    /// The classes from the shortest call's to the longest's.
    pub fn classes(&self) -> Vec<SpreadClass> {
        let has_any = |count: &u64| *count > 0;
        let (Some(first), Some(last)) =
            (self.counts.iter().position(has_any), self.counts.iter().rposition(has_any))
        else {
            return Vec::new();
        };
        let class = |index: usize| SpreadClass {
            from_ns: if index == 0 { 0 } else { bound(index - 1) },
            until_ns: if index < CLASSES { bound(index) } else { u64::MAX },
            count: self.counts[index],
        };
        (first..=last).map(class).collect()
    }

    pub(super) fn add(&mut self, ns: u64, count: u64) {
        let class = &mut self.counts[class_of(ns)];
        *class = class.saturating_add(count);
    }

    /// Calls that were counted are where the middle of their bucket is, to 1.6 %.
    pub(super) fn add_summary(&mut self, counted: &Summary) {
        for &(bucket, count) in &counted.histogram {
            let (low, high) = summary_bucket_range(bucket);
            self.add(low + (high - low) / 2, count);
        }
    }
}

/// Where class `index + 1` begins, ns.
fn bound(index: usize) -> u64 {
    let step = [1, 2, 5][index % 3];
    let power = u32::try_from(index / 3).unwrap_or(u32::MAX);
    10_u64.saturating_pow(power).saturating_mul(step)
}

fn class_of(ns: u64) -> usize {
    // `ilog10` gives the first of the three that may be it.
    let Some(power) = ns.checked_ilog10() else { return 0 };
    let first = power as usize * 3;
    first + (first..first + 3).filter(|&index| index < CLASSES && bound(index) <= ns).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::summary_bucket;

    #[test]
    fn every_duration_is_in_its_class() {
        let samples = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        let bounds = (0..CLASSES).flat_map(|index| [bound(index) - 1, bound(index)]);
        for ns in samples.chain(bounds).chain([u64::MAX]) {
            let mut spread = Spread::default();
            spread.add(ns, 3);
            let classes = spread.classes();
            let [SpreadClass { from_ns, until_ns, count: 3 }] = classes[..] else {
                panic!("{ns}: {classes:?}")
            };
            assert!(from_ns <= ns && (ns < until_ns || until_ns == u64::MAX), "{ns}: {classes:?}");
        }
    }

    #[test]
    fn classes_between_the_shortest_and_the_longest_are_shown_empty() {
        let mut spread = Spread::default();
        assert_eq!(spread.classes(), []);
        spread.add(3, 1);
        let histogram = vec![(summary_bucket(25), 7)];
        spread.add_summary(&Summary { histogram, ..Summary::default() });
        let classes = spread.classes().into_iter().map(|c| (c.from_ns, c.until_ns, c.count));
        let classes: Vec<_> = classes.collect();
        assert_eq!(classes, [(2, 5, 1), (5, 10, 0), (10, 20, 0), (20, 50, 7)]);
    }
}
