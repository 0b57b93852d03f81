//! Trace events, as `ui.perfetto.dev` and the older `chrome://tracing` open them. The format is Google's "Trace
//! Event Format", <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>.
//!
//! A span is written when it ends, as a complete event: so a filter that asks how it ended needs no
//! look ahead, and nothing is kept of spans but of open ones. The order of events in a file means
//! nothing to those who open it. What is open at the end is a begin without an end.

mod event;
mod flows;
mod ids;
mod instants;
mod numbers;

use super::follow::{Follow, OpenSpan};
use super::reading::{BySpan, Read, Told};
use super::timeline::Timeline;
use crate::analyze::{kind, name_of};
use event::Events;
use ferret::event::{Entry, LogEntry, LogIndex, LogTime, Names, Outcome, PathId, SpanId, ThreadId};
use ferret::projections::{Said, Task};
use flows::Flows;
use ids::{Ids, Track};
use numbers::Numbers;
use std::io::{self, Write};

/// The events.
#[derive(Debug)]
pub(super) struct Chrome {
    timeline: Timeline,
    follow: Follow,
    events: Events,
    ids: Ids,
    flows: Flows,
    numbers: Numbers,
}

/// Where and when something is drawn.
#[derive(Clone, Copy, Debug)]
struct Drawn {
    track: Track,
    start_ns: u64,
    /// None of what has not ended.
    ns: Option<u64>,
}

/// What an event says of its span.
#[derive(Clone, Copy, Debug, Default)]
struct About<'a> {
    outcome: Option<Outcome>,
    said: Option<&'a Said>,
    /// Of an async span: polls, and the time in them, ns.
    polls: Option<(u64, u64)>,
    /// It is a poll of this span.
    poll_of: Option<SpanId>,
}

impl Chrome {
    pub(super) fn new(timeline: Timeline, follow: Follow) -> Self {
        Self {
            ids: Ids::new(&timeline),
            timeline,
            follow,
            events: Events::default(),
            flows: Flows::default(),
            numbers: Numbers::default(),
        }
    }

    fn track(
        &mut self,
        log: LogIndex,
        names: &Names,
        thread: ThreadId,
        out: &mut dyn Write,
    ) -> io::Result<Track> {
        self.ids.track(&mut self.events, log, names, thread, out)
    }

    fn ns(&self, log: LogIndex, time: LogTime) -> u64 {
        self.timeline.ns(log, time)
    }

    /// A span of a thread, or a poll.
    fn slice(
        &mut self,
        names: &Names,
        path: PathId,
        drawn: Drawn,
        about: About<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let phase = if drawn.ns.is_some() { "X" } else { "B" };
        let mut event = self.events.event(phase, names.span_name(path), drawn.track);
        event.category(names.callsite_info(path).map(|info| kind(info.kind)));
        event.time("ts", drawn.start_ns);
        if let Some(ns) = drawn.ns {
            event.time("dur", ns);
        }
        tell(&mut event, names, path, about, drawn.ns.is_none())?;
        event.write(out)
    }

    /// A span that lies on no thread: one that is async, or ends out of order.
    fn lane(
        &mut self,
        names: &Names,
        path: PathId,
        drawn: Drawn,
        about: About<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let id = self.ids.next();
        let category = names.callsite_info(path).map(|info| kind(info.kind));
        let mut event = self.events.event("b", names.span_name(path), drawn.track);
        event.category(category);
        event.local_id(id);
        event.time("ts", drawn.start_ns);
        tell(&mut event, names, path, about, drawn.ns.is_none())?;
        event.write(out)?;
        let Some(ns) = drawn.ns else { return Ok(()) };
        let mut event = self.events.event("e", names.span_name(path), drawn.track);
        event.category(category);
        event.local_id(id);
        event.time("ts", drawn.start_ns.saturating_add(ns));
        event.write(out)
    }

    fn end(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let &LogEntry::SpanEnd { span, path, start, outcome, out_of_order, .. } = &entry.what
        else {
            return Ok(());
        };
        let flow = self.flows.of(log, span);
        let is_async = names.callsite_info(path).is_some_and(|info| info.kind.is_async());
        if !is_async {
            self.flows.ran(log, span, start, entry);
        }
        if !self.follow.counts(log, names, entry) {
            return Ok(());
        }
        let track = self.track(log, names, entry.thread, out)?;
        let task = self.follow.live.process(log).and_then(|live| live.task(span));
        let polls = task.map(|task| (task.polls, task.busy_ns));
        let said = self.follow.said(log, entry).cloned();
        let about =
            About { outcome: Some(outcome), said: said.as_ref(), polls, ..About::default() };
        let ns = Some(entry.time.since(start));
        let drawn = Drawn { track, start_ns: self.ns(log, start), ns };
        if is_async || out_of_order {
            self.lane(names, path, drawn, about, out)?;
        } else {
            self.slice(names, path, drawn, about, out)?;
        }
        if let Some(flow) = flow {
            self.flow(log, names, path, flow, out)?;
        }
        self.follow.told.spans += 1;
        Ok(())
    }

    /// A poll that ended, where it is known when it was.
    fn poll(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (span, path, busy_ns, count) = match entry.what {
            LogEntry::Exit { span, path, busy_ns, .. } => (span, path, busy_ns, 1),
            LogEntry::Polls { span, path, busy_ns, count, .. } => (span, path, busy_ns, count),
            _ => return Ok(()),
        };
        let began = LogTime(entry.time.0.saturating_sub(busy_ns));
        let is_alone = count == 1 && entry.thread != ThreadId::RECORDER;
        self.flows.polled(log, span, is_alone.then_some((entry.thread, began)));
        if !is_alone {
            return Ok(());
        }
        self.flows.ran(log, span, began, entry);
        if !self.follow.counts(log, names, entry) {
            return Ok(());
        }
        let track = self.track(log, names, entry.thread, out)?;
        let drawn = Drawn { track, start_ns: self.ns(log, began), ns: Some(busy_ns) };
        let about = About { poll_of: Some(span), ..About::default() };
        self.slice(names, path, drawn, about, out)
    }

    fn flow(
        &mut self,
        log: LogIndex,
        names: &Names,
        path: PathId,
        flow: flows::Flow,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        // An arrow that a filter leaves without its beginning would hold on to nothing.
        let parent = names.paths.get(&path).map_or(PathId::ROOT, |info| info.parent);
        if !self.follow.may_count(log, names, parent, flow.from.0) {
            return Ok(());
        }
        let id = self.ids.next();
        for (phase, (thread, time)) in [("s", flow.from), ("f", flow.to)] {
            let track = self.track(log, names, thread, out)?;
            let ns = self.ns(log, time);
            let mut event = self.events.event(phase, names.span_name(path), track);
            event.category(Some("flow"));
            event.id(id);
            event.time("ts", ns);
            // To what is open there then, not to what begins next.
            event.text("bp", "e");
            event.write(out)?;
        }
        Ok(())
    }

    fn open(&mut self, read: &Read<'_>, log: LogIndex, out: &mut dyn Write) -> io::Result<u64> {
        let names = read.names(log);
        let follow = std::mem::take(&mut self.follow);
        let mut count = 0;
        for open in follow.open(read, log).filter(|open| open.passes) {
            let thread = open.thread.unwrap_or(open.span.thread);
            let track = self.track(log, names, thread, out)?;
            count += u64::from(open.is_span());
            self.open_span(log, names, &open, track, out)?;
        }
        self.follow = follow;
        Ok(count)
    }

    fn open_span(
        &mut self,
        log: LogIndex,
        names: &Names,
        open: &OpenSpan<'_>,
        track: Track,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let at = |time| Drawn { track, start_ns: self.timeline.ns(log, time), ns: None };
        let (since, polled) = (at(open.since), open.poll.map(at));
        let polls = open.task.map(|Task { polls, busy_ns, .. }| (*polls, *busy_ns));
        let about = About { said: Some(open.said), polls, ..About::default() };
        if let Some(polled) = polled {
            let about = About { poll_of: Some(open.span), ..About::default() };
            self.slice(names, open.path, polled, about, out)?;
        }
        if open.task.is_some() {
            self.lane(names, open.path, since, about, out)?;
        } else if open.poll.is_none() {
            self.slice(names, open.path, since, about, out)?;
        }
        match self.flows.of(log, open.span) {
            Some(flow) => self.flow(log, names, open.path, flow, out),
            None => Ok(()),
        }
    }
}

impl BySpan for Chrome {
    fn follow(&mut self) -> &mut Follow {
        &mut self.follow
    }

    /// The head of the file, and who the processes are.
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        event::begin(out)?;
        for log in (0..self.timeline.len()).map(LogIndex) {
            self.ids.tell_process(&mut self.events, &self.timeline, log, out)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match &entry.what {
            LogEntry::SpanEnd { .. } => return self.end(log, names, entry, out),
            LogEntry::Exit { .. } | LogEntry::Polls { .. } => {
                return self.poll(log, names, entry, out);
            }
            LogEntry::SpanStart { .. } | LogEntry::Created { .. } => {
                self.flows.begin(log, self.follow.live.process(log), entry);
            }
            LogEntry::Enter { span, .. } => {
                self.flows.polled(log, *span, Some((entry.thread, entry.time)));
            }
            LogEntry::Metric(_) | LogEntry::Counter { .. } | LogEntry::Heap { .. } => {
                let (is_late, ns) =
                    (self.follow.is_late(log, entry.time), self.ns(log, entry.time));
                let (track, numbers) = (self.ids.whole(log), &mut self.numbers);
                numbers.tell(
                    &mut self.events,
                    (log, track, ns),
                    names,
                    &entry.what,
                    is_late,
                    out,
                )?;
            }
            _ => self.other(log, names, entry, out)?,
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, read: &Read<'_>, out: &mut dyn Write) -> io::Result<Told> {
        let mut open = 0;
        for log in (0..self.timeline.len()).map(LogIndex) {
            open += self.open(read, log, out)?;
        }
        let mut told = self.follow.told;
        (told.open, told.spans) = (open, told.spans + open);
        event::end(self.timeline.start_unix_ns(), &told, out)?;
        Ok(told)
    }
}

/// What is known of a span beside its times.
fn tell(
    event: &mut event::Event<'_>,
    names: &Names,
    path: PathId,
    about: About<'_>,
    is_open: bool,
) -> io::Result<()> {
    match about.outcome {
        // Names of colours that chrome://tracing has.
        Some(Outcome::Err | Outcome::Panicked) => event.text("cname", "terrible"),
        Some(Outcome::Cancelled | Outcome::Unknown) => event.text("cname", "bad"),
        Some(Outcome::Ok) | None => {}
    }
    event.args();
    if let Some(info) = names.callsite_info(path) {
        event.arg("source", &format_args!("{}:{}", info.file, info.line).to_string())?;
    }
    if let Some(span) = about.poll_of {
        event.arg("poll_of", &span.to_string())?;
    }
    if let Some(outcome) = about.outcome.filter(|outcome| *outcome != Outcome::Ok) {
        event.arg("outcome", name_of(outcome))?;
    }
    if let Some((polls, busy_ns)) = about.polls {
        event.arg("polls", &polls)?;
        event.arg("busy_ns", &busy_ns)?;
    }
    if let Some(Said { tags, progress }) = about.said {
        if let Some((done, total)) = progress {
            event.arg("done", done)?;
            event.arg("total", total)?;
        }
        if !tags.is_empty() {
            let tags = tags.iter().map(|(key, value)| (names.callsite_name(*key), value));
            event.arg("tags", &tags.collect::<std::collections::BTreeMap<_, _>>())?;
        }
    }
    if is_open {
        event.arg("open", &true)?;
    }
    Ok(())
}
