//! Which span began where another thread, or an earlier moment, asked for it: from where a future was
//! created to its first poll, and from a parent on another thread to its child. An arrow is kept while its
//! span is open, since whether that is drawn is known at its end.
//!
//! A log tells of threads one after the other, so a parent's end may be read before its child's start:
//! of what ended lately the times are kept, a fixed number of them. (Keeping all would be memory that
//! grows with the log, for arrows that nearly always begin at a span that has just ended or is open.)

use ferret::event::{Entry, LogEntry, LogIndex, LogTime, SpanId, ThreadId};
use ferret::projections::LiveProcess;
use std::collections::BTreeMap;

/// Where an arrow begins and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) from: (ThreadId, LogTime),
    pub(super) to: (ThreadId, LogTime),
    /// Whether something is drawn there: of an async span that is its first poll.
    lands: bool,
}

/// The arrows to spans that are open, and from futures that have not been polled.
#[derive(Debug)]
pub(super) struct Flows {
    created: BTreeMap<(LogIndex, SpanId), (ThreadId, LogTime)>,
    open: BTreeMap<(LogIndex, SpanId), Flow>,
    /// Each in the one place that it may have, over the one before.
    lately: Vec<Option<Ran>>,
}

/// What ran on a thread: a span, or the last poll of one.
#[derive(Clone, Copy, Debug)]
struct Ran {
    log: LogIndex,
    span: SpanId,
    thread: ThreadId,
    from: LogTime,
    to: LogTime,
}

/// How many that ended are kept.
const LATELY: usize = 8_192;

impl Default for Flows {
    fn default() -> Self {
        Self { created: BTreeMap::new(), open: BTreeMap::new(), lately: vec![None; LATELY] }
    }
}

impl Flows {
    /// A span begins, or a future is created; `live` is what is open before that.
    pub(super) fn begin(&mut self, log: LogIndex, live: Option<&LiveProcess>, entry: &Entry) {
        let to = (entry.thread, entry.time);
        match entry.what {
            LogEntry::Created { span, .. } => {
                self.created.insert((log, span), to);
            }
            LogEntry::SpanStart { span, parent, is_async, .. } => {
                let created = self.created.remove(&(log, span));
                let from = created.or_else(|| self.elsewhere(log, live?, parent?, to));
                if let Some(from) = from {
                    self.open.insert((log, span), Flow { from, to, lands: !is_async });
                }
            }
            _ => {}
        }
    }

    /// A span that is not async, or a poll, has ended.
    pub(super) fn ran(&mut self, log: LogIndex, span: SpanId, from: LogTime, entry: &Entry) {
        let ran = Ran { log, span, thread: entry.thread, from, to: entry.time };
        self.lately[place(log, span)] = Some(ran);
    }

    /// A poll of an async span begins there; none if it is among several that are told of together, where
    /// nothing is drawn. The arrow leads to the first.
    pub(super) fn polled(&mut self, log: LogIndex, span: SpanId, at: Option<(ThreadId, LogTime)>) {
        let Some(flow) = self.open.get_mut(&(log, span)).filter(|flow| !flow.lands) else { return };
        if let Some(at) = at {
            (flow.to, flow.lands) = (at, true);
        } else {
            self.open.remove(&(log, span));
        }
    }

    /// The arrow to a span that is drawn now, or will never be.
    pub(super) fn of(&mut self, log: LogIndex, span: SpanId) -> Option<Flow> {
        if self.open.is_empty() && self.created.is_empty() {
            return None;
        }
        self.created.remove(&(log, span));
        self.open.remove(&(log, span)).filter(|flow| flow.lands)
    }

    /// Where a parent runs or ran, if that is another thread: just before its child begins.
    fn elsewhere(
        &self,
        log: LogIndex,
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
        let before = LogTime(time.0.saturating_sub(1));
        let polled = live.task(parent).and_then(|task| task.polled);
        let runs = polled.or_else(|| on(parent.thread)).filter(|(_, since)| *since <= before);
        if let Some((thread, _)) = runs {
            return Some((thread, before));
        }
        let ran = self.lately[place(log, parent)]?;
        let is_it = (ran.log, ran.span) == (log, parent) && ran.from <= before;
        // At its last nanosecond it is still there for the arrow to hold on to.
        let last = LogTime(ran.to.0.saturating_sub(1)).max(ran.from);
        (is_it && ran.thread != thread).then(|| (ran.thread, before.min(last)))
    }
}

fn place(log: LogIndex, span: SpanId) -> usize {
    let mixed = (log.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ u64::from(span.thread.0).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
        ^ span.start.0.wrapping_mul(0x1656_67b1_9e37_79f9);
    usize::try_from(mixed >> 51).unwrap_or(0) % LATELY
}
