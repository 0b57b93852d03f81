//! One pass over the entries: which of them count, and every projection an analysis is made of.

use super::window::Window;
use crate::filter::{Field, Filter, Subject, Value};
use ferret::event::{Entry, LogEntry, LogIndex, Names, Opened, Outcome, PathId, ThreadId};
use ferret::projections::{
    Calls, Counters, EndedSpan, GroupBy, Heap, Live, Marks, Processes, Stages, spans_until_other,
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
    pub(super) window: Window,
    pub(super) filter: Option<Filter>,
    /// Calls that were only counted, of which the filter asks what is known of single ones.
    pub(super) not_told_apart: u64,
    /// Memory that is used again.
    ended: Vec<EndedSpan>,
}

impl Fold {
    /// Nothing yet.
    pub(super) fn new(group: GroupBy, filter: Option<Filter>, window: Window) -> Self {
        Self { calls: Calls::new(group), filter, window, ..Self::default() }
    }

    /// Takes the next entries of `log`.
    pub(super) fn apply_all(&mut self, log: LogIndex, names: &Names, entries: &[Entry]) {
        if self.filter.is_some()
            || self.window.since(log).is_some()
            || self.window.until(log).is_some()
        {
            for entry in entries {
                self.apply(log, names, entry);
            }
            return;
        }
        let (mut rest, mut ended) = (entries, std::mem::take(&mut self.ended));
        while !rest.is_empty() {
            let (spans, others) = rest.split_at(spans_until_other(rest, &mut ended));
            self.processes.apply_spans(log, spans, &ended);
            self.live.apply_spans(log, names, spans);
            self.stages.apply_spans(log, names, spans);
            self.calls.apply_spans(log, names, &ended);
            rest = others;
            if let Some((other, later)) = others.split_first() {
                self.apply(log, names, other);
                rest = later;
            }
        }
        self.ended = ended;
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
        self.live.apply(log, names, entry);
        self.stages.apply(log, names, entry);
        let is_counted = self.window.since(log).is_none_or(|since| entry.time >= since);
        if is_counted {
            self.counters.apply(log, names, entry);
            self.marks.apply(log, names, entry);
        } else {
            self.counters.begin_with(log, names, entry);
        }
        if is_counted && self.passes(log, names, entry) {
            self.calls.apply(log, names, entry);
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
        self.stages.resume(log, names, opened);
    }

    fn passes(&mut self, log: LogIndex, names: &Names, entry: &Entry) -> bool {
        let Some(filter) = &self.filter else { return true };
        let Some(span) = SpanSubject::ended(names, &self.processes, log, entry) else {
            return true;
        };
        let LogEntry::Summary(counted) = &entry.what else { return filter.allows(&span) };
        let passes = filter.test(&span);
        if passes.is_none() {
            self.not_told_apart += counted.calls;
        }
        passes == Some(true)
    }
}

/// A span, to be asked by a filter.
pub(crate) struct SpanSubject<'a> {
    pub(crate) names: &'a Names,
    pub(crate) processes: &'a Processes,
    pub(crate) log: LogIndex,
    pub(crate) path: PathId,
    /// None while it waits.
    pub(crate) thread: Option<ThreadId>,
    /// How long it took, or has been open; none of a poll.
    pub(crate) dur_ns: Option<u64>,
    /// None of one that is open.
    pub(crate) outcome: Option<Outcome>,
}

impl<'a> SpanSubject<'a> {
    /// The span that an entry counts for; none for entries that count for none.
    fn ended(
        names: &'a Names,
        processes: &'a Processes,
        log: LogIndex,
        entry: &Entry,
    ) -> Option<Self> {
        let (path, dur_ns, outcome) = match &entry.what {
            LogEntry::SpanEnd { path, start, outcome, .. } => {
                (*path, Some(entry.time.since(*start)), Some(*outcome))
            }
            LogEntry::Exit { path, .. }
            | LogEntry::Alloc { path, .. }
            | LogEntry::Polls { path, .. } => (*path, None, None),
            LogEntry::Summary(counted) => (counted.path, None, None),
            _ => return None,
        };
        let thread = Some(entry.thread);
        Some(Self { names, processes, log, path, thread, dur_ns, outcome })
    }
}

impl Subject for SpanSubject<'_> {
    #[expect(clippy::cast_precision_loss, reason = "durations below 104 days are exact")]
    fn value(&self, field: Field) -> Value<'_> {
        let callsite = || self.names.callsite_info(self.path);
        match field {
            Field::Name => Value::Text(self.names.span_name(self.path).into()),
            Field::Module => Value::Text(callsite().map_or("", |info| &info.module).into()),
            Field::File => Value::Text(callsite().map_or("", |info| &info.file).into()),
            Field::Kind => callsite()
                .map_or(Value::Nothing, |info| Value::Text(super::build::kind(info.kind).into())),
            Field::Thread => match self.thread {
                Some(id) => Value::Text(self.names.thread_name(id).into()),
                None => Value::Nothing,
            },
            Field::Process => match self.processes.get(self.log) {
                Some(process) => Value::Text(process.name().into()),
                None => Value::Nothing,
            },
            Field::Outcome => match self.outcome {
                Some(outcome) => Value::Text(name_of(outcome).into()),
                None => Value::Foreign,
            },
            Field::Dur => self.dur_ns.map_or(Value::Foreign, |ns| Value::Number(ns as f64)),
            _ => Value::Foreign,
        }
    }
}

/// An outcome as it is written.
fn name_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Err => "err",
        Outcome::Panicked => "panicked",
        Outcome::Cancelled => "cancelled",
        Outcome::Unknown => "unknown",
    }
}
