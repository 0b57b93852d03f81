//! What functions allocated: the document's part of it, and what filters and gates ask.

use super::build::LogFacts;
use super::document::Function;
use super::fold::Fold;
use crate::filter::{Field, Value};
use ferret::event::{LogIndex, Names};
use ferret::projections::{FunctionHeap, Living};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What a function allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alloc {
    /// By itself.
    pub(crate) self_bytes: u64,
    pub(crate) self_count: u64,
    /// With what it called; recursion counted once.
    pub(crate) total_bytes: u64,
    pub(crate) total_count: u64,
    /// What it freed itself, whoever had allocated it.
    pub(crate) freed_bytes: u64,
    /// The most by which the heap grew in one call, or one poll, with what it called.
    pub(crate) peak_bytes: u64,
    /// What lives of what it allocated by itself, and the most that did at once.
    pub(crate) live_bytes: u64,
    pub(crate) live_peak_bytes: u64,
}

/// What lives of all that the run's processes, or a function in them, have allocated while they
/// were recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heap {
    pub(crate) live_bytes: u64,
    pub(crate) live_count: u64,
    pub(crate) peak_bytes: u64,
}

impl From<Living> for Heap {
    fn from(living: Living) -> Self {
        let Living { bytes: live_bytes, count: live_count, peak_bytes } = living;
        Self { live_bytes, live_count, peak_bytes }
    }
}

impl From<FunctionHeap> for Alloc {
    fn from(heap: FunctionHeap) -> Self {
        Self {
            self_bytes: heap.own.bytes,
            self_count: heap.own.count,
            total_bytes: heap.total_bytes,
            total_count: heap.total_count,
            freed_bytes: heap.own.freed_bytes,
            peak_bytes: heap.own.peak_bytes,
            live_bytes: heap.living.bytes,
            live_peak_bytes: heap.living.peak_bytes,
        }
    }
}

impl Alloc {
    /// Whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn value(&self, field: Field) -> Value<'static> {
        let value = match field {
            Field::Allocated => self.total_bytes,
            Field::Allocs => self.total_count,
            Field::Live => self.live_bytes,
            Field::Peak => self.peak_bytes,
            _ => return Value::Foreign,
        };
        #[expect(clippy::cast_precision_loss, reason = "below 8 PiB exact")]
        Value::Number(value as f64)
    }
}

/// Puts into each function what it allocated, if the log tells. A function's number is its place.
pub(super) fn add(functions: &mut [Function], fold: &Fold, logs: &[LogFacts<'_>]) {
    static NONE: LazyLock<Names> = LazyLock::new(Names::default);
    if fold.heap.is_unknown() {
        return;
    }
    let names = |log: LogIndex| logs.get(log.0).map_or(&*NONE, |facts| facts.names);
    let heaps = fold.heap.functions(&fold.calls, names);
    for (function, heap) in functions.iter_mut().zip(heaps) {
        function.alloc = Some(heap.into());
    }
}
