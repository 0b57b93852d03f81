//! The spans that have not ended: what a program does, or did when it died.

use super::build::LogFacts;
use super::document::Open;
use super::fold::{Fold, SpanSubject};
use super::moments::Moments;
use ferret::event::{LogIndex, LogTime, PathId, SpanId, ThreadId};
use ferret::projections::{LiveProcess, OpenCall};

/// An open span.
#[derive(Clone, Debug)]
pub(super) struct OpenSpan {
    pub(super) log: LogIndex,
    pub(super) path: PathId,
    pub(super) span: SpanId,
    /// None while it waits.
    pub(super) thread: Option<ThreadId>,
    pub(super) row: Open,
}

impl OpenSpan {
    /// The same for a report of calls.
    pub(super) fn call(&self) -> OpenCall {
        OpenCall { log: self.log, path: self.path, age_ns: self.row.age_ns }
    }
}

/// All open spans that pass the filter: by process, thread by thread from the outermost in, then
/// the async spans that wait.
pub(super) fn spans(fold: &Fold, logs: &[LogFacts<'_>], moments: &Moments) -> Vec<OpenSpan> {
    let mut spans = Vec::new();
    for (index, facts) in logs.iter().enumerate() {
        let log = LogIndex(index);
        let Some(live) = fold.live.process(log) else { continue };
        let at = moments.of(log).at;
        let mut of_log = Vec::new();
        of_threads(live, facts, log, at, &mut of_log);
        waiting(live, facts, log, at, &mut of_log);
        of_log.retain(|span| passes(fold, facts, span));
        spans.append(&mut of_log);
    }
    spans
}

fn of_threads(
    live: &LiveProcess,
    facts: &LogFacts<'_>,
    log: LogIndex,
    at: LogTime,
    spans: &mut Vec<OpenSpan>,
) {
    for (id, thread) in live.threads() {
        let mut below = None;
        for (index, frame) in thread.frames.iter().enumerate() {
            let task = if frame.is_poll { live.task(frame.span) } else { None };
            let since = task.map_or(frame.since, |task| task.since);
            let parent = task.map_or(below, |task| task.parent);
            below = Some(frame.span);
            spans.push(OpenSpan {
                log,
                path: frame.path,
                span: frame.span,
                thread: Some(id),
                row: Open {
                    process: facts.uid.to_string(),
                    thread: Some(facts.names.thread_name(id)),
                    task: frame.is_poll.then(|| frame.span.to_string()),
                    span: frame.span.to_string(),
                    parent: parent.map(|parent| parent.to_string()),
                    name: facts.names.span_name(frame.path).to_owned(),
                    age_ns: at.since(since),
                    depth: thread.hidden as usize + index,
                },
            });
        }
    }
}

fn waiting(
    live: &LiveProcess,
    facts: &LogFacts<'_>,
    log: LogIndex,
    at: LogTime,
    spans: &mut Vec<OpenSpan>,
) {
    // One that is polled stands in its thread.
    for (span, task) in live.tasks().filter(|(_, task)| task.polled.is_none()) {
        spans.push(OpenSpan {
            log,
            path: task.path,
            span,
            thread: None,
            row: Open {
                process: facts.uid.to_string(),
                thread: None,
                task: Some(span.to_string()),
                span: span.to_string(),
                parent: task.parent.map(|parent| parent.to_string()),
                name: facts.names.span_name(task.path).to_owned(),
                age_ns: at.since(task.since),
                depth: 0,
            },
        });
    }
}

fn passes(fold: &Fold, facts: &LogFacts<'_>, span: &OpenSpan) -> bool {
    let subject = SpanSubject {
        names: facts.names,
        processes: &fold.processes,
        log: span.log,
        path: span.path,
        thread: span.thread,
        dur_ns: Some(span.row.age_ns),
        outcome: None,
    };
    fold.filter.as_ref().is_none_or(|filter| filter.allows(&subject))
}
