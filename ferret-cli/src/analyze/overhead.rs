//! What share of a row is likely ferret's own, from what its processes measured.

use super::build::hundredths;
use super::document::Function;
use super::fold::Fold;
use ferret::event::{ProcessStart, SpanCost};

/// Fills it in, of functions in the order of their ids.
pub(super) fn fill(fold: &Fold, functions: &mut [Function]) {
    let cost = |log| fold.processes.get(log)?.start.as_deref()?.span_cost;
    let shares = fold.calls.overhead_percent(cost);
    for (row, share) in functions.iter_mut().zip(shares) {
        row.overhead_percent = share.map(hundredths);
    }
}

/// What a span costs in its own time.
pub(super) fn inner_ns(start: Option<&ProcessStart>) -> Option<f64> {
    cost(start).map(|cost| f64::from(cost.inner_ps) / 1e3)
}

/// What it costs in the time of what encloses it.
pub(super) fn outer_ns(start: Option<&ProcessStart>) -> Option<f64> {
    cost(start).map(|cost| f64::from(cost.outer_ps) / 1e3)
}

fn cost(start: Option<&ProcessStart>) -> Option<SpanCost> {
    start?.span_cost
}
