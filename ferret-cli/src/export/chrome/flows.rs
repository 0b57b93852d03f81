//! Which span began where another thread, or an earlier moment, asked for it: from where a future was
//! created to its first poll, and from a parent that runs on another thread to its child there. Kept
//! while the span is open, since whether it is drawn is known at its end.

use ferret::event::{Entry, LogEntry, LogIndex, LogTime, SpanId, ThreadId};
use ferret::projections::LiveProcess;
use std::collections::BTreeMap;

/// Where an arrow begins and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) from: (ThreadId, LogTime),
    pub(super) to: (ThreadId, LogTime),
}

/// The arrows to spans that are open, and from futures that have not been polled.
#[derive(Debug, Default)]
pub(super) struct Flows {
    created: BTreeMap<(LogIndex, SpanId), (ThreadId, LogTime)>,
    open: BTreeMap<(LogIndex, SpanId), Flow>,
}

impl Flows {
    /// A span begins, or a future is created; `live` is what is open before that.
    pub(super) fn begin(&mut self, log: LogIndex, live: Option<&LiveProcess>, entry: &Entry) {
        let to = (entry.thread, entry.time);
        match entry.what {
            LogEntry::Created { span, .. } => {
                self.created.insert((log, span), to);
            }
            LogEntry::SpanStart { span, parent, .. } => {
                let from = self.created.remove(&(log, span));
                let from = from.or_else(|| elsewhere(live?, parent?, to));
                if let Some(from) = from {
                    self.open.insert((log, span), Flow { from, to });
                }
            }
            _ => {}
        }
    }

    /// The arrow to a span that is drawn now, or will never be.
    pub(super) fn of(&mut self, log: LogIndex, span: SpanId) -> Option<Flow> {
        self.created.remove(&(log, span));
        self.open.remove(&(log, span))
    }
}

/// Where a parent runs, if that is another thread: just before its child begins.
fn elsewhere(
    live: &LiveProcess,
    parent: SpanId,
    (thread, time): (ThreadId, LogTime),
) -> Option<(ThreadId, LogTime)> {
    let on = |thread: ThreadId| {
        let frames = &live.thread(thread)?.frames;
        frames.iter().rfind(|frame| frame.span == parent).map(|frame| (thread, frame.since))
    };
    // It is among the frames of this thread: nothing came from elsewhere.
    if on(thread).is_some() {
        return None;
    }
    let polled = live.task(parent).and_then(|task| task.polled);
    let (from, since) = polled.or_else(|| on(parent.thread))?;
    // Threads are told of one after the other: it may begin there later than it is known here.
    let at = LogTime(time.0.saturating_sub(1)).max(since);
    (at <= time).then_some((from, at))
}
