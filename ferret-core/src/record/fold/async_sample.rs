//! Async spans while spans are sampled, as [`sample`](super::sample) does those of threads.
//!
//! One that begins is held, and so is each of its polls, a frame of the thread like any other. What its polls come to
//! stands with it, wherever they ran; when it ends it is written, or it is counted among the calls of the thread where
//! it ended. But not before all its polls have been read, as many as its END says: until then a program that is killed
//! leaves one to whoever reads its chunks, who must find the span in the log.
//!
//! What is held is said as entries of the recorder's own thread, each with the time at which it was: that of the thread
//! where it happened has gone on.

use super::{Fold, Missing, ThreadFold, span_of};
use crate::event::{
    CallsiteId, HeapUse, LogEntry, LogTime, Outcome, PathId, Position, Sink, SpanId, ThreadId,
    ThreadStack,
};
use crate::record::raw::{self, Head, Kind, Slot};
use crate::record::tasks::{Life, Task, Told};
use crate::record::unsaid::{PollSum, Unsaid, UnsaidEnd};

/// Of notes on an async span, so many are held; with one more it is said.
const MOST_NOTES: usize = 8;
/// Async spans of which nothing is said, at most: 40 MB. Where the recorder reads far ahead in one thread of what another
/// has done to them, there are more that have not ended for it than in truth; those beyond are written.
const MOST_HELD: usize = 1 << 17;

/// An async span that is counted.
#[derive(Debug)]
pub(in crate::record) struct CountedTask {
    /// Where it ended.
    pub(in crate::record) thread: ThreadId,
    pub(super) span: SpanId,
    pub(super) path: PathId,
    pub(super) ns: u64,
    pub(super) outcome: Outcome,
    pub(super) polls: PollSum,
    pub(super) heap: HeapUse,
}

impl<S: Sink> Fold<S> {
    /// An entry of the recorder's own thread, whose time may go back.
    pub(in crate::record) fn put_own(&mut self, time: LogTime, entry: &LogEntry) {
        let nothing_open = ThreadStack::default();
        self.sink.entry(ThreadId::RECORDER, self.own_next, &nothing_open, time, entry);
        self.own_next = self.own_next.next();
        self.sink.drained(ThreadId::RECORDER, self.own_next);
    }

    /// Whether of an async span that begins nothing is to be said; of a stage all is.
    fn holds_task(&self, callsite: CallsiteId) -> bool {
        self.budget.is_sampling()
            && self.tasks.unsaid() < MOST_HELD
            && !(self.has_stages && self.is_stage(callsite))
    }

    /// Folds an event of an async span that touches nothing but what is held of it; if it does not, what is held is
    /// said.
    pub(super) fn folded_task(
        &mut self,
        thread: &mut ThreadFold,
        time: LogTime,
        event: &Head,
        slots: &[Slot],
    ) -> bool {
        let span = span_of(slots);
        let Some(task) = self.tasks.get(span) else { return false };
        let Some(unsaid) = &task.unsaid else { return false };
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others are ENDs")]
        let is_done = unsaid.is_held
            && match event.kind {
                Kind::TaskBegin if task.told == Told::NotYet => {
                    task.life = Life::Begun(time);
                    true
                }
                // What is kept of it beside the entries is to be told, too.
                Kind::TaskBegin => false,
                Kind::TagOf => self.noted_on_task(span, time, event, slots.get(2..)),
                _ => self.ended_held_task(thread, time, event, slots),
            };
        if !is_done {
            self.say_task(span);
        }
        is_done
    }

    /// Whether a note on an async span could be held.
    pub(super) fn noted_on_task(
        &mut self,
        span: SpanId,
        time: LogTime,
        event: &Head,
        payload: Option<&[Slot]>,
    ) -> bool {
        let note = match (event.kind, payload) {
            (Kind::Progress, Some(&[[done, total], ..])) => {
                Some(LogEntry::Progress { span: Some(span), done, total })
            }
            (Kind::Tag | Kind::TagOf, Some(payload)) => self.tag_of_task(span, event, payload),
            _ => None,
        };
        let Some(note) = note else { return true };
        self.tasks.unsaid_of(span).is_some_and(|unsaid| unsaid.note(MOST_NOTES, time, note))
    }

    /// A span ends of which nothing is said: is it to be counted?
    fn ended_held_task(
        &mut self,
        thread: &mut ThreadFold,
        time: LogTime,
        event: &Head,
        slots: &[Slot],
    ) -> bool {
        let span = span_of(slots);
        let Some(task) = self.tasks.get(span) else { return false };
        if let (Life::Created(_), Some(begun)) = (task.life, event.begun()) {
            task.life = Life::Begun(self.clock.time(begun));
        }
        let path = task.path;
        let Some((start, outcome)) = task.ends(time, event.kind.task_outcome()) else {
            return false;
        };
        if outcome == Outcome::Unknown || thread.is_polling(span) {
            return false;
        }
        let share = &mut thread.held.tallies().of(path).share;
        if self.budget.keeps_async(share, time.since(start), outcome) {
            return false;
        }
        let Some((task, is_kept)) = self.tasks.end(span) else { return false };
        let parent = task.parent;
        let unsaid = task.unsaid.get_or_insert_default();
        unsaid.end = Some(UnsaidEnd { thread: thread.id, start, end: time, outcome });
        if unsaid.polls.count == u64::from(raw::task_of(slots).2)
            && let Some(unsaid) = task.unsaid.take()
        {
            self.tasks.has_been_said();
            if let Some(counted) = self.counted(span, path, parent, *unsaid) {
                self.count_task(Some(thread), &counted);
            }
        }
        if is_kept {
            self.sink.forget_task(span);
        }
        true
    }

    /// A poll that is held ends, and none of what it called is written: it is added to those of its span.
    pub(super) fn add_poll(
        &mut self,
        span: SpanId,
        end: LogTime,
        (busy_ns, child_ns): (u64, u64),
        heap: Option<HeapUse>,
    ) {
        let Some(unsaid) = self.tasks.unsaid_of(span) else { return };
        unsaid.polls.add(busy_ns, child_ns);
        unsaid.polled = unsaid.polled.max(end);
        if let Some(heap) = heap {
            unsaid.heap.add(&heap);
        }
    }

    /// Says what is not said of an async span, and what of those that it is under.
    pub(super) fn say_task(&mut self, span: SpanId) {
        let mut spans = vec![span];
        let mut at = span;
        while let Some(parent) = self.tasks.get(at).and_then(|task| task.parent)
            && self.tasks.get(parent).is_some_and(|task| task.is_held())
        {
            spans.push(parent);
            at = parent;
        }
        for span in spans.into_iter().rev() {
            if let Some(task) = self.tasks.get(span)
                && let Some(unsaid) = task.unsaid.take()
            {
                let (path, parent, life) = (task.path, task.parent, task.life);
                let refused = task.tags.refused();
                self.tasks.has_been_said();
                self.say_unsaid(span, (path, parent, life), *unsaid, refused);
            }
        }
    }

    fn say_unsaid(
        &mut self,
        span: SpanId,
        (path, parent, life): (PathId, Option<SpanId>, Life),
        unsaid: Unsaid,
        refused: u64,
    ) {
        let Unsaid { is_held, made, polls, polled, heap, notes, end } = unsaid;
        if is_held {
            self.budget.spend(1);
            if let Some(made) = made {
                self.put_own(made, &LogEntry::Created { span, parent, path });
            }
            if let Life::Begun(since) = life {
                let start = LogEntry::SpanStart { span, path, parent, is_async: true };
                self.put_own(since, &start);
            }
        }
        for (time, note) in notes {
            self.put_own(time, &note);
        }
        if !heap.is_empty() {
            self.put_own(polled, &LogEntry::Alloc { span, path, heap });
        }
        if let Some(polls) = polls.entry(span, path) {
            self.put_own(polled, &polls);
        }
        if let Some(UnsaidEnd { start, end, outcome, .. }) = end {
            if let Some(refused) = self.refused(span, refused) {
                self.put_own(end, &refused);
            }
            let (child_ns, out_of_order) = (0, false);
            let entry = LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order };
            self.put_own(end, &entry);
        }
    }

    /// Says all that is not said of async spans. For before a commit. Gives of how many.
    pub(in crate::record) fn say_tasks(&mut self) -> u64 {
        let spans = self.tasks.take_unsaid();
        let count = self.tasks.unsaid() as u64;
        for span in &spans {
            self.say_task(*span);
        }
        count
    }

    /// No more comes of these, which have ended: they are counted, or what is left to say of them is said.
    pub(super) fn retire(&mut self, tasks: Vec<(SpanId, Task)>) {
        for (span, mut task) in tasks {
            let Some(unsaid) = task.unsaid.take() else { continue };
            if unsaid.is_held {
                let counted = self.counted(span, task.path, task.parent, *unsaid);
                self.counted_tasks.extend(counted);
            } else {
                let of = (task.path, task.parent, task.life);
                self.say_unsaid(span, of, *unsaid, task.tags.refused());
            }
        }
    }

    /// One that has ended, and of which nothing is said, to be counted.
    fn counted(
        &mut self,
        span: SpanId,
        path: PathId,
        parent: Option<SpanId>,
        unsaid: Unsaid,
    ) -> Option<CountedTask> {
        let Unsaid { polls, heap, notes, end, .. } = unsaid;
        for (time, note) in notes {
            self.pass_on(parent, time, &note);
        }
        let UnsaidEnd { thread, start, end, outcome } = end?;
        Some(CountedTask { thread, span, path, ns: end.since(start), outcome, polls, heap })
    }

    /// How far a span had come that is only counted: an async one that it is under is as far.
    fn pass_on(&mut self, parent: Option<SpanId>, time: LogTime, note: &LogEntry) {
        if let &LogEntry::Progress { done, total, .. } = note
            && let Some(parent) = parent
            && let Some(unsaid) = self.tasks.unsaid_of(parent)
        {
            let progress = LogEntry::Progress { span: Some(parent), done, total };
            // Without room for it the parent has told enough.
            unsaid.note(MOST_NOTES, time, progress);
        }
    }

    /// Those that are to be counted where they ended.
    pub(in crate::record) fn take_counted_tasks(&mut self) -> Vec<CountedTask> {
        std::mem::take(&mut self.counted_tasks)
    }

    /// Counts one where it ended, or, that thread being gone, as the recorder's own.
    pub(in crate::record) fn count_task(
        &mut self,
        thread: Option<&mut ThreadFold>,
        counted: &CountedTask,
    ) {
        let held = match thread.filter(|thread| !thread.ended) {
            Some(thread) => &mut thread.held,
            None => &mut self.own.held,
        };
        let tally = held.tallies().of(counted.path);
        self.counted_places += usize::from(tally.calls() == 0);
        tally.add(counted.ns, counted.ns, counted.outcome);
        tally.span = counted.span;
        tally.polls.merge(&counted.polls);
        tally.heap.add(&counted.heap);
    }

    /// Says what was counted of threads that are gone.
    pub(in crate::record) fn say_own_counted(&mut self, now: LogTime) {
        let mut own = std::mem::replace(&mut self.own, ThreadFold::new(ThreadId::RECORDER));
        own.last_time = now;
        let at = self.own_next;
        self.say_counted(&mut own, at);
        own.held.forget_places();
        self.own = own;
    }

    /// An async span begins, or is made, of which nothing is to be said; false if that is not so.
    pub(super) fn held_new_task(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        callsite: CallsiteId,
        under: Option<Slot>,
        final_try: bool,
    ) -> Result<bool, Missing> {
        if self.tasks.is_full() || callsite == CallsiteId(0) || !self.holds_task(callsite) {
            return Ok(false);
        }
        self.settle(thread);
        let (parent, above) = match under {
            None => thread.inside(),
            Some(under) => self.place_of(thread, under, final_try)?,
        };
        let path = self.path(above, callsite);
        let life = if under.is_some() { Life::Created(time) } else { Life::Begun(time) };
        let span = SpanId { thread: thread.id, start: position };
        self.budget.begin(1);
        self.tasks.hold(span, Task::new(path, parent, life), under.map(|_| time));
        Ok(true)
    }
}

#[cfg(test)]
#[path = "async_tests.rs"]
mod tests;
