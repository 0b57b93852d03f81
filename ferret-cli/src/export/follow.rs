//! Which entries and spans count: what is open, which processes there are, the window and the
//! filter. One for all formats that write span by span.

use super::reading::{Read, Told};
use crate::analyze::{SpanSubject, Window, passes, said_by};
use crate::filter::Filter;
use ferret::event::{
    Entry, LogEntry, LogIndex, LogTime, Names, Opened, Outcome, PathId, SpanId, ThreadId,
};
use ferret::projections::{Live, OpenFrame, Processes, Said, Task};
use std::collections::BTreeSet;

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Follow {
    pub(super) live: Live,
    processes: Processes,
    window: Window,
    filter: Option<Filter>,
    /// What spans say is looked up only for a filter that asks about it.
    asks_tags: bool,
    /// Logs with entries behind the window: their processes went on until its end at least.
    went_on: BTreeSet<LogIndex>,
    pub(super) told: Told,
}

/// A span that has not ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenSpan<'a> {
    pub(super) span: SpanId,
    pub(super) path: PathId,
    pub(super) since: LogTime,
    /// None while it waits.
    pub(super) thread: Option<ThreadId>,
    /// Of an async span.
    pub(super) task: Option<&'a Task>,
    pub(super) said: &'a Said,
    /// The poll that goes on, since when.
    pub(super) poll: Option<LogTime>,
    /// Whether it passes the filter.
    pub(super) passes: bool,
}

impl OpenSpan<'_> {
    /// Whether it is one: not so a poll of a span whose end has been read.
    pub(super) fn is_span(&self) -> bool {
        self.task.is_some() || self.poll.is_none()
    }
}

impl Follow {
    /// Nothing yet.
    pub(super) fn new(window: Window, filter: Option<Filter>) -> Self {
        Self {
            live: Live::default(),
            processes: Processes::default(),
            window,
            asks_tags: filter.as_ref().is_some_and(Filter::asks_tags),
            filter,
            went_on: BTreeSet::new(),
            told: Told::default(),
        }
    }

    /// Takes note of an entry before it is looked at; false if it is behind the window.
    pub(super) fn reach(&mut self, log: LogIndex, entry: &Entry) -> bool {
        if self.window.until(log).is_some_and(|until| entry.time > until) {
            self.goes_on(log);
            return false;
        }
        self.processes.apply(log, entry);
        match &entry.what {
            LogEntry::Summary(counted) if self.is_late(log, entry.time) => {
                self.told.counted += counted.calls;
            }
            LogEntry::Dropped { spans, .. } => self.told.dropped += spans,
            _ => {}
        }
        true
    }

    /// Takes an entry after it was looked at.
    pub(super) fn pass(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.live.apply(log, names, entry);
    }

    /// Goes on behind entries that were missed.
    pub(super) fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        self.live.resume(log, names, opened);
    }

    /// The last moment of a log that counts.
    pub(super) fn until(&self, log: LogIndex) -> Option<LogTime> {
        self.window.until(log)
    }

    /// A log goes on behind the window.
    pub(super) fn goes_on(&mut self, log: LogIndex) {
        self.went_on.insert(log);
    }

    /// Who asks.
    pub(super) fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// Whether what ends at this time counts.
    pub(super) fn is_late(&self, log: LogIndex, time: LogTime) -> bool {
        self.window.since(log).is_none_or(|since| time >= since)
    }

    /// Whether the span, or the poll, that an entry ends counts. Of a poll it is not known how its span ends:
    /// as in `analyze`, that keeps none out.
    pub(super) fn counts(&self, log: LogIndex, names: &Names, entry: &Entry) -> bool {
        if !self.is_late(log, entry.time) {
            return false;
        }
        let said = if self.asks_tags { self.said(log, entry) } else { None };
        let filter = self.filter.as_ref();
        passes(filter, names, &self.processes, log, entry, said) == Some(true)
    }

    /// Whether what a span that begins here says of itself so far keeps it out.
    pub(super) fn may_count(
        &self,
        log: LogIndex,
        names: &Names,
        path: PathId,
        thread: ThreadId,
    ) -> bool {
        let Some(filter) = &self.filter else { return true };
        filter.allows(&self.subject(log, names, path, Some(thread)))
    }

    /// A span of which nothing is known but where it runs.
    pub(super) fn subject<'a>(
        &'a self,
        log: LogIndex,
        names: &'a Names,
        path: PathId,
        thread: Option<ThreadId>,
    ) -> SpanSubject<'a> {
        let processes = &self.processes;
        let (dur_ns, outcome, said) = (None, None::<Outcome>, None);
        SpanSubject { names, processes, log, path, thread, dur_ns, outcome, said }
    }

    /// What the span that an entry is about has said until then.
    pub(super) fn said(&self, log: LogIndex, entry: &Entry) -> Option<&Said> {
        said_by(&self.live, log, entry)
    }

    /// The last moment of a process that counts.
    pub(super) fn end(&self, read: &Read<'_>, log: LogIndex) -> LogTime {
        let until = self.window.until(log);
        let Some(process) = self.processes.get(log) else { return until.unwrap_or_default() };
        if let Some(until) = until.filter(|_| self.went_on.contains(&log)) {
            return until;
        }
        let state = process.state(read.owned(log), read.now);
        let known = process.known_until(state, read.now);
        until.map_or(known, |until| known.min(until))
    }

    /// What is open in a process, thread by thread from the outermost in, then what waits. Futures that have
    /// not been polled are no spans.
    pub(super) fn open<'a>(
        &'a self,
        read: &'a Read<'_>,
        log: LogIndex,
    ) -> impl Iterator<Item = OpenSpan<'a>> + 'a {
        let (names, at) = (read.names(log), self.end(read, log));
        let live = self.live.process(log);
        let of_threads = live.into_iter().flat_map(move |live| {
            live.threads().flat_map(move |(thread, stack)| {
                stack.frames.iter().map(move |frame| {
                    let task = if frame.is_poll { live.task(frame.span) } else { None };
                    of_frame(frame, thread, task)
                })
            })
        });
        let waiting = live.into_iter().flat_map(|live| {
            let waiting = live.tasks().filter(|(_, task)| task.begun && task.polled.is_none());
            waiting.map(|(span, task)| OpenSpan {
                span,
                path: task.path,
                since: task.since,
                thread: None,
                task: Some(task),
                said: &task.said,
                poll: None,
                passes: true,
            })
        });
        of_threads.chain(waiting).map(move |open| {
            let Some(filter) = &self.filter else { return open };
            let subject = SpanSubject {
                dur_ns: Some(at.since(open.since)),
                said: Some(open.said),
                ..self.subject(log, names, open.path, open.thread)
            };
            OpenSpan { passes: filter.test(&subject) == Some(true), ..open }
        })
    }
}

fn of_frame<'a>(frame: &'a OpenFrame, thread: ThreadId, task: Option<&'a Task>) -> OpenSpan<'a> {
    OpenSpan {
        span: frame.span,
        path: frame.path,
        since: task.map_or(frame.since, |task| task.since),
        thread: Some(thread),
        task,
        said: task.map_or(&frame.said, |task| &task.said),
        poll: frame.is_poll.then_some(frame.since),
        passes: true,
    }
}
