//! What functions allocate, and what lives: the ALLOC and HEAP entries of every process.

use super::LogMoment;
use super::calls::Calls;
use super::present::Present;
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
    /// Nothing of a process that is no more lives; what it had at its peak was.
    fn if_present(self, is_present: bool) -> Self {
        if is_present { self } else { Self { bytes: 0, count: 0, ..self } }
    }

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

    /// What lives of all that the processes have allocated, or did when they ended; none if they do
    /// not tell.
    pub fn living(&self) -> Option<Living> {
        self.living_in(|_| true)
    }

    /// What lives of all that the processes have allocated that are present: `moment` tells which of
    /// them live, and where none does it is the one that lived last. The peak is of all there were.
    pub fn living_now(&self, moment: impl Fn(LogIndex) -> LogMoment) -> Option<Living> {
        let present = self.present(&moment);
        self.living_in(|log| present.has(moment(log)))
    }

    fn living_in(&self, is_present: impl Fn(LogIndex) -> bool) -> Option<Living> {
        let mut all = None;
        for (index, log) in self.logs.iter().enumerate() {
            if let Some(living) = log.process {
                let sum = all.get_or_insert_with(Living::default);
                sum.add(&living.if_present(is_present(LogIndex(index))));
            }
        }
        all
    }

    fn present(&self, moment: impl Fn(LogIndex) -> LogMoment) -> Present {
        let logs = self.logs.iter().enumerate().filter(|(_, log)| log.process.is_some());
        Present::among(logs.map(|(index, _)| moment(LogIndex(index))))
    }

    /// Whose memory lives, or did when its process ended, callsites of several processes merged by what
    /// they say of themselves: those with the most bytes first.
    pub fn owners<'a>(
        &self,
        names: impl Fn(LogIndex) -> &'a Names,
    ) -> Vec<(&'a CallsiteInfo, Living)> {
        self.owners_in(names, |_| true)
    }

    /// The same of the processes that [`Heap::living_now`] is of.
    pub fn owners_now<'a>(
        &self,
        names: impl Fn(LogIndex) -> &'a Names,
        moment: impl Fn(LogIndex) -> LogMoment,
    ) -> Vec<(&'a CallsiteInfo, Living)> {
        let present = self.present(&moment);
        self.owners_in(names, |log| present.has(moment(log)))
    }

    fn owners_in<'a>(
        &self,
        names: impl Fn(LogIndex) -> &'a Names,
        is_present: impl Fn(LogIndex) -> bool,
    ) -> Vec<(&'a CallsiteInfo, Living)> {
        let mut owners: BTreeMap<&CallsiteInfo, Living> = BTreeMap::new();
        for (index, log) in self.logs.iter().enumerate() {
            let (names, is_present) = (names(LogIndex(index)), is_present(LogIndex(index)));
            for (id, living) in &log.owners {
                if let Some(info) = names.callsites.get(id) {
                    owners.entry(info).or_default().add(&living.if_present(is_present));
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
