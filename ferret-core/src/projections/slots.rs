//! From the ids of a log to places in a projection's own tables.
//!
//! Writers number paths and threads from 1 without gaps, so for who reads all of a log an array is the
//! whole index: one load an entry. Who reads a part of it, of a program that has begun a million
//! threads by then, meets a few high numbers, and a damaged log can say any: ids far beyond how many
//! there are go to a map instead of sizing the array.

use std::collections::BTreeMap;

/// Ids below this are looked up in an array, at 4 bytes each ...
const FEW: usize = 256;
/// ... and below so many times the number of ids.
const SPREAD: usize = 8;
/// Marks an id without a slot. So slots are below `u32::MAX`.
const NONE: u32 = u32::MAX;

/// A map from ids to slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    dense: Vec<u32>,
    sparse: BTreeMap<u32, u32>,
    count: usize,
}

impl Slots {
    /// The slot of `id`.
    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<usize> {
        match self.dense.get(id as usize) {
            Some(&slot) if slot != NONE => Some(slot as usize),
            _ if self.sparse.is_empty() => None,
            _ => self.sparse.get(&id).map(|&slot| slot as usize),
        }
    }

    /// Gives `id` a slot. Slots past `u32::MAX` are not stored: the id stays unknown.
    pub(super) fn set(&mut self, id: u32, slot: usize) {
        let slot = u32::try_from(slot).unwrap_or(NONE);
        let index = id as usize;
        self.count += 1;
        if index >= self.dense.len() {
            if index >= FEW.max(self.count.saturating_mul(SPREAD)) {
                self.sparse.insert(id, slot);
                return;
            }
            self.dense.resize(index + 1, NONE);
        }
        self.dense[index] = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_huge_ids_have_slots_of_their_own() {
        let mut slots = Slots::default();
        slots.set(3, 0);
        slots.set(u32::MAX, 1);
        assert_eq!(slots.get(3), Some(0));
        assert_eq!(slots.get(u32::MAX), Some(1));
        assert_eq!((slots.get(0), slots.get(4), slots.get(u32::MAX - 1)), (None, None, None));
        assert!(slots.dense.len() < 10, "a huge id sizes nothing");
    }

    #[test]
    fn in_whatever_order_ids_come_each_has_its_slot() {
        let mut slots = Slots::default();
        // Some come while the array is small, and lie below its end later.
        let ids: Vec<u32> = (0..2_000).map(|n| n * 7_919 % 2_000).chain(90_000..90_100).collect();
        for (slot, id) in ids.iter().enumerate() {
            assert_eq!(slots.get(*id), None);
            slots.set(*id, slot);
        }
        for (slot, id) in ids.iter().enumerate() {
            assert_eq!(slots.get(*id), Some(slot), "{id}");
        }
        slots.set(90_000, 5);
        slots.set(1_999, 6);
        assert_eq!((slots.get(90_000), slots.get(1_999)), (Some(5), Some(6)));
        assert!(slots.dense.len() <= 2_000 && slots.sparse.len() < 1_000);
    }
}
