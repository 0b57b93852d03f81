//! `/api/functions`: what functions cost in a stretch of time, all workers in scope added up.

use super::super::question::{self, SortBy};
use super::super::serving::Refusal;
use super::{Asked, Head, cut, unreadable};
use crate::analyze::kind;
use crate::filter::{Field, Subject, Value};
use crate::fleet::{CallsRow, Level, NOBODY, Slot, Steps};
use ferret::projections::DurationStats;
use serde::Serialize;
use std::cmp::Ordering;

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the list is called so in the document")]
pub(super) struct Functions {
    #[serde(flatten)]
    head: Head,
    from_ms: Option<u64>,
    to_ms: u64,
    rows: usize,
    left_out: usize,
    functions: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    module: String,
    file: String,
    line: u32,
    kind: &'static str,
    program: String,
    calls: u64,
    errors: u64,
    panics: u64,
    cancelled: u64,
    unknown: u64,
    total_ns: u64,
    self_ns: u64,
    mean_ns: Option<u64>,
    min_ns: Option<u64>,
    p50_ns: Option<u64>,
    p90_ns: Option<u64>,
    p95_ns: Option<u64>,
    p99_ns: Option<u64>,
    max_ns: Option<u64>,
    calls_per_second: Option<f64>,
}

impl Asked<'_> {
    pub(super) fn functions(&self, asked: &question::Functions) -> Result<Functions, Refusal> {
        let store = &self.shared.store;
        let workers = self.numbers_in(&asked.scope)?;
        let range = asked.range.map(|range| range.at(self.now_ms));
        let (level, slots, from_ms, to_ms, end_ms) = match range {
            None => {
                let began = workers.values().filter_map(|kept| kept.started_ms).min();
                (Level::All, (Slot(0), Slot(0)), began, self.now_ms, self.now_ms)
            }
            Some((from_ms, to_ms)) => {
                let steps = Steps::for_table(from_ms, to_ms, store.keep(), self.now_ms);
                let from_ms = Some(steps.level.begin_ms(steps.first));
                let end_ms = steps.begin_ms(steps.count as usize);
                (steps.level, (steps.first, steps.last()), from_ms, to_ms, end_ms)
            }
        };
        // To the end of the last slot, as far as there has been of it.
        let until_ms = self.counted_ms().min(end_ms);
        let seconds = from_ms.map(|from| seconds(until_ms.saturating_sub(from)));
        let mut rows = Vec::new();
        let program = asked.scope.program.as_ref();
        for (number, function) in store.functions().map_err(|error| unreadable(&error))? {
            if program.is_some_and(|program| *program != function.program) {
                continue;
            }
            let mut sum = CallsRow::default();
            let see = |_, worker, row: &CallsRow| {
                let is_everybodys = worker == NOBODY && asked.scope.worker.is_none();
                if is_everybodys || workers.contains_key(&worker) {
                    sum.add(row);
                }
            };
            store.calls(level, number, slots, see).map_err(|error| unreadable(&error))?;
            if !sum.is_empty() {
                rows.push(row(number, function, &sum, seconds));
            }
        }
        if let Some(filter) = &asked.filter {
            rows.retain(|row| filter.test(&row) == Some(true));
        }
        rows.sort_by(|a, b| {
            let order = by(asked.sort.by, a, b);
            let order = if asked.sort.reversed { order.reverse() } else { order };
            order.then_with(|| (&a.name, &a.module, &a.id).cmp(&(&b.name, &b.module, &b.id)))
        });
        let all = rows.len();
        let left_out = cut(&mut rows, asked.limit);
        let head = self.head("functions");
        Ok(Functions { head, from_ms, to_ms, rows: all, left_out, functions: rows })
    }
}

#[expect(clippy::cast_precision_loss, reason = "ms below 2^53")]
pub(super) fn seconds(ms: u64) -> f64 {
    ms.max(1) as f64 / 1e3
}

fn row(
    number: u32,
    crate::fleet::Function { program, info }: crate::fleet::Function,
    sum: &CallsRow,
    seconds: Option<f64>,
) -> Row {
    let durations = sum.durations();
    let of = |field: fn(DurationStats) -> u64| durations.map(field);
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let per_second = |seconds: f64| crate::analyze::hundredths(sum.calls as f64 / seconds);
    Row {
        id: number.to_string(),
        name: info.name,
        module: info.module,
        file: info.file,
        line: info.line,
        kind: kind(info.kind),
        program,
        calls: sum.calls,
        errors: sum.errors,
        panics: sum.panics,
        cancelled: sum.cancelled,
        unknown: sum.unknown,
        total_ns: sum.total_ns,
        self_ns: sum.self_ns,
        mean_ns: of(|spread| spread.mean_ns),
        min_ns: of(|spread| spread.min_ns),
        p50_ns: of(|spread| spread.p50_ns),
        p90_ns: of(|spread| spread.p90_ns),
        p95_ns: of(|spread| spread.p95_ns),
        p99_ns: of(|spread| spread.p99_ns),
        max_ns: of(|spread| spread.max_ns),
        calls_per_second: seconds.map(per_second),
    }
}

/// Numbers with the largest first, names from a to z.
fn by(sort: SortBy, a: &Row, b: &Row) -> Ordering {
    match sort {
        SortBy::Total => b.total_ns.cmp(&a.total_ns),
        SortBy::SelfTime => b.self_ns.cmp(&a.self_ns),
        SortBy::Calls => b.calls.cmp(&a.calls),
        SortBy::Mean => b.mean_ns.cmp(&a.mean_ns),
        SortBy::P50 => b.p50_ns.cmp(&a.p50_ns),
        SortBy::P90 => b.p90_ns.cmp(&a.p90_ns),
        SortBy::P95 => b.p95_ns.cmp(&a.p95_ns),
        SortBy::P99 => b.p99_ns.cmp(&a.p99_ns),
        SortBy::Max => b.max_ns.cmp(&a.max_ns),
        SortBy::Errors => (b.errors + b.panics).cmp(&(a.errors + a.panics)),
        SortBy::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
    }
}

impl Subject for &Row {
    #[expect(clippy::cast_precision_loss, reason = "104 days are exact")]
    fn value(&self, field: Field) -> Value<'_> {
        let number = |value: u64| Value::Number(value as f64);
        let known = |value: Option<u64>| value.map_or(Value::Nothing, number);
        match field {
            Field::Name => Value::Text(self.name.as_str().into()),
            Field::Module => Value::Text(self.module.as_str().into()),
            Field::File => Value::Text(self.file.as_str().into()),
            Field::Kind => Value::Text(self.kind.into()),
            Field::Process => Value::Text(self.program.as_str().into()),
            Field::Calls => number(self.calls),
            Field::Errors => number(self.errors),
            Field::Panics => number(self.panics),
            Field::Cancelled => number(self.cancelled),
            Field::Unknown => number(self.unknown),
            Field::Total => number(self.total_ns),
            Field::SelfTime => number(self.self_ns),
            Field::ErrorPercent if self.calls == 0 => Value::Nothing,
            Field::ErrorPercent => Value::Number(self.errors as f64 * 100.0 / self.calls as f64),
            Field::Mean => known(self.mean_ns),
            Field::Min => known(self.min_ns),
            Field::P50 => known(self.p50_ns),
            Field::P90 => known(self.p90_ns),
            Field::P95 => known(self.p95_ns),
            Field::P99 => known(self.p99_ns),
            Field::Max => known(self.max_ns),
            _ => Value::Foreign,
        }
    }
}
