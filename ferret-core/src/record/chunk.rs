//! A chunk: fixed-size memory into which one thread writes raw events while the recorder reads what
//! is published of them. All unsafe access to slots is in this file.
//!
//! The protocol, and why it needs no lock:
//!
//! - One thread owns a chunk from taking it out of the free channel to putting it into the full
//!   one. Only the owner writes slots, and only slots at or above `published`.
//! - `published` is the position after the last complete event. It is stored with Release after the
//!   slots; the recorder loads it with Acquire and reads slots below it only. So no slot is ever
//!   written and read at once, and a stale answer only means: read the rest at the next tick.
//! - Only the recorder recycles a chunk, after the owner has given it up, so what it reads cannot
//!   be given to another thread under its hands.
//! - `thread` and `sequence` are written by a new owner before the chunk is announced (Release, in
//!   the thread's `current`), while the recorder does not look at it.

use super::raw::{SKIPPED, Slot, between, short};
use std::cell::Cell;

#[cfg(loom)]
use loom::cell::UnsafeCell;
#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
#[cfg(not(loom))]
use std::cell::UnsafeCell;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Slots at the end of a chunk that only ENDs may use, so that spans that were recorded as begun
/// can be recorded as ended when no other chunk is free.
const END_RESERVE: u32 = if cfg!(loom) { 2 } else { 64 };
/// Slots before them that `Dropped` events and the thread's end may use too.
const LOSS_RESERVE: u32 = if cfg!(loom) { 2 } else { 16 };

/// A slot in [`short`] positions ...
const A_SLOT: u32 = 2;
/// ... and what those count, in bytes: eight; more where loom keeps account of each slot.
const UNIT: usize = size_of::<UnsafeCell<Slot>>() / A_SLOT as usize;

/// The head of a chunk, one cache line, before its slots.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct ChunkHead {
    /// The position up to which slots hold complete events, [`short`].
    published: AtomicU32,
    /// The owner's [`crate::event::ThreadId`]; 0 while free.
    thread: AtomicU32,
    /// The chunk's number among its thread's, from 0.
    sequence: AtomicU32,
    /// The position of slot 0 in the thread.
    base: AtomicU64,
    /// Spans that the owner has skipped and not said so in any chunk: a thread that runs no span any
    /// more never says it.
    unsaid: AtomicU64,
}

/// A chunk's place in memory. Copied freely: who may do what with it is the protocol above.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    head: *const ChunkHead,
    slots: *const UnsafeCell<Slot>,
    capacity: u32,
}

// SAFETY: the pointers lead to memory that outlives the process's last thread (the arena is never
// unmapped); concurrent access follows the protocol in the module's docs.
#[expect(unsafe_code, reason = "raw pointers into the arena; proof above")]
unsafe impl Send for Chunk {}
// SAFETY: as for `Send`; a shared `Chunk` gives read access to published slots only.
#[expect(unsafe_code, reason = "raw pointers into the arena; proof above")]
unsafe impl Sync for Chunk {}

impl Chunk {
    /// A chunk of `bytes` bytes at `memory`.
    ///
    /// # Safety
    ///
    /// `memory` is initialised, aligned to 64 bytes, valid for reads and writes for `bytes` bytes until
    /// the process ends, and part of no other chunk.
    #[expect(unsafe_code, reason = "the caller vouches for the memory")]
    pub(super) unsafe fn at(memory: *mut u8, bytes: usize) -> Self {
        #[expect(clippy::cast_ptr_alignment, reason = "the caller vouches for the alignment")]
        let head = memory.cast::<ChunkHead>();
        let slots = (bytes - size_of::<ChunkHead>()) / size_of::<Slot>();
        Self {
            head,
            // SAFETY: the head fits in `bytes`, so this stays within the memory vouched for.
            slots: unsafe { head.add(1) }.cast::<UnsafeCell<Slot>>(),
            capacity: u32::try_from(slots).expect("a chunk is far smaller than 64 GiB"),
        }
    }

    fn head(&self) -> &ChunkHead {
        // SAFETY: valid for the life of the process, and all its fields are atomics.
        #[expect(unsafe_code, reason = "see SAFETY")]
        unsafe {
            &*self.head
        }
    }

    /// Marks the chunk as `thread`'s next. For its new owner, before anyone else hears of it.
    pub(super) fn claim(&self, thread: u32, sequence: u32, base: u64) {
        // Relaxed: published to the recorder by the Release store of the thread's `current`, or by
        // the full channel.
        self.head().published.store(short(base), Ordering::Relaxed);
        self.head().sequence.store(sequence, Ordering::Relaxed);
        self.head().base.store(base, Ordering::Relaxed);
        self.head().unsaid.store(0, Ordering::Relaxed);
        // Release: whoever finds the chunk when the process is dead finds the rest with its owner.
        self.head().thread.store(thread, Ordering::Release);
    }

    /// Marks the chunk as nobody's. For the recorder, before it recycles it: a thread that has moved
    /// on, and not yet announced its next chunk, still announces this one, and its owner and number
    /// are two words. Read while a new owner claims it, they could otherwise be the old owner's id
    /// and the new one's number, and name the very chunk that is waited for.
    pub(super) fn disown(&self) {
        // Relaxed: read by the recorder, who is the caller, and by whoever finds the process dead: what the chunk had is
        // in the log then, whether it is still somebody's or not.
        self.head().thread.store(0, Ordering::Relaxed);
    }

    /// Owner, and number among its chunks. Meaningful while the recorder holds the chunk or has
    /// seen it announced.
    pub(super) fn label(&self) -> (u32, u32) {
        let head = self.head();
        (head.thread.load(Ordering::Relaxed), head.sequence.load(Ordering::Relaxed))
    }

    /// Spans that its owner has skipped and not said so.
    pub(super) fn unsaid(&self) -> u64 {
        // Relaxed: the owner takes back the number before it publishes the event that says it, so who has
        // read that event reads the later number.
        self.head().unsaid.load(Ordering::Relaxed)
    }

    /// The position of its first slot.
    pub(super) fn base(&self) -> u64 {
        self.head().base.load(Ordering::Relaxed)
    }

    /// The published slots from `from` on. May be stale: later calls may give more, never less.
    pub(super) fn published_from(&self, from: u32) -> &[Slot] {
        // Acquire: pairs with the Release in `Cursor::publish`, so the slots below are complete.
        let published = self.head().published.load(Ordering::Acquire);
        let published = between(short(self.base()), published).min(self.capacity);
        let from = from.min(published);
        // SAFETY: in bounds by the two `min`s.
        #[expect(unsafe_code, reason = "see SAFETY")]
        let first = unsafe { self.slots.add(from as usize) };
        // SAFETY: in bounds too; a cell may be shared, whoever writes its content.
        #[expect(unsafe_code, reason = "see SAFETY")]
        let cells = unsafe { std::slice::from_raw_parts(first, (published - from) as usize) };
        read(cells)
    }
}

#[cfg(not(loom))]
fn read(cells: &[UnsafeCell<Slot>]) -> &[Slot] {
    let slots = std::ptr::from_ref(cells) as *const [Slot];
    // SAFETY: `UnsafeCell<Slot>` has the layout of `Slot`; published slots are initialised, and
    // are not written again until the recorder, who alone reads, recycles the chunk.
    #[expect(unsafe_code, reason = "see SAFETY")]
    unsafe {
        &*slots
    }
}

/// As above, but through loom, which wants to see each access; the copy is the model's to lose.
#[cfg(loom)]
fn read(cells: &[UnsafeCell<Slot>]) -> &[Slot] {
    // SAFETY: as in the other `read`; loom holds us to it.
    #[expect(unsafe_code, reason = "see SAFETY")]
    let copy = |slot: *const Slot| unsafe { *slot };
    Vec::leak(cells.iter().map(|cell| cell.with(copy)).collect())
}

#[cfg(not(loom))]
#[inline(always)]
fn overwrite(cell: &UnsafeCell<Slot>, slot: Slot) {
    // SAFETY: the caller owns the chunk and the slot is not published: nobody else looks at it.
    #[expect(unsafe_code, reason = "see SAFETY")]
    unsafe {
        *cell.get() = slot;
    }
}

#[cfg(loom)]
fn overwrite(cell: &UnsafeCell<Slot>, slot: Slot) {
    // SAFETY: as in the other `overwrite`; loom holds us to it.
    #[expect(unsafe_code, reason = "see SAFETY")]
    let write = |place: *mut Slot| unsafe { *place = slot };
    cell.with_mut(write);
}

/// The writing end of the chunk a thread owns: where the next event goes. Empty before the first
/// chunk, and then every push is refused.
///
/// Everything is counted in [`short`] positions, which do not wrap inside a chunk (see [`next_base`]): so
/// the hot path has one number to advance, compare, publish and remember, and to find the slot by.
///
/// Invariant: `position` below any of the limits implies that `chunk` is owned by this thread and
/// has a slot for it.
#[derive(Debug)]
pub(super) struct Cursor {
    /// That of the next event.
    position: Cell<u32>,
    /// STARTs are refused from here on.
    start_limit: Cell<u32>,
    /// ENDs are refused from here on.
    end_limit: Cell<u32>,
    /// Where the chunk ends; the limits are never above it.
    limit: Cell<u32>,
    /// Where the slot of the short position 0 would be: that of `p` is `p` times eight bytes further on.
    origin: Cell<*const UnsafeCell<Slot>>,
    published: Cell<*const AtomicU32>,
    chunk: Cell<Option<Chunk>>,
}

impl Cursor {
    pub(super) const fn new() -> Self {
        Self {
            position: Cell::new(0),
            start_limit: Cell::new(0),
            end_limit: Cell::new(0),
            limit: Cell::new(0),
            origin: Cell::new(std::ptr::null()),
            published: Cell::new(std::ptr::null()),
            chunk: Cell::new(None),
        }
    }

    /// Begins to write into `chunk`, which this thread has claimed.
    pub(super) fn take(&self, chunk: Chunk) {
        let base = short(chunk.base());
        self.position.set(base);
        self.limit.set(base + chunk.capacity * A_SLOT);
        self.origin.set(chunk.slots.wrapping_byte_sub((base as usize).wrapping_mul(UNIT)));
        self.published.set(&raw const chunk.head().published);
        self.chunk.set(Some(chunk));
        self.open();
    }

    /// Gives the chunk up; the cursor is empty afterwards.
    pub(super) fn release(&self) -> Option<Chunk> {
        self.shut();
        self.limit.set(0);
        self.chunk.take()
    }

    /// Lets two cursors change places.
    pub(super) fn swap(&self, other: &Self) {
        self.position.swap(&other.position);
        self.start_limit.swap(&other.start_limit);
        self.end_limit.swap(&other.end_limit);
        self.limit.swap(&other.limit);
        self.origin.swap(&other.origin);
        self.published.swap(&other.published);
        self.chunk.swap(&other.chunk);
    }

    /// Lets the fast paths write again, up to the reserves.
    pub(super) fn open(&self) {
        let limit = self.limit.get();
        self.start_limit.set(limit.saturating_sub((END_RESERVE + LOSS_RESERVE) * A_SLOT));
        self.end_limit.set(limit);
    }

    /// Makes the fast paths refuse, so that every event comes to the slow one.
    pub(super) fn shut(&self) {
        self.start_limit.set(0);
        self.end_limit.set(0);
    }

    /// Room for `slots` more, leaving the ENDs' reserve alone.
    pub(super) fn room(&self, slots: u32) -> Option<Room> {
        self.room_below(slots, END_RESERVE + LOSS_RESERVE)
    }

    /// Room for a report of loss, or the thread's end, of `slots`.
    pub(super) fn room_for_loss(&self, slots: u32) -> Option<Room> {
        self.room_below(slots, END_RESERVE)
    }

    /// Room for an END of `slots`.
    pub(super) fn room_for_end(&self, slots: u32) -> Option<Room> {
        self.room_below(slots, 0)
    }

    fn room_below(&self, slots: u32, reserve: u32) -> Option<Room> {
        let position = self.position.get();
        let needed = (u64::from(slots) + u64::from(reserve)) * u64::from(A_SLOT);
        let fits = u64::from(position) + needed <= u64::from(self.limit.get());
        fits.then_some(Room { position, slots })
    }

    /// Room for a START, on the fast path.
    #[inline(always)]
    pub(super) fn room_to_start(&self) -> Option<Room> {
        let position = self.position.get();
        (position < self.start_limit.get()).then_some(Room { position, slots: 1 })
    }

    /// Room for an ENTER, which has two slots, on the fast path.
    #[inline(always)]
    pub(super) fn room_to_enter(&self) -> Option<Room> {
        let position = self.position.get();
        (position + A_SLOT < self.start_limit.get()).then_some(Room { position, slots: 2 })
    }

    /// Room for an END, on the fast path.
    #[inline(always)]
    pub(super) fn room_to_end(&self) -> Option<Room> {
        let position = self.position.get();
        (position < self.end_limit.get()).then_some(Room { position, slots: 1 })
    }

    /// So many spans have been skipped and not said so; call it with 0 before it is said.
    pub(super) fn leave_unsaid(&self, spans: u64) {
        // Without a chunk the thread has nowhere to leave it, and its end counts them.
        if let Some(chunk) = self.chunk.get() {
            chunk.head().unsaid.store(spans, Ordering::Relaxed);
        }
    }

    /// Owner, and whole position of the next event.
    pub(super) fn place(&self) -> Option<(u32, u64)> {
        let chunk = self.chunk.get()?;
        let written = between(short(chunk.base()), self.position.get());
        Some((chunk.label().0, chunk.base() + u64::from(written)))
    }

    /// Writes and publishes an event of one slot.
    #[inline(always)]
    pub(super) fn push(&self, room: Room, slot: Slot) {
        self.write(room.position, slot);
        self.publish(room.position + A_SLOT);
    }

    /// Writes and publishes an event of several slots as a whole.
    #[inline]
    pub(super) fn push_all(&self, room: Room, event: &[Slot]) {
        debug_assert_eq!(event.len(), room.slots as usize, "room asked for another event");
        let mut position = room.position;
        for slot in event.iter().take(room.slots as usize) {
            self.write(position, *slot);
            position += A_SLOT;
        }
        self.publish(position);
    }

    #[inline(always)]
    fn write(&self, position: u32, slot: Slot) {
        let place = self.origin.get().wrapping_byte_add((position as usize).wrapping_mul(UNIT));
        // SAFETY: `position` comes from a `Room`, which was inside the chunk when given, and a
        // thread uses a room before it takes or releases a chunk. So `place` is inside the chunk,
        // which is never unmapped; and a cell may be shared.
        #[expect(unsafe_code, reason = "see SAFETY")]
        let cell = unsafe { &*place };
        overwrite(cell, slot);
    }

    #[inline(always)]
    fn publish(&self, position: u32) {
        self.position.set(position);
        // SAFETY: as above: there is a chunk, so the pointer leads to its head.
        #[expect(unsafe_code, reason = "see SAFETY")]
        let published = unsafe { &*self.published.get() };
        // Release: pairs with the Acquire in `Chunk::published_from`.
        published.store(position, Ordering::Release);
    }
}

/// Proof that an event fits where the cursor stands. Used at once, or not at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    position: u32,
    slots: u32,
}

impl Room {
    /// The event's [`short`] position.
    #[inline(always)]
    pub(super) fn position(self) -> u32 {
        self.position
    }
}

/// The position a new chunk begins at: `next`, unless one in the chunk were [`short`] for what is reserved,
/// or they wrapped.
pub(super) fn next_base(next: u64, capacity: u32) -> u64 {
    let end = u64::from(short(next)) + u64::from(capacity) * u64::from(A_SLOT);
    if end >= u64::from(SKIPPED) { (next | 0x7fff_ffff) + 1 } else { next }
}

impl Chunk {
    /// Slots it holds.
    pub(super) fn capacity(&self) -> u32 {
        self.capacity
    }
}

#[cfg(all(test, not(loom)))]
#[path = "chunk_tests.rs"]
mod tests;

#[cfg(all(test, loom))]
#[path = "chunk_loom.rs"]
mod loom_tests;
