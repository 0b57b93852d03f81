//! What calls cost: how often each function ran, how long in all and by itself, how it ended.
//!
//! Counts are kept for each path of each log, and what a function, a thread or a process adds up
//! to is rolled up from them when it is asked for; [`CallTree`](super::CallTree) reads the same
//! counts. Only durations are kept in the grouping that is shown.
//!
//! Everything is independent of the order of entries: a span's end says all there is to say of it,
//! and whether it is nested in its own function is told by its path. (Keeping each thread's stack
//! here was rejected: it would tie the fold to one log's beginning and one core.)

mod idle;
mod merge;
mod overhead;
mod rollup;
mod totals;

pub use rollup::{FunctionCalls, GroupCalls};
pub use totals::Totals;

use super::durations::Durations;
use super::functions::{FunctionId, Functions};
use super::slots::Slots;
use crate::event::{
    CallsiteInfo, EndedSpan, Entry, LogEntry, LogIndex, Names, Outcome, PathId, SpanId, Summary,
    ThreadId,
};
use idle::OpenPolls;
use overhead::Hidden;
use totals::Polled;

/// By what the durations of spans are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// By callsite, merged over processes.
    #[default]
    Function,
    /// By the thread that ended them.
    Thread,
    /// By process.
    Process,
}

/// Call statistics.
///
/// `calls` are spans that ended ok, err, panicked or cancelled; unknown ends are counted apart and
/// enter no time. A function's total counts recursion once: a span adds to it unless its function
/// is already above it on its path. Self time counts every span.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    group: GroupBy,
    pub(super) functions: Functions,
    pub(super) logs: Vec<LogCalls>,
    /// By function, or by [`LogCalls::row`], or by [`ThreadTotals::row`].
    durations: Vec<Durations>,
}

/// The counts of one log.
#[derive(Clone, Debug, Default)]
pub(super) struct LogCalls {
    pub(super) slots: Slots,
    pub(super) paths: Vec<PathCalls>,
    thread_slots: Slots,
    threads: Vec<ThreadTotals>,
    row: Option<usize>,
    open: OpenPolls,
    dropped: u64,
}

/// The counts of one path.
#[derive(Clone, Debug)]
pub(super) struct PathCalls {
    path: PathId,
    pub(super) function: FunctionId,
    /// Its parent's place in [`LogCalls::paths`], always a smaller one.
    pub(super) parent: Option<usize>,
    /// Its function is nowhere above it.
    pub(super) outermost: bool,
    is_async: bool,
    pub(super) totals: Totals,
    /// How long its async spans that ended waited, ns. Below 0 only while a poll's end is read and
    /// its span's is not.
    idle_ns: i64,
    hidden: Hidden,
}

#[derive(Clone, Debug)]
struct ThreadTotals {
    thread: ThreadId,
    row: Option<usize>,
    totals: Totals,
}

impl Calls {
    /// Nothing yet; durations will be grouped by `group`.
    pub fn new(group: GroupBy) -> Self {
        Self { group, ..Self::default() }
    }

    /// Takes spans of `log` that ended.
    pub fn apply_spans(&mut self, log: LogIndex, names: &Names, ended: &[EndedSpan]) {
        let mut rest = ended;
        while !rest.is_empty() {
            let taken = self.add_known(log, rest);
            rest = &rest[taken..];
            if let Some((other, later)) = rest.split_first() {
                self.end(log, names, other);
                rest = later;
            }
        }
    }

    /// Takes one entry.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        match &entry.what {
            &LogEntry::SpanStart { span, is_async: true, .. } => self.log(log).open.begin(span),
            LogEntry::SpanEnd { .. } => {
                if let Some(span) = EndedSpan::of(entry) {
                    self.end(log, names, &span);
                }
            }
            &LogEntry::Exit { span, path, busy_ns, child_ns } => {
                let polled = Polled { count: 1, busy_ns, child_ns, longest_ns: busy_ns };
                self.poll(log, names, entry.thread, (span, path), polled);
            }
            &LogEntry::Polls { span, path, count, busy_ns, child_ns, longest_ns } => {
                let polled = Polled { count, busy_ns, child_ns, longest_ns };
                self.poll(log, names, entry.thread, (span, path), polled);
            }
            LogEntry::Summary(summary) => self.summarize(log, names, entry.thread, summary),
            &LogEntry::Dropped { spans, path, .. } => {
                self.lose(log, names, entry.thread, spans, path);
            }
            _ => {}
        }
    }

    /// Takes one entry that does not count, because a filter or a window leaves it out: what it says
    /// of an async span is needed should the end of that span count.
    pub fn pass_over(&mut self, log: LogIndex, entry: &Entry) {
        match entry.what {
            LogEntry::SpanStart { span, is_async: true, .. } => self.log(log).open.begin(span),
            LogEntry::Exit { span, busy_ns, .. } | LogEntry::Polls { span, busy_ns, .. } => {
                // Of one whose end was read before, it is the last poll: that one stays in the
                // time waited, should the end have counted.
                self.log(log).open.poll(span, busy_ns);
            }
            LogEntry::SpanEnd { span, .. } => {
                self.log(log).open.end(span);
            }
            _ => {}
        }
    }

    /// Makes sure that a path has a place, and gives it. Open spans have not ended: whoever will
    /// ask for a report about them names their paths first.
    pub fn know(&mut self, log: LogIndex, names: &Names, path: PathId) -> usize {
        match self.log(log).slots.get(path.0) {
            Some(slot) => slot,
            None => self.learn(log, names, path),
        }
    }

    /// The function at the end of a path that is known.
    pub fn function_of(&self, log: LogIndex, path: PathId) -> Option<FunctionId> {
        let log = self.logs.get(log.0)?;
        log.slots.get(path.0).map(|slot| log.paths[slot].function)
    }

    /// What is known of a function.
    pub fn info(&self, function: FunctionId) -> &CallsiteInfo {
        self.functions.info(function)
    }

    /// Whether a path's function is nowhere above it: its spans count in totals.
    pub fn is_outermost(&self, log: LogIndex, path: PathId) -> bool {
        self.slot_of(log, path).is_some_and(|slot| self.logs[log.0].paths[slot].outermost)
    }

    /// The place of a path that is known.
    pub(super) fn slot_of(&self, log: LogIndex, path: PathId) -> Option<usize> {
        self.logs.get(log.0)?.slots.get(path.0)
    }

    /// How many spans were lost in a log, for want of memory or disk.
    pub fn dropped(&self, log: LogIndex) -> u64 {
        self.logs.get(log.0).map_or(0, |log| log.dropped)
    }

    /// Adds up what [`Calls::end`] would, of spans of one thread up to one that is async, or of which not all
    /// is known yet; says how many that was. Nearly all are such.
    fn add_known(&mut self, log: LogIndex, ended: &[EndedSpan]) -> usize {
        let Self { group, logs, durations, .. } = self;
        let Some(in_log) = logs.get_mut(log.0) else { return 0 };
        let LogCalls { slots, paths, thread_slots, threads, row, .. } = in_log;
        let Some(on) = ended.first().map(|span| span.thread) else { return 0 };
        let Some(thread) = thread_slots.get(on.0) else { return 0 };
        let row_of_group = match group {
            GroupBy::Function => None,
            GroupBy::Thread => threads[thread].row,
            GroupBy::Process => *row,
        };
        let (mut taken, mut of_thread) = (0, Totals::default());
        let (mut total_ns, mut all_self_ns) = (0_u64, 0_u64);
        for span in ended.iter().take_while(|span| span.thread == on) {
            let Some(slot) = slots.get(span.path.0) else { break };
            let cell = &mut paths[slot];
            let row = match group {
                GroupBy::Function => Some(cell.function.0 as usize),
                GroupBy::Thread | GroupBy::Process => row_of_group,
            };
            let Some(durations) = row.and_then(|row| durations.get_mut(row)) else { break };
            if cell.is_async {
                break;
            }
            let ns = span.ns();
            let self_ns = ns.saturating_sub(span.child_ns);
            cell.totals.end(span.outcome, ns, self_ns);
            taken += 1;
            if span.outcome == Outcome::Ok {
                (of_thread.calls, total_ns) = (of_thread.calls + 1, total_ns.saturating_add(ns));
                all_self_ns = all_self_ns.saturating_add(self_ns);
                durations.record(ns);
                continue;
            }
            of_thread.end(span.outcome, ns, self_ns);
            if span.outcome != Outcome::Unknown {
                durations.record(ns);
            }
        }
        of_thread.total_ns = of_thread.total_ns.saturating_add(total_ns);
        of_thread.self_ns = of_thread.self_ns.saturating_add(all_self_ns);
        threads[thread].totals.add(&of_thread);
        taken
    }

    fn end(&mut self, log: LogIndex, names: &Names, ended: &EndedSpan) {
        let &EndedSpan { span, path, thread, child_ns, outcome, .. } = ended;
        let slot = self.know(log, names, path);
        let thread = self.thread(log, thread);
        let in_log = &mut self.logs[log.0];
        let cell = &mut in_log.paths[slot];
        let ns = ended.ns();
        // The polls of an async span carry its self time.
        let self_ns = if cell.is_async { 0 } else { ns.saturating_sub(child_ns) };
        cell.totals.end(outcome, ns, self_ns);
        if cell.is_async {
            let busy_ns = in_log.open.end(span);
            if outcome != Outcome::Unknown {
                cell.idle_ns =
                    cell.idle_ns.saturating_add(signed(ns)).saturating_sub(signed(busy_ns));
            }
        }
        let function = cell.function;
        in_log.threads[thread].totals.end(outcome, ns, self_ns);
        if outcome != Outcome::Unknown {
            self.durations_of(log, thread, function).record(ns);
        }
    }

    fn summarize(&mut self, log: LogIndex, names: &Names, thread: ThreadId, summary: &Summary) {
        let cell = self.know(log, names, summary.path);
        let thread = self.thread(log, thread);
        let cell = &mut self.logs[log.0].paths[cell];
        cell.totals.summary(summary);
        if cell.is_async {
            // Their polls are of spans that nobody knows, and were taken off.
            cell.idle_ns = cell.idle_ns.saturating_add(signed(summary.total_ns));
        }
        let function = cell.function;
        self.logs[log.0].threads[thread].totals.summary(summary);
        self.durations_of(log, thread, function).record_summary(summary);
    }

    fn poll(
        &mut self,
        log: LogIndex,
        names: &Names,
        thread: ThreadId,
        (span, path): (SpanId, PathId),
        polled: Polled,
    ) {
        let slot = self.know(log, names, path);
        let thread = self.thread(log, thread);
        let in_log = &mut self.logs[log.0];
        let cell = &mut in_log.paths[slot];
        cell.is_async = true;
        cell.totals.poll(polled);
        if !in_log.open.poll(span, polled.busy_ns) {
            // Its end was read before: it waited for so much less.
            cell.idle_ns = cell.idle_ns.saturating_sub(signed(polled.busy_ns));
        }
        in_log.threads[thread].totals.poll(polled);
    }

    fn lose(
        &mut self,
        log: LogIndex,
        names: &Names,
        thread: ThreadId,
        spans: u64,
        path: Option<PathId>,
    ) {
        let slot = self.thread(log, thread);
        let in_log = &mut self.logs[log.0];
        in_log.dropped = in_log.dropped.saturating_add(spans);
        in_log.threads[slot].totals.dropped += spans;
        if let Some(path) = path {
            let cell = self.know(log, names, path);
            self.logs[log.0].paths[cell].totals.dropped += spans;
        }
    }

    #[inline]
    fn log(&mut self, log: LogIndex) -> &mut LogCalls {
        if log.0 >= self.logs.len() {
            self.logs.resize_with(log.0 + 1, LogCalls::default);
        }
        &mut self.logs[log.0]
    }

    /// The place of a thread's totals.
    #[inline]
    fn thread(&mut self, log: LogIndex, thread: ThreadId) -> usize {
        let log = self.log(log);
        if let Some(slot) = log.thread_slots.get(thread.0) {
            return slot;
        }
        let slot = log.threads.len();
        log.thread_slots.set(thread.0, slot);
        log.threads.push(ThreadTotals { thread, row: None, totals: Totals::default() });
        slot
    }

    #[inline]
    fn durations_of(
        &mut self,
        log: LogIndex,
        thread: usize,
        function: FunctionId,
    ) -> &mut Durations {
        let next = self.durations.len();
        let row = match self.group {
            GroupBy::Function => function.0 as usize,
            GroupBy::Thread => *self.logs[log.0].threads[thread].row.get_or_insert(next),
            GroupBy::Process => *self.logs[log.0].row.get_or_insert(next),
        };
        if row >= next {
            self.durations.resize_with(row + 1, Durations::default);
        }
        &mut self.durations[row]
    }

    /// Gives a path, and those above it, their places.
    #[cold]
    fn learn(&mut self, log: LogIndex, names: &Names, path: PathId) -> usize {
        if path != PathId::ROOT && names.callsite_of(path).is_none() {
            // Made up by a damaged log. All such share the root's place, so they cost no memory.
            return self.know(log, names, PathId::ROOT);
        }
        let mut missing = Vec::new();
        let mut next = path;
        let mut parent = None;
        // A path is numbered after its parent: a damaged log that says otherwise ends the climb.
        while next != PathId::ROOT {
            if let Some(slot) = self.logs[log.0].slots.get(next.0) {
                parent = Some(slot);
                break;
            }
            missing.push(next);
            next = match names.paths.get(&next) {
                Some(info) if info.parent < next => info.parent,
                _ => PathId::ROOT,
            };
        }
        if path == PathId::ROOT {
            missing.push(path);
        }
        for path in missing.into_iter().rev() {
            parent = Some(self.place(log, names, path, parent));
        }
        // `missing` held at least the path itself.
        parent.unwrap_or(0)
    }

    fn place(
        &mut self,
        log: LogIndex,
        names: &Names,
        path: PathId,
        parent: Option<usize>,
    ) -> usize {
        let info = names.callsite_info(path);
        let function = self.functions.intern(info);
        let log = &mut self.logs[log.0];
        let mut above = parent;
        while let Some(slot) = above.filter(|&slot| log.paths[slot].function != function) {
            above = log.paths[slot].parent;
        }
        let slot = log.paths.len();
        log.slots.set(path.0, slot);
        log.paths.push(PathCalls {
            path,
            function,
            parent,
            outermost: above.is_none(),
            is_async: info.is_some_and(|info| info.kind.is_async()),
            totals: Totals::default(),
            idle_ns: 0,
            hidden: Hidden::default(),
        });
        slot
    }
}

/// Nanoseconds as a signed number: 292 years at most.
fn signed(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
