//! The thread's side of recording: the hot path, and the slow path it falls back to.
//!
//! The hot path asks of one shared word whether recording is off, and whether it is on with this thread
//! part of it; of the callsite whether it has run before; and of the chunk whether there is room. Then it
//! reads the clock, writes a slot and publishes it. Whatever else can be the case (not started, no chunk,
//! loss to report, no usable TSC) makes one of these fail, and is sorted out in the cold functions below.

mod memory;
mod tasks;

pub(super) use tasks::TaskId;

use super::arena;
use super::callsite::Callsite;
use super::chunk::Cursor;
use super::clock;
use super::engine::{Engine, FIRST, OFF, STATE, UNSTARTED};
use super::heap::{self, HeapCells, Owner};
use super::loss::Loss;
use super::raw::{Kind, NO_SPAN, SKIPPED, Slot, head, head_of};
use super::registration;
use std::cell::Cell;
use std::sync::atomic::Ordering;

thread_local! {
    // Without a destructor, so that access is one address computation; what must happen at the
    // thread's end is in `registration`.
    static LOCAL: Local = const { Local::new() };
}

/// A thread's own part of the recording.
#[derive(Debug)]
pub(super) struct Local {
    /// The recording this thread is part of; 0 for none yet.
    pub(super) state: Cell<u32>,
    pub(super) cursor: Cursor,
    /// The short position of the event that opened the innermost frame.
    pub(super) current: Cell<u32>,
    pub(super) loss: Loss,
    /// What it has allocated and not said.
    pub(super) heap: HeapCells,
    /// The number of chunks that had come back when it last found none: until another does there is none.
    pub(super) starved: Cell<Option<u32>>,
}

/// In the place of a recording's number: this thread is never part of one.
const NEVER: u32 = u32::MAX;

/// What a guard remembers: 12 bytes, and some more with feature `alloc`. By which path it was opened is
/// known where it was: an END then need not ask, nor the fast path keep a register for the slow one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// By the fast path.
    Fast(OpenFrame),
    /// By the slow path, which is to end it.
    Slow(OpenFrame),
    /// Not at all: recording was off, or there is no such span.
    Not,
}

impl Opened {
    /// Whether its beginning could be said.
    #[inline]
    pub(super) fn is_recorded(self) -> bool {
        match self {
            Self::Fast(_) => true,
            Self::Slow(frame) => frame.start != NOT_RECORDED && frame.start != SKIPPED,
            Self::Not => false,
        }
    }
}

/// An open frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenFrame {
    /// The short position of its START, or one of the marks [`NOT_RECORDED`] and [`SKIPPED`].
    start: u32,
    /// That of the frame below; of one that was skipped, in which period it was.
    previous: u32,
    heap: heap::Frame,
}

/// The thread is not part of the recording.
const NOT_RECORDED: u32 = NO_SPAN;

impl OpenFrame {
    const NOT_RECORDED: Self = Self { start: NOT_RECORDED, previous: 0, heap: heap::Frame::NONE };

    fn skipped(period: u32, heap: heap::Frame) -> Self {
        Self { start: SKIPPED, previous: period, heap }
    }
}

impl Local {
    const fn new() -> Self {
        Self {
            state: Cell::new(0),
            cursor: Cursor::new(),
            current: Cell::new(NO_SPAN),
            loss: Loss::new(),
            heap: HeapCells::new(),
            starved: Cell::new(None),
        }
    }

    /// The calling thread's.
    #[inline(always)]
    pub(super) fn with<R>(f: impl FnOnce(&Self) -> R) -> R {
        LOCAL.with(f)
    }

    /// Keeps the calling thread out of every recording: the recorder's own, whose allocations may be
    /// profiled, would never come to rest, and could wait for itself.
    pub(super) fn never_record() {
        Self::with(|local| {
            local.state.set(NEVER);
            local.heap.keep_out();
        });
    }

    /// Runs `f` with the calling thread kept out of recordings, until it returns or unwinds.
    pub(super) fn unrecorded<R>(f: impl FnOnce() -> R) -> R {
        struct Until(u32);
        impl Drop for Until {
            fn drop(&mut self) {
                Local::with(|local| local.state.set(self.0));
            }
        }
        let _kept_out = heap::keep_out();
        let _until = Until(Self::with(|local| local.state.replace(NEVER)));
        f()
    }

    /// Runs `f` with the calling thread's spans going where `cursor` stands, and to no recorder. A
    /// recording is on, and there is room for what `f` does.
    pub(super) fn diverted<R>(cursor: &Cursor, f: impl FnOnce() -> R) -> R {
        struct Until<'a>(&'a Cursor, u32, u32);
        impl Drop for Until<'_> {
            fn drop(&mut self) {
                Local::with(|local| {
                    local.cursor.swap(self.0);
                    local.state.set(self.1);
                    local.current.set(self.2);
                });
            }
        }
        let _until = Self::with(|local| {
            local.cursor.swap(cursor);
            let state = local.state.replace(STATE.load(Ordering::Relaxed));
            Until(cursor, state, local.current.replace(NO_SPAN))
        });
        f()
    }

    /// Whether the calling thread has a span open that is being recorded. Starts nothing.
    pub(super) fn is_in_span() -> bool {
        Self::with(|local| {
            let state = STATE.load(Ordering::Relaxed);
            state >= FIRST && state == local.state.get() && local.current.get() != NO_SPAN
        })
    }

    /// Begins the recording that the first span would begin, if there is none yet.
    pub(super) fn begin_recording() {
        Self::with(Self::is_on);
    }

    /// Opens a span.
    #[inline(always)]
    pub(super) fn start(callsite: &'static Callsite) -> Opened {
        Self::with(|local| {
            if local.heap.is_dirty() {
                local.say_heap();
            }
            let state = STATE.load(Ordering::Relaxed);
            if state == OFF {
                return Opened::Not;
            }
            let word = callsite.start_word();
            if state == local.state.get()
                && word != 0
                && let Some(room) = local.cursor.room_to_start()
            {
                local.cursor.push(room, head_of(clock::ticks_fast(), word, 0));
                return Opened::Fast(local.open(room.position(), Owner::of(word >> 8)));
            }
            Opened::Slow(Self::start_slow(callsite))
        })
    }

    /// Closes it. The fast path does not ask whether recording is still on: the chunk is this thread's, and
    /// an END that no recorder waits for is read by none.
    #[inline(always)]
    pub(super) fn end(opened: Opened, kind: Kind) {
        Self::with(|local| {
            if local.heap.is_dirty() && opened != Opened::Not {
                local.say_heap();
            }
            match opened {
                Opened::Fast(frame) => match local.cursor.room_to_end() {
                    Some(room) => {
                        local.cursor.push(room, head(clock::ticks_fast(), kind, 0, frame.start));
                        local.current.set(frame.previous);
                        local.heap.close(frame.heap);
                    }
                    None => Self::end_slow(frame, kind),
                },
                Opened::Slow(frame) => Self::end_slow(frame, kind),
                Opened::Not => {}
            }
        });
    }

    #[inline(always)]
    fn open(&self, start: u32, owner: Owner) -> OpenFrame {
        let heap = self.heap.open(owner);
        OpenFrame { start, previous: self.current.replace(start), heap }
    }

    #[cold]
    #[inline(never)]
    fn start_slow(callsite: &'static Callsite) -> OpenFrame {
        Self::with(|local| {
            if !local.is_on() {
                local.orphan_if_left_out();
                return OpenFrame::NOT_RECORDED;
            }
            let id = callsite.id();
            if id == 0 {
                registration::orphan(1);
                return OpenFrame::NOT_RECORDED;
            }
            let ticks = clock::ticks();
            let written = local.write(&[head(ticks, Kind::Start, id, 0)]);
            local.heap.spill();
            match written {
                Some(start) => local.open(start, Owner::of(id)),
                None => local.skip(ticks, Owner::of(id)),
            }
        })
    }

    /// Opens a frame for a poll of an async span, or for being in a place.
    #[inline]
    pub(super) fn enter(task: TaskId) -> Opened {
        Self::with(|local| {
            if local.heap.is_dirty() {
                local.say_heap();
            }
            let state = STATE.load(Ordering::Relaxed);
            if state == local.state.get()
                && state == task.recording
                && let Some(room) = local.cursor.room_to_enter()
            {
                let event = [head(clock::ticks_fast(), Kind::Enter, 0, 0), task.slot()];
                local.cursor.push_all(room, &event);
                return Opened::Fast(local.open(room.position(), local.heap.owner_in(task.owner)));
            }
            Opened::Slow(Self::enter_slow(task))
        })
    }

    #[cold]
    #[inline(never)]
    fn enter_slow(task: TaskId) -> OpenFrame {
        Self::with(|local| {
            let Some(event) = task.event(Kind::Enter).filter(|_| local.is_on()) else {
                return OpenFrame::NOT_RECORDED;
            };
            let written = local.write(&event);
            local.heap.spill();
            written.map_or(OpenFrame::NOT_RECORDED, |start| {
                local.open(start, local.heap.owner_in(task.owner))
            })
        })
    }

    #[cold]
    #[inline(never)]
    fn end_slow(frame: OpenFrame, kind: Kind) {
        if frame.start == NOT_RECORDED {
            return;
        }
        Self::with(|local| {
            local.end_with_loss(frame, kind);
            local.heap.spill();
            local.heap.close(frame.heap);
        });
    }

    fn end_with_loss(&self, frame: OpenFrame, kind: Kind) {
        let ticks = clock::ticks();
        if frame.start == SKIPPED {
            self.loss.unskip(frame.previous, ticks);
            return;
        }
        self.current.set(frame.previous);
        if STATE.load(Ordering::Relaxed) != self.state.get() {
            return;
        }
        // What was skipped below this span is said before the span's END.
        self.report_loss(ticks, frame.start);
        self.say_heap();
        if self.cursor.room_for_end(1).is_none() {
            self.next_chunk();
        }
        match self.cursor.room_for_end(1) {
            Some(room) => self.cursor.push(room, head(ticks, kind, 0, frame.start)),
            None => self.loss.lose_end(),
        }
    }

    /// Writes an event, taking a new chunk if need be; gives its short position, `None`
    /// if there was no room. The caller has asked `is_on`.
    fn write(&self, event: &[Slot]) -> Option<u32> {
        let slots = u32::try_from(event.len()).ok()?;
        let loss = if self.loss.is_pending() { 2 } else { 0 };
        let heap = if self.heap.is_dirty() { 3 } else { 0 };
        if self.cursor.room(slots + loss + heap).is_none() && !self.next_chunk() {
            return None;
        }
        if self.loss.is_pending() {
            self.report_loss(clock::ticks(), self.current.get());
        }
        if heap > 0 {
            self.say_heap();
        }
        let room = self.cursor.room(slots)?;
        self.cursor.push_all(room, event);
        Some(room.position())
    }

    /// Changes chunks, if there may be a free one: a thread that skips spans asks for each of them.
    pub(super) fn next_chunk(&self) -> bool {
        let recycled = arena::recycled();
        if self.starved.get() == Some(recycled) {
            return false;
        }
        let has_changed = registration::next_chunk(self);
        self.starved.set((!has_changed).then_some(recycled));
        has_changed
    }

    /// Whether a note belongs into this thread's chunk now. To be asked before anything else is done
    /// for one, the reading of the clock too: an allocator that tags, and is asked for memory where
    /// the clock is found out about, would ask the clock again.
    pub(super) fn takes_notes() -> bool {
        STATE.load(Ordering::Relaxed) != OFF
            && Self::with(|local| local.is_on() && !local.loss.is_skipping())
    }

    /// Writes an event that opens and closes nothing, if there is room. The caller has asked
    /// [`Local::takes_notes`].
    pub(super) fn note(event: &[Slot]) {
        Self::with(|local| {
            // No room: the note belongs to a span whose loss is counted, or is lost with it.
            let _place: Option<u32> = local.write(event);
        });
    }

    /// Writes a counter's or gauge's event: of no span, so it does not matter whether one is being
    /// skipped. False if it found no room, or the thread cannot be part of the recording that is on.
    pub(super) fn count(event: impl Fn(u64) -> [Slot; 2]) -> bool {
        Self::with(|local| {
            if local.is_on() {
                local.write(&event(clock::ticks())).is_some()
            } else {
                !local.is_left_out()
            }
        })
    }

    fn report_loss(&self, ticks: u64, current: u32) {
        if !self.loss.is_pending() {
            return;
        }
        if self.cursor.room_for_loss(2).is_none() {
            self.next_chunk();
        }
        if let Some(room) = self.cursor.room_for_loss(2) {
            self.cursor.leave_unsaid(0);
            self.cursor.push_all(room, &self.loss.report(ticks, current));
            if clock::is_fast() {
                self.cursor.open();
            }
        }
    }

    fn skip(&self, ticks: u64, owner: Owner) -> OpenFrame {
        self.cursor.shut();
        let period = self.loss.skip(ticks);
        self.cursor.leave_unsaid(self.loss.spans());
        OpenFrame::skipped(period, self.heap.open(owner))
    }

    /// Whether recording is on, and this thread not part of it though it may be: it is ending, or is
    /// just about to join further up its stack.
    fn is_left_out(&self) -> bool {
        let state = STATE.load(Ordering::Relaxed);
        state >= FIRST && self.state.get() != state && self.state.get() != NEVER
    }

    /// Counts a span that is not recorded, if no chunk can tell of it.
    fn orphan_if_left_out(&self) {
        if self.is_left_out() {
            registration::orphan(1);
        }
    }

    /// Whether recording is on and this thread part of it; starts and joins it if that is due.
    fn is_on(&self) -> bool {
        let mut state = STATE.load(Ordering::Relaxed);
        if state >= FIRST && state == self.state.get() {
            return true;
        }
        let _kept_out = heap::keep_out();
        if state == UNSTARTED && self.state.get() != NEVER {
            super::session::start_from_environment();
            state = STATE.load(Ordering::Relaxed);
        }
        if state < FIRST || self.state.get() == NEVER {
            return false;
        }
        state == self.state.get()
            || Engine::current().is_some_and(|engine| registration::join(self, engine))
    }
}
