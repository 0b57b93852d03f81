//! The critical path of a span: the chain of spans that determined when it ended.
//!
//! Walked from the end back, as CRISP does ("Critical Path Analysis of Large-Scale Microservice Architectures",
//! Zhang et al., USENIX ATC 2022): of what a span waited for, the child that ended last before the point reached
//! is on the path, with its own path inside; the time between its end and that point is the span's own. From the
//! child's start it goes on. Children that ran beside the one on the path, and those that outlived the point, did not
//! determine it.

use crate::event::{LogTime, SpanId};
use std::collections::BTreeMap;

/// No path is nested deeper; what is deeper is its caller's own time.
const DEEPEST: usize = 256;

/// A span that may be on the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<T> {
    /// The span.
    pub span: SpanId,
    /// The span it is a child of, on whatever thread that ran.
    pub parent: Option<SpanId>,
    /// When it began.
    pub start: LogTime,
    /// When it ended.
    pub end: LogTime,
    /// What else is known of it.
    pub what: T,
}

/// A stretch of the path: for so long a span ran, or waited, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The span, by its number among the steps.
    pub step: usize,
    /// How many of the spans above it are on the path.
    pub depth: usize,
    /// From when.
    pub from: LogTime,
    /// Until when.
    pub to: LogTime,
}

/// The critical path of the span that is `steps[root]`, from its start to its end, without gaps.
pub fn critical_path<T>(steps: &[Step<T>], root: usize) -> Vec<Link> {
    let mut children: BTreeMap<SpanId, Vec<usize>> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        if let Some(parent) = step.parent.filter(|parent| *parent != step.span) {
            children.entry(parent).or_default().push(index);
        }
    }
    for list in children.values_mut() {
        // Of those that end at once, the one that began first explains most.
        list.sort_by_key(|&index| (steps[index].end, std::cmp::Reverse(steps[index].start), index));
    }
    let mut links = Vec::new();
    let Some(first) = steps.get(root) else { return links };
    let walk = Walk { steps, children: &children };
    walk.back(&mut links, root, 0, (first.start, first.end));
    links.reverse();
    links
}

struct Walk<'a, T> {
    steps: &'a [Step<T>],
    children: &'a BTreeMap<SpanId, Vec<usize>>,
}

impl<T> Walk<'_, T> {
    /// Adds the path of a step between two moments, its end first. No deeper than the limit.
    fn back(
        &self,
        links: &mut Vec<Link>,
        step: usize,
        depth: usize,
        (from, to): (LogTime, LogTime),
    ) {
        let mut point = to;
        let children = self.children.get(&self.steps[step].span).map(Vec::as_slice);
        let mut children = children.filter(|_| depth < DEEPEST).unwrap_or_default();
        while let Some((&child, earlier)) = children.split_last() {
            children = earlier;
            let Step { start, end, .. } = self.steps[child];
            // It ran on beyond this point, or before the stretch, or a child that came later covers it.
            if end > point || end <= from || start >= end {
                continue;
            }
            own(links, step, depth, (end, point));
            let begins = start.max(from);
            self.back(links, child, depth + 1, (begins, end));
            point = begins;
        }
        own(links, step, depth, (from, point));
    }
}

fn own(links: &mut Vec<Link>, step: usize, depth: usize, (from, to): (LogTime, LogTime)) {
    if to > from {
        links.push(Link { step, depth, from, to });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Position, ThreadId};
    use proptest::prelude::*;

    fn id(number: u64) -> SpanId {
        SpanId { thread: ThreadId(1), start: Position(number) }
    }

    fn step(number: u64, parent: Option<u64>, start: u64, end: u64) -> Step<()> {
        let (start, end) = (LogTime(start), LogTime(end));
        Step { span: id(number), parent: parent.map(id), start, end, what: () }
    }

    fn check(steps: &[Step<()>], expect: &[(u64, usize, u64, u64)]) {
        let links = critical_path(steps, 0);
        let row = |link: &Link| (steps[link.step].span.start.0, link.depth, link.from.0, link.to.0);
        assert_eq!(links.iter().map(row).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn of_two_that_ran_beside_each_other_the_one_that_ended_last_counts() {
        let steps = [
            step(0, None, 0, 100),
            step(1, Some(0), 10, 40),
            step(2, Some(0), 12, 80),
            step(3, Some(2), 20, 70),
        ];
        check(
            &steps,
            &[(0, 0, 0, 12), (2, 1, 12, 20), (3, 2, 20, 70), (2, 1, 70, 80), (0, 0, 80, 100)],
        );
    }

    #[test]
    fn children_one_after_the_other_are_all_on_it() {
        let steps = [step(0, None, 0, 30), step(1, Some(0), 0, 10), step(2, Some(0), 10, 25)];
        check(&steps, &[(1, 1, 0, 10), (2, 1, 10, 25), (0, 0, 25, 30)]);
    }

    #[test]
    fn what_outlives_its_parent_did_not_hold_it_up() {
        let steps = [step(0, None, 0, 30), step(1, Some(0), 5, 90), step(2, Some(0), 5, 20)];
        check(&steps, &[(0, 0, 0, 5), (2, 1, 5, 20), (0, 0, 20, 30)]);
    }

    #[test]
    fn spans_that_claim_to_be_each_others_children_end_the_walk() {
        let steps = [step(0, Some(1), 0, 30), step(1, Some(0), 0, 30)];
        let links = critical_path(&steps, 0);
        assert!(links.len() <= DEEPEST + 1, "{links:?}");
    }

    proptest! {
        #[test]
        fn it_has_no_gap_and_no_overlap(
            spans in prop::collection::vec((0_u64..8, 0_u64..100, 0_u64..100), 0..40),
        ) {
            let mut steps = vec![step(0, None, 10, 90)];
            for (index, (parent, start, length)) in spans.into_iter().enumerate() {
                let number = index as u64 + 1;
                steps.push(step(number, Some(parent % number), start, start + length));
            }
            let links = critical_path(&steps, 0);
            let mut at = LogTime(10);
            for link in &links {
                prop_assert_eq!(link.from, at);
                at = link.to;
            }
            prop_assert_eq!(at, LogTime(90));
        }
    }
}
