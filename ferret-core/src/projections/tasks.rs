//! Tasks: async spans that are polled by an executor, not in the poll of another async span. What an async
//! function awaits in place is part of its task; what it spawns is a task of its own.
//!
//! Whether a span is a task is told by what its thread polls when it begins, so entries must come in order.

use super::durations::{DurationStats, Durations};
use super::functions::{FunctionId, Functions};
use crate::event::{
    CallsiteInfo, Entry, LogEntry, LogIndex, LogTime, Names, OpenTask, Opened, Outcome, PathId,
    SpanId, Summary, TaskLife, ThreadId,
};
use std::collections::BTreeMap;

/// Open tasks that are followed, of one process; more are not counted. A recorder drops them far earlier.
const MOST_OPEN: usize = 1 << 22;

/// The tasks of all processes, by function.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    functions: Functions,
    rows: Vec<Row>,
    logs: Vec<LogTasks>,
}

/// The tasks of one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskTotals {
    /// Tasks that ended ok, err, panicked or cancelled.
    pub ended: u64,
    /// Of those, how many returned an `Err` or unwound.
    pub errors: u64,
    /// Of those, how many were dropped before they completed.
    pub cancelled: u64,
    /// Of those, how many were counted instead of being recorded one by one.
    pub sampled: u64,
    /// From the first poll to the end of those that ended, together, ns.
    pub total_ns: u64,
    /// In their polls, ns.
    pub busy_ns: u64,
    /// Their polls.
    pub polls: u64,
    /// The longest poll, ns.
    pub longest_poll_ns: u64,
    /// Tasks of which is known when they were made and when they were first polled.
    pub first_polls: u64,
    /// How long those waited for their first poll, together, ns.
    pub first_wait_ns: u64,
    /// The longest of those waits, ns.
    pub longest_first_wait_ns: u64,
}

/// The tasks of one function, with what is open.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskCalls {
    /// The function.
    pub info: CallsiteInfo,
    /// Those that ended, and all polls.
    pub totals: TaskTotals,
    /// How long they took.
    pub durations: Option<DurationStats>,
    /// Tasks that have begun and not ended.
    pub open: u64,
    /// Made, and not yet polled.
    pub unpolled: u64,
    /// How long those that have begun have been open, together, ns.
    pub open_ns: u64,
    /// Of that, in polls that ended, ns.
    pub open_busy_ns: u64,
}

#[derive(Clone, Debug, Default)]
struct Row {
    totals: TaskTotals,
    durations: Durations,
}

#[derive(Clone, Debug, Default)]
struct LogTasks {
    /// What each thread polls, outermost first.
    polled: BTreeMap<ThreadId, Vec<SpanId>>,
    open: BTreeMap<SpanId, OpenTaskOf>,
}

#[derive(Clone, Copy, Debug)]
struct OpenTaskOf {
    path: PathId,
    function: FunctionId,
    made: Option<LogTime>,
    begun: Option<LogTime>,
    busy_ns: u64,
}

impl Tasks {
    /// Takes the next entry of `log`. What it says `counts`, or is only needed to know what goes on.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry, counts: bool) {
        let (thread, time) = (entry.thread, entry.time);
        match &entry.what {
            &LogEntry::Created { span, path, .. } => {
                self.open(log, names, span, (path, Some(time), None));
            }
            &LogEntry::SpanStart { span, path, is_async: true, .. } => {
                self.begin(log, names, (thread, span), path, time, counts);
            }
            &LogEntry::Enter { span, .. } => {
                self.log(log).polled.entry(thread).or_default().push(span);
            }
            &LogEntry::Exit { span, path, busy_ns, .. } => {
                if let Some(polled) = self.log(log).polled.get_mut(&thread)
                    && let Some(index) = polled.iter().rposition(|known| *known == span)
                {
                    polled.remove(index);
                }
                self.poll(log, names, (span, path), (1, busy_ns, busy_ns), counts);
            }
            &LogEntry::Polls { span, path, count, busy_ns, longest_ns, .. } => {
                self.poll(log, names, (span, path), (count, busy_ns, longest_ns), counts);
            }
            &LogEntry::SpanEnd { span, outcome, .. } => {
                if let Some(task) = self.log(log).open.remove(&span).filter(|_| counts) {
                    self.end(task, time, outcome);
                }
            }
            LogEntry::Summary(summary) if counts => self.summarize(names, summary),
            LogEntry::ThreadEnd => drop(self.log(log).polled.remove(&thread)),
            _ => {}
        }
    }

    /// Goes on where a reader begins in the middle of a log, or has missed entries. A task is then what is
    /// async with nothing async above it.
    pub fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        let Opened::Anew { stacks, tasks, .. } = opened else { return };
        *self.log(log) = LogTasks::default();
        for &OpenTask { span, path, life, .. } in tasks {
            match life {
                TaskLife::Created(at) => self.open(log, names, span, (path, Some(at), None)),
                TaskLife::Begun(at) if !is_under_async(names, path) => {
                    self.open(log, names, span, (path, None, Some(at)));
                }
                TaskLife::Place | TaskLife::Begun(_) => {}
            }
        }
        for (thread, stack) in stacks {
            let is_poll =
                |path: PathId| names.callsite_info(path).is_some_and(|info| info.kind.is_async());
            let polls = stack.frames().iter().filter(|frame| is_poll(frame.path));
            let polled = polls.map(|frame| frame.span).collect();
            self.log(log).polled.insert(*thread, polled);
        }
    }

    /// The tasks by function, in order of first appearance, each process being at its `moment`. Of what is
    /// open, what `passes` counts.
    pub fn report(
        &self,
        moment: impl Fn(LogIndex) -> LogTime,
        passes: impl Fn(LogIndex, PathId, u64) -> bool,
    ) -> Vec<TaskCalls> {
        let row = |(index, info): (usize, &CallsiteInfo)| {
            let row = self.rows.get(index);
            TaskCalls {
                info: info.clone(),
                totals: row.map(|row| row.totals).unwrap_or_default(),
                durations: row.and_then(|row| row.durations.stats()),
                open: 0,
                unpolled: 0,
                open_ns: 0,
                open_busy_ns: 0,
            }
        };
        let mut rows: Vec<TaskCalls> = self.functions.all().enumerate().map(row).collect();
        for (index, log) in self.logs.iter().enumerate() {
            let log_index = LogIndex(index);
            let now = moment(log_index);
            for task in log.open.values() {
                let since = task.begun.or(task.made).unwrap_or(now);
                if !passes(log_index, task.path, now.since(since)) {
                    continue;
                }
                let row = &mut rows[task.function.0 as usize];
                let Some(begun) = task.begun else {
                    row.unpolled += 1;
                    continue;
                };
                row.open += 1;
                row.open_ns = row.open_ns.saturating_add(now.since(begun));
                row.open_busy_ns = row.open_busy_ns.saturating_add(task.busy_ns);
            }
        }
        rows.retain(|row| row.totals.ended + row.totals.polls + row.open + row.unpolled > 0);
        rows
    }

    fn begin(
        &mut self,
        log: LogIndex,
        names: &Names,
        (thread, span): (ThreadId, SpanId),
        path: PathId,
        time: LogTime,
        counts: bool,
    ) {
        let of = self.log(log);
        if of.polled.get(&thread).is_some_and(|polled| !polled.is_empty()) {
            // Awaited by what is polled here.
            of.open.remove(&span);
            return;
        }
        let made = of.open.get(&span).and_then(|task| task.made);
        self.open(log, names, span, (path, made, Some(time)));
        let function = self.log(log).open.get(&span).map(|task| task.function);
        if let (Some(made), Some(function), true) = (made, function, counts) {
            let (wait_ns, totals) = (time.since(made), &mut self.row(function).totals);
            totals.first_polls += 1;
            totals.first_wait_ns = totals.first_wait_ns.saturating_add(wait_ns);
            totals.longest_first_wait_ns = totals.longest_first_wait_ns.max(wait_ns);
        }
    }

    fn open(
        &mut self,
        log: LogIndex,
        names: &Names,
        span: SpanId,
        (path, made, begun): (PathId, Option<LogTime>, Option<LogTime>),
    ) {
        let function = self.functions.intern(names.callsite_info(path));
        let open = &mut self.log(log).open;
        if open.len() < MOST_OPEN {
            open.insert(span, OpenTaskOf { path, function, made, begun, busy_ns: 0 });
        }
    }

    fn poll(
        &mut self,
        log: LogIndex,
        names: &Names,
        (span, path): (SpanId, PathId),
        (count, busy_ns, longest_ns): (u64, u64, u64),
        counts: bool,
    ) {
        let task = self.log(log).open.get_mut(&span);
        // Of spans that are only counted, polls are all that is told.
        let is_counted = task.is_none() && !is_under_async(names, path);
        let function = match task {
            Some(task) => {
                task.busy_ns = task.busy_ns.saturating_add(busy_ns);
                task.function
            }
            None if is_counted => self.functions.intern(names.callsite_info(path)),
            None => return,
        };
        if counts {
            let totals = &mut self.row(function).totals;
            totals.polls = totals.polls.saturating_add(count);
            totals.busy_ns = totals.busy_ns.saturating_add(busy_ns);
            totals.longest_poll_ns = totals.longest_poll_ns.max(longest_ns);
        }
    }

    fn end(&mut self, task: OpenTaskOf, end: LogTime, outcome: Outcome) {
        if outcome == Outcome::Unknown {
            return;
        }
        let row = self.row(task.function);
        row.totals.ended += 1;
        row.totals.errors += u64::from(matches!(outcome, Outcome::Err | Outcome::Panicked));
        row.totals.cancelled += u64::from(outcome == Outcome::Cancelled);
        let ns = task.begun.map_or(0, |begun| end.since(begun));
        row.totals.total_ns = row.totals.total_ns.saturating_add(ns);
        row.durations.record(ns);
    }

    fn summarize(&mut self, names: &Names, summary: &Summary) {
        let info = names.callsite_info(summary.path);
        if !info.is_some_and(|info| info.kind.is_async()) || is_under_async(names, summary.path) {
            return;
        }
        let function = self.functions.intern(info);
        let Row { totals, durations } = self.row(function);
        totals.ended = totals.ended.saturating_add(summary.calls);
        totals.sampled = totals.sampled.saturating_add(summary.calls);
        totals.errors = totals.errors.saturating_add(summary.errors + summary.panics);
        totals.cancelled = totals.cancelled.saturating_add(summary.cancelled);
        totals.total_ns = totals.total_ns.saturating_add(summary.total_ns);
        durations.record_summary(summary);
    }

    fn row(&mut self, function: FunctionId) -> &mut Row {
        let index = function.0 as usize;
        if index >= self.rows.len() {
            self.rows.resize_with(index + 1, Row::default);
        }
        &mut self.rows[index]
    }

    fn log(&mut self, log: LogIndex) -> &mut LogTasks {
        if log.0 >= self.logs.len() {
            self.logs.resize_with(log.0 + 1, LogTasks::default);
        }
        &mut self.logs[log.0]
    }
}

/// Whether an async function is above the end of a path.
fn is_under_async(names: &Names, path: PathId) -> bool {
    let mut at = path;
    // A path is numbered after its parent: a damaged log that says otherwise ends the climb.
    while let Some(info) = names.paths.get(&at).filter(|info| info.parent < at) {
        at = info.parent;
        if names.callsite_info(at).is_some_and(|info| info.kind.is_async()) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Scenario;
    use super::*;

    fn report(made: &Scenario) -> Vec<TaskCalls> {
        let mut tasks = Tasks::default();
        for entry in &made.entries {
            tasks.apply(LogIndex(0), &made.names, entry, true);
        }
        tasks.report(|_| LogTime(made.now), |_, _, _| true)
    }

    #[test]
    fn what_is_awaited_is_part_of_its_task_and_what_is_spawned_is_not() {
        let mut made = Scenario::default();
        let serve = made.start_async(1, "serve");
        made.enter(1, serve);
        let fetch = made.start_async(1, "fetch");
        made.enter(1, fetch);
        made.now += 5;
        made.exit(1, fetch);
        made.exit(1, serve);
        // Another thread polls what `serve` spawned.
        let job = made.start_async(2, "job");
        made.enter(2, job);
        made.now += 7;
        made.exit(2, job);
        made.end_async(2, job, Outcome::Err);
        made.now += 8;
        made.enter(1, serve);
        made.now += 2;
        made.end_async(1, fetch, Outcome::Ok);
        made.exit(1, serve);
        made.end_async(1, serve, Outcome::Ok);
        let rows = report(&made);
        let row = |row: &TaskCalls| {
            let TaskTotals { ended, errors, total_ns, busy_ns, polls, longest_poll_ns, .. } =
                row.totals;
            (row.info.name.clone(), [ended, errors, total_ns, busy_ns, polls, longest_poll_ns])
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        let expect =
            [("serve".to_owned(), [1, 0, 22, 7, 2, 5]), ("job".to_owned(), [1, 1, 7, 7, 1, 7])];
        assert_eq!(rows, expect);
    }

    #[test]
    fn what_is_open_or_not_polled_yet_is_told_apart() {
        let mut made = Scenario::default();
        let begun = made.start_async(1, "job");
        made.enter(1, begun);
        made.now += 3;
        made.exit(1, begun);
        let later = made.start_async(1, "job");
        // The second is only made so far.
        let Some(Entry { what: LogEntry::SpanStart { span, path, parent, .. }, .. }) =
            made.entries.pop()
        else {
            panic!("it was started");
        };
        assert_eq!(span, later);
        made.say(1, LogEntry::Created { span, path, parent });
        made.now += 10;
        let rows = report(&made);
        let [row] = rows.as_slice() else { panic!("one function: {rows:?}") };
        assert_eq!((row.open, row.unpolled, row.open_ns, row.open_busy_ns), (1, 1, 13, 3));
        made.say(2, LogEntry::SpanStart { span, path, parent, is_async: true });
        let rows = report(&made);
        let TaskTotals { first_polls, first_wait_ns, .. } = rows[0].totals;
        assert_eq!((rows[0].open, first_polls, first_wait_ns), (2, 1, 10));
    }
}
