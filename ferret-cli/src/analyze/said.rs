//! What the program said beside its spans: counters, gauges and marks.

use super::build::{LogFacts, rfc3339};
use super::document::{Counter, CounterOfProcess, Mark};
use super::fold::Fold;
use super::moments::Moments;
use ferret::event::{LogIndex, LogTime};
use ferret::projections::{Counters, MarkStats, Reading};

/// The counters and gauges, by name.
pub(super) fn counters(fold: &Fold, logs: &[LogFacts<'_>], moments: &Moments) -> Vec<Counter> {
    let run_ns = moments.duration_ns;
    let all = || (0..logs.len()).map(LogIndex);
    let uid = |log: LogIndex| logs[log.0].uid.to_string();
    let row = |(name, reading): (&str, Reading)| Counter {
        name: name.to_owned(),
        kind: if reading.gauge { "gauge" } else { "counter" }.to_owned(),
        value: reading.value,
        min: reading.min,
        max: reading.max,
        mean_per_second: (!reading.gauge).then(|| per_second(reading.value, run_ns)).flatten(),
        changes: reading.changes,
        last_change: fold
            .counters
            .last_log(name)
            .filter(|_| reading.changes > 0)
            .and_then(|log| unix_ns(fold, (log, reading.last_change)))
            .map(rfc3339),
        processes: of_processes(&fold.counters, name, all(), uid),
    };
    fold.counters.all(|log| moments.presence(log)).map(row).collect()
}

/// What a name says in each of the processes that have said it.
pub(crate) fn of_processes(
    counters: &Counters,
    name: &str,
    processes: impl Iterator<Item = LogIndex>,
    uid: impl Fn(LogIndex) -> String,
) -> Vec<CounterOfProcess> {
    let row = |log: LogIndex| {
        let &Reading { value, min, max, changes, .. } = counters.get(log, name)?;
        Some(CounterOfProcess { process: uid(log), value, min, max, changes })
    };
    processes.filter_map(row).collect()
}

/// The mean rate over the run; none of a run that took no time.
#[expect(clippy::cast_precision_loss, reason = "a run below 104 days is exact")]
fn per_second(count: f64, run_ns: u64) -> Option<f64> {
    let rate = count / (run_ns as f64 / 1e9);
    rate.is_finite().then_some(rate)
}

/// The marks, in order of first appearance.
pub(super) fn marks(fold: &Fold, run_start_unix_ns: Option<u64>) -> Vec<Mark> {
    let after = |unix_ns: Option<u64>| {
        unix_ns.zip(run_start_unix_ns).map_or(0, |(at, start)| at.saturating_sub(start))
    };
    let row = |mark: &MarkStats| {
        let (first, last) = (unix_ns(fold, mark.first), unix_ns(fold, mark.last));
        Mark {
            text: mark.text.clone(),
            count: mark.count,
            first: first.map(rfc3339),
            last: last.map(rfc3339),
            first_ns: after(first),
            last_ns: after(last),
        }
    };
    fold.marks.all().iter().map(row).collect()
}

/// Wall time of a moment in a process; none if its log does not tell.
fn unix_ns(fold: &Fold, (log, time): (LogIndex, LogTime)) -> Option<u64> {
    fold.processes.get(log)?.unix_ns(time)
}
