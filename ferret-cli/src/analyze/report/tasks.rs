//! `--by task`: async spans that an executor polls, by function.

use crate::analyze::SpanSubject;
use crate::analyze::build::{LogFacts, durations, kind};
use crate::analyze::document::Durations;
use crate::analyze::fold::Fold;
use crate::analyze::moments::Moments;
use ferret::event::{LogIndex, PathId};
use ferret::projections::{TaskCalls, Tasks};
use serde::{Deserialize, Serialize};

/// The tasks of one function.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) module: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    /// async or asyncstage
    pub(crate) kind: String,
    /// Tasks that ended ok, err, panicked or cancelled.
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) cancelled: u64,
    /// Of the calls, how many were counted instead of being recorded one by one.
    pub(crate) sampled: u64,
    /// Begun, and not ended.
    pub(crate) open: u64,
    pub(crate) open_ns: u64,
    /// Made, and not polled yet.
    pub(crate) unpolled: u64,
    pub(crate) total_ns: u64,
    /// In polls, those of open tasks too.
    pub(crate) busy_ns: u64,
    /// The rest of the time from first poll to end, or up to now.
    pub(crate) idle_ns: u64,
    pub(crate) polls: u64,
    pub(crate) longest_poll_ns: u64,
    /// From being made to the first poll, of those of which that is known.
    pub(crate) mean_first_wait_ns: Option<u64>,
    pub(crate) longest_first_wait_ns: Option<u64>,
    #[serde(flatten)]
    pub(crate) durations: Durations,
}

pub(super) fn rows(
    fold: &Fold,
    logs: &[LogFacts<'_>],
    moments: &Moments,
    tasks: &Tasks,
) -> Vec<Task> {
    let passes = |log: LogIndex, path: PathId, age_ns: u64| {
        let Some(facts) = logs.get(log.0) else { return false };
        let subject = SpanSubject {
            names: facts.names,
            processes: &fold.processes,
            log,
            path,
            thread: None,
            dur_ns: Some(age_ns),
            outcome: None,
            said: None,
        };
        fold.filter.as_ref().is_none_or(|filter| filter.allows(&subject))
    };
    tasks.report(|log| moments.of(log).at, passes).into_iter().map(row).collect()
}

fn row(task: TaskCalls) -> Task {
    let TaskCalls { info, totals, durations: stats, open, unpolled, open_ns, .. } = task;
    let known = (totals.first_polls > 0).then_some(());
    Task {
        name: info.name,
        module: info.module,
        file: info.file,
        line: info.line,
        kind: kind(info.kind).to_owned(),
        calls: totals.ended,
        errors: totals.errors,
        cancelled: totals.cancelled,
        sampled: totals.sampled,
        open,
        open_ns,
        unpolled,
        total_ns: totals.total_ns,
        busy_ns: totals.busy_ns,
        idle_ns: totals.total_ns.saturating_add(open_ns).saturating_sub(totals.busy_ns),
        polls: totals.polls,
        longest_poll_ns: totals.longest_poll_ns,
        mean_first_wait_ns: totals.first_wait_ns.checked_div(totals.first_polls),
        longest_first_wait_ns: known.map(|()| totals.longest_first_wait_ns),
        durations: durations(stats),
    }
}
