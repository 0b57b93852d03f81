//! Calls that were counted: how many of each place in the call tree, how long they took, and how that is
//! distributed.

use crate::event::{HeapUse, Outcome, PathId, SpanId, Summary, summary_bucket};
use crate::record::budget::Share;
use crate::record::unsaid::PollSum;
use rustc_hash::FxHashMap;

/// The tallies of a thread, in the order in which their places first came.
#[derive(Debug)]
pub(super) struct Tallies {
    all: Vec<Tally>,
    indexes: FxHashMap<PathId, u32>,
    /// Those of `indexes` that were asked for last, each where the low bits of its path are; of none an index that is
    /// too large.
    recent: [(PathId, u32); RECENT],
}

const RECENT: usize = 64;

/// Calls of one place.
#[derive(Debug)]
pub(super) struct Tally {
    /// But for the histogram, which `durations` becomes.
    counted: Summary,
    durations: Buckets,
    /// Of async spans: their polls.
    pub(super) polls: PollSum,
    pub(super) heap: HeapUse,
    /// The last of them.
    pub(super) span: SpanId,
    pub(super) share: Share,
}

/// How many durations there are in each of the buckets of a [`Summary`]. Memory for those of a power of two, 128
/// bytes, is had when the first comes: the calls of a place are in a few. (Sorted pairs, and one row for all,
/// were tried: the search takes as long as all else that a call is counted by, and a row 8 KB a place.)
#[derive(Debug)]
struct Buckets {
    /// By number of the row's first bucket: which of `rows` it is, plus 1; 0 for none.
    places: [u8; ROWS],
    rows: Vec<[u32; ROW]>,
}

/// Buckets of a row.
const ROW: usize = 32;
/// Rows that all buckets take.
const ROWS: usize = crate::event::SUMMARY_BUCKETS as usize / ROW;

impl Default for Tallies {
    fn default() -> Self {
        let (all, indexes) = (Vec::new(), FxHashMap::default());
        Self { all, indexes, recent: [NOT_RECENT; RECENT] }
    }
}

const NOT_RECENT: (PathId, u32) = (PathId::ROOT, u32::MAX);

impl Tallies {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Tally> {
        self.all.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tally> {
        self.all.iter_mut()
    }

    /// That of a place.
    #[inline]
    pub(super) fn of(&mut self, path: PathId) -> &mut Tally {
        let recent = &self.recent[path.0 as usize % RECENT];
        let index = if recent.0 == path { recent.1 } else { u32::MAX } as usize;
        let index = if index < self.all.len() { index } else { self.find(path) };
        &mut self.all[index]
    }

    #[cold]
    fn find(&mut self, path: PathId) -> usize {
        let next = self.all.len();
        // There are fewer paths than that.
        let index = *self.indexes.entry(path).or_insert(u32::try_from(next).unwrap_or(u32::MAX));
        if index as usize >= next {
            self.all.push(Tally::new(path));
        }
        self.recent[path.0 as usize % RECENT] = (path, index);
        index as usize
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&Tally) -> bool) {
        let before = self.all.len();
        self.all.retain(keep);
        if self.all.len() < before {
            self.recent = [NOT_RECENT; RECENT];
            let index = |(index, tally): (u32, &Tally)| (tally.counted.path, index);
            self.indexes = (0..).zip(&self.all).map(index).collect();
        }
    }
}

impl Tally {
    fn new(path: PathId) -> Self {
        Self {
            counted: nothing(path),
            durations: Buckets { places: [0; ROWS], rows: Vec::new() },
            polls: PollSum::default(),
            heap: HeapUse::default(),
            span: SpanId::default(),
            share: Share::default(),
        }
    }

    /// How many were counted since they were last taken.
    pub(super) fn calls(&self) -> u64 {
        self.counted.calls
    }

    #[inline]
    pub(super) fn add(&mut self, ns: u64, child_ns: u64, outcome: Outcome) {
        let counted = &mut self.counted;
        counted.calls += 1;
        counted.errors += u64::from(outcome == Outcome::Err);
        counted.panics += u64::from(outcome == Outcome::Panicked);
        counted.cancelled += u64::from(outcome == Outcome::Cancelled);
        counted.total_ns = counted.total_ns.saturating_add(ns);
        counted.child_ns = counted.child_ns.saturating_add(child_ns);
        counted.min_ns = counted.min_ns.min(ns);
        counted.max_ns = counted.max_ns.max(ns);
        self.durations.add(ns);
    }

    /// What was counted; the count begins anew.
    pub(super) fn take(&mut self) -> Summary {
        let next = nothing(self.counted.path);
        Summary { histogram: self.durations.take(), ..std::mem::replace(&mut self.counted, next) }
    }
}

fn nothing(path: PathId) -> Summary {
    Summary { path, min_ns: u64::MAX, ..Summary::default() }
}

impl Buckets {
    #[inline]
    fn add(&mut self, ns: u64) {
        let bucket = usize::from(summary_bucket(ns));
        let (place, within) = (bucket / ROW, bucket % ROW);
        if self.places[place] == 0 {
            // As many as are needed: most places need one or two.
            self.rows.reserve_exact(1);
            self.rows.push([0; ROW]);
            self.places[place] = u8::try_from(self.rows.len()).unwrap_or(u8::MAX);
        }
        // 2^32 calls between two commits would take a minute and more.
        let count = &mut self.rows[usize::from(self.places[place]) - 1][within];
        *count = count.saturating_add(1);
    }

    /// Which have any, and how many; none has afterwards.
    fn take(&mut self) -> Vec<(u16, u64)> {
        let mut counts = Vec::new();
        for (first, place) in (0..).step_by(ROW).zip(self.places) {
            let Some(row) = usize::from(place).checked_sub(1) else { continue };
            for (bucket, count) in (first..).zip(&mut self.rows[row]) {
                if *count > 0 {
                    counts.push((bucket, u64::from(std::mem::take(count))));
                }
            }
        }
        counts
    }
}
