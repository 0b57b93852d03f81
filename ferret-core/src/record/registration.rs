//! A thread's membership of a recording: joining, changing chunks, and handing over at its end.

use super::arena::ChunkIndex;
use super::chunk::next_base;
use super::clock;
use super::engine::{Engine, STATE, ThreadShared};
use super::heap;
use super::local::Local;
use super::raw::{Kind, MAX_THREAD_NAME, NO_SPAN, Slot, head, put_bytes};
use crate::options::Overflow;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a thread waits for a chunk under [`Overflow::Block`].
const PATIENCE: Duration = Duration::from_millis(100);

thread_local! {
    static REGISTRATION: RefCell<Option<Registration>> = const { RefCell::new(None) };
}

/// Present while the thread is part of a recording; dropped by the thread's end.
#[derive(Debug)]
struct Registration {
    engine: &'static Engine,
    thread: Arc<ThreadShared>,
    chunk: Option<ChunkIndex>,
    /// The sequence number of the next chunk.
    sequence: u32,
    /// The position after the last chunk given up.
    next_position: u64,
    /// It has waited for a chunk in vain, and not had one since.
    gave_up: bool,
}

/// Makes the thread part of `engine`'s recording. False if the thread is ending, or is just about
/// it further up its stack (an allocator that is profiled): a span is then counted and skipped.
#[cold]
pub(super) fn join(local: &Local, engine: &'static Engine) -> bool {
    let _kept_out = heap::keep_out();
    let joined = REGISTRATION.try_with(|slot| {
        let Ok(mut slot) = slot.try_borrow_mut() else { return false };
        // A membership of an earlier recording ends here.
        drop(slot.take());
        // What it had not said is of none of this one's frames.
        local.heap.spill();
        local.heap.said();
        let ticks = clock::ticks();
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        let tid = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        let mut registration = Registration {
            engine,
            thread: engine.join(name, tid, ticks),
            chunk: None,
            sequence: 0,
            next_position: 0,
            gave_up: false,
        };
        local.state.set(engine.number);
        local.current.set(NO_SPAN);
        local.starved.set(None);
        registration.next_chunk(local);
        *slot = Some(registration);
        true
    });
    // An error means that the thread is ending.
    joined.unwrap_or(false)
}

/// Hands the thread's chunk over and takes a free one. False if there is none: the thread keeps
/// the old one.
#[cold]
pub(super) fn next_chunk(local: &Local) -> bool {
    let _kept_out = heap::keep_out();
    let changed = REGISTRATION.try_with(|slot| {
        let Ok(mut slot) = slot.try_borrow_mut() else { return false };
        slot.as_mut().is_some_and(|registration| registration.next_chunk(local))
    });
    // An error means that the thread is ending: there is no next chunk.
    changed.unwrap_or(false)
}

/// Counts spans that no chunk will tell of.
pub(super) fn orphan(spans: u64) {
    if let Some(engine) = Engine::current() {
        engine.orphan(spans);
    }
}

/// Takes the END of an async span past the chunks.
pub(super) fn end_late(event: &[Slot; 2]) {
    let _kept_out = heap::keep_out();
    if let Some(engine) = Engine::current() {
        engine.end_late(*event);
    }
}

impl Registration {
    fn next_chunk(&mut self, local: &Local) -> bool {
        let arena = &self.engine.arena;
        let free = match (self.sequence, self.engine.overflow) {
            (0, _) => arena.first(),
            (_, Overflow::Drop) => arena.next(),
            // Once: until there is a chunk again nothing more waits, or a full disk would stop the program
            // by 100 ms for every span, poll and counter.
            (_, Overflow::Block) if self.gave_up => arena.next(),
            (_, Overflow::Block) => arena.next().or_else(|| arena.next_within(PATIENCE)),
        };
        self.gave_up = free.is_none();
        let Some(index) = free else { return false };
        self.give_up_chunk(local);
        let chunk = arena.chunk(index);
        let base = next_base(self.next_position, chunk.capacity());
        chunk.claim(self.thread.id, self.sequence, base);
        self.chunk = Some(index);
        local.cursor.take(chunk);
        if !clock::is_fast() {
            local.cursor.shut();
        }
        self.thread.announce(Some(index));
        if self.sequence == 0 {
            self.introduce(local);
        }
        self.sequence += 1;
        true
    }

    /// Says in its first chunk who the thread is, to those who find nothing but that.
    fn introduce(&self, local: &Local) {
        let name =
            &self.thread.name.as_bytes()[..self.thread.name.floor_char_boundary(MAX_THREAD_NAME)];
        let mut event = [Slot::default(); 1 + MAX_THREAD_NAME / 16];
        let length = put_bytes(&mut event[1..], name);
        let (ticks, bytes) = (self.thread.start_ticks, u32::try_from(length).unwrap_or(0));
        event[0] = head(ticks, Kind::ThreadStart, bytes, self.thread.tid);
        let event = &event[..=length.div_ceil(16)];
        if let Some(room) = local.cursor.room(u32::try_from(event.len()).unwrap_or(u32::MAX)) {
            local.cursor.push_all(room, event);
        }
    }

    fn give_up_chunk(&mut self, local: &Local) {
        if let (Some(index), Some((_, next))) = (self.chunk.take(), local.cursor.place()) {
            self.next_position = next;
            local.cursor.release();
            self.engine.hand_over(index);
        }
    }

    /// Says goodbye in the chunk, and hands it over.
    fn leave(&mut self, local: &Local) {
        let ticks = clock::ticks();
        self.report_loss(local, ticks);
        local.say_heap();
        if let Some(room) = local.cursor.room_for_end(1) {
            local.cursor.push(room, head(ticks, Kind::ThreadEnd, 0, 0));
        }
        self.give_up_chunk(local);
        self.thread.announce(None);
        self.thread.end();
        local.state.set(0);
    }

    fn report_loss(&self, local: &Local, ticks: u64) {
        if !local.loss.is_pending() {
            return;
        }
        local.cursor.leave_unsaid(0);
        match local.cursor.room_for_loss(2) {
            Some(room) => {
                let report = local.loss.report(ticks, local.current.get());
                local.cursor.push_all(room, &report);
            }
            None => self.engine.orphan(local.loss.abandon()),
        }
    }

    /// Whether this thread ends because the process exits, from inside a span: the main thread's
    /// thread-locals go in `exit`, before its hooks run.
    fn is_exit_from_a_span(&self, local: &Local) -> bool {
        self.thread.tid == std::process::id()
            && local.current.get() != NO_SPAN
            && STATE.load(Ordering::Relaxed) == self.engine.number
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let _kept_out = heap::keep_out();
        Local::with(|local| {
            if self.is_exit_from_a_span(local) {
                // What a process has open when it ends stays open. Its last chunk is read where
                // it is.
                self.report_loss(local, clock::ticks());
                local.say_heap();
                local.state.set(0);
            } else {
                self.leave(local);
            }
        });
    }
}

/// Forgets the membership, in a forked child: its chunk and channels are the parent's.
pub(super) fn forget() {
    // An error means that the thread is ending, and the membership gone.
    let forgotten = REGISTRATION.try_with(|slot| {
        if let Ok(mut slot) = slot.try_borrow_mut() {
            std::mem::forget(slot.take());
        }
    });
    if forgotten.is_ok() {
        Local::with(|local| {
            local.state.set(0);
            local.current.set(NO_SPAN);
            local.cursor.release();
            // The parent's to report.
            local.loss.abandon();
        });
    }
}
