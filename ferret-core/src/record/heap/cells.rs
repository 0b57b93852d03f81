//! What a thread has allocated and freed, and not said yet: plain cells, without a destructor, so
//! that an allocator may use them at any time of the thread's life.

use super::table::{Owner, add_to_process};
use crate::event::HeapUse;
use crate::record::raw::{Kind, Slot, head};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cells that exceed this are taken over into the table.
pub(super) const SPILL_BYTES: i64 = 64 << 10;

/// Frames that ended before one above them and are remembered: see [`HeapCells::close`].
const GONE: usize = 8;

/// A thread's cells.
#[derive(Debug)]
pub(in super::super) struct HeapCells {
    /// The epoch in which it counts; 0 if it must ask, as it must whenever it is kept out.
    epoch: Cell<u32>,
    /// How many times over it is kept out.
    kept_out: Cell<u32>,
    /// Whose what it allocates is: the innermost frame's.
    owner: Cell<Owner>,
    /// Frames open, counted with the innermost.
    depth: Cell<u32>,
    gone: [Cell<Frame>; GONE],
    gone_count: Cell<usize>,

    bytes: Cell<u64>,
    count: Cell<u64>,
    freed_bytes: Cell<u64>,
    frees: Cell<u64>,
    /// The most by which `bytes` has exceeded `freed_bytes`.
    top: Cell<i64>,
    /// Of what was freed, the part that was `owner`'s.
    own_freed_bytes: Cell<u64>,
    own_frees: Cell<u64>,
    /// The most by which `bytes` has exceeded `own_freed_bytes`.
    own_top: Cell<i64>,

    /// What is in the table, and not in a chunk yet.
    unsaid: Cell<HeapUse>,
    is_unsaid: Cell<bool>,
    /// The lane of a thread in no recording, plus 1; 0 before it needs one.
    lane: Cell<usize>,
}

/// What a guard remembers of the frame that was innermost when its own was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Frame {
    /// Whose that was.
    below: Owner,
    /// The depth of the guard's own; 0 for none.
    depth: u32,
}

impl Frame {
    /// No frame was opened.
    pub(in super::super) const NONE: Self = Self { below: Owner::NOBODY, depth: 0 };
}

impl HeapCells {
    pub(in super::super) const fn new() -> Self {
        Self {
            epoch: Cell::new(0),
            kept_out: Cell::new(0),
            owner: Cell::new(Owner::OUTSIDE),
            depth: Cell::new(0),
            gone: [const { Cell::new(Frame::NONE) }; GONE],
            gone_count: Cell::new(0),
            bytes: Cell::new(0),
            count: Cell::new(0),
            freed_bytes: Cell::new(0),
            frees: Cell::new(0),
            top: Cell::new(0),
            own_freed_bytes: Cell::new(0),
            own_frees: Cell::new(0),
            own_top: Cell::new(0),
            unsaid: Cell::new(HeapUse {
                bytes: 0,
                count: 0,
                freed_bytes: 0,
                frees: 0,
                peak_bytes: 0,
            }),
            is_unsaid: Cell::new(false),
            lane: Cell::new(0),
        }
    }

    #[inline(always)]
    pub(super) fn counts_in(&self, epoch: u32) -> bool {
        self.epoch.get() == epoch
    }

    pub(super) fn count_in(&self, epoch: u32) {
        self.epoch.set(epoch);
    }

    pub(super) fn is_kept_out(&self) -> bool {
        self.kept_out.get() > 0
    }

    pub(in super::super) fn keep_out(&self) {
        self.kept_out.set(self.kept_out.get().saturating_add(1));
        self.epoch.set(0);
    }

    pub(in super::super) fn let_in(&self) {
        self.kept_out.set(self.kept_out.get().saturating_sub(1));
    }

    /// Counts an allocation.
    #[inline(always)]
    pub(super) fn allocate(&self, size: u64) -> Owner {
        let bytes = self.bytes.get().wrapping_add(size);
        self.bytes.set(bytes);
        self.count.set(self.count.get() + 1);
        let grown = difference(bytes, self.freed_bytes.get());
        let own = difference(bytes, self.own_freed_bytes.get());
        if own > self.own_top.get() {
            self.own_top.set(own);
        }
        if grown > self.top.get() {
            self.top.set(grown);
        }
        if own > SPILL_BYTES {
            self.spill();
        }
        self.owner.get()
    }

    /// Counts a free.
    #[inline(always)]
    pub(super) fn free(&self, owner: Owner, size: u64) {
        let freed_bytes = self.freed_bytes.get().wrapping_add(size);
        self.freed_bytes.set(freed_bytes);
        self.frees.set(self.frees.get() + 1);
        if owner == self.owner.get() {
            self.own_freed_bytes.set(self.own_freed_bytes.get().wrapping_add(size));
            self.own_frees.set(self.own_frees.get() + 1);
        } else {
            owner.add(size.cast_signed().wrapping_neg(), -1, 0);
        }
        if difference(self.bytes.get(), freed_bytes) < -SPILL_BYTES {
            self.spill();
        }
    }

    /// Counts an allocation past the cells.
    pub(super) fn allocate_directly(&self, size: u64) -> Owner {
        let owner = self.owner.get();
        self.spill();
        owner.add_directly(size.cast_signed(), 1, self.lane());
        owner
    }

    /// Counts a free past the cells.
    pub(super) fn free_directly(&self, owner: Owner, size: u64) {
        self.spill();
        owner.add_directly(size.cast_signed().wrapping_neg(), -1, self.lane());
    }

    fn lane(&self) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        if self.lane.get() == 0 {
            self.lane.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        self.lane.get()
    }

    /// Whether there is something to say.
    #[inline(always)]
    pub(in super::super) fn is_dirty(&self) -> bool {
        (self.count.get() | self.frees.get()) != 0 || self.is_unsaid.get()
    }

    /// Takes the cells over into the table.
    #[inline(never)]
    pub(in super::super) fn spill(&self) {
        let (bytes, freed_bytes) = (self.bytes.replace(0), self.freed_bytes.replace(0));
        let (count, frees) = (self.count.replace(0), self.frees.replace(0));
        if count | frees == 0 {
            return;
        }
        let own_count = difference(count, self.own_frees.replace(0));
        let own_bytes = difference(bytes, self.own_freed_bytes.replace(0));
        let top = self.top.replace(0);
        self.owner.get().add(own_bytes, own_count, self.own_top.replace(0));
        add_to_process(difference(bytes, freed_bytes), top);
        let before = self.unsaid.get();
        let grown = difference(before.bytes, before.freed_bytes).saturating_add(top);
        let peak_bytes = u64::try_from(grown).unwrap_or(0);
        let mut unsaid = before;
        unsaid.add(&HeapUse { bytes, count, freed_bytes, frees, peak_bytes });
        self.unsaid.set(unsaid);
        self.is_unsaid.set(true);
    }

    /// What is to be said, as an event; [`HeapCells::said`] once it is. The cells have been spilled.
    pub(in super::super) fn event(&self) -> Option<[Slot; 3]> {
        if self.depth.get() == 0 {
            // No frame has it. The table does.
            self.said();
        }
        if !self.is_unsaid.get() {
            return None;
        }
        let HeapUse { bytes, count, freed_bytes, frees, peak_bytes } = self.unsaid.get();
        // Said once a second at least, so they are smaller.
        let [count, frees] = [count, frees].map(|n| n.min(u64::from(u32::MAX)));
        let (first, second) = ([bytes, freed_bytes], [count << 32 | frees, peak_bytes]);
        Some([head(0, Kind::Alloc, 0, 0), first, second])
    }

    pub(in super::super) fn said(&self) {
        self.unsaid.set(HeapUse::default());
        self.is_unsaid.set(false);
    }

    /// Whose what is allocated in a frame of `owner`'s is, opened here.
    #[inline(always)]
    pub(in super::super) fn owner_in(&self, owner: Owner) -> Owner {
        if owner == Owner::INNERMOST { self.owner.get() } else { owner }
    }

    /// A frame opens. The cells have been spilled: what is in them is another owner's.
    #[inline(always)]
    pub(in super::super) fn open(&self, owner: Owner) -> Frame {
        let depth = self.depth.get() + 1;
        self.depth.set(depth);
        Frame { below: self.owner.replace(owner), depth }
    }

    /// It closes; the cells have been spilled. A frame that is not the innermost (`drop(a)` before
    /// `drop(b)`) is remembered until it would be, so that nothing is charged to one that has ended.
    /// There is room for a few: one for which there is none stays an owner until the frame below it
    /// closes.
    #[inline(always)]
    pub(in super::super) fn close(&self, frame: Frame) {
        if frame.depth != self.depth.get() {
            return self.close_below(frame);
        }
        self.pop(frame);
        if self.gone_count.get() > 0 {
            self.pop_gone();
        }
    }

    fn pop(&self, frame: Frame) {
        self.owner.set(frame.below);
        self.depth.set(frame.depth.saturating_sub(1));
    }

    #[cold]
    fn close_below(&self, frame: Frame) {
        let is_open = frame.depth > 0 && frame.depth < self.depth.get();
        let room = self.gone.iter().find(|gone| gone.get() == Frame::NONE);
        if let Some(room) = room.filter(|_| is_open) {
            room.set(frame);
            self.gone_count.set(self.gone_count.get() + 1);
        }
    }

    #[cold]
    fn pop_gone(&self) {
        while let Some(gone) = self.gone.iter().find(|gone| {
            let depth = gone.get().depth;
            depth > 0 && depth == self.depth.get()
        }) {
            self.pop(gone.replace(Frame::NONE));
            self.gone_count.set(self.gone_count.get().saturating_sub(1));
        }
    }
}

#[inline(always)]
fn difference(more: u64, less: u64) -> i64 {
    more.wrapping_sub(less).cast_signed()
}
