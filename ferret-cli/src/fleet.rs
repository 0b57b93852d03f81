//! Many processes at once, now and in the past: finds their logs, follows each, and keeps what they add up to.
//!
//! ```text
//! logs ──▶ keeper ──▶ Worker: what runs now          ──▶ answers, alerts
//!            │           └─▶ Slots: ten seconds each ──▶ Store: roll-ups, events
//!            └─▶ past: what was before, beside it    ──▶
//! ```
//!
//! One thread follows the logs, another reads what was before, unless no history is kept. Whoever asks takes the lock
//! on the workers for as long as it takes to copy what is asked; the store answers beside its writer.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all entries there will be, a fleet takes the ones it knows"
)]

mod calls_row;
mod clock;
mod folded;
mod keeper;
mod levels;
mod line;
mod past;
mod slots;
mod stack;
mod store;
mod usage;
mod worker;

pub(crate) use calls_row::CallsRow;
pub(crate) use clock::{WallClock, unix_ms};
pub(crate) use folded::Folded;
pub(crate) use keeper::{Fleet, See};
pub(crate) use levels::{Keep, Level, Steps};
pub(crate) use slots::Slot;
pub(crate) use stack::{Frame, Stack};
pub(crate) use store::{
    Event, Function, FunctionNumber, Kept, NOBODY, Severity, Store, StoreError, What,
};
pub(crate) use usage::Usage;
pub(crate) use worker::Worker;

use ferret::event::ProcessUid;
use ferret::log::ReadOptions;
use parking_lot::Mutex;
use slots::SlotRow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use store::Contribution;

/// What the threads of a fleet share with those who ask.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Logs, and folders of logs.
    pub(crate) wanted: Vec<PathBuf>,
    pub(crate) workers: Mutex<BTreeMap<ProcessUid, Worker>>,
    pub(crate) store: Store,
    pub(crate) troubles: Mutex<Troubles>,
    pub(crate) settings: Settings,
    /// Rises when something has changed.
    changes: AtomicU64,
    /// As of when the logs are in the store, Unix ms.
    counted_ms: AtomicU64,
    stop: AtomicBool,
    /// Held by who adds to the store: what a worker's log has given is read, added and noted by one at a time.
    adding: Mutex<()>,
}

/// How a fleet is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// A worker that has done nothing for so long is a zombie, ns.
    pub(crate) zombie_after_ns: u64,
    /// A worker whose log is gone is forgotten so long after its end, ns; none: never.
    pub(crate) forget_after_ns: Option<u64>,
    /// Rounds begin at whole multiples of this, of wall time, ns; it goes into a second.
    pub(crate) round_ns: u64,
    /// Nothing is written, not even to repair the log of a killed process.
    pub(crate) read_only: bool,
    /// Logs that are repaired are told of on stderr.
    pub(crate) says_repairs: bool,
    /// Not none: no history is kept. Logs are read from their beginnings, those passed over whose processes ended
    /// longer ago than this, ns, and a worker of which all is known is forgotten.
    pub(crate) looks_back_ns: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            zombie_after_ns: u64::MAX,
            forget_after_ns: None,
            round_ns: 200_000_000,
            read_only: false,
            says_repairs: false,
            looks_back_ns: None,
        }
    }
}

impl Settings {
    fn keeps_history(&self) -> bool {
        self.looks_back_ns.is_none()
    }

    /// How each log is read.
    fn read_options(&self) -> ReadOptions {
        ReadOptions { read_only: self.read_only, is_one_of_many: true }
    }
}

/// What does not work now, in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Troubles {
    /// Logs that cannot be read, and why.
    pub(crate) logs: BTreeMap<PathBuf, String>,
    /// Logs whose past cannot be read, and why.
    pub(crate) past: BTreeMap<ProcessUid, (PathBuf, String)>,
    /// What is to be read, and is not there.
    pub(crate) missing: Vec<PathBuf>,
    /// Folders that are to be read and have no log, and what that means.
    pub(crate) empty: BTreeMap<PathBuf, String>,
    /// Why the store cannot be written.
    pub(crate) store: Option<String>,
    /// Every log that was there has been looked at once.
    pub(crate) has_looked: bool,
    /// A thread has died of a fault of ours.
    pub(crate) has_failed: bool,
}

/// What one worker's log has given: which entries, and what they came to.
type Counted = (ProcessUid, Option<(u64, u64)>, BTreeMap<Slot, SlotRow>);

impl Shared {
    /// Rises when something has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// As of when the logs are in the store, as far as they have been followed, Unix ms.
    pub(crate) fn counted_ms(&self) -> u64 {
        self.counted_ms.load(Ordering::Acquire)
    }

    /// What was in the logs then is in the store.
    fn has_counted(&self, until_ms: u64) {
        // Release: who sees the number finds what it says in the store.
        self.counted_ms.store(until_ms, Ordering::Release);
    }

    fn changed(&self) {
        // Release: who sees the number sees what changed; that is behind locks as well.
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// How many entries of each worker are in the history, of how many there are to read.
    pub(crate) fn progress(&self) -> BTreeMap<ProcessUid, (u64, u64)> {
        let workers = self.workers.lock();
        workers.iter().map(|(uid, worker)| (*uid, worker.progress())).collect()
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Opens the store anew if it failed.
    ///
    /// # Errors
    ///
    /// It cannot be opened yet.
    fn recover(&self) -> Result<(), StoreError> {
        let adding = self.adding.lock();
        if self.store.recover()? {
            // What seemed to have failed may be in it.
            let stored = self.store.workers()?;
            let mut workers = self.workers.lock();
            for (_, kept) in stored {
                if let Some(worker) = workers.get_mut(&kept.uid) {
                    worker.kept.read = kept.read;
                }
            }
        }
        drop(adding);
        Ok(())
    }

    /// Adds to the store what was counted, and what happened: none of the past, which is counted alone.
    ///
    /// # Errors
    ///
    /// The store cannot be written: nothing was added, as far as is known.
    fn add(
        &self,
        counted: Vec<Counted>,
        events: Option<&[Event]>,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let is_of_past = events.is_none();
        let adding = self.adding.lock();
        let contributions: Vec<Contribution> = {
            let workers = self.workers.lock();
            let with_worker = |(uid, read, slots): Counted| {
                let worker = workers.get(&uid)?;
                let mut kept = worker.kept.clone();
                if let Some(read) = read {
                    kept.read = with(&kept.read, read);
                }
                Some(Contribution { worker: worker.number, kept, is_of_past, slots })
            };
            counted.into_iter().filter_map(with_worker).collect()
        };
        self.store.add(&contributions, events.unwrap_or_default(), now_ms)?;
        let mut workers = self.workers.lock();
        for Contribution { kept, .. } in contributions {
            if let Some(worker) = workers.get_mut(&kept.uid) {
                worker.kept.read = kept.read;
            }
        }
        drop(adding);
        Ok(())
    }

    /// Shows these workers no more, if their logs are gone; says of how many that is so.
    ///
    /// # Errors
    ///
    /// The store cannot be written.
    pub(crate) fn forget(&self, uids: &[ProcessUid]) -> Result<usize, StoreError> {
        let adding = self.adding.lock();
        let numbers: Vec<_> = {
            let workers = self.workers.lock();
            let gone = uids.iter().filter_map(|uid| workers.get(uid));
            gone.filter(|worker| worker.is_gone).map(|worker| worker.number).collect()
        };
        if numbers.is_empty() {
            return Ok(0);
        }
        // Not while others wait for the workers.
        self.store.forget(&numbers)?;
        // One that is back meanwhile stays.
        self.workers.lock().retain(|uid, worker| !worker.is_gone || !uids.contains(uid));
        drop(adding);
        self.changed();
        Ok(numbers.len())
    }
}

/// Stretches of offsets with one more; what touches is one.
fn with(known: &[(u64, u64)], (from, to): (u64, u64)) -> Vec<(u64, u64)> {
    let mut all: Vec<_> =
        known.iter().copied().chain([(from, to)]).filter(|(a, b)| a < b).collect();
    all.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::with_capacity(all.len());
    for (from, to) in all {
        match merged.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
#[path = "fleet_tests.rs"]
mod tests;
