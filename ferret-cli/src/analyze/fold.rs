//! One pass over the entries: which of them count, and every projection an analysis is made of.

use super::report::Folded;
use super::window::Window;
use crate::filter::{Field, Filter, Subject, Value};
use ferret::event::{
    CallsiteId, EndedSpan, Entry, LogEntry, LogIndex, Names, Opened, Outcome, Part, PathId,
    TagValue, ThreadId,
};
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
        let said = if self.asks_tags { said(&self.live, log, entry) } else { None };
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
        let Some(filter) = &self.filter else { return true };
        let Some(span) = SpanSubject::ended(names, &self.processes, log, entry, said) else {
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
    /// What it said; none where that is not known.
    pub(crate) said: Option<&'a Said>,
}

impl<'a> SpanSubject<'a> {
    /// A span that has ended.
    pub(crate) fn of(
        names: &'a Names,
        processes: &'a Processes,
        log: LogIndex,
        span: &EndedSpan,
        said: Option<&'a Said>,
    ) -> Self {
        let &EndedSpan { path, thread, outcome, .. } = span;
        let (thread, dur_ns, outcome) = (Some(thread), Some(span.ns()), Some(outcome));
        Self { names, processes, log, path, thread, dur_ns, outcome, said }
    }

    /// The span that an entry counts for; none for entries that count for none.
    pub(crate) fn ended(
        names: &'a Names,
        processes: &'a Processes,
        log: LogIndex,
        entry: &Entry,
        said: Option<&'a Said>,
    ) -> Option<Self> {
        if let Some(span) = EndedSpan::of(entry) {
            return Some(Self::of(names, processes, log, &span, said));
        }
        let path = match &entry.what {
            LogEntry::Exit { path, .. }
            | LogEntry::Alloc { path, .. }
            | LogEntry::Polls { path, .. }
            // What was lost is the loss of what called it.
            | LogEntry::Dropped { path: Some(path), .. } => *path,
            LogEntry::Summary(counted) => counted.path,
            _ => return None,
        };
        let (thread, dur_ns, outcome) = (Some(entry.thread), None, None);
        Some(Self { names, processes, log, path, thread, dur_ns, outcome, said })
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
            Field::Pid => {
                let start = self.processes.get(self.log).and_then(|process| process.start.as_ref());
                start.map_or(Value::Nothing, |start| Value::Number(f64::from(start.pid)))
            }
            Field::Tag => self.said.map_or(Value::Foreign, |said| {
                let tags = said.tags.iter();
                let tags = tags.map(|(key, value)| (self.names.callsite_name(*key), value));
                let tags: Vec<_> = tags.map(|(key, value)| format!("{key}={value}")).collect();
                Value::Text(tags.join(" ").into())
            }),
            Field::Outcome => match self.outcome {
                Some(outcome) => Value::Text(name_of(outcome).into()),
                None => Value::Foreign,
            },
            Field::Dur => self.dur_ns.map_or(Value::Foreign, |ns| Value::Number(ns as f64)),
            _ => Value::Foreign,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "who tells numbers beyond 2^53 apart writes text"
    )]
    fn tag(&self, key: &str) -> Value<'_> {
        let Some(said) = self.said else { return Value::Foreign };
        let is_key = |id: CallsiteId| self.names.callsite_name(id).to_lowercase() == key;
        match said.tags.iter().find(|(id, _)| is_key(*id)).map(|(_, value)| value) {
            Some(TagValue::Unsigned(number)) => Value::Number(*number as f64),
            Some(TagValue::Signed(number)) => Value::Number(*number as f64),
            Some(TagValue::Float(number)) => Value::Number(*number),
            Some(value @ (TagValue::Bool(_) | TagValue::Text(_))) => {
                Value::Text(value.to_string().into())
            }
            None => Value::Nothing,
        }
    }
}

/// What the span of an entry has said until it ended, or so far, by what is open before the entry.
fn said(live: &Live, log: LogIndex, entry: &Entry) -> Option<Said> {
    let span = match &entry.what {
        LogEntry::SpanEnd { span, .. }
        | LogEntry::Exit { span, .. }
        | LogEntry::Polls { span, .. }
        | LogEntry::Alloc { span, .. } => *span,
        _ => return None,
    };
    live.process(log)?.said_by(span).cloned()
}

/// An outcome as it is written.
pub(crate) fn name_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Err => "err",
        Outcome::Panicked => "panicked",
        Outcome::Cancelled => "cancelled",
        Outcome::Unknown => "unknown",
    }
}
