//! What a filter or a gate can ask about a row, and in what order rows stand.

use super::document::{Durations, Function, Node, Process, Stage, Thread};
use super::report::{Caller, Task};
use crate::filter::{Field, Subject, Value};
use clap::ValueEnum;
use std::cmp::Reverse;

/// By what rows are put in order, largest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortBy {
    /// Time from start to end, recursion counted once
    #[default]
    Total,
    /// Time less that of profiled callees
    #[value(name = "self")]
    SelfTime,
    /// How often
    Calls,
    /// The mean duration
    Mean,
    /// The median duration
    P50,
    /// 95 of 100 took no longer
    P95,
    /// 99 of 100 took no longer
    P99,
    /// The longest duration
    Max,
    /// How often with an `Err` or a panic
    Errors,
}

/// A function with the run it ran in.
pub(super) struct FunctionRow<'a> {
    pub(super) function: &'a Function,
    pub(super) run_ns: u64,
}

/// `part` of `whole` in percent.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

impl SortBy {
    /// What it is called on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::SelfTime => "self",
            Self::Calls => "calls",
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Max => "max",
            Self::Errors => "errors",
        }
    }

    /// Whether rows that are sums have none.
    pub(super) fn is_of_durations(self) -> bool {
        matches!(self, Self::Mean | Self::P50 | Self::P95 | Self::P99 | Self::Max)
    }

    /// Puts stages in order.
    pub(super) fn stages(self, rows: &mut [Stage]) {
        rows.sort_by_key(|row| {
            Reverse(match self {
                Self::Calls => row.calls,
                Self::Errors => row.errors,
                _ => row.wall_ns,
            })
        });
    }

    /// Puts the nodes of a tree in order, siblings among each other.
    pub(super) fn tree(self, nodes: &mut [Node]) {
        nodes.sort_by_key(|node| {
            Reverse(match self {
                Self::Calls => node.calls,
                Self::Errors => node.errors,
                Self::SelfTime => node.self_ns,
                _ => node.total_ns.saturating_add(node.open_ns),
            })
        });
        // No deeper than the tree, which has a limit.
        for node in nodes {
            self.tree(&mut node.children);
        }
    }

    /// Puts callers in order, siblings among each other.
    pub(super) fn callers(self, nodes: &mut [Caller]) {
        nodes.sort_by_key(|node| {
            Reverse(match self {
                Self::Calls => node.calls,
                Self::Errors => node.errors,
                Self::Total => node.total_ns,
                _ => node.self_ns,
            })
        });
        // No deeper than the tree, which has a limit.
        for node in nodes {
            self.callers(&mut node.callers);
        }
    }

    /// Puts tasks in order.
    pub(super) fn tasks(self, rows: &mut [Task]) {
        rows.sort_by_cached_key(|row| {
            let times = (row.total_ns.saturating_add(row.open_ns), row.busy_ns);
            let key = self.key(times, (row.calls, row.errors), Some(&row.durations));
            (Reverse(key), row.name.clone(), row.line)
        });
    }

    /// What a row is ordered by: one of its times (total, self), counts (calls, errors) or
    /// durations, which a row without calls does not have.
    fn key(self, times: (u64, u64), counts: (u64, u64), durations: Option<&Durations>) -> u64 {
        let duration = |of: fn(&Durations) -> Option<u64>| durations.and_then(of).unwrap_or(0);
        match self {
            Self::Total => times.0,
            Self::SelfTime => times.1,
            Self::Calls => counts.0,
            Self::Errors => counts.1,
            Self::Mean => duration(|d| d.mean_ns),
            Self::P50 => duration(|d| d.p50_ns),
            Self::P95 => duration(|d| d.p95_ns),
            Self::P99 => duration(|d| d.p99_ns),
            Self::Max => duration(|d| d.max_ns),
        }
    }

    /// Puts functions in order. What has not ended yet counts with the time it has been open, so
    /// that the function a program hangs in stands on top.
    pub(super) fn functions(self, rows: &mut [Function]) {
        rows.sort_by_cached_key(|row| {
            let times = (row.total_ns.saturating_add(row.open_ns), row.self_ns);
            let key = self.key(times, (row.calls, row.errors), Some(&row.durations));
            (Reverse(key), row.name.clone(), row.id)
        });
    }

    /// Puts threads in order.
    pub(super) fn threads(self, rows: &mut [Thread]) {
        rows.sort_by_cached_key(|row| {
            let times = (row.busy_ns, row.busy_ns);
            let key = self.key(times, (row.calls, row.errors), Some(&row.durations));
            (Reverse(key), row.name.clone(), row.id)
        });
    }

    /// Puts processes in order.
    pub(super) fn processes(self, rows: &mut [Process]) {
        rows.sort_by_cached_key(|row| {
            let times = (row.busy_ns, row.busy_ns);
            let key = self.key(times, (row.calls, row.errors), row.durations.as_ref());
            (Reverse(key), row.pid)
        });
    }
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53 exact: 104 days, 8 PiB")]
fn number(value: u64) -> Value<'static> {
    Value::Number(value as f64)
}

fn known(value: Option<u64>) -> Value<'static> {
    value.map_or(Value::Nothing, number)
}

/// Errors in percent of calls; of no calls there is none.
fn error_percent(errors: u64, calls: u64) -> Value<'static> {
    if calls == 0 { Value::Nothing } else { Value::Number(percent(errors, calls)) }
}

fn of_durations(durations: &Durations, field: Field) -> Value<'static> {
    match field {
        Field::Mean => known(durations.mean_ns),
        Field::Min => known(durations.min_ns),
        Field::P50 => known(durations.p50_ns),
        Field::P90 => known(durations.p90_ns),
        Field::P95 => known(durations.p95_ns),
        Field::P99 => known(durations.p99_ns),
        Field::Max => known(durations.max_ns),
        _ => Value::Foreign,
    }
}

impl Subject for FunctionRow<'_> {
    fn value(&self, field: Field) -> Value<'_> {
        let row = self.function;
        match field {
            Field::Name => Value::Text(row.name.as_str().into()),
            Field::Module => Value::Text(row.module.as_str().into()),
            Field::File => Value::Text(row.file.as_str().into()),
            Field::Kind => Value::Text(row.kind.as_str().into()),
            Field::Calls => number(row.calls),
            Field::Errors => number(row.errors),
            Field::Panics => number(row.panics),
            Field::Cancelled => number(row.cancelled),
            Field::Unknown => number(row.unknown),
            Field::Dropped => number(row.dropped),
            Field::Sampled => number(row.sampled),
            Field::Open => number(row.open),
            Field::Total => number(row.total_ns),
            Field::SelfTime => number(row.self_ns),
            Field::Busy => number(row.busy_ns),
            Field::Percent => Value::Number(percent(row.total_ns, self.run_ns)),
            Field::ErrorPercent => error_percent(row.errors, row.calls),
            Field::Polls => known(row.polls),
            Field::Idle => known(row.idle_ns),
            Field::Longest => known(row.longest_poll_ns),
            Field::Allocated | Field::Allocs | Field::Live | Field::Peak => {
                row.alloc.map_or(Value::Foreign, |alloc| alloc.value(field))
            }
            Field::Overhead => row.overhead_percent.map_or(Value::Nothing, Value::Number),
            _ => of_durations(&row.durations, field),
        }
    }
}

impl Subject for &Stage {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Name => Value::Text(self.name.as_str().into()),
            Field::Kind => Value::Text("stage".into()),
            Field::State => Value::Text(self.state.as_str().into()),
            Field::Calls => number(self.calls),
            Field::Errors => number(self.errors),
            Field::ErrorPercent => error_percent(self.errors, self.calls),
            Field::Open => number(self.open),
            Field::Wall => number(self.wall_ns),
            Field::Rss => known(self.peak_rss_bytes),
            Field::Cpu => self.avg_cpu_percent.map_or(Value::Nothing, Value::Number),
            _ => Value::Foreign,
        }
    }
}

impl Subject for &Thread {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Thread => Value::Text(self.name.as_str().into()),
            Field::Calls => number(self.calls),
            Field::Errors => number(self.errors),
            Field::ErrorPercent => error_percent(self.errors, self.calls),
            Field::Unknown => number(self.unknown),
            Field::Dropped => number(self.dropped),
            Field::Sampled => number(self.sampled),
            Field::Open => number(self.open),
            Field::Busy | Field::SelfTime => number(self.busy_ns),
            _ => of_durations(&self.durations, field),
        }
    }
}

impl Subject for &Process {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Process => Value::Text(self.exe.rsplit('/').next().unwrap_or_default().into()),
            Field::State => Value::Text(self.state.as_str().into()),
            Field::Calls => number(self.calls),
            Field::Errors => number(self.errors),
            Field::ErrorPercent => error_percent(self.errors, self.calls),
            Field::Dropped => number(self.dropped),
            Field::Sampled => number(self.sampled),
            Field::Busy | Field::SelfTime => number(self.busy_ns),
            Field::Wall => number(self.duration_ns),
            Field::Rss => known(self.peak_rss_bytes),
            Field::Cpu => self.avg_cpu_percent.map_or(Value::Nothing, Value::Number),
            _ => self.durations.as_ref().map_or(Value::Foreign, |d| of_durations(d, field)),
        }
    }
}
