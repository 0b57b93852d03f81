//! How much of the time of functions is likely ferret's own.
//!
//! An estimate for the reader: no time has anything taken off. A function's self time holds the inner
//! part of what each of its own spans costs, and the outer part of what each span costs that it
//! calls directly. For an async function, whose self time is that of its polls, a poll counts as a span.

use super::{Calls, PathCalls};
use crate::event::{Entry, LogEntry, LogIndex, Names, Outcome, SpanCost};

/// Spans and polls that were recorded, but are in no other figure, because a filter left them out:
/// their callers paid for them all the same.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hidden {
    count: u64,
    self_ns: u64,
}

/// What a function took, and what ferret took of it.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    self_ns: u64,
    own_ps: u128,
    /// A process took part in it whose log does not tell what a span costs.
    is_unknown: bool,
}

impl PathCalls {
    /// Spans that were recorded one by one, or polls of async ones.
    fn recorded(&self) -> u64 {
        let totals = &self.totals;
        let shown = if self.is_async {
            totals.polls
        } else {
            totals.calls.saturating_sub(totals.sampled).saturating_add(totals.unknown)
        };
        shown.saturating_add(self.hidden.count)
    }
}

impl Calls {
    /// Takes one entry that a filter leaves out of all figures but this file's. To be told to
    /// [`Calls::pass_over`] as well.
    pub fn hide(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        let (path, count, self_ns) = match entry.what {
            LogEntry::SpanEnd { path, start, child_ns, outcome, .. } => {
                let ns = entry.time.since(start).saturating_sub(child_ns);
                (path, 1, if outcome == Outcome::Unknown { 0 } else { ns })
            }
            LogEntry::Exit { path, busy_ns, child_ns, .. } => {
                (path, 1, busy_ns.saturating_sub(child_ns))
            }
            LogEntry::Polls { path, count, busy_ns, .. } => (path, count, busy_ns),
            _ => return,
        };
        let slot = self.know(log, names, path);
        let cell = &mut self.logs[log.0].paths[slot];
        let is_span = matches!(entry.what, LogEntry::SpanEnd { .. });
        cell.is_async |= !is_span;
        // The polls of an async span carry its time, and count for it.
        if !(is_span && cell.is_async) {
            cell.hidden.count = cell.hidden.count.saturating_add(count);
            cell.hidden.self_ns = cell.hidden.self_ns.saturating_add(self_ns);
        }
    }

    /// For each function, in the order of [`Calls::functions`], how much of the self time of all its
    /// spans is likely ferret's own, percent: 0 to 100. None of a function that has no self time, or
    /// if `cost` does not know what a span costs in one of its processes. What a filter left out
    /// counts here.
    pub fn overhead_percent(
        &self,
        cost: impl Fn(LogIndex) -> Option<SpanCost>,
    ) -> Vec<Option<f64>> {
        let mut shares = vec![Share::default(); self.functions.len()];
        for (index, log) in self.logs.iter().enumerate() {
            let cost = cost(LogIndex(index));
            let (inner_ps, outer_ps) =
                cost.map_or((0, 0), |cost| (u128::from(cost.inner_ps), u128::from(cost.outer_ps)));
            for cell in &log.paths {
                let recorded = u128::from(cell.recorded());
                let self_ns = cell.totals.self_ns.saturating_add(cell.hidden.self_ns);
                let own = &mut shares[cell.function.0 as usize];
                own.self_ns = own.self_ns.saturating_add(self_ns);
                own.own_ps += recorded * inner_ps;
                own.is_unknown |= cost.is_none() && self_ns > 0;
                if let Some(parent) = cell.parent {
                    let caller = log.paths[parent].function;
                    shares[caller.0 as usize].own_ps += recorded * outer_ps;
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
        is_known.then(|| (self.own_ps as f64 / (self.self_ns as f64 * 10.0)).min(100.0))
    }
}

#[cfg(test)]
#[path = "overhead_tests.rs"]
mod tests;
