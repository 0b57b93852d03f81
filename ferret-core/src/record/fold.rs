//! From raw events to entries: the recorder's fold. It knows each thread's open stack, the async
//! spans, and what the sink has been told of names. It reads no chunk and no channel.

mod async_sample;
mod counters;
mod heap;
mod notes;
mod polls;
mod run;
mod sample;
mod spawned;
mod tally;
mod tell;
mod thread;

pub(super) use async_sample::CountedTask;
pub(super) use thread::ThreadFold;

use super::budget::Budget;
use super::clock::ClockMap;
use super::dynamic;
use super::origin::{Origin, ThisProcess};
use super::paths::{Interned, OTHER, Paths};
use super::raw::{self, Head, Kind, NO_SPAN, Slot};
use super::tasks::Tasks;
use crate::event::{
    CallsiteId, CallsiteKind, LogEntry, LogTime, Outcome, PathId, Position, Sink, SpanId, ThreadId,
};
use thread::Opening;

/// What all threads share.
#[derive(Debug)]
pub(super) struct Fold<S> {
    pub(super) sink: S,
    pub(super) clock: ClockMap,
    origin: Box<dyn Origin>,
    paths: Paths,
    /// Callsites by id: what kind, once the sink has been told.
    known: Vec<Option<CallsiteKind>>,
    /// One of them is a stage.
    has_stages: bool,
    /// The sink has been told of `<other>`.
    other_is_known: bool,
    tasks: Tasks,
    /// Which spans are written.
    pub(super) budget: Budget,
    /// Places of which calls were counted since the last commit, in all threads.
    pub(super) counted_places: usize,
    /// Async spans to be counted where they ended.
    counted_tasks: Vec<CountedTask>,
    /// The recorder's own thread, and the position of its next entry; its first is the sink's own, `ProcessStart`.
    own: ThreadFold,
    own_next: Position,
    /// Sync spans open in all threads.
    open_spans: u32,
    /// A stage began or ended since this was last taken: metrics are due.
    stage_changed: bool,
    /// Times that had to be clamped, because a thread's clock seemed to go back.
    pub(super) clamped: u64,
    /// Entries given the long way.
    pub(super) said: u64,
}

/// An event refers to this async span, whose START has not been folded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missing(pub(super) SpanId);

impl<S: Sink> Fold<S> {
    pub(super) fn new(sink: S, clock: ClockMap) -> Self {
        Self {
            sink,
            clock,
            origin: Box::new(ThisProcess),
            paths: Paths::new(),
            known: Vec::new(),
            has_stages: false,
            other_is_known: false,
            tasks: Tasks::default(),
            budget: Budget::new(None),
            counted_places: 0,
            counted_tasks: Vec::new(),
            own: ThreadFold::new(ThreadId::RECORDER),
            own_next: Position(1),
            open_spans: 0,
            stage_changed: false,
            clamped: 0,
            said: 0,
        }
    }

    /// A fold that goes on where the log ends of which this is known.
    #[cfg(feature = "read")]
    pub(super) fn resumed(
        sink: S,
        clock: ClockMap,
        origin: Box<dyn Origin>,
        known: crate::event::Known,
    ) -> Self {
        let paths = Paths::restored(&known.paths);
        let tasks = Tasks::restored(&known.tasks, &known.ended_tasks);
        let mut fold = Self { origin, paths, tasks, ..Self::new(sink, clock) };
        for (id, kind) in known.callsites {
            if id == OTHER {
                fold.other_is_known = true;
            } else {
                fold.knows(id, kind);
            }
        }
        fold
    }

    /// Spans open in all threads, and async spans open.
    pub(super) fn open(&self) -> (u32, u32) {
        (self.open_spans, u32::try_from(self.tasks.open()).unwrap_or(u32::MAX))
    }

    /// Every thread has been read up to what it had published when the round began.
    pub(super) fn round(&mut self, now: LogTime) {
        let over = self.tasks.round();
        self.retire(over);
        if self.tasks.keep_old(now, |task| self.sink.keep_task(task)) {
            self.sink.kept_tasks();
        }
    }

    /// Whether a stage began or ended since this was last asked.
    pub(super) fn take_stage_changed(&mut self) -> bool {
        std::mem::take(&mut self.stage_changed)
    }

    /// Folds one event at `position`, `slots` being its own, slot 0 first.
    ///
    /// # Errors
    ///
    /// Nothing was done: the span named must be folded first. With `final_try` the event is
    /// folded as well as can be.
    pub(super) fn event(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        event: &Head,
        slots: &[Slot],
        final_try: bool,
    ) -> Result<(), Missing> {
        if event.kind == Kind::Alloc {
            thread.allocated(&heap::use_of(slots));
            return Ok(());
        }
        let time = self.time(thread, event.ticks);
        if self.folded_held(thread, position, time, event, slots, final_try)? {
            return Ok(());
        }
        if event.kind == Kind::Enter {
            self.enter(thread, position, time, span_of(slots), final_try)?;
        } else if event.kind == Kind::Exit && thread.polls.is_open_at(event.argument) {
            self.poll_ends(thread, position, time, event.argument);
        } else {
            // A counter has no place among the polls.
            if event.kind != Kind::Counter {
                self.settle(thread);
            }
            self.other(thread, position, time, event, slots, final_try)?;
        }
        Ok(())
    }

    /// The time of the thread's next event: its clock never goes back.
    #[inline]
    fn time(&mut self, thread: &mut ThreadFold, ticks: u64) -> LogTime {
        let mapped = self.clock.time(ticks);
        if mapped < thread.last_time {
            self.clamped += 1;
        } else {
            thread.last_time = mapped;
        }
        thread.last_time
    }

    /// An event that may change the stack, and comes behind the polls before it.
    #[inline]
    fn other(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        event: &Head,
        slots: &[Slot],
        final_try: bool,
    ) -> Result<(), Missing> {
        match event.kind {
            Kind::Start => self.start(thread, position, time, event.callsite),
            Kind::EndOk | Kind::Exit => {
                self.end(thread, position, time, event.argument, Outcome::Ok);
            }
            Kind::EndErr => self.end(thread, position, time, event.argument, Outcome::Err),
            Kind::EndPanicked => {
                self.end(thread, position, time, event.argument, Outcome::Panicked);
            }
            Kind::TaskStart => self.task_start(thread, position, time, event.callsite),
            Kind::Created => {
                let parent = slots.get(1).copied().unwrap_or_default();
                self.created(thread, position, time, event.callsite, parent, final_try)?;
            }
            Kind::TaskBegin => {
                self.task_begins(thread, position, time, span_of(slots), final_try)?;
            }
            // Folded by the caller.
            Kind::Enter | Kind::Alloc => {}
            Kind::TaskOk | Kind::TaskErr | Kind::TaskPanicked | Kind::TaskCancelled => {
                self.task_ends(thread, position, time, event, span_of(slots), final_try)?;
            }
            Kind::Dropped => self.dropped(thread, position, time, event, slots),
            Kind::ThreadStart => self.put(thread, position, time, &LogEntry::ThreadStart),
            Kind::ThreadEnd => self.thread_end(thread, position, time),
            Kind::Counter => self.count(thread, position, event, slots),
            Kind::TagOf => self.tag_of(thread, position, time, event, slots, final_try)?,
            Kind::Tag | Kind::Progress | Kind::Mark => {
                if let Some(entry) = self.note(thread, event, slots) {
                    self.put(thread, position, time, &entry);
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn put(&mut self, thread: &ThreadFold, position: Position, time: LogTime, entry: &LogEntry) {
        self.said += 1;
        self.sink.entry(thread.id, position, &thread.stack, time, entry);
    }

    #[inline]
    fn start(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        callsite: CallsiteId,
    ) {
        let (_, path) = self.begin(thread, position, time, callsite, false);
        self.push(thread, position, time, path);
    }

    /// The span that began at `position` becomes the innermost.
    #[inline]
    fn push(&mut self, thread: &mut ThreadFold, position: Position, time: LogTime, path: PathId) {
        let span = SpanId { thread: thread.id, start: position };
        thread.stack.push(span, path, time);
        thread.opened.push(Opening::at(position));
        self.open_spans += 1;
    }

    /// Says that a span begins where the thread is.
    #[inline]
    fn begin(
        &mut self,
        thread: &ThreadFold,
        position: Position,
        time: LogTime,
        callsite: CallsiteId,
        is_async: bool,
    ) -> (SpanId, PathId) {
        let (parent, above) = thread.innermost();
        let path = self.path(above, callsite);
        self.note_stage(callsite);
        self.budget.begin(1);
        self.budget.spend(1);
        let span = SpanId { thread: thread.id, start: position };
        self.put(thread, position, time, &LogEntry::SpanStart { span, path, parent, is_async });
        (span, path)
    }

    /// Ends the frame opened at the position that is short for this: a span's, or a poll's.
    #[inline]
    fn end(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        opener: u32,
        outcome: Outcome,
    ) {
        let found = thread.opened.iter().rposition(|opening| short(opening.at) == opener);
        match found {
            Some(index) => self.close(thread, index, position, time, outcome),
            // Not even a place: it began before this recording, and is nobody's business.
            None => {
                if let Some((span, refused)) = thread.leave_place(opener) {
                    self.say_refused(thread, position, time, span, refused);
                }
            }
        }
    }

    fn close(
        &mut self,
        thread: &mut ThreadFold,
        index: usize,
        position: Position,
        time: LogTime,
        outcome: Outcome,
    ) {
        let Some(mut frame) = thread.stack.frames().get(index).copied() else { return };
        let Opening { at, tags, counted_ns } = thread.opened.remove(index);
        frame.child_ns = frame.child_ns.saturating_add(counted_ns);
        let is_poll = frame.span.thread != thread.id || frame.span.start != at;
        self.say_refused(thread, position, time, frame.span, tags.refused());
        let below = index.checked_sub(1).map(|below| thread.opened[below].at);
        if let Some(heap) = thread.heap.close(at, below) {
            let alloc = LogEntry::Alloc { span: frame.span, path: frame.path, heap };
            self.put(thread, position, time, &alloc);
        }
        let entry = if is_poll {
            let busy_ns = time.since(frame.since);
            LogEntry::Exit {
                span: frame.span,
                path: frame.path,
                busy_ns,
                child_ns: frame.child_ns.min(busy_ns),
            }
        } else {
            self.open_spans = self.open_spans.saturating_sub(1);
            self.note_stage_path(frame.path);
            frame.end(outcome, index + 1 != thread.stack.frames().len())
        };
        self.put(thread, position, time, &entry);
        thread.stack.close(frame.span, time);
    }

    fn dropped(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        event: &Head,
        slots: &[Slot],
    ) {
        if event.callsite != CallsiteId(0) {
            let keep = match event.argument {
                NO_SPAN => 0,
                // By order, for the span named may have ended itself, out of order.
                opener => {
                    let open = thread.opened.iter().rfind(|opening| short(opening.at) == opener);
                    let at = open.map_or_else(|| latest(opener, position), |opening| opening.at);
                    thread.opened_up_to(at)
                }
            };
            self.close_down_to(thread, keep, position, time);
        }
        let [spans, busy_ticks] = slots.get(1).copied().unwrap_or_default();
        let busy_ns = self.clock.duration_ns(busy_ticks);
        let (top, path) = thread.stack.top().map(|top| (top.span.start, top.path)).unzip();
        self.put(thread, position, time, &LogEntry::Dropped { spans, busy_ns, top, path });
        thread.stack.dropped(busy_ns);
    }

    /// The thread has ended; it may not have found the room to say so.
    pub(super) fn thread_gone(&mut self, thread: &mut ThreadFold, next: Position, now: LogTime) {
        if !thread.ended {
            self.settle(thread);
            self.thread_end(thread, next, now.max(thread.last_time));
        }
    }

    fn thread_end(&mut self, thread: &mut ThreadFold, position: Position, time: LogTime) {
        self.write_numbers(thread, position);
        self.say_counted(thread, position);
        self.close_down_to(thread, 0, position, time);
        self.put(thread, position, time, &LogEntry::ThreadEnd);
        thread.ended = true;
    }

    /// Ends, outcome unknown, the frames above the first `keep`.
    fn close_down_to(
        &mut self,
        thread: &mut ThreadFold,
        keep: usize,
        position: Position,
        time: LogTime,
    ) {
        while thread.opened.len() > keep {
            self.close(thread, thread.opened.len() - 1, position, time, Outcome::Unknown);
        }
    }

    #[inline(always)]
    fn path(&mut self, parent: PathId, callsite: CallsiteId) -> PathId {
        if let Some(path) = self.paths.known(parent, callsite) {
            return path;
        }
        self.new_path(parent, callsite)
    }

    fn new_path(&mut self, parent: PathId, callsite: CallsiteId) -> PathId {
        let Interned { path, new } = self.paths.intern(parent, callsite);
        for (id, info) in new {
            self.tell_callsite(info.callsite);
            self.sink.path(id, info);
        }
        path
    }

    #[inline]
    fn note_stage(&mut self, callsite: CallsiteId) {
        if self.has_stages {
            self.look_for_stage(callsite);
        }
    }

    fn look_for_stage(&mut self, callsite: CallsiteId) {
        self.stage_changed |= self.is_stage(callsite);
    }

    fn is_stage(&self, callsite: CallsiteId) -> bool {
        let kind = self.known.get(callsite.0 as usize).copied().flatten();
        kind.is_some_and(CallsiteKind::is_stage)
    }

    #[inline]
    fn note_stage_path(&mut self, path: PathId) {
        self.note_stage(self.paths.callsite(path));
    }
}

/// The position as its thread knows it.
fn short(position: Position) -> u32 {
    raw::short(position.0)
}

/// The latest position, up to `at`, that is short for this.
fn latest(known: u32, at: Position) -> Position {
    Position(at.0.saturating_sub(u64::from(raw::between(known, short(at)))))
}

/// The async span that slot 1 names.
fn span_of(slots: &[Slot]) -> SpanId {
    let (thread, position, _) = raw::task_of(slots);
    SpanId { thread: ThreadId(thread), start: Position(position) }
}
