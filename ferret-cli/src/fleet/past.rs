//! The thread that reads what was before: entries of long logs that were followed from their end, and of logs that
//! grew while nobody followed them. What it counts is added to the same rows; the order does not matter.

use super::Shared;
use super::clock::{WallClock, unix_ms};
use super::slots::{SLOTS_AT_ONCE, Slots};
use super::worker::AT_ONCE;
use crate::input;
use ferret::event::{LogTime, Parts, ProcessUid};
use ferret::log::{LogError, ReadOptions, Tail};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// Between two looks at whether there is something to read.
const PAUSE: Duration = Duration::from_millis(500);

/// A store that cannot be written is tried again after so long.
const STORE_PAUSE: Duration = Duration::from_secs(if cfg!(test) { 0 } else { 10 });

/// A log that could not be read is tried again after so long, ns.
const AGAIN_NS: u64 = 60_000_000_000;

/// Entries that are counted before they are added: enough that rows are not written again and again.
const BATCH: u64 = if cfg!(test) { 700 } else { 2_000_000 };

/// A part of a log that nobody has counted.
struct Gap {
    uid: ProcessUid,
    path: PathBuf,
    clock: WallClock,
    from: u64,
    to: u64,
}

/// Reads, until the fleet is stopped.
pub(super) fn read(shared: &Shared) {
    // Logs that cannot be read, and when that is tried again.
    let mut given_up = BTreeMap::new();
    while !shared.is_stopped() {
        if let Err(error) = shared.recover() {
            shared.troubles.lock().store = Some(error.to_string());
            thread::park_timeout(STORE_PAUSE);
            continue;
        }
        let now = ferret::log::now();
        given_up.retain(|_, again| now < *again);
        shared.troubles.lock().past.retain(|uid, _| given_up.contains_key(uid));
        let Some(gap) = next(shared, &given_up) else {
            thread::park_timeout(PAUSE);
            continue;
        };
        if let Err(error) = fill(shared, &gap) {
            given_up.insert(gap.uid, now.after(AGAIN_NS));
            shared.troubles.lock().past.insert(gap.uid, (gap.path, error.to_string()));
        }
    }
}

/// The next gap: of the worker that began last, whose past is looked at first.
fn next(shared: &Shared, given_up: &BTreeMap<ProcessUid, LogTime>) -> Option<Gap> {
    let workers = shared.workers.lock();
    let gaps = workers.values().filter(|worker| !given_up.contains_key(&worker.kept.uid));
    let gaps = gaps.filter_map(|worker| {
        let (from, to) = worker.gap()?;
        let (clock, kept) = (worker.clock()?, &worker.kept);
        let gap = Gap { uid: kept.uid, path: kept.log.clone(), clock, from, to };
        Some((kept.started_ms, gap))
    });
    gaps.max_by_key(|(started_ms, _)| *started_ms).map(|(_, gap)| gap)
}

fn fill(shared: &Shared, gap: &Gap) -> Result<(), LogError> {
    let options = ReadOptions { is_one_of_many: true, ..ReadOptions::default() };
    let mut tail = Tail::open(&gap.path, &options)?;
    if tail.info().uid != gap.uid {
        return Err(LogError::NotFound { path: gap.path.clone() });
    }
    tail.seek(ferret::event::Offset(gap.from));
    let (mut slots, mut parts) = (Slots::new(gap.clock), Parts::default());
    let (mut from, mut reached) = (gap.from, gap.from);
    while reached < gap.to && !shared.is_stopped() {
        parts.clear();
        tail.poll_parts(AT_ONCE, &mut parts)?;
        if let Some(damage) = input::damage(&tail)
            && let Some(worker) = shared.workers.lock().get_mut(&gap.uid)
        {
            worker.damage = Some(damage);
        }
        for part in parts.iter().filter(|part| part.first().0 < gap.to) {
            slots.apply(tail.names(), part);
            reached = reached.max(part.next().0);
        }
        if parts.entries() < AT_ONCE {
            // What is missing was dropped from the log meanwhile, or is damaged.
            reached = gap.to;
        }
        if slots.entries() >= BATCH || slots.count() >= SLOTS_AT_ONCE || reached >= gap.to {
            let counted = (gap.uid, Some((from, reached.min(gap.to))), slots.take());
            if let Err(error) = shared.add(vec![counted], None, unix_ms()) {
                // It is read once more when the store can be written.
                shared.troubles.lock().store = Some(error.to_string());
                thread::park_timeout(STORE_PAUSE);
                return Ok(());
            }
            from = reached;
            shared.changed();
        }
    }
    Ok(())
}
