//! What lives, by owner: a fixed table of atomics.
//!
//! All are Relaxed: a number is read by the recorder, once a second, for itself. Another thread's
//! additions may come late, so a free may be in before the allocation, and a reader takes what is
//! negative for nothing.

use super::super::paths::OTHER;
use crate::event::CallsiteId;
use std::sync::atomic::{AtomicI64, Ordering};

/// Slots: one for what is allocated outside spans, one for each callsite, and the last for all
/// callsites that are too many. What is never used is never touched, and takes no memory.
const SLOTS: u32 = 4096;

/// Lanes: see [`Lane`].
const LANES: usize = 64;

/// When a lane's bytes are taken over into the table.
const LANE_BYTES: i64 = 64 << 10;

static TABLE: [Slot; SLOTS as usize] = [const { Slot::new() }; SLOTS as usize];
/// The whole process, less what is still in lanes.
static PROCESS: Slot = Slot::new();
static OUTSIDE: [Lane; LANES] = [const { Lane::new() }; LANES];

/// Whose an allocation is, as its header says: 0 for nobody's, else the number of a slot, plus 1.
/// May be any number: a program that writes before its memory writes over headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Owner(u32);

/// What one owner has. Two cache lines, for processors fetch them in pairs, and threads of different
/// callsites must not wait for each other.
#[derive(Debug)]
#[repr(align(128))]
struct Slot {
    live_bytes: AtomicI64,
    live_count: AtomicI64,
    peak_bytes: AtomicI64,
}

/// What threads that are in no recording (they have run no span) allocated: nothing would tell such
/// a thread of its end, so it can keep no cells of its own, and shares a few of these with others.
#[derive(Debug)]
#[repr(align(128))]
struct Lane {
    live_bytes: AtomicI64,
    live_count: AtomicI64,
}

/// What lives of one owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Live {
    pub(in super::super) bytes: u64,
    pub(in super::super) count: u64,
    pub(in super::super) peak_bytes: u64,
}

impl Owner {
    /// Nobody's: allocated while nothing was recorded, or by Ferret itself.
    pub(super) const NOBODY: Self = Self(0);
    /// Allocated outside spans.
    pub(super) const OUTSIDE: Self = Self(1);

    /// In the place of one: that of the frame that is innermost already. Never in a header.
    pub(in super::super) const INNERMOST: Self = Self(u32::MAX);

    /// A span of this callsite.
    #[inline]
    pub(in super::super) fn of(callsite: u32) -> Self {
        Self(callsite.min(SLOTS - 1) + 1)
    }

    fn slot(self) -> Option<&'static Slot> {
        TABLE.get((self.0 as usize).wrapping_sub(1))
    }

    /// Adds to what lives, `top` being by how much more than before lived at once meanwhile. For
    /// the owner alone: the caller tells of the process with [`add_to_process`].
    pub(super) fn add(self, bytes: i64, count: i64, top: i64) {
        if let Some(slot) = self.slot() {
            slot.add(bytes, count, top);
        }
    }

    /// Adds to what lives of the owner, and of the process; `lane` spreads threads.
    pub(super) fn add_directly(self, bytes: i64, count: i64, lane: usize) {
        if self == Self::OUTSIDE {
            OUTSIDE[lane % LANES].add(bytes, count);
        } else {
            self.add(bytes, count, bytes.max(0));
            add_to_process(bytes, bytes.max(0));
        }
    }
}

/// Adds to what lives in the process.
pub(super) fn add_to_process(bytes: i64, top: i64) {
    PROCESS.add(bytes, 0, top);
}

impl Slot {
    const fn new() -> Self {
        Self {
            live_bytes: AtomicI64::new(0),
            live_count: AtomicI64::new(0),
            peak_bytes: AtomicI64::new(0),
        }
    }

    fn add(&self, bytes: i64, count: i64, top: i64) {
        let before = match bytes {
            0 => self.live_bytes.load(Ordering::Relaxed),
            _ => self.live_bytes.fetch_add(bytes, Ordering::Relaxed),
        };
        if count != 0 {
            self.live_count.fetch_add(count, Ordering::Relaxed);
        }
        let peak = before.saturating_add(top);
        // Read first: what is allocated and freed again and again is seldom a new peak.
        if peak > self.peak_bytes.load(Ordering::Relaxed) {
            self.peak_bytes.fetch_max(peak, Ordering::Relaxed);
        }
    }

    fn live(&self) -> Live {
        let bytes = unsigned(self.live_bytes.load(Ordering::Relaxed));
        let count = unsigned(self.live_count.load(Ordering::Relaxed));
        let peak_bytes = unsigned(self.peak_bytes.load(Ordering::Relaxed));
        Live { bytes, count, peak_bytes: peak_bytes.max(bytes) }
    }
}

impl Lane {
    const fn new() -> Self {
        Self { live_bytes: AtomicI64::new(0), live_count: AtomicI64::new(0) }
    }

    fn add(&self, bytes: i64, count: i64) {
        self.live_count.fetch_add(count, Ordering::Relaxed);
        let lives = self.live_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if lives.saturating_abs() > LANE_BYTES {
            let moved = self.live_bytes.swap(0, Ordering::Relaxed);
            PROCESS.add(moved, 0, moved.max(0));
        }
    }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A recording begins: what lives now is the most that has lived in it.
pub(super) fn begin(callsites: usize) {
    let used = TABLE.iter().take(callsites + 1).chain(TABLE.last()).chain([&PROCESS]);
    used.for_each(|slot| {
        slot.peak_bytes.store(slot.live_bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    });
}

/// What lives in the process, and of each of the first `callsites` callsites.
pub(super) fn live(callsites: usize) -> impl Iterator<Item = (CallsiteId, Live)> {
    let last = TABLE.len() - 1;
    let own = (1_u32..).zip(&TABLE[1..last]).take(callsites);
    let own = own.map(|(id, slot)| (CallsiteId(id), slot.live()));
    let rest = (callsites >= last).then(|| (OTHER, TABLE[last].live()));
    [(CallsiteId::PROCESS, process())].into_iter().chain(own).chain(rest)
}

fn process() -> Live {
    let in_lanes = |of: fn(&Lane) -> &AtomicI64| -> i64 {
        OUTSIDE.iter().map(|lane| of(lane).load(Ordering::Relaxed)).sum()
    };
    let counts = TABLE.iter().map(|slot| slot.live_count.load(Ordering::Relaxed)).sum::<i64>();
    let bytes = PROCESS.live_bytes.load(Ordering::Relaxed);
    let bytes = unsigned(bytes + in_lanes(|lane| &lane.live_bytes));
    let peak_bytes = unsigned(PROCESS.peak_bytes.load(Ordering::Relaxed)).max(bytes);
    // As of now it may be higher than at any time at which a thread told of itself.
    PROCESS.peak_bytes.fetch_max(peak_bytes.cast_signed(), Ordering::Relaxed);
    Live { bytes, count: unsigned(counts + in_lanes(|lane| &lane.live_count)), peak_bytes }
}
