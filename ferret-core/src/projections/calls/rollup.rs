//! The counts of paths rolled up into functions, threads and processes.

use super::{Calls, FunctionId, GroupBy, LogCalls, PathCalls, Totals};
use crate::event::{CallsiteInfo, LogIndex, PathId, ThreadId};
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
    /// Whether it is async: only then polls and idle time mean something.
    pub is_async: bool,
    /// How long its async spans that ended waited, from start to end less their polls, ns;
    /// recursion counted once.
    pub idle_ns: u64,
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

/// The paths of one function, added up.
#[derive(Clone, Debug, Default)]
struct Sum {
    totals: Totals,
    busy_ns: u64,
    idle_ns: i64,
    is_async: bool,
}

impl Sum {
    fn add(&mut self, cell: &PathCalls) {
        let mut counted = cell.totals;
        if cell.outermost {
            self.idle_ns = self.idle_ns.saturating_add(cell.idle_ns);
        } else {
            (counted.total_ns, counted.polled_ns) = (0, 0);
        }
        self.totals.add(&counted);
        let busy_ns = if cell.is_async { counted.polled_ns } else { counted.total_ns };
        self.busy_ns = self.busy_ns.saturating_add(busy_ns);
        self.is_async |= cell.is_async;
    }
}

impl Calls {
    /// Every function that ended a span or is known by name, in order of first appearance.
    pub fn functions(&self) -> Vec<FunctionCalls> {
        let mut sums: Vec<Sum> = vec![Sum::default(); self.functions.len()];
        for cell in self.logs.iter().flat_map(|log| &log.paths) {
            sums[cell.function.0 as usize].add(cell);
        }
        let row = |(index, sum): (usize, Sum)| {
            let id = FunctionId(u32::try_from(index).unwrap_or(u32::MAX));
            let info = self.functions.info(id).clone();
            let durations = match self.group {
                GroupBy::Function => self.durations.get(index).and_then(Durations::stats),
                GroupBy::Thread | GroupBy::Process => None,
            };
            FunctionCalls {
                id,
                totals: sum.totals,
                busy_ns: sum.busy_ns,
                is_async: sum.is_async || info.kind.is_async(),
                idle_ns: u64::try_from(sum.idle_ns).unwrap_or(0),
                durations,
                info,
            }
        };
        sums.into_iter().enumerate().map(row).collect()
    }

    /// Memory that the durations take, which is most, bytes.
    pub fn bytes(&self) -> usize {
        self.durations.iter().map(|durations| size_of::<Durations>() + durations.bytes()).sum()
    }

    /// How long the calls of a function took, and of how many that is known; none if they are not grouped by function,
    /// or there are none.
    pub fn stats(&self, function: FunctionId) -> Option<(u64, DurationStats)> {
        let durations = self.durations(function)?;
        Some((durations.count(), durations.stats()?))
    }

    /// The durations of a function's calls, if they are grouped by function and there are any.
    pub fn durations(&self, function: FunctionId) -> Option<&Durations> {
        match self.group {
            GroupBy::Function => self.durations.get(function.0 as usize),
            GroupBy::Thread | GroupBy::Process => None,
        }
    }

    /// How the durations of a function are spread, if they are grouped by function: see
    /// [`Durations::shape`].
    pub fn shape(&self, function: FunctionId, columns: usize) -> Vec<u64> {
        self.durations(function)
            .map_or_else(|| vec![0; columns], |durations| durations.shape(columns))
    }

    /// Calls that ended in one place of a process's tree.
    pub fn calls_of(&self, log: LogIndex, path: PathId) -> u64 {
        self.slot_of(log, path).map_or(0, |slot| self.logs[log.0].paths[slot].totals.calls)
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
