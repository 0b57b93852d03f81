//! Spans as a filter asks about them, and whether what an entry says of one counts: the one place where that is decided
//! for `analyze`, `diff`, `export` and the counts of `watch`.

use crate::filter::{Field, Filter, Subject, Value};
use ferret::event::{
    CallsiteId, EndedSpan, Entry, LogEntry, LogIndex, Names, Outcome, PathId, ProcessStart,
    TagValue, ThreadId,
};
use ferret::projections::{Live, Processes, Said};

/// Whether an entry counts. One of no span does, and one that lacks what is asked is not kept out by that: of a poll it
/// is not known how its span ends. None of calls that were only counted, if it depends on the single one.
pub(crate) fn passes(
    filter: Option<&Filter>,
    names: &Names,
    processes: &Processes,
    log: LogIndex,
    entry: &Entry,
    said: Option<&Said>,
) -> Option<bool> {
    let Some(filter) = filter else { return Some(true) };
    let Some(span) = SpanSubject::ended(names, processes, log, entry, said) else {
        return Some(true);
    };
    match &entry.what {
        LogEntry::Summary(_) => filter.test(&span),
        _ => Some(filter.allows(&span)),
    }
}

/// What the span that an entry is about has said so far, by what is open before the entry.
pub(crate) fn said_by<'l>(live: &'l Live, log: LogIndex, entry: &Entry) -> Option<&'l Said> {
    let span = match &entry.what {
        LogEntry::SpanEnd { span, .. }
        | LogEntry::Enter { span, .. }
        | LogEntry::Exit { span, .. }
        | LogEntry::Polls { span, .. }
        | LogEntry::Alloc { span, .. }
        | LogEntry::Tag { span, .. }
        | LogEntry::Progress { span: Some(span), .. }
        | LogEntry::Mark { span: Some(span), .. } => *span,
        _ => return None,
    };
    live.process(log)?.said_by(span)
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

    /// What its process says of itself.
    fn start(&self) -> Option<&ProcessStart> {
        self.processes.get(self.log)?.start.as_deref()
    }

    /// The span that an entry counts for; none for entries that count for none.
    fn ended(
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
                self.start().map_or(Value::Nothing, |start| Value::Number(f64::from(start.pid)))
            }
            Field::Host => {
                self.start().map_or(Value::Nothing, |start| Value::Text(start.host.as_str().into()))
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
