//! What a program did with its heap.

use serde::{Deserialize, Serialize};

/// What was allocated and freed over some time.
///
/// A reallocation is a free and an allocation. Of memory that was allocated while nothing was
/// recorded neither is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeapUse {
    /// Bytes allocated.
    pub bytes: u64,
    /// Allocations.
    pub count: u64,
    /// Bytes freed, whoever had allocated them.
    pub freed_bytes: u64,
    /// Frees.
    pub frees: u64,
    /// By how much the heap of its thread grew at most above what it was when the frame (a span, or
    /// one poll) began: what the frame called included, and what it freed in between taken off.
    pub peak_bytes: u64,
}

impl HeapUse {
    /// Adds what came later, or elsewhere. Peaks do not add up: the higher one stays.
    pub fn add(&mut self, other: &Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.count = self.count.saturating_add(other.count);
        self.freed_bytes = self.freed_bytes.saturating_add(other.freed_bytes);
        self.frees = self.frees.saturating_add(other.frees);
        self.peak_bytes = self.peak_bytes.max(other.peak_bytes);
    }

    /// Whether nothing was allocated or freed.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.frees == 0
    }
}
