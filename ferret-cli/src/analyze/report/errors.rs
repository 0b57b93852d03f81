//! `--errors`: what failed, by place.

use super::{Tag, stack, tags};
use crate::analyze::build::{LogFacts, hundredths, rfc3339};
use crate::analyze::fold::Fold;
use crate::analyze::name_of;
use crate::analyze::rows::percent;
use ferret::event::{LogIndex, PathId};
use ferret::projections::{Failure, Failures, How};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What failed in one place, in one way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ErrorRow {
    pub(crate) name: String,
    /// panicked, err or cancelled
    pub(crate) outcome: String,
    /// The functions from the outermost to its own.
    pub(crate) stack: Vec<String>,
    pub(crate) count: u64,
    /// Of them, how many failed because what they called last had.
    pub(crate) passed_on: u64,
    /// Of them, how many were counted instead of being recorded one by one.
    pub(crate) sampled: u64,
    /// Calls in this place that pass the filter, however they ended.
    pub(crate) calls: u64,
    /// `count` of `calls`, in percent.
    pub(crate) percent: Option<f64>,
    /// When the last one ended, RFC 3339.
    pub(crate) last: Option<String>,
    /// The same from the start of the run.
    pub(crate) last_ns: u64,
    /// The message of the panic that ended the last one.
    pub(crate) panic: Option<String>,
    /// What the last one that said something said.
    pub(crate) tags: Vec<Tag>,
}

/// Panics first, and then the most frequent; processes of one program together.
pub(super) fn rows(fold: &Fold, logs: &[LogFacts<'_>], failures: &Failures) -> Vec<ErrorRow> {
    let start = fold
        .processes
        .iter()
        .filter_map(|(_, process)| process.began().and_then(|began| process.unix_ns(began)))
        .min();
    let mut rows: BTreeMap<(Vec<String>, How), (u64, ErrorRow)> = BTreeMap::new();
    let mut calls: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    for (log, path, how, failure) in failures.all() {
        let Some(facts) = logs.get(log.0) else { continue };
        let stack = stack(facts.names, path);
        calls.entry(stack.clone()).or_insert_with(|| calls_of(fold, logs, (log, path), &stack));
        let unix_ns = fold.processes.get(log).and_then(|process| process.unix_ns(failure.last));
        let row = row(facts, &stack, how, failure, unix_ns.zip(start));
        let known = rows.entry((stack, how)).or_default();
        merge(known, unix_ns.unwrap_or(0), row);
    }
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|((stack, how), (_, mut row))| {
            row.calls = calls.get(&stack).copied().unwrap_or(0).max(row.count);
            row.percent = Some(hundredths(percent(row.count, row.calls)));
            row.stack = stack;
            (how, row)
        })
        .collect();
    rows.sort_by(|left, right| {
        let key = |(how, row): &(How, ErrorRow)| {
            (*how, Reverse(row.count - row.passed_on), Reverse(row.count))
        };
        key(left).cmp(&key(right))
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

fn row(
    facts: &LogFacts<'_>,
    stack: &[String],
    how: How,
    failure: &Failure,
    when: Option<(u64, u64)>,
) -> ErrorRow {
    ErrorRow {
        name: stack.last().cloned().unwrap_or_else(|| "?".to_owned()),
        outcome: name_of(how.outcome()).to_owned(),
        stack: Vec::new(),
        count: failure.count,
        passed_on: failure.passed_on,
        sampled: failure.sampled,
        calls: 0,
        percent: None,
        last: when.map(|(at, _)| rfc3339(at)),
        last_ns: when.map_or(0, |(at, start)| at.saturating_sub(start)),
        panic: failure.panic.clone(),
        tags: tags(facts.names, failure.said.as_ref()),
    }
}

/// Adds the same place of another process: what was said last stays.
fn merge((last, known): &mut (u64, ErrorRow), unix_ns: u64, row: ErrorRow) {
    let (count, passed_on, sampled) =
        (known.count + row.count, known.passed_on + row.passed_on, known.sampled + row.sampled);
    if unix_ns >= *last || known.count == 0 {
        (*last, *known) = (unix_ns, row);
    }
    (known.count, known.passed_on, known.sampled) = (count, passed_on, sampled);
}

/// How often the function was called in this place, in all processes that have it.
fn calls_of(
    fold: &Fold,
    logs: &[LogFacts<'_>],
    (log, path): (LogIndex, PathId),
    place: &[String],
) -> u64 {
    let own = fold.calls.calls_of(log, path);
    let others = logs.iter().enumerate().filter(|(index, _)| *index != log.0);
    let same = others.flat_map(|(index, facts)| {
        let paths = facts.names.paths.keys().filter(|other| {
            place.last().is_some_and(|name| name == facts.names.span_name(**other))
                && stack(facts.names, **other) == place
        });
        paths.map(move |other| fold.calls.calls_of(LogIndex(index), *other))
    });
    own + same.sum::<u64>()
}
