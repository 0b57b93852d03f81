//! The slowest single spans: so many of them, however many there are.

use super::live::Said;
use crate::event::{EndedSpan, LogIndex, Outcome, SpanId};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// The slowest spans that were offered. Which they are does not depend on the order in which they were,
/// so each core can keep its own, to be merged.
#[derive(Clone, Debug, Default)]
pub struct Slowest {
    most: usize,
    /// The shortest of them on top.
    heap: BinaryHeap<Reverse<SlowSpan>>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct SlowSpan {
    /// Its process.
    pub log: LogIndex,
    /// The span.
    pub ended: EndedSpan,
    /// What it said, where that was known when it was offered.
    pub said: Option<Said>,
}

impl Slowest {
    /// Keeps so many.
    pub fn new(most: usize) -> Self {
        Self { most, heap: BinaryHeap::new() }
    }

    /// How many it keeps.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Whether a span would be among them by now: asked first where it costs to know more of it.
    #[inline]
    pub fn wants(&self, span: &EndedSpan) -> bool {
        let is_slow =
            || self.heap.peek().is_none_or(|Reverse(least)| span.ns() >= least.ended.ns());
        span.outcome != Outcome::Unknown && (self.heap.len() < self.most || is_slow())
    }

    /// Takes a span that ended.
    #[inline]
    pub fn offer(&mut self, log: LogIndex, span: &EndedSpan, said: impl FnOnce() -> Option<Said>) {
        if self.most > 0 && self.wants(span) {
            self.add(SlowSpan { log, ended: *span, said: said() });
        }
    }

    /// Takes those of another.
    pub fn merge(&mut self, other: Self) {
        other.heap.into_iter().for_each(|Reverse(span)| self.add(span));
    }

    /// The slowest first; of equals the one that began first.
    pub fn into_sorted(self) -> Vec<SlowSpan> {
        let mut spans: Vec<_> = self.heap.into_iter().map(|Reverse(span)| span).collect();
        spans.sort_by(|left, right| right.cmp(left));
        spans
    }

    /// Takes one that another had.
    pub fn add(&mut self, span: SlowSpan) {
        self.heap.push(Reverse(span));
        if self.heap.len() > self.most {
            self.heap.pop();
        }
    }
}

impl SlowSpan {
    /// The slowest is the greatest.
    fn rank(&self) -> (u64, Reverse<(crate::event::LogTime, LogIndex, SpanId)>) {
        (self.ended.ns(), Reverse((self.ended.start, self.log, self.ended.span)))
    }
}

impl Ord for SlowSpan {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for SlowSpan {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SlowSpan {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SlowSpan {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{LogTime, PathId, Position, ThreadId};
    use proptest::prelude::*;

    fn span(index: u64, ns: u64) -> EndedSpan {
        let thread = ThreadId(1);
        EndedSpan {
            span: SpanId { thread, start: Position(index) },
            thread,
            path: PathId(1),
            start: LogTime(index),
            end: LogTime(index + ns),
            child_ns: 0,
            outcome: Outcome::Ok,
        }
    }

    fn sorted(slowest: Slowest) -> Vec<(u64, u64)> {
        let row = |slow: SlowSpan| (slow.ended.ns(), slow.ended.span.start.0);
        slowest.into_sorted().into_iter().map(row).collect()
    }

    proptest! {
        #[test]
        fn they_are_the_first_of_all_sorted_however_they_are_counted(
            durations in prop::collection::vec(0_u64..50, 0..200),
            most in 0_usize..20,
            cores in 1_usize..4,
        ) {
            let mut parts = vec![Slowest::new(most); cores];
            let mut all = Vec::new();
            for (index, &ns) in durations.iter().enumerate() {
                let at = index as u64;
                parts[index * 7 % cores].offer(LogIndex(0), &span(at, ns), || None);
                all.push((ns, at));
            }
            all.sort_by_key(|&(ns, at)| (Reverse(ns), at));
            all.truncate(most);
            let mut merged = Slowest::new(most);
            for part in parts {
                merged.merge(part);
            }
            prop_assert_eq!(sorted(merged), all);
        }
    }
}
