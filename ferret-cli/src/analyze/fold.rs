//! One pass over the entries: which of them count, and every projection an analysis is made of.

use super::report::Folded;
use super::subject::{passes, said_by};
use super::window::Window;
use crate::filter::Filter;
use ferret::event::{Entry, LogEntry, LogIndex, Names, Opened, Part};
use ferret::projections::{
    Calls, Counters, GroupBy, Heap, Live, Marks, Processes, Said, Spreads, Stages,
};

/// What entries of a run add up to.
#[derive(Debug, Default)]
pub(super) struct Fold {
    pub(super) calls: Calls,
    pub(super) heap: Heap,
    pub(super) live: Live,
    pub(super) processes: Processes,
    pub(super) stages: Stages,
    pub(super) counters: Counters,
    pub(super) marks: Marks,
    /// Only where a document is made: it costs time.
    pub(super) spreads: Option<Spreads>,
    pub(super) window: Window,
    pub(super) filter: Option<Filter>,
    /// What spans say is looked up only for a filter or a report that asks about it.
    asks_tags: bool,
    /// Calls that were only counted, of which the filter asks what is known of single ones.
    pub(super) not_told_apart: u64,
    /// For the report that is asked for.
    pub(super) report: Folded,
}

impl Fold {
    /// Nothing yet.
    pub(super) fn new(
        group: GroupBy,
        filter: Option<Filter>,
        window: Window,
        report: Folded,
    ) -> Self {
        let asks_tags = filter.as_ref().is_some_and(Filter::asks_tags);
        let asks_tags = asks_tags || report.asks_said();
        Self { calls: Calls::new(group), filter, window, asks_tags, report, ..Self::default() }
    }

    /// Takes the next part of `log`, whose spans that ended are counted elsewhere.
    pub(super) fn apply_counted(&mut self, log: LogIndex, names: &Names, part: Part<'_>) {
        let until = self.window.until(log);
        match part {
            // None of them counts: at an edge entries come one by one.
            Part::Spans(spans) if until.is_some_and(|until| spans.stretch.last > until) => {}
            Part::Spans(spans) => {
                self.report_spans(log, names, &spans);
                self.processes.apply_spans(log, &spans);
                self.live.apply_spans(log, names, &spans);
                self.stages.apply_spans(log, names, &spans);
            }
            Part::Other(entry) => self.apply(log, names, entry),
        }
    }

    /// Takes one entry.
    pub(super) fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        if let LogEntry::ProcessStart(start) = &entry.what {
            self.window.process(log, entry.time, start);
            if let Some(since) = self.window.since(log) {
                self.stages.begin_at(log, since);
            }
        }
        if self.window.until(log).is_some_and(|until| entry.time > until) {
            // How the process ended stays known, so that one that went on is not taken for dead.
            if matches!(entry.what, LogEntry::ProcessEnd(_) | LogEntry::ProcessExit(_)) {
                self.processes.apply(log, entry);
            }
            return;
        }
        self.processes.apply(log, entry);
        let said = if self.asks_tags { said_by(&self.live, log, entry).cloned() } else { None };
        self.live.apply(log, names, entry);
        self.stages.apply(log, names, entry);
        let is_counted = self.window.since(log).is_none_or(|since| entry.time >= since);
        if is_counted {
            self.counters.apply(log, names, entry);
            self.marks.apply(log, names, entry);
        } else {
            self.counters.begin_with(log, names, entry);
        }
        let passes = is_counted && self.passes(log, names, entry, said.as_ref());
        self.report(log, names, entry, (passes, said.as_ref()));
        if passes {
            self.calls.apply(log, names, entry);
            if let Some(spreads) = &mut self.spreads {
                spreads.apply(log, names, entry);
            }
            if let LogEntry::Alloc { path, .. } = &entry.what {
                self.calls.know(log, names, *path);
                self.heap.apply(log, entry);
            }
        } else {
            self.calls.pass_over(log, entry);
            if is_counted {
                self.calls.hide(log, names, entry);
            }
        }
        if let LogEntry::Heap { .. } = &entry.what {
            self.heap.apply(log, entry);
        }
    }

    /// Begins in the middle of a log, or goes on behind entries that were missed.
    pub(super) fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        self.live.resume(log, names, opened);
        self.report.resume(log, names, opened);
        self.stages.resume(log, names, opened);
    }

    fn passes(&mut self, log: LogIndex, names: &Names, entry: &Entry, said: Option<&Said>) -> bool {
        let passes = passes(self.filter.as_ref(), names, &self.processes, log, entry, said);
        if let (None, LogEntry::Summary(counted)) = (passes, &entry.what) {
            self.not_told_apart += counted.calls;
        }
        passes == Some(true)
    }
}
