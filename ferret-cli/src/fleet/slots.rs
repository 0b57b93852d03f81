//! What one process did, by slots of ten seconds of wall time: counted by [`Calls`], a slot each, so that it is
//! what `analyze` would say of that time.

use super::calls_row::CallsRow;
use super::clock::WallClock;
use super::usage::Usage;
use ferret::event::{CallsiteInfo, LogEntry, LogIndex, LogTime, Names, Part};
use ferret::projections::{Calls, GroupBy};
use std::collections::BTreeMap;

/// The one log that is read.
pub(crate) const LOG: LogIndex = LogIndex(0);

/// How long a slot is, ns.
pub(crate) const SLOT_NS: u64 = 10_000_000_000;

/// Slots that are kept before they are stored: each counts for itself until then.
pub(crate) const SLOTS_AT_ONCE: usize = if cfg!(test) { 5 } else { 2_000 };

/// A slot of wall time: its number since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(pub(crate) u32);

/// The slots of one process that have not been stored yet.
#[derive(Debug)]
pub(crate) struct Slots {
    clock: WallClock,
    open: BTreeMap<Slot, Sums>,
    entries: u64,
}

#[derive(Debug, Default)]
struct Sums {
    /// None where nothing was called: most slots of most processes.
    calls: Option<Box<Calls>>,
    usage: Usage,
}

/// What happened in a slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlotRow {
    pub(crate) usage: Usage,
    pub(crate) calls: Vec<(CallsiteInfo, CallsRow)>,
}

impl Slot {
    /// The slot that a moment of wall time is in.
    pub(crate) fn at_unix_ns(unix_ns: u64) -> Self {
        // The year 3330.
        Self(u32::try_from(unix_ns / SLOT_NS).unwrap_or(u32::MAX))
    }
}

impl Slots {
    pub(crate) fn new(clock: WallClock) -> Self {
        Self { clock, open: BTreeMap::new(), entries: 0 }
    }

    /// Goes by another clock from here on.
    pub(crate) fn set_clock(&mut self, clock: WallClock) {
        self.clock = clock;
    }

    /// Takes the next part of the log.
    pub(crate) fn apply(&mut self, names: &Names, part: Part<'_>) {
        self.entries += part.entries();
        match part {
            Part::Spans(spans) => {
                let clock = self.clock;
                let slot = |at| Slot::at_unix_ns(clock.unix_ns(at));
                for ended in spans.ended.chunk_by(|a, b| slot(a.end) == slot(b.end)) {
                    if let Some(first) = ended.first() {
                        self.at(first.end).calls().apply_spans(LOG, names, ended);
                    }
                }
            }
            Part::Other(entry) => {
                let sums = self.at(entry.time);
                if let LogEntry::Metric(sample) = &entry.what {
                    sums.usage.read(sample);
                } else {
                    sums.calls().apply(LOG, names, entry);
                }
            }
        }
    }

    /// How many entries are in it.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// How many slots there are.
    pub(crate) fn count(&self) -> usize {
        self.open.len()
    }

    /// Takes them out.
    pub(crate) fn take(&mut self) -> BTreeMap<Slot, SlotRow> {
        self.entries = 0;
        let open = std::mem::take(&mut self.open);
        open.into_iter().map(|(slot, sums)| (slot, sums.row())).collect()
    }

    fn at(&mut self, at: LogTime) -> &mut Sums {
        let slot = Slot::at_unix_ns(self.clock.unix_ns(at));
        self.open.entry(slot).or_default()
    }
}

impl Sums {
    fn calls(&mut self) -> &mut Calls {
        self.calls.get_or_insert_with(|| Box::new(Calls::new(GroupBy::Function)))
    }

    fn row(self) -> SlotRow {
        let Self { calls, mut usage } = self;
        let Some(calls) = calls else { return SlotRow { usage, calls: Vec::new() } };
        for process in calls.processes() {
            usage.count(&process.totals);
        }
        let rows = calls.functions().into_iter().map(|function| {
            let row = CallsRow::of(&calls, &function);
            (function.info, row)
        });
        let rows = rows.filter(|(_, row)| !row.is_empty()).collect();
        SlotRow { usage, calls: rows }
    }
}
