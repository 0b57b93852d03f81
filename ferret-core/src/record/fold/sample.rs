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
use super::{Fold, Opening, ThreadFold, short};
use crate::event::{CallsiteId, LogEntry, LogTime, Outcome, PathId, Position, Sink, SpanId};
use crate::record::raw::{self, Head, Kind, Slot};

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

    fn tallies(&mut self) -> &mut Tallies {
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

    /// Folds an event that touches held frames alone. If it does not, what is held is said, where what comes is to
    /// stand behind it.
    pub(super) fn folded_held(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        event: &Head,
        slots: &[Slot],
    ) -> bool {
        let outcome = event.kind.outcome();
        if event.kind == Kind::Start && self.budget.is_sampling() {
            self.budget.begin(1);
            self.settle(thread);
            self.hold(thread, position, time, event.callsite);
            return true;
        }
        if thread.held.is_empty() || event.kind == Kind::Counter {
            return false;
        }
        if let Some(outcome) = outcome.filter(|_| thread.held.is_innermost(event.argument)) {
            self.end_held(thread, position, time, outcome);
            return true;
        }
        if matches!(event.kind, Kind::Tag | Kind::Progress)
            && let Some(frame) = thread.held.frames.last_mut()
            && frame.notes.len() < MOST_NOTES
        {
            frame.notes.push(Note { at: position, time, event: *event, slots: slots.to_vec() });
            return true;
        }
        self.say_held(thread);
        false
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
        let frame = HeldFrame { at, path, since, child_ns: 0, notes: Vec::new() };
        thread.held.frames.push(frame);
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
        let below = match thread.held.frames.last_mut() {
            Some(below) => {
                below.child_ns = below.child_ns.saturating_add(ns);
                Some(below.at)
            }
            None => thread.opened.last_mut().map(|below| {
                below.counted_ns = below.counted_ns.saturating_add(ns);
                below.at
            }),
        };
        if let Some(heap) = thread.heap.close(at, below) {
            thread.held.tallies().of(path).heap.add(&heap);
        }
    }

    /// Says all that is held.
    pub(super) fn say_held(&mut self, thread: &mut ThreadFold) {
        if let Some(Note { at, time, event, slots }) = thread.held.progress.take()
            && let Some(entry) = self.note(thread, &event, &slots)
        {
            self.put(thread, at, time, &entry);
        }
        let mut frames = std::mem::take(&mut thread.held.frames);
        self.budget.spend(frames.len() as u64);
        for HeldFrame { at, path, since, child_ns, notes } in frames.drain(..) {
            let span = SpanId { thread: thread.id, start: at };
            let parent = thread.innermost().0;
            let start = LogEntry::SpanStart { span, path, parent, is_async: false };
            self.put(thread, at, since, &start);
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
            let counted = tally.take();
            if !heap.is_empty() {
                let alloc = LogEntry::Alloc { span, path: counted.path, heap };
                self.put(thread, position, thread.last_time, &alloc);
            }
            let summary = LogEntry::Summary(Box::new(counted));
            self.put(thread, position, thread.last_time, &summary);
            said += 1;
        }
        thread.held.tallies = Some(tallies).filter(|_| self.budget.is_sampling());
        said
    }
}
