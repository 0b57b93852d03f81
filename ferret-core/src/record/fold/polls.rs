//! Polls of async spans, merged: most are short and call nothing that is recorded, and a busy task
//! must not fill the log.
//!
//! An ENTER is kept back until it is seen what comes next. An EXIT makes it a poll without
//! children, which joins those of its span before it; anything else, and the end of what the thread
//! has published, sends out first the polls merged so far and then the ENTER. So nothing is merged
//! past a look at the thread: a poll that goes on is in the log as soon as any span, and what the
//! watermark passes is in the log too.
//!
//! What polls allocate is merged with them.

use super::{Fold, Missing, Opening, ThreadFold, short};
use crate::event::{HeapUse, LogEntry, LogTime, Outcome, PathId, Position, Sink, SpanId};
use crate::record::tasks::Life;

/// Longer polls are worth entries of their own, ns: they are what an executor suffers from.
const SHORT_NS: u64 = 100_000;
/// Spans whose polls are merged side by side.
const SIDE_BY_SIDE: usize = 16;

/// The polls of a thread that are not in the log yet.
#[derive(Debug, Default)]
pub(super) struct PollRun {
    open: Option<OpenPoll>,
    /// In order of their last polls.
    merged: Vec<Merged>,
}

/// A poll of which nothing but the ENTER is known.
#[derive(Debug)]
struct OpenPoll {
    at: Position,
    since: LogTime,
    span: SpanId,
    path: PathId,
}

#[derive(Debug)]
struct Merged {
    span: SpanId,
    path: PathId,
    count: u64,
    busy_ns: u64,
    longest_ns: u64,
    heap: HeapUse,
    /// The last of them.
    at: Position,
    end: LogTime,
}

impl PollRun {
    /// Whether the poll that is open was entered at the position that is short for this.
    #[inline]
    pub(super) fn is_open_at(&self, opener: u32) -> bool {
        self.open.as_ref().is_some_and(|open| short(open.at) == opener)
    }

    /// The position of the ENTER of the poll that is open.
    pub(super) fn open_at(&self) -> Option<Position> {
        self.open.as_ref().map(|open| open.at)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_none() && self.merged.is_empty()
    }
}

impl<S: Sink> Fold<S> {
    /// A poll begins, or a place is entered.
    pub(super) fn enter(
        &mut self,
        thread: &mut ThreadFold,
        at: Position,
        since: LogTime,
        span: SpanId,
        final_try: bool,
    ) -> Result<(), Missing> {
        let Some(task) = self.tasks.get(span) else {
            // Lost: its polls have nowhere to be shown.
            return if final_try { Ok(()) } else { Err(Missing(span)) };
        };
        let (path, parent, life) = (task.path, task.parent, task.life);
        if task.is_held() {
            self.say_task(span);
        }
        if thread.polls.open.is_some() || life == Life::Place {
            self.settle(thread);
        }
        if life == Life::Place {
            thread.enter_place(at, parent, path);
        } else {
            thread.polls.open = Some(OpenPoll { at, since, span, path });
        }
        Ok(())
    }

    /// The poll that is open ends, and has no children.
    pub(super) fn poll_ends(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        opener: u32,
    ) {
        let Some(open) = &thread.polls.open else { return };
        let busy_ns = time.since(open.since);
        if busy_ns > SHORT_NS {
            self.settle(thread);
            self.end(thread, position, time, opener, Outcome::Ok);
            return;
        }
        let (span, path, opened_at) = (open.span, open.path, open.at);
        thread.polls.open = None;
        let below = thread.opened.last().map(|top| top.at);
        let heap = thread.heap.close(opened_at, below);
        let known = thread.polls.merged.iter().rposition(|merged| merged.span == span);
        let mut merged = if let Some(index) = known {
            thread.polls.merged.remove(index)
        } else {
            if thread.polls.merged.len() == SIDE_BY_SIDE {
                self.settle(thread);
            }
            let (at, end, heap) = (position, time, HeapUse::default());
            Merged { span, path, count: 0, busy_ns: 0, longest_ns: 0, heap, at, end }
        };
        merged.count += 1;
        merged.busy_ns += busy_ns;
        merged.longest_ns = merged.longest_ns.max(busy_ns);
        if let Some(heap) = heap {
            merged.heap.add(&heap);
        }
        (merged.at, merged.end) = (position, time);
        thread.polls.merged.push(merged);
    }

    /// Sends out what was kept back.
    #[inline]
    pub(in crate::record) fn settle(&mut self, thread: &mut ThreadFold) {
        if !thread.polls.is_empty() {
            self.send_out(thread);
        }
    }

    #[cold]
    fn send_out(&mut self, thread: &mut ThreadFold) {
        let mut all = std::mem::take(&mut thread.polls.merged);
        for merged in all.drain(..) {
            let Merged { span, path, count, busy_ns, longest_ns, heap, at, end } = merged;
            if !heap.is_empty() {
                self.put(thread, at, end, &LogEntry::Alloc { span, path, heap });
            }
            let polls = LogEntry::Polls { span, path, count, busy_ns, child_ns: 0, longest_ns };
            self.put(thread, at, end, &polls);
            thread.stack.dropped(busy_ns);
        }
        // Its memory is used again.
        thread.polls.merged = all;
        if let Some(OpenPoll { at, since, span, path }) = thread.polls.open.take() {
            self.put(thread, at, since, &LogEntry::Enter { span, path });
            thread.stack.push(span, path, since);
            thread.opened.push(Opening::at(at));
        }
    }
}
