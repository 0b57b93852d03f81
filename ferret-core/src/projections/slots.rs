//! From the ids of a log to places in a projection's own tables.
//!
//! Writers number paths and threads from 1 without gaps, so an array is the whole index: one load
//! an entry. A damaged log can say any number, so ids past a bound go to a map instead of sizing
//! the array.

use std::collections::BTreeMap;

/// Ids below this are looked up in an array, at 4 bytes each.
const DENSE: usize = 1 << 20;
/// Marks an id without a slot. So slots are below `u32::MAX`.
const NONE: u32 = u32::MAX;

/// A map from ids to slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    dense: Vec<u32>,
    sparse: BTreeMap<u32, u32>,
}

impl Slots {
    /// The slot of `id`.
    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<usize> {
        match self.dense.get(id as usize) {
            Some(&NONE) => None,
            Some(&slot) => Some(slot as usize),
            None if self.sparse.is_empty() => None,
            None => self.sparse.get(&id).map(|&slot| slot as usize),
        }
    }

    /// Gives `id` a slot. Slots past `u32::MAX` are not stored: the id stays unknown.
    pub(super) fn set(&mut self, id: u32, slot: usize) {
        let slot = u32::try_from(slot).unwrap_or(NONE);
        let index = id as usize;
        if index >= DENSE {
            self.sparse.insert(id, slot);
            return;
        }
        if index >= self.dense.len() {
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
}
