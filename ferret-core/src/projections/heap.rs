//! What functions allocate, and what lives: the ALLOC and HEAP entries of every process.

use super::calls::Calls;
use super::slots::Slots;
use crate::event::{CallsiteId, CallsiteInfo, Entry, HeapUse, LogEntry, LogIndex, Names, PathId};
use std::collections::BTreeMap;

/// The heaps of all processes.
#[derive(Clone, Debug, Default)]
pub struct Heap {
    logs: Vec<LogHeap>,
}

/// The heap of one process.
#[derive(Clone, Debug, Default)]
struct LogHeap {
    slots: Slots,
    /// What spans of a path allocated themselves.
    paths: Vec<(PathId, HeapUse)>,
    owners: BTreeMap<CallsiteId, Living>,
    process: Option<Living>,
}

/// What lives of what one callsite, or a process, has allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Living {
    /// Bytes.
    pub bytes: u64,
    /// Allocations.
    pub count: u64,
    /// The most bytes at once. Of several processes, each has had its own at its own time.
    pub peak_bytes: u64,
}

/// What a function has allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FunctionHeap {
    /// By itself. The peak is the most by which the heap grew in one call, or one poll, with what it
    /// called.
    pub own: HeapUse,
    /// With what it called, recursion counted once, bytes ...
    pub total_bytes: u64,
    /// ... and allocations.
    pub total_count: u64,
    /// What lives of what it allocated by itself.
    pub living: Living,
}

impl Living {
    fn add(&mut self, other: &Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.count = self.count.saturating_add(other.count);
        self.peak_bytes = self.peak_bytes.saturating_add(other.peak_bytes);
    }
}

impl Heap {
    /// Takes the next entry of `log`.
    #[inline]
    pub fn apply(&mut self, log: LogIndex, entry: &Entry) {
        match &entry.what {
            LogEntry::Alloc { path, heap, .. } => self.log(log).allocated(*path, heap),
            &LogEntry::Heap { callsite, live_bytes: bytes, live_count: count, peak_bytes } => {
                let living = Living { bytes, count, peak_bytes };
                let log = self.log(log);
                if callsite == CallsiteId::PROCESS {
                    log.process = Some(living);
                } else {
                    log.owners.insert(callsite, living);
                }
            }
            _ => {}
        }
    }

    fn log(&mut self, log: LogIndex) -> &mut LogHeap {
        if log.0 >= self.logs.len() {
            self.logs.resize_with(log.0 + 1, LogHeap::default);
        }
        &mut self.logs[log.0]
    }

    /// Whether no program has told of its heap: their allocators are not wrapped.
    pub fn is_unknown(&self) -> bool {
        self.logs.iter().all(|log| log.process.is_none() && log.paths.is_empty())
    }

    /// What lives of all that the processes have allocated; none if they do not tell.
    pub fn living(&self) -> Option<Living> {
        let mut all = None;
        for living in self.logs.iter().filter_map(|log| log.process) {
            all.get_or_insert_with(Living::default).add(&living);
        }
        all
    }

    /// Whose memory lives, callsites of several processes merged by what they say of themselves: those
    /// with the most bytes first.
    pub fn owners<'a>(
        &self,
        names: impl Fn(LogIndex) -> &'a Names,
    ) -> Vec<(&'a CallsiteInfo, Living)> {
        let mut owners: BTreeMap<&CallsiteInfo, Living> = BTreeMap::new();
        for (index, log) in self.logs.iter().enumerate() {
            let names = names(LogIndex(index));
            for (id, living) in &log.owners {
                if let Some(info) = names.callsites.get(id) {
                    owners.entry(info).or_default().add(living);
                }
            }
        }
        let mut owners: Vec<_> = owners.into_iter().collect();
        owners.sort_by_key(|(_, living)| std::cmp::Reverse(living.bytes));
        owners
    }

    /// What each function of `calls` has allocated, by its number there. A path that `calls` does not
    /// know is in no figure: who takes an ALLOC entry makes it known ([`Calls::know`]).
    pub fn functions<'a>(
        &self,
        calls: &Calls,
        names: impl Fn(LogIndex) -> &'a Names,
    ) -> Vec<FunctionHeap> {
        let mut rows = vec![FunctionHeap::default(); calls.functions.len()];
        for (heap, log) in self.logs.iter().zip(&calls.logs) {
            let mut subtree = vec![(0_u64, 0_u64); log.paths.len()];
            for (path, own) in &heap.paths {
                let Some(slot) = log.slots.get(path.0) else { continue };
                rows[log.paths[slot].function.0 as usize].own.add(own);
                let (bytes, count) = &mut subtree[slot];
                *bytes = bytes.saturating_add(own.bytes);
                *count = count.saturating_add(own.count);
            }
            // Parents stand before their children.
            for (slot, path) in log.paths.iter().enumerate().rev() {
                let (bytes, count) = subtree[slot];
                if let Some(parent) = path.parent {
                    subtree[parent].0 = subtree[parent].0.saturating_add(bytes);
                    subtree[parent].1 = subtree[parent].1.saturating_add(count);
                }
                if path.outermost {
                    let row = &mut rows[path.function.0 as usize];
                    row.total_bytes = row.total_bytes.saturating_add(bytes);
                    row.total_count = row.total_count.saturating_add(count);
                }
            }
        }
        for (info, living) in self.owners(names) {
            if let Some(function) = calls.functions.get(info) {
                rows[function.0 as usize].living = living;
            }
        }
        rows
    }
}

impl LogHeap {
    fn allocated(&mut self, path: PathId, heap: &HeapUse) {
        let slot = self.slots.get(path.0).unwrap_or_else(|| {
            self.slots.set(path.0, self.paths.len());
            self.paths.push((path, HeapUse::default()));
            self.paths.len() - 1
        });
        self.paths[slot].1.add(heap);
    }
}

#[cfg(test)]
#[path = "heap_tests.rs"]
mod tests;
