//! How much of the time of functions is likely ferret's own.
//!
//! An estimate for the reader: no time has anything taken off. A function's self time holds the inner
//! part of what each of its own spans costs, and the outer part of what each span costs that it
//! calls directly. For an async function, whose self time is that of its polls, a poll counts as a span.
//!
//! A span's parent on its path need not be what it ran in: a task that was spawned under an accept
//! loop is polled by the executor, which pays for that. How much of the children's time is child time
//! of their parent tells what part of them it paid for. (Following each thread's stack would tell
//! which ones; it was rejected for the reason that [`Calls`] has.)

use super::{Calls, PathCalls};
use crate::event::{EndedSpan, Entry, LogEntry, LogIndex, Names, Outcome, SpanCost};

/// Spans and polls that were recorded, but are in no other figure, because a filter left them out:
/// their callers paid for them all the same.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hidden {
    count: u64,
    busy_ns: u64,
    self_ns: u64,
}

/// The time of a path, and of those directly below it: together with the paths that it is a direct
/// recursion of, whose deepest is folded and holds its own children.
#[derive(Clone, Copy, Debug, Default)]
struct Family {
    /// Time that its spans, or polls, spent in others on their thread.
    child_ns: u64,
    /// Time of its children, wherever they ran.
    children_ns: u64,
}

/// What a function took, and what ferret took of it.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    self_ns: u64,
    own_ps: f64,
    /// A process took part in it whose log does not tell what a span costs.
    is_unknown: bool,
}

impl Hidden {
    pub(super) fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.busy_ns = self.busy_ns.saturating_add(other.busy_ns);
        self.self_ns = self.self_ns.saturating_add(other.self_ns);
    }
}

impl PathCalls {
    /// Spans that ended, or polls of async ones. One that was only counted cost the program as much.
    fn ended(&self) -> u64 {
        let totals = &self.totals;
        let shown =
            if self.is_async { totals.polls } else { totals.calls.saturating_add(totals.unknown) };
        shown.saturating_add(self.hidden.count)
    }

    /// Time of its spans, or of the polls of async ones.
    fn busy_ns(&self) -> u64 {
        let shown = if self.is_async { self.totals.polled_ns } else { self.totals.total_ns };
        shown.saturating_add(self.hidden.busy_ns)
    }

    fn self_ns(&self) -> u64 {
        self.totals.self_ns.saturating_add(self.hidden.self_ns)
    }
}

impl Family {
    /// Which part of the children ran inside their parent, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a share of an estimate")]
    fn inside(self) -> f64 {
        if self.child_ns >= self.children_ns {
            1.0
        } else {
            self.child_ns as f64 / self.children_ns as f64
        }
    }

    /// The families of a log, and of each path the place of its own.
    fn all(paths: &[PathCalls]) -> (Vec<Self>, Vec<usize>) {
        let mut families = vec![Self::default(); paths.len()];
        let mut places: Vec<usize> = Vec::with_capacity(paths.len());
        // Parents stand before their children.
        for (slot, cell) in paths.iter().enumerate() {
            let is_recursion = |parent: &usize| paths[*parent].function == cell.function;
            places.push(cell.parent.filter(is_recursion).map_or(slot, |parent| places[parent]));
            let busy_ns = cell.busy_ns();
            let own = &mut families[places[slot]];
            own.child_ns = own.child_ns.saturating_add(busy_ns.saturating_sub(cell.self_ns()));
            if let Some(parent) = cell.parent {
                let above = &mut families[places[parent]];
                above.children_ns = above.children_ns.saturating_add(busy_ns);
            }
        }
        (families, places)
    }
}

impl Calls {
    /// Takes one entry that a filter leaves out of all figures but this file's. To be told to
    /// [`Calls::pass_over`] as well.
    pub fn hide(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        let (path, count, busy_ns, child_ns) = match &entry.what {
            LogEntry::Summary(counted) => {
                (counted.path, counted.calls, counted.total_ns, counted.child_ns)
            }
            &LogEntry::SpanEnd { path, outcome: Outcome::Unknown, .. } => (path, 1, 0, 0),
            &LogEntry::SpanEnd { path, start, child_ns, .. } => {
                (path, 1, entry.time.since(start), child_ns)
            }
            &LogEntry::Exit { path, busy_ns, child_ns, .. } => (path, 1, busy_ns, child_ns),
            &LogEntry::Polls { path, count, busy_ns, child_ns, .. } => {
                (path, count, busy_ns, child_ns)
            }
            _ => return,
        };
        let slot = self.know(log, names, path);
        let cell = &mut self.logs[log.0].paths[slot];
        let is_span = matches!(entry.what, LogEntry::SpanEnd { .. } | LogEntry::Summary(_));
        cell.is_async |= !is_span;
        // The polls of an async span carry its time, and count for it.
        if !(is_span && cell.is_async) {
            let self_ns = busy_ns.saturating_sub(child_ns);
            cell.hidden.add(&Hidden { count, busy_ns, self_ns });
        }
    }

    /// The same of a span that is not async and has ended.
    pub fn hide_span(&mut self, log: LogIndex, names: &Names, ended: &EndedSpan) {
        let slot = self.know(log, names, ended.path);
        let is_seen = ended.outcome != Outcome::Unknown;
        let busy_ns = if is_seen { ended.ns() } else { 0 };
        let self_ns = if is_seen { busy_ns.saturating_sub(ended.child_ns) } else { 0 };
        self.logs[log.0].paths[slot].hidden.add(&Hidden { count: 1, busy_ns, self_ns });
    }

    /// For each function, in the order of [`Calls::functions`], how much of the self time of all its
    /// spans is likely ferret's own, percent: 0 to 100. None of a function that has no self time, or
    /// if `cost` does not know what a span costs in one of its processes. What a filter left out
    /// counts here.
    #[expect(clippy::cast_precision_loss, reason = "a share of an estimate")]
    pub fn overhead_percent(
        &self,
        cost: impl Fn(LogIndex) -> Option<SpanCost>,
    ) -> Vec<Option<f64>> {
        let mut shares = vec![Share::default(); self.functions.len()];
        for (index, log) in self.logs.iter().enumerate() {
            let cost = cost(LogIndex(index));
            let (inner_ps, outer_ps) = cost
                .map_or((0.0, 0.0), |cost| (f64::from(cost.inner_ps), f64::from(cost.outer_ps)));
            let (families, places) = Family::all(&log.paths);
            for cell in &log.paths {
                let recorded = cell.ended() as f64;
                let self_ns = cell.self_ns();
                let own = &mut shares[cell.function.0 as usize];
                own.self_ns = own.self_ns.saturating_add(self_ns);
                own.own_ps += recorded * inner_ps;
                own.is_unknown |= cost.is_none() && self_ns > 0;
                if let Some(parent) = cell.parent {
                    let caller = log.paths[parent].function;
                    let inside = families[places[parent]].inside();
                    shares[caller.0 as usize].own_ps += recorded * outer_ps * inside;
                }
            }
        }
        shares.into_iter().map(Share::percent).collect()
    }
}

impl Share {
    #[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
    fn percent(self) -> Option<f64> {
        let is_known = !self.is_unknown && self.self_ns > 0;
        is_known.then(|| (self.own_ps / (self.self_ns as f64 * 10.0)).min(100.0))
    }
}

#[cfg(test)]
#[path = "overhead_tests.rs"]
mod tests;
