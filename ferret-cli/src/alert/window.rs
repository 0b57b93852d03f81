//! What functions did lately: for each a ring of slots of time, in each of which calls, errors and durations are
//! added up. A window is up to a thirtieth longer than it says, and its memory does not grow with its calls.
//!
//! (The calls themselves, each with its time, would be exact; a busy program makes a million of them a second.)

use crate::filter::{Field, Filter, Subject, Value};
use crate::fleet::WallClock;
use ferret::event::{
    CallsiteInfo, LogEntry, LogTime, Names, Outcome, Part, PathId, ProcessUid, SUMMARY_BUCKETS,
    Summary, summary_bucket, summary_percentile,
};
use std::collections::{BTreeMap, VecDeque};

/// What functions of all workers did lately.
#[derive(Debug)]
pub(super) struct Windows {
    slot_ns: u64,
    /// So many whole ones are a window. Of the one that has begun all is in it, too, so one more is kept.
    slots: u64,
    /// The functions that are kept; all if there is none.
    wanted: Option<Vec<Filter>>,
    workers: BTreeMap<ProcessUid, Worker>,
}

/// Functions of one worker.
#[derive(Debug, Default)]
struct Worker {
    functions: Vec<Ring>,
    /// Which function a place in the call tree is of; none of one that is not kept.
    by_path: BTreeMap<PathId, Option<usize>>,
    left_out: u64,
}

/// One function of one worker.
#[derive(Debug)]
struct Ring {
    info: CallsiteInfo,
    /// In order of their numbers; those without calls are not there.
    slots: VecDeque<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    /// Slots are counted from the Unix epoch.
    number: u64,
    sums: Counted,
    /// (bucket, calls), ascending.
    histogram: Vec<(u16, u64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    calls: u64,
    errors: u64,
    panics: u64,
    cancelled: u64,
    total_ns: u64,
    max_ns: u64,
}

/// What calls add up to.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    pub(super) calls: u64,
    pub(super) errors: u64,
    pub(super) panics: u64,
    pub(super) cancelled: u64,
    pub(super) total_ns: u64,
    pub(super) max_ns: u64,
    /// Calls by bucket; empty before the first.
    histogram: Vec<u64>,
}

/// A function's calls in a window, for a filter.
#[derive(Clone, Debug)]
pub(super) struct FunctionRow<'a> {
    pub(super) info: &'a CallsiteInfo,
    /// Whose, where each worker is told by itself.
    pub(super) worker: Option<ProcessUid>,
    pub(super) sums: Sums,
}

/// Slots of a window.
const SLOTS: u64 = 30;

/// The shortest slot, ns.
const SHORTEST_NS: u64 = 1_000_000_000;

impl Windows {
    /// For windows of this length, in slots of a thirtieth of it. Only functions that pass one of `wanted` are
    /// kept; all if there is none.
    pub(super) fn new(window_ns: u64, wanted: Option<Vec<Filter>>) -> Self {
        Self::with_slots(window_ns, (window_ns / SLOTS).max(SHORTEST_NS), wanted)
    }

    /// The same, in slots of this length.
    pub(super) fn with_slots(window_ns: u64, slot_ns: u64, wanted: Option<Vec<Filter>>) -> Self {
        let slots = window_ns.div_ceil(slot_ns).max(1);
        Self { slot_ns, slots, wanted, workers: BTreeMap::new() }
    }

    /// Functions of one worker that are kept: a program has some hundreds, a hostile log any number.
    pub(super) const FUNCTIONS: usize = 4_096;
    /// Places in the call tree whose function is remembered.
    const PATHS: usize = 1 << 17;

    /// Takes a part of a worker's log.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other entry tells of calls")]
    pub(super) fn see(&mut self, uid: ProcessUid, clock: WallClock, names: &Names, part: Part<'_>) {
        match part {
            Part::Spans(spans) => {
                for span in spans.ended {
                    self.call(uid, clock, names, (span.path, span.end), span.ns(), span.outcome);
                }
            }
            Part::Other(entry) => match &entry.what {
                LogEntry::SpanEnd { path, start, outcome, .. } => {
                    let ns = entry.time.since(*start);
                    self.call(uid, clock, names, (*path, entry.time), ns, *outcome);
                }
                LogEntry::Summary(counted) => {
                    self.counted(uid, clock, names, entry.time, counted);
                }
                _ => {}
            },
        }
    }

    fn call(
        &mut self,
        uid: ProcessUid,
        clock: WallClock,
        names: &Names,
        (path, end): (PathId, LogTime),
        ns: u64,
        outcome: Outcome,
    ) {
        // How long that took is not known.
        if outcome == Outcome::Unknown {
            return;
        }
        let Some(slot) = self.slot(uid, names, path, clock.unix_ns(end)) else { return };
        let sums = &mut slot.sums;
        sums.calls += 1;
        sums.errors += u64::from(outcome == Outcome::Err);
        sums.panics += u64::from(outcome == Outcome::Panicked);
        sums.cancelled += u64::from(outcome == Outcome::Cancelled);
        sums.total_ns = sums.total_ns.saturating_add(ns);
        sums.max_ns = sums.max_ns.max(ns);
        slot.add(summary_bucket(ns), 1);
    }

    fn counted(
        &mut self,
        uid: ProcessUid,
        clock: WallClock,
        names: &Names,
        time: LogTime,
        counted: &Summary,
    ) {
        let Some(slot) = self.slot(uid, names, counted.path, clock.unix_ns(time)) else { return };
        let sums = &mut slot.sums;
        for (sum, more) in [
            (&mut sums.calls, counted.calls),
            (&mut sums.errors, counted.errors),
            (&mut sums.panics, counted.panics),
            (&mut sums.cancelled, counted.cancelled),
            (&mut sums.total_ns, counted.total_ns),
        ] {
            *sum = sum.saturating_add(more);
        }
        sums.max_ns = sums.max_ns.max(counted.max_ns);
        counted.histogram.iter().for_each(|&(bucket, calls)| slot.add(bucket, calls));
    }

    /// Where a call that ended then is counted; none of a function that is not kept, and of a time that is past.
    fn slot(
        &mut self,
        uid: ProcessUid,
        names: &Names,
        path: PathId,
        unix_ns: u64,
    ) -> Option<&mut Slot> {
        let (number, slots) = (unix_ns / self.slot_ns, self.slots);
        let worker = self.workers.entry(uid).or_default();
        let function = match worker.by_path.get(&path) {
            Some(function) => *function,
            None => worker.know(names.callsite_info(path)?, path, self.wanted.as_deref()),
        };
        worker.functions.get_mut(function?)?.slot(number, slots)
    }

    /// What the functions of these workers did in the window up to now, together or each by itself. One without
    /// calls is there, too.
    pub(super) fn rows(
        &self,
        now_ns: u64,
        workers: &[ProcessUid],
        per_worker: bool,
    ) -> Vec<FunctionRow<'_>> {
        let first = (now_ns / self.slot_ns).saturating_sub(self.slots);
        let mut rows: BTreeMap<(Option<ProcessUid>, &CallsiteInfo), Sums> = BTreeMap::new();
        for uid in workers {
            let Some(worker) = self.workers.get(uid) else { continue };
            for ring in &worker.functions {
                let sums = rows.entry((per_worker.then_some(*uid), &ring.info)).or_default();
                // What is ahead of now comes from a clock that is.
                let slots = ring.slots.iter().filter(|slot| slot.number >= first);
                slots.for_each(|slot| sums.add(slot));
            }
        }
        let row = |((worker, info), sums)| FunctionRow { info, worker, sums };
        rows.into_iter().map(row).collect()
    }

    /// How long the window up to now is, ns.
    pub(super) fn length_ns(&self, now_ns: u64) -> u64 {
        self.slots * self.slot_ns + now_ns % self.slot_ns
    }

    /// Forgets the workers that are not these.
    pub(super) fn keep(&mut self, is_kept: impl Fn(ProcessUid) -> bool) {
        self.workers.retain(|uid, _| is_kept(*uid));
    }

    /// Functions that were too many to be kept.
    pub(super) fn left_out(&self) -> u64 {
        self.workers.values().map(|worker| worker.left_out).sum()
    }
}

impl Worker {
    /// The function of a path that is seen for the first time.
    fn know(
        &mut self,
        info: &CallsiteInfo,
        path: PathId,
        wanted: Option<&[Filter]>,
    ) -> Option<usize> {
        let known = self.functions.iter().position(|ring| ring.info == *info);
        let sums = Sums::default();
        let row = FunctionRow { info, worker: None, sums };
        let is_wanted = wanted.is_none_or(|filters| filters.iter().any(|filter| may(filter, &row)));
        let function = known.or_else(|| {
            if !is_wanted {
                return None;
            }
            if self.functions.len() == Windows::FUNCTIONS {
                self.left_out += 1;
                return None;
            }
            self.functions.push(Ring { info: info.clone(), slots: VecDeque::new() });
            Some(self.functions.len() - 1)
        });
        if self.by_path.len() == Windows::PATHS {
            self.by_path.clear();
        }
        self.by_path.insert(path, function);
        function
    }
}

/// Whether a function may pass a filter, whatever its numbers will be.
fn may(filter: &Filter, row: &FunctionRow<'_>) -> bool {
    filter.allows(&Unnumbered(row))
}

/// A function of which nothing but its name is known yet.
struct Unnumbered<'a>(&'a FunctionRow<'a>);

impl Subject for Unnumbered<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are numbers")]
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Name | Field::Module | Field::File | Field::Kind => self.0.value(field),
            _ => Value::Foreign,
        }
    }
}

impl Ring {
    fn slot(&mut self, number: u64, slots: u64) -> Option<&mut Slot> {
        let newest = self.slots.back().map_or(number, |slot| slot.number.max(number));
        if number + slots < newest {
            return None;
        }
        while self.slots.front().is_some_and(|slot| slot.number + slots < newest) {
            self.slots.pop_front();
        }
        // Nearly always the last.
        let place = self.slots.iter().rposition(|slot| slot.number <= number);
        let index = match place {
            Some(index) if self.slots[index].number == number => index,
            place => {
                let index = place.map_or(0, |before| before + 1);
                self.slots.insert(index, Slot { number, ..Slot::default() });
                index
            }
        };
        self.slots.get_mut(index)
    }
}

impl Slot {
    fn add(&mut self, bucket: u16, calls: u64) {
        // An index that no writer makes counts as the last.
        let bucket = bucket.min(SUMMARY_BUCKETS - 1);
        match self.histogram.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(index) => {
                let (_, sum) = &mut self.histogram[index];
                *sum = sum.saturating_add(calls);
            }
            Err(index) => self.histogram.insert(index, (bucket, calls)),
        }
    }
}

impl Sums {
    fn add(&mut self, slot: &Slot) {
        let Counted { calls, errors, panics, cancelled, total_ns, max_ns } = slot.sums;
        self.calls = self.calls.saturating_add(calls);
        self.errors = self.errors.saturating_add(errors);
        self.panics = self.panics.saturating_add(panics);
        self.cancelled = self.cancelled.saturating_add(cancelled);
        self.total_ns = self.total_ns.saturating_add(total_ns);
        self.max_ns = self.max_ns.max(max_ns);
        self.histogram.resize(usize::from(SUMMARY_BUCKETS), 0);
        for &(bucket, calls) in &slot.histogram {
            let sum = &mut self.histogram[usize::from(bucket)];
            *sum = sum.saturating_add(calls);
        }
    }

    /// As everywhere, the upper end of the bucket that the call at this rank is in.
    pub(super) fn percentile(&self, percent: u32) -> Option<u64> {
        let histogram = (0..).zip(self.histogram.iter().copied());
        Some(summary_percentile(histogram, percent)?.min(self.max_ns))
    }
}

impl Subject for FunctionRow<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other fields are of other tables")]
    #[expect(clippy::cast_precision_loss, reason = "counts and ns below 2^53 are exact")]
    fn value(&self, field: Field) -> Value<'_> {
        let Self { info, sums, .. } = self;
        let number = |number: Option<u64>| {
            number.map_or(Value::Nothing, |number| Value::Number(number as f64))
        };
        let failed = sums.errors + sums.panics;
        match field {
            Field::Name => Value::Text(info.name.as_str().into()),
            Field::Module => Value::Text(info.module.as_str().into()),
            Field::File => Value::Text(info.file.as_str().into()),
            Field::Kind => Value::Text(crate::analyze::kind(info.kind).into()),
            Field::Calls => number(Some(sums.calls)),
            Field::Errors => number(Some(failed)),
            Field::Panics => number(Some(sums.panics)),
            Field::Cancelled => number(Some(sums.cancelled)),
            Field::Total => number(Some(sums.total_ns)),
            Field::Mean => number(sums.total_ns.checked_div(sums.calls)),
            Field::P50 => number(sums.percentile(50)),
            Field::P90 => number(sums.percentile(90)),
            Field::P95 => number(sums.percentile(95)),
            Field::P99 => number(sums.percentile(99)),
            Field::Max => number((sums.calls > 0).then_some(sums.max_ns)),
            Field::ErrorPercent if sums.calls == 0 => Value::Nothing,
            Field::ErrorPercent => Value::Number(failed as f64 * 100.0 / sums.calls as f64),
            _ => Value::Foreign,
        }
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
