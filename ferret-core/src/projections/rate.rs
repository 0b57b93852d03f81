//! How often something happens now: events per second over a short window.

use crate::event::LogTime;

/// Events per second over a short window, counted in slots of a tenth of a second.
#[derive(Clone, Debug)]
pub struct Rate {
    slots: [u64; Self::SLOTS],
    /// The latest slot, numbered from time 0.
    newest: u64,
}

impl Default for Rate {
    fn default() -> Self {
        Self { slots: [0; Self::SLOTS], newest: 0 }
    }
}

impl Rate {
    /// How far back it looks, ns: longer than the recorder may take between two commits.
    pub const WINDOW_NS: u64 = 2_000_000_000;
    const SLOT_NS: u64 = 100_000_000;
    const WINDOW_SLOTS: u64 = Self::WINDOW_NS / Self::SLOT_NS;
    /// More than the window needs, so that "now" may be behind the latest entry.
    const SLOTS: usize = 64;

    /// Counts so many at that time.
    #[inline]
    pub fn add(&mut self, time: LogTime, count: u64) {
        self.add_to(SlotOf::new(time), count);
    }

    #[inline]
    pub(super) fn add_to(&mut self, SlotOf { slot, .. }: SlotOf, count: u64) {
        if slot > self.newest {
            self.go_on_to(slot);
        }
        if slot + Self::SLOTS as u64 > self.newest {
            *self.slot_mut(slot) += count;
        }
    }

    #[cold]
    fn go_on_to(&mut self, slot: u64) {
        let stale = (slot - self.newest).min(Self::SLOTS as u64);
        for passed in 0..stale {
            *self.slot_mut(slot - passed) = 0;
        }
        self.newest = slot;
    }

    /// Events per second in the window before `now`, or since `began` if that is later.
    #[expect(clippy::cast_precision_loss, reason = "counts of two seconds, for display")]
    pub fn per_second(&self, began: LogTime, now: LogTime) -> f64 {
        let last = now.0 / Self::SLOT_NS;
        let first = (last + 1).saturating_sub(Self::WINDOW_SLOTS);
        let oldest = (self.newest + 1).saturating_sub(Self::SLOTS as u64);
        let slots = first.max(oldest)..=last.min(self.newest);
        let count: u64 = slots.map(|slot| self.slots[Self::index(slot)]).sum();
        let window = (now.0 - first * Self::SLOT_NS).min(now.since(began));
        count as f64 * 1e9 / window.max(Self::SLOT_NS) as f64
    }

    #[inline]
    fn slot_mut(&mut self, slot: u64) -> &mut u64 {
        &mut self.slots[Self::index(slot)]
    }

    #[expect(clippy::cast_possible_truncation, reason = "below SLOTS")]
    #[inline]
    fn index(slot: u64) -> usize {
        (slot % Self::SLOTS as u64) as usize
    }
}

/// The slot that a time is in. The next time is nearly always in the same, and a division is saved.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SlotOf {
    slot: u64,
    start_ns: u64,
}

impl SlotOf {
    #[inline]
    pub(super) fn new(time: LogTime) -> Self {
        let slot = time.0 / Rate::SLOT_NS;
        Self { slot, start_ns: slot * Rate::SLOT_NS }
    }

    /// Whether a time is in it.
    #[inline]
    pub(super) fn has(self, time: LogTime) -> bool {
        time.0.wrapping_sub(self.start_ns) < Rate::SLOT_NS
    }
}

/// Events that follow each other within a slot, not yet added to their rate.
#[derive(Debug, Default)]
pub(super) struct Burst {
    slot: SlotOf,
    count: u64,
}

impl Burst {
    #[inline]
    pub(super) fn add(&mut self, time: LogTime, rate: &mut Rate) {
        if !self.slot.has(time) {
            self.end(rate);
            self.slot = SlotOf::new(time);
        }
        self.count += 1;
    }

    pub(super) fn end(&mut self, rate: &mut Rate) {
        if self.count > 0 {
            rate.add_to(self.slot, self.count);
        }
        self.count = 0;
    }
}
