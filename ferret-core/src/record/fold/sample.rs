//! More spans than may be written: most are counted instead, and which are written is decided when they have
//! ended. See [`Budget`](crate::record::budget::Budget).
//!
//! A frame that begins is *held*: nothing is said of it, nor of what is noted on it. When it ends it is counted, or
//! said after all, and then so are the frames below it that are still held: what is written has its parents. So the
//! held frames of a thread are always its innermost, and its stack, as the sink knows it, is what lies below them.
//!
//! Before a commit all that is held is said, and what was counted becomes a [`Summary`]: what the watermark passes is
//! in the log, a span that goes on is there as soon as any, and if the program is killed its last moments are read from
//! the chunks, one by one.

use super::tally::Tallies;
use super::{Fold, Missing, Opening, ThreadFold, short, span_of};
use crate::event::{
    CallsiteId, LogEntry, LogTime, Outcome, PathId, Position, Sink, SpanId, ThreadId,
};
use crate::record::budget::Budget;
use crate::record::raw::{self, Head, Kind, Slot};
use crate::record::tasks::Life;

/// Of notes on a held frame, so many are held too; with one more it is said.
const MOST_NOTES: usize = 8;

/// What a thread has that is not said.
#[derive(Debug, Default)]
pub(in crate::record) struct Held {
    frames: Vec<HeldFrame>,
    /// None of a thread that never had more than may be written.
    tallies: Option<Box<Tallies>>,
    /// How far frames that were only counted had come, of which the one below them is written: a stage is as far.
    progress: Option<Note>,
}

/// A frame of which nothing is said.
#[derive(Debug)]
struct HeldFrame {
    at: Position,
    path: PathId,
    since: LogTime,
    child_ns: u64,
    notes: Vec<Note>,
    /// It is a poll of that span.
    poll: Option<SpanId>,
}

/// What was noted on it.
#[derive(Debug)]
struct Note {
    at: Position,
    time: LogTime,
    event: Head,
    slots: Vec<Slot>,
}

impl Held {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.progress.is_none()
    }

    /// How many places it keeps account of.
    pub(in crate::record) fn places(&self) -> usize {
        self.tallies.as_ref().map_or(0, |tallies| tallies.len())
    }

    /// Forgets how often each place is to be written. What was counted has been said.
    pub(in crate::record) fn forget_places(&mut self) {
        self.tallies = None;
    }

    #[inline]
    fn push(&mut self, at: Position, path: PathId, since: LogTime, poll: Option<SpanId>) {
        let (child_ns, notes) = (0, Vec::new());
        self.frames.push(HeldFrame { at, path, since, child_ns, notes, poll });
    }

    /// The innermost held frame was so long in another, which is counted; where it began.
    #[inline]
    pub(super) fn add_child_time(&mut self, ns: u64) -> Option<Position> {
        let frame = self.frames.last_mut()?;
        frame.child_ns = frame.child_ns.saturating_add(ns);
        Some(frame.at)
    }

    /// Whether calls were counted that are not said.
    pub(in crate::record) fn has_counts(&self) -> bool {
        self.tallies.iter().flat_map(|tallies| tallies.iter()).any(|tally| tally.calls() > 0)
    }

    /// The innermost held frame's span, of that thread, and its place in the call tree.
    pub(super) fn inside(&self, thread: ThreadId) -> Option<(SpanId, PathId)> {
        let frame = self.frames.last()?;
        Some((frame.poll.unwrap_or(SpanId { thread, start: frame.at }), frame.path))
    }

    /// Whether a poll of the span is held.
    pub(super) fn is_polling(&self, span: SpanId) -> bool {
        self.frames.iter().any(|frame| frame.poll == Some(span))
    }

    pub(super) fn tallies(&mut self) -> &mut Tallies {
        self.tallies.get_or_insert_default()
    }

    /// The position of the event that opened the innermost held frame.
    #[inline]
    pub(super) fn innermost(&self) -> Option<Position> {
        self.frames.last().map(|frame| frame.at)
    }

    #[inline]
    fn is_innermost(&self, opener: u32) -> bool {
        self.innermost().is_some_and(|at| short(at) == opener)
    }

    /// How far a frame had come that was only counted: the one below it is as far.
    fn pass_on(&mut self, progress: Note) {
        let Some(below) = self.frames.last_mut() else {
            self.progress = Some(progress);
            return;
        };
        let is_progress = |note: &Note| note.event.kind == Kind::Progress;
        match below.notes.last_mut().filter(|last| is_progress(last)) {
            Some(last) => *last = progress,
            None => below.notes.push(progress),
        }
    }

    /// How many calls each place had in the window that is over.
    pub(in crate::record) fn seen(&self) -> impl Iterator<Item = u64> {
        let all = self.tallies.iter().flat_map(|tallies| tallies.iter());
        all.map(|tally| tally.share.seen).filter(|seen| *seen > 0)
    }

    /// The next window begins; places without a call in the last are rare, and forgotten.
    pub(in crate::record) fn turn(&mut self, every: impl Fn(u64) -> u64, is_second: bool) {
        let Some(tallies) = &mut self.tallies else { return };
        tallies.retain(|tally| tally.share.seen > 0 || tally.calls() > 0);
        for tally in tallies.iter_mut() {
            tally.share.turn(every(tally.share.seen), is_second);
        }
    }
}

impl<S: Sink> Fold<S> {
    /// The short way, as [`Fold::run`], while spans are sampled.
    pub(super) fn run_sampled(
        &mut self,
        thread: &mut ThreadFold,
        first: Position,
        slots: &[Slot],
    ) -> usize {
        let mut position = first;
        for (count, slot) in slots.iter().enumerate() {
            let (word, argument) = raw::halves(*slot);
            if raw::is(word, Kind::Start) {
                let time = self.time(thread, slot[0]);
                self.budget.begin(1);
                self.hold(thread, position, time, raw::callsite(word));
            } else if raw::is(word, Kind::EndOk) && thread.held.is_innermost(argument) {
                let time = self.time(thread, slot[0]);
                self.end_held(thread, position, time, Outcome::Ok);
            } else {
                return count;
            }
            position = position.next();
        }
        slots.len()
    }

    /// Folds an event that touches what is held alone. If it does not, what is held is said, where what comes is to
    /// stand behind it.
    pub(super) fn folded_held(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        event: &Head,
        slots: &[Slot],
        final_try: bool,
    ) -> Result<bool, Missing> {
        if self.budget.is_sampling()
            && self.held_new(thread, position, time, event, slots, final_try)?
        {
            return Ok(true);
        }
        if self.tasks.unsaid() > 0
            && event.kind.is_of_task()
            && self.folded_task(thread, time, event, slots)
        {
            return Ok(true);
        }
        if thread.held.is_empty() || event.kind == Kind::Counter {
            return Ok(false);
        }
        let outcome = event.kind.outcome().or((event.kind == Kind::Exit).then_some(Outcome::Ok));
        if let Some(outcome) = outcome.filter(|_| thread.held.is_innermost(event.argument)) {
            self.end_held(thread, position, time, outcome);
            return Ok(true);
        }
        if matches!(event.kind, Kind::Tag | Kind::Progress)
            && self.noted(thread, position, time, event, slots)
        {
            return Ok(true);
        }
        self.say_held(thread);
        Ok(false)
    }

    /// What begins while spans are sampled is held; false if nothing does.
    fn held_new(
        &mut self,
        thread: &mut ThreadFold,
        at: Position,
        time: LogTime,
        event: &Head,
        slots: &[Slot],
        final_try: bool,
    ) -> Result<bool, Missing> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "with the others nothing begins")]
        match event.kind {
            Kind::Start => {
                self.budget.begin(1);
                self.settle(thread);
                self.hold(thread, at, time, event.callsite);
                Ok(true)
            }
            Kind::Enter => {
                let span = span_of(slots);
                let Some(task) = self.tasks.get(span) else {
                    // Lost: its polls have nowhere to be shown.
                    return if final_try { Ok(true) } else { Err(Missing(span)) };
                };
                if task.life == Life::Place {
                    return Ok(false);
                }
                let path = task.path;
                self.settle(thread);
                thread.held.push(at, path, time, Some(span));
                Ok(true)
            }
            Kind::TaskStart => {
                self.held_new_task(thread, at, time, event.callsite, None, final_try)
            }
            Kind::Created => {
                let under = slots.get(1).copied().unwrap_or_default();
                self.held_new_task(thread, at, time, event.callsite, Some(under), final_try)
            }
            _ => Ok(false),
        }
    }

    /// Whether a note on the innermost held frame could be held.
    fn noted(
        &mut self,
        thread: &mut ThreadFold,
        at: Position,
        time: LogTime,
        event: &Head,
        slots: &[Slot],
    ) -> bool {
        let Some(frame) = thread.held.frames.last_mut() else { return false };
        if let Some(span) = frame.poll {
            return self.noted_on_task(span, time, event, slots.get(1..));
        }
        let has_room = frame.notes.len() < MOST_NOTES;
        if has_room {
            frame.notes.push(Note { at, time, event: *event, slots: slots.to_vec() });
        }
        has_room
    }

    /// A frame begins, and nothing is said of it; of a stage all is said.
    #[inline]
    fn hold(
        &mut self,
        thread: &mut ThreadFold,
        at: Position,
        since: LogTime,
        callsite: CallsiteId,
    ) {
        let above = thread.held.frames.last().map(|frame| frame.path);
        let path = self.path(above.unwrap_or_else(|| thread.innermost().1), callsite);
        self.open_spans += 1;
        thread.held.push(at, path, since, None);
        if self.has_stages && self.is_stage(callsite) {
            self.note_stage(callsite);
            self.say_held(thread);
        }
    }

    /// The innermost held frame ends: it is counted, or all that is held is said.
    #[inline]
    fn end_held(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        outcome: Outcome,
    ) {
        let Some(frame) = thread.held.frames.last() else { return };
        let ns = time.since(frame.since);
        if let Some(polled) = frame.poll {
            return self.end_held_poll(thread, position, time, polled, ns);
        }
        let span = SpanId { thread: thread.id, start: frame.at };
        let (at, path, child_ns) = (frame.at, frame.path, frame.child_ns);
        let tally = thread.held.tallies().of(path);
        if self.budget.keeps(&mut tally.share, ns, outcome) {
            self.say_held(thread);
            let innermost = thread.opened.len() - 1;
            return self.close(thread, innermost, position, time, outcome);
        }
        self.counted_places += usize::from(tally.calls() == 0);
        tally.add(ns, child_ns.min(ns), outcome);
        tally.span = span;
        let mut notes = thread.held.frames.pop().map_or_else(Vec::new, |frame| frame.notes);
        if let Some(progress) = notes.iter().rposition(|note| note.event.kind == Kind::Progress) {
            thread.held.pass_on(notes.swap_remove(progress));
        }
        self.open_spans = self.open_spans.saturating_sub(1);
        let below = thread.add_counted(ns);
        if let Some(heap) = thread.heap.close(at, below) {
            thread.held.tallies().of(path).heap.add(&heap);
        }
    }

    /// The innermost held frame ends, a poll: it joins its span's, unless it is worth an entry of its own.
    fn end_held_poll(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        span: SpanId,
        ns: u64,
    ) {
        if Budget::is_slow(ns) || self.tasks.get(span).is_none() {
            self.say_held(thread);
            let innermost = thread.opened.len() - 1;
            return self.close(thread, innermost, position, time, Outcome::Ok);
        }
        let Some(frame) = thread.held.frames.pop() else { return };
        let below = thread.add_counted(ns);
        let heap = thread.heap.close(frame.at, below);
        self.add_poll(span, time, (ns, frame.child_ns.min(ns)), heap);
    }

    /// Says all that is held.
    pub(super) fn say_held(&mut self, thread: &mut ThreadFold) {
        if let Some(Note { at, time, event, slots }) = thread.held.progress.take()
            && let Some(entry) = self.note(thread, &event, &slots)
        {
            self.put(thread, at, time, &entry);
        }
        let mut frames = std::mem::take(&mut thread.held.frames);
        for HeldFrame { at, path, since, child_ns, notes, poll } in frames.drain(..) {
            let span = poll.unwrap_or(SpanId { thread: thread.id, start: at });
            let begins = if poll.is_some() {
                self.say_task(span);
                LogEntry::Enter { span, path }
            } else {
                self.budget.spend(1);
                let parent = thread.innermost().0;
                LogEntry::SpanStart { span, path, parent, is_async: false }
            };
            self.put(thread, at, since, &begins);
            thread.stack.push(span, path, since);
            thread.opened.push(Opening { counted_ns: child_ns, ..Opening::at(at) });
            for Note { at, time, event, slots } in notes {
                if let Some(entry) = self.note(thread, &event, &slots) {
                    self.put(thread, at, time, &entry);
                }
            }
        }
        // Its memory is used again.
        thread.held.frames = frames;
    }

    /// Says all that is held and was counted of this thread, up to `position`. For before its watermark passes
    /// that. Gives how many spans and sums were said.
    pub(in crate::record) fn say_counted(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
    ) -> u64 {
        // Polls that are kept back are earlier than what is said of the counted.
        self.settle(thread);
        let mut said = thread.held.frames.len() as u64;
        self.say_held(thread);
        let Some(mut tallies) = thread.held.tallies.take() else { return said };
        for tally in tallies.iter_mut().filter(|tally| tally.calls() > 0) {
            let (span, heap) = (tally.span, std::mem::take(&mut tally.heap));
            let polls = std::mem::take(&mut tally.polls);
            let counted = tally.take();
            if !heap.is_empty() {
                let alloc = LogEntry::Alloc { span, path: counted.path, heap };
                self.put_of(thread, position, &alloc);
            }
            // Readers know by them that these calls are async. Told of a thread they would be time in its
            // innermost frame.
            if let Some(polls) = polls.entry(span, counted.path) {
                self.put_own(thread.last_time, &polls);
            }
            self.put_of(thread, position, &LogEntry::Summary(Box::new(counted)));
            said += 1;
        }
        thread.held.tallies = Some(tallies).filter(|_| self.budget.is_sampling());
        said
    }

    /// An entry of what was counted in a thread, which may be the recorder's own.
    fn put_of(&mut self, thread: &ThreadFold, position: Position, entry: &LogEntry) {
        if thread.id == ThreadId::RECORDER {
            self.put_own(thread.last_time, entry);
        } else {
            self.put(thread, position, thread.last_time, entry);
        }
    }
}
