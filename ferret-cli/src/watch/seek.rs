//! Where the next entry is that is looked for, after a moment or before it.

use super::moment::{FAR_NS, distance, enter, is_past, targets};
use ferret::event::{
    CallsiteId, CallsiteInfo, Entry, LogEntry, LogIndex, LogTime, Names, Offset, PathId,
};
use ferret::log::{LogError, Run};
use std::collections::BTreeMap;

/// Entries looked at between two looks at whether they are still wanted.
const BATCH: usize = if cfg!(test) { 90 } else { 10_000 };

/// How far back the first part is looked at, ns; each further one begins four times as far back.
const FIRST_NS: u64 = 100_000_000;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Any entry.
    Any,
    /// The beginning or the end of a span of this callsite, or a mark.
    Callsite(CallsiteInfo),
    /// The beginning or the end of a stage.
    Stage,
}

/// A place in the log.
pub(super) type Place = (LogIndex, Entry);

/// What came of it.
#[derive(Debug)]
pub(super) enum Search {
    /// The nearest one.
    Found(Place),
    Nothing,
    /// It was given up.
    GivenUp,
}

/// What is wanted, as the paths of the logs.
struct Filter<'a> {
    wanted: &'a Wanted,
    paths: BTreeMap<(LogIndex, PathId), bool>,
}

/// The next one after `at`. Leaves the run anywhere. `see` is told how much has been looked at, 0 to 1,
/// and says whether to go on.
///
/// # Errors
///
/// No log can be read any more.
pub(super) fn after(
    run: &mut Run,
    at: LogTime,
    wanted: &Wanted,
    see: &mut dyn FnMut(f64) -> bool,
) -> Result<Search, LogError> {
    let mut filter = Filter { wanted, paths: BTreeMap::new() };
    let mut best: Option<Place> = None;
    let mut read = unsettled(run, at)?;
    enter(run, &read);
    let end: Vec<Offset> = run.logs().iter().map(|tail| tail.info().next_offset).collect();
    let all = distance(&read, &end);
    // Another may be earlier, though it stands behind the one that was found.
    let mut until = end.clone();
    while !is_past(&read, &until) {
        let entries = run.poll(BATCH)?;
        let (count, mut is_far, mut is_nearer) = (entries.len(), false, false);
        for (log, entry) in entries {
            read[log.0] = entry.offset.plus(1);
            let nearest = best.as_ref().map_or(LogTime(u64::MAX), |(_, found)| found.time);
            is_far |= entry.time.since(nearest) > FAR_NS;
            if entry.time > at && entry.time < nearest && filter.passes(run, log, &entry) {
                best = Some((log, entry));
                is_nearer = true;
            }
        }
        if is_far || count < BATCH {
            break;
        }
        if let Some((_, found)) = best.as_ref().filter(|_| is_nearer) {
            until = targets(run, found.time)?;
        }
        if !see(1.0 - share(distance(&read, &end), all)) {
            return Ok(Search::GivenUp);
        }
    }
    Ok(best.map_or(Search::Nothing, Search::Found))
}

/// The last one before `at`, looked for in longer and longer parts of the log, from there back.
/// Leaves the run anywhere.
///
/// # Errors
///
/// No log can be read any more.
pub(super) fn before(
    run: &mut Run,
    at: LogTime,
    wanted: &Wanted,
    see: &mut dyn FnMut(f64) -> bool,
) -> Result<Search, LogError> {
    let mut filter = Filter { wanted, paths: BTreeMap::new() };
    let mut best: Option<Place> = None;
    let mut until = targets(run, at)?;
    let all = distance(&[], &until);
    let mut back_ns = FIRST_NS;
    loop {
        // What stands before this part is no later than its beginning.
        let begin = LogTime(at.0.saturating_sub(back_ns));
        let from = unsettled(run, begin)?;
        enter(run, &from);
        let mut read = from.clone();
        while !is_past(&read, &until) {
            let entries = run.poll(BATCH)?;
            let (count, mut is_far) = (entries.len(), false);
            for (log, entry) in entries {
                read[log.0] = entry.offset.plus(1);
                is_far |= entry.time.since(at) > FAR_NS;
                let nearest = best.as_ref().is_none_or(|(_, found)| entry.time >= found.time);
                if entry.time < at && nearest && filter.passes(run, log, &entry) {
                    best = Some((log, entry));
                }
            }
            if is_far || count < BATCH {
                break;
            }
            if !see(1.0 - share(distance(&read, &until) + distance(&[], &from), all)) {
                return Ok(Search::GivenUp);
            }
        }
        let is_nearest = best.as_ref().is_some_and(|(_, found)| found.time > begin);
        if is_nearest || distance(&[], &from) == 0 {
            return Ok(best.map_or(Search::Nothing, Search::Found));
        }
        until = from;
        back_ns = back_ns.saturating_mul(4);
    }
}

/// By log, where to read from to miss no entry later than `time`.
fn unsettled(run: &mut Run, time: LogTime) -> Result<Vec<Offset>, LogError> {
    let mut offsets = Vec::new();
    for log in (0..run.logs().len()).map(LogIndex) {
        let offset = run.log_mut(log).map(|tail| tail.unsettled(time)).transpose()?;
        offsets.push(offset.unwrap_or_default());
    }
    Ok(offsets)
}

#[expect(clippy::cast_precision_loss, reason = "a share, for display")]
fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 1.0 } else { part as f64 / all as f64 }
}

impl Filter<'_> {
    fn passes(&mut self, run: &Run, log: LogIndex, entry: &Entry) -> bool {
        let path = match (&entry.what, self.wanted) {
            (_, Wanted::Any) => return true,
            (LogEntry::Mark { callsite, .. }, Wanted::Callsite(info)) => {
                return run.logs()[log.0].names().callsites.get(callsite) == Some(info);
            }
            (
                LogEntry::SpanStart { path, .. }
                | LogEntry::SpanEnd { path, .. }
                | LogEntry::Created { path, .. },
                _,
            ) => *path,
            (LogEntry::Summary(counted), _) => counted.path,
            _ => return false,
        };
        *self.paths.entry((log, path)).or_insert_with(|| {
            let names: &Names = run.logs()[log.0].names();
            names.callsite_of(path).is_some_and(|id| is_wanted(names, id, self.wanted))
        })
    }
}

fn is_wanted(names: &Names, callsite: CallsiteId, wanted: &Wanted) -> bool {
    let info = names.callsites.get(&callsite);
    match wanted {
        Wanted::Any => true,
        Wanted::Stage => info.is_some_and(|info| info.kind.is_stage()),
        Wanted::Callsite(wanted) => info == Some(wanted),
    }
}

#[cfg(test)]
#[path = "seek_tests.rs"]
mod tests;
