//! Where the next entry is that is looked for, after a moment or before it.

use super::moment::{FAR_NS, by_log, distance, enter, is_past, targets};
use super::scan::share;
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

/// The nearest one so far.
struct Hunt<'a> {
    filter: Filter<'a>,
    at: LogTime,
    later: bool,
    best: Option<Place>,
}

impl Hunt<'_> {
    /// Takes the next entries; says whether they go so far that no nearer one can follow.
    fn take(&mut self, run: &Run, read: &mut [Offset], entries: Vec<Place>) -> bool {
        let mut is_far = false;
        for (log, entry) in entries {
            read[log.0] = entry.offset.plus(1);
            // Of those before a moment the nearest may come until that is far.
            let nearest = match &self.best {
                Some((_, found)) if self.later => found.time,
                None if self.later => LogTime(u64::MAX),
                _ => self.at,
            };
            is_far |= entry.time.since(nearest) > FAR_NS;
            if self.is_nearer(entry.time) && self.filter.passes(run, log, &entry) {
                self.best = Some((log, entry));
            }
        }
        is_far
    }

    fn is_nearer(&self, time: LogTime) -> bool {
        let best = self.found();
        if self.later {
            time > self.at && best.is_none_or(|best| time < best)
        } else {
            time < self.at && best.is_none_or(|best| time >= best)
        }
    }

    /// When the nearest one was.
    fn found(&self) -> Option<LogTime> {
        self.best.as_ref().map(|(_, found)| found.time)
    }
}

/// The next one after `at`, or the last one before. Leaves the run anywhere. `see` is told how much has been looked
/// at, 0 to 1, and says whether to go on.
///
/// # Errors
///
/// No log can be read any more.
pub(super) fn nearest(
    run: &mut Run,
    at: LogTime,
    later: bool,
    wanted: &Wanted,
    see: &mut dyn FnMut(f64) -> bool,
) -> Result<Search, LogError> {
    let filter = Filter { wanted, paths: BTreeMap::new() };
    let mut hunt = Hunt { filter, at, later, best: None };
    let goes_on = if later { after(run, &mut hunt, see)? } else { before(run, &mut hunt, see)? };
    Ok(match hunt.best {
        _ if !goes_on => Search::GivenUp,
        Some(place) => Search::Found(place),
        None => Search::Nothing,
    })
}

/// Says whether it was not given up.
fn after(
    run: &mut Run,
    hunt: &mut Hunt<'_>,
    see: &mut dyn FnMut(f64) -> bool,
) -> Result<bool, LogError> {
    let mut read = unsettled(run, hunt.at);
    enter(run, &read);
    let end: Vec<Offset> = run.logs().iter().map(|tail| tail.info().next_offset).collect();
    let all = distance(&read, &end);
    // Another may be earlier, though it stands behind the one that was found.
    let (mut until, mut found) = (end.clone(), None);
    while !is_past(&read, &until) {
        let entries = run.poll(BATCH)?;
        let count = entries.len();
        if hunt.take(run, &mut read, entries) || count < BATCH {
            break;
        }
        if let Some(time) = hunt.found().filter(|time| found != Some(*time)) {
            (until, found) = (targets(run, time), Some(time));
        }
        if !see(1.0 - share(distance(&read, &end), all)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Looks in longer and longer parts of the log, from there back. Says whether it was not given up.
fn before(
    run: &mut Run,
    hunt: &mut Hunt<'_>,
    see: &mut dyn FnMut(f64) -> bool,
) -> Result<bool, LogError> {
    let mut until = targets(run, hunt.at);
    let all = distance(&[], &until);
    let mut back_ns = FIRST_NS;
    loop {
        // What stands before this part is no later than its beginning.
        let begin = LogTime(hunt.at.0.saturating_sub(back_ns));
        let from = unsettled(run, begin);
        enter(run, &from);
        let mut read = from.clone();
        while !is_past(&read, &until) {
            let entries = run.poll(BATCH)?;
            let count = entries.len();
            if hunt.take(run, &mut read, entries) || count < BATCH {
                break;
            }
            if !see(1.0 - share(distance(&read, &until) + distance(&[], &from), all)) {
                return Ok(false);
            }
        }
        if hunt.found().is_some_and(|found| found > begin) || distance(&[], &from) == 0 {
            return Ok(true);
        }
        until = from;
        back_ns = back_ns.saturating_mul(4);
    }
}

/// By log, where to read from to miss no entry later than `time`.
fn unsettled(run: &mut Run, time: LogTime) -> Vec<Offset> {
    by_log(run, |tail| tail.unsettled(time).map(Some))
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
