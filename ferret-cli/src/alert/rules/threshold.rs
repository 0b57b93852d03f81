//! Reading the condition of a rule that compares a metric with a value: `when`, and the keys that go with it.

use super::asks::asks_only;
use super::fault::Faults;
use super::table::Table;
use super::{OF_FUNCTIONS, Threshold};
use crate::alert::metric::Metric;
use crate::analyze::{Clause, GateError, Selector};
use crate::filter::Op;
use std::ops::Range;

/// What is wrong has been noted.
pub(super) struct Told;

/// None where there is no `when`.
pub(super) fn read(
    table: &mut Table<'_, '_>,
    window_ns: u64,
    faults: &mut Faults<'_>,
) -> Option<Result<Threshold, Told>> {
    let rule_at = table.at.clone();
    let clear = table.text("clear", faults);
    let at_min_calls = table.place("min_calls");
    let min_calls = table.count("min_calls", faults);
    let per_worker = table.word("per", &[("worker", true), ("all", false)], faults);
    let Some((text, at)) = table.text("when", faults) else {
        if clear.is_some() || min_calls.is_some() || per_worker.is_some() {
            faults.note(rule_at, "clear, min_calls and per go with when");
        }
        return None;
    };
    let (clause, metric) = match condition(text) {
        Ok(condition) => condition,
        Err(why) => {
            faults.note(at, format!("when: {why}"));
            return Some(Err(Told));
        }
    };
    if let Selector::Some(filter) = &clause.selector
        && metric.is_of_functions()
    {
        let mut note = |what| faults.note(at.clone(), what);
        asks_only(filter, "when", "a function", OF_FUNCTIONS, &mut note);
    }
    let value = metric.parse(&clause.value);
    if value.is_none() {
        faults.note(at.clone(), format!("when: {}", no_value(&metric, &clause.value)));
    }
    if per_worker.is_some() && !metric.is_of_functions() {
        let why = "per goes with a metric of functions: others are of a worker or of all already";
        faults.note(at, why);
    }
    if let (Some(at), false) = (at_min_calls, metric.is_of_single_calls()) {
        let why = "min_calls does nothing here: it goes with what calls came to, as p95 and error_percent";
        faults.note(at, format!("{why}: take it out"));
    }
    let clear = clear.and_then(|clear| clear_value(clear, &clause, &metric, value, faults));
    let threshold = value.map(|value| Threshold {
        clause,
        metric,
        value,
        clear,
        window_ns,
        min_calls: min_calls.unwrap_or(1),
        per_worker: per_worker.unwrap_or(false),
    });
    Some(threshold.ok_or(Told))
}

/// Reads a condition; or says what is wrong with it.
fn condition(text: &str) -> Result<(Clause, Metric), String> {
    let clause: Clause = text.parse().map_err(|error| match error {
        GateError::Form(text) => format!(
            "{text:?} is no condition: write it like decode.p95 > 2s, any.error_percent > 5%, \
             worker.cpu > 90%, or fleet.alive < 2"
        ),
        GateError::Selector(error) => error.fault.brief(),
        error @ (GateError::Metric { .. }
        | GateError::OfRun { .. }
        | GateError::Value { .. }
        | GateError::Significance { .. }) => error.to_string(),
    })?;
    let metric = Metric::of(&clause)?;
    Ok((clause, metric))
}

fn no_value(metric: &Metric, text: &str) -> String {
    format!("{text:?} is no value of {}: write it like {}", metric.name(), metric.example())
}

/// The value past which it is over.
fn clear_value(
    (text, at): (&str, Range<usize>),
    clause: &Clause,
    metric: &Metric,
    value: Option<f64>,
    faults: &mut Faults<'_>,
) -> Option<f64> {
    let clear = metric.parse(text);
    match (clear, value) {
        (None, _) => faults.note(at, format!("clear: {}", no_value(metric, text))),
        (Some(clear), Some(value)) if !is_beyond(clause.op, clear, value) => {
            let why = "clear lies on the other side of the value: below it for >, above it for <";
            faults.note(at, why);
        }
        _ => {}
    }
    clear
}

/// Whether a value at which it is over is on the side of the threshold where it does not hold.
fn is_beyond(op: Op, clear: f64, value: f64) -> bool {
    match op {
        Op::More | Op::AtLeast => clear <= value,
        Op::Less | Op::AtMost => clear >= value,
        Op::Equal | Op::NotEqual => false,
    }
}
