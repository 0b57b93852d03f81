//! The counts of paths rolled up into functions, threads and processes.

use super::{Calls, FunctionId, GroupBy, LogCalls, Totals};
use crate::event::{CallsiteInfo, LogIndex, ThreadId};
use crate::projections::durations::{DurationStats, Durations};

/// A function, rolled up.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionCalls {
    /// Its number here.
    pub id: FunctionId,
    /// What it is.
    pub info: CallsiteInfo,
    /// Its spans; `total_ns` counts recursion once.
    pub totals: Totals,
    /// Time it was at work, ns: the polls of an async function, the total of any other.
    pub busy_ns: u64,
    /// Its durations, if they are grouped by function and there are any.
    pub durations: Option<DurationStats>,
}

/// A thread or a process, rolled up.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupCalls {
    /// The process.
    pub log: LogIndex,
    /// The thread, where the group is one.
    pub thread: Option<ThreadId>,
    /// Its spans. `total_ns` adds all of them up, nested ones too: `self_ns` is the time at work.
    pub totals: Totals,
    /// Their durations, if they are grouped this way and there are any.
    pub durations: Option<DurationStats>,
}

impl Calls {
    /// Every function that ended a span or is known by name, in order of first appearance.
    pub fn functions(&self) -> Vec<FunctionCalls> {
        let mut rows: Vec<(Totals, u64)> = vec![Default::default(); self.functions.len()];
        for cell in self.logs.iter().flat_map(|log| &log.paths) {
            let (totals, busy_ns) = &mut rows[cell.function.0 as usize];
            let mut counted = cell.totals;
            if !cell.outermost {
                (counted.total_ns, counted.polled_ns) = (0, 0);
            }
            totals.add(&counted);
            let busy = if cell.is_async { counted.polled_ns } else { counted.total_ns };
            *busy_ns = busy_ns.saturating_add(busy);
        }
        let row = |(index, (totals, busy_ns)): (usize, (Totals, u64))| {
            let id = FunctionId(u32::try_from(index).unwrap_or(u32::MAX));
            let durations = match self.group {
                GroupBy::Function => self.durations.get(index).and_then(Durations::stats),
                GroupBy::Thread | GroupBy::Process => None,
            };
            FunctionCalls { id, info: self.functions.info(id).clone(), totals, busy_ns, durations }
        };
        rows.into_iter().enumerate().map(row).collect()
    }

    /// Every thread that ended a span or a poll, by process and then by number.
    pub fn threads(&self) -> Vec<GroupCalls> {
        let mut rows = Vec::new();
        for (index, log) in self.logs.iter().enumerate() {
            let start = rows.len();
            rows.extend(log.threads.iter().map(|thread| GroupCalls {
                log: LogIndex(index),
                thread: Some(thread.thread),
                totals: thread.totals,
                durations: self.grouped(thread.row),
            }));
            rows[start..].sort_by_key(|row| row.thread);
        }
        rows
    }

    /// Every process that ended a span or a poll.
    pub fn processes(&self) -> Vec<GroupCalls> {
        let row = |(index, log): (usize, &LogCalls)| {
            let mut totals = Totals::default();
            log.threads.iter().for_each(|thread| totals.add(&thread.totals));
            totals.dropped = log.dropped;
            GroupCalls {
                log: LogIndex(index),
                thread: None,
                totals,
                durations: self.grouped(log.row),
            }
        };
        self.logs.iter().enumerate().map(row).collect()
    }

    fn grouped(&self, row: Option<usize>) -> Option<DurationStats> {
        row.and_then(|row| self.durations.get(row)).and_then(Durations::stats)
    }
}
