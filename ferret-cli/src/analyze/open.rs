//! The spans that have not ended: what a program does, or did when it died.

use super::build::LogFacts;
use super::document::Open;
use super::fold::Fold;
use super::moments::Moments;
use super::subject::SpanSubject;
use ferret::event::{LogIndex, LogTime, PathId, SpanId, ThreadId};
use ferret::projections::{LiveProcess, LiveThread, OpenCall, OpenFrame, Task};

/// An open span.
#[derive(Clone, Debug)]
pub(super) struct OpenSpan {
    pub(super) log: LogIndex,
    pub(super) path: PathId,
    pub(super) span: SpanId,
    /// None while it waits.
    pub(super) thread: Option<ThreadId>,
    /// Of an async span, how long it waited so far.
    pub(super) idle_ns: u64,
    pub(super) row: Open,
}

impl OpenSpan {
    /// The same for a report of calls.
    pub(super) fn call(&self) -> OpenCall {
        OpenCall { log: self.log, path: self.path, age_ns: self.row.age_ns }
    }
}

/// All open spans that pass the filter: by process, thread by thread from the outermost in, then
/// the async spans that wait, and the futures that wait for their first poll.
pub(super) fn spans(fold: &Fold, logs: &[LogFacts<'_>], moments: &Moments) -> Vec<OpenSpan> {
    let mut spans = Vec::new();
    for (index, facts) in logs.iter().enumerate() {
        let log = LogIndex(index);
        let Some(live) = fold.live.process(log) else { continue };
        let process = Process { log, live, facts, at: moments.of(log).at };
        let all = process.of_threads().chain(process.waiting());
        spans.extend(all.filter(|span| passes(fold, facts, span)));
    }
    spans
}

/// A process with what is needed to tell of its open spans.
#[derive(Clone, Copy)]
struct Process<'a> {
    log: LogIndex,
    live: &'a LiveProcess,
    facts: &'a LogFacts<'a>,
    /// Its last known moment.
    at: LogTime,
}

impl<'a> Process<'a> {
    fn of_threads(self) -> impl Iterator<Item = OpenSpan> + use<'a> {
        self.live.threads().flat_map(move |(id, thread)| {
            let frames = thread.frames.iter().enumerate();
            frames.map(move |(index, frame)| self.of_frame(id, thread, index, frame))
        })
    }

    fn of_frame(
        self,
        id: ThreadId,
        thread: &LiveThread,
        index: usize,
        frame: &OpenFrame,
    ) -> OpenSpan {
        let task = if frame.is_poll { self.live.task(frame.span) } else { None };
        let parent = self.live.parent_of(thread, index);
        let row = Open {
            thread: Some(self.facts.names.thread_name(id)),
            task: frame.is_poll.then(|| frame.span.to_string()),
            age_ns: self.at.since(task.map_or(frame.since, |task| task.since)),
            depth: thread.hidden as usize + index,
            under: self.under(frame.path, parent.span.filter(|_| parent.is_elsewhere)),
            ..self.row(frame.span, frame.path, parent.span)
        };
        self.span(frame.span, frame.path, Some(id), task, row)
    }

    /// One that is polled stands in its thread.
    fn waiting(self) -> impl Iterator<Item = OpenSpan> + use<'a> {
        let waiting = self.live.tasks().filter(|(_, task)| task.polled.is_none());
        waiting.map(move |(span, task)| {
            let row = Open {
                task: Some(span.to_string()),
                age_ns: self.at.since(task.since),
                under: self.under(task.path, task.parent),
                ..self.row(span, task.path, task.parent)
            };
            self.span(span, task.path, None, Some(task), row)
        })
    }

    /// What is the same for all.
    fn row(self, span: SpanId, path: PathId, parent: Option<SpanId>) -> Open {
        Open {
            process: self.facts.uid.to_string(),
            span: span.to_string(),
            parent: parent.map(|parent| parent.to_string()),
            name: self.facts.names.span_name(path).to_owned(),
            begun: true,
            ..Open::default()
        }
    }

    /// With what is known of an async span.
    fn span(
        self,
        span: SpanId,
        path: PathId,
        thread: Option<ThreadId>,
        task: Option<&Task>,
        row: Open,
    ) -> OpenSpan {
        let log = self.log;
        let Some(task) = task else { return OpenSpan { log, path, span, thread, idle_ns: 0, row } };
        let in_poll_ns = task.polled.map_or(0, |(_, since)| self.at.since(since));
        let idle_ns = row.age_ns.saturating_sub(task.busy_ns).saturating_sub(in_poll_ns);
        let row = Open {
            begun: task.begun,
            waits_ns: task.polled.is_none().then(|| self.at.since(task.waits_since)),
            polls: Some(task.polls),
            busy_ns: Some(task.busy_ns),
            ..row
        };
        OpenSpan { log, path, span, thread, idle_ns, row }
    }

    /// What a span is the child of, by name.
    fn under(self, path: PathId, parent: Option<SpanId>) -> Option<String> {
        self.live.parent_name(self.facts.names, path, parent).map(str::to_owned)
    }
}

fn passes(fold: &Fold, facts: &LogFacts<'_>, span: &OpenSpan) -> bool {
    let live = fold.live.process(span.log);
    let subject = SpanSubject {
        names: facts.names,
        processes: &fold.processes,
        log: span.log,
        path: span.path,
        thread: span.thread,
        dur_ns: Some(span.row.age_ns),
        outcome: None,
        said: live.and_then(|live| live.said_by(span.span)),
    };
    fold.filter.as_ref().is_none_or(|filter| filter.allows(&subject))
}
