//! How long the calls of each place in the call tree took, and by themselves: what is needed to tell a change of a
//! program from chance.
//!
//! Beside [`Calls`](super::Calls), which has exact sums and percentiles of functions: this has a histogram for
//! each path, coarser and smaller, and how much one call says of the next. Whoever compares runs asks for it;
//! nobody else pays for it. It is independent of the order of entries, and of parts of a log can be merged.

mod sketch;
mod slices;

pub use sketch::{Distribution, Sketch};

use super::slots::Slots;
use crate::event::{
    EndedSpan, Entry, LogEntry, LogIndex, LogTime, Names, Outcome, PathId, Summary,
    summary_bucket_range,
};

/// The spreads of all paths.
#[derive(Clone, Debug, Default)]
pub struct Spreads {
    logs: Vec<LogSpreads>,
}

#[derive(Clone, Debug, Default)]
struct LogSpreads {
    slots: Slots,
    paths: Vec<(PathId, PathSpread)>,
}

/// How long the calls of one path, or of several, took.
#[derive(Clone, Debug, Default)]
pub struct PathSpread {
    /// From start to end.
    pub durations: Sketch,
    /// Less the time in what they called. Of an async function this is of its polls, not of its calls.
    pub own: Sketch,
    is_async: bool,
}

impl Spreads {
    /// Takes spans of `log` that ended.
    pub fn apply_spans(&mut self, log: LogIndex, names: &Names, ended: &[EndedSpan]) {
        for span in ended.iter().filter(|span| span.outcome != Outcome::Unknown) {
            let Some(path) = self.path(log, names, span.path) else { continue };
            let ns = span.ns();
            path.durations.record(span.end, ns, 1);
            if !path.is_async {
                path.own.record(span.end, ns.saturating_sub(span.child_ns), 1);
            }
        }
    }

    /// Takes one entry.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        match &entry.what {
            LogEntry::SpanEnd { .. } => {
                self.apply_spans(log, names, EndedSpan::of(entry).as_slice());
            }
            &LogEntry::Exit { path, busy_ns, child_ns, .. } => {
                self.poll(log, names, path, (entry.time, 1, busy_ns.saturating_sub(child_ns)));
            }
            &LogEntry::Polls { path, count, busy_ns, child_ns, .. } => {
                let own_ns = busy_ns.saturating_sub(child_ns);
                self.poll(log, names, path, (entry.time, count, own_ns / count.max(1)));
            }
            LogEntry::Summary(summary) => self.summarize(log, names, entry.time, summary),
            _ => {}
        }
    }

    /// Every path that was called, with its spread.
    pub fn paths(&self) -> impl Iterator<Item = (LogIndex, PathId, &PathSpread)> {
        self.logs.iter().enumerate().flat_map(|(index, log)| {
            log.paths.iter().map(move |(path, spread)| (LogIndex(index), *path, spread))
        })
    }

    /// Adds what was taken in another part of the same logs.
    pub fn merge(&mut self, other: Self) {
        for (index, log) in other.logs.into_iter().enumerate() {
            for (path, spread) in log.paths {
                self.log(LogIndex(index)).known(path).merge(&spread);
            }
        }
    }

    fn poll(
        &mut self,
        log: LogIndex,
        names: &Names,
        path: PathId,
        (at, count, own_ns): (LogTime, u64, u64),
    ) {
        let Some(path) = self.path(log, names, path) else { return };
        path.is_async = true;
        path.own.record(at, own_ns, count);
    }

    /// Calls that were only counted: to 3.1 %, and what each spent in others is as much as it was on average.
    fn summarize(&mut self, log: LogIndex, names: &Names, at: LogTime, summary: &Summary) {
        let Some(path) = self.path(log, names, summary.path) else { return };
        for &(bucket, count) in &summary.histogram {
            let (low, high) = summary_bucket_range(bucket);
            let ns = low + (high - low) / 2;
            path.durations.record(at, ns, count);
            if !path.is_async {
                let child_ns = u128::from(ns) * u128::from(summary.child_ns)
                    / u128::from(summary.total_ns.max(1));
                let child_ns = u64::try_from(child_ns).unwrap_or(u64::MAX);
                path.own.record(at, ns.saturating_sub(child_ns), count);
            }
        }
    }

    /// The spread of a path; none of one that a damaged log made up.
    fn path(&mut self, log: LogIndex, names: &Names, path: PathId) -> Option<&mut PathSpread> {
        let log = self.log(log);
        if let Some(slot) = log.slots.get(path.0) {
            return Some(&mut log.paths[slot].1);
        }
        let info = names.callsite_info(path)?;
        let spread = log.known(path);
        spread.is_async |= info.kind.is_async();
        Some(spread)
    }

    fn log(&mut self, log: LogIndex) -> &mut LogSpreads {
        if log.0 >= self.logs.len() {
            self.logs.resize_with(log.0 + 1, LogSpreads::default);
        }
        &mut self.logs[log.0]
    }
}

impl LogSpreads {
    fn known(&mut self, path: PathId) -> &mut PathSpread {
        let slot = self.slots.get(path.0).unwrap_or_else(|| {
            let slot = self.paths.len();
            self.slots.set(path.0, slot);
            self.paths.push((path, PathSpread::default()));
            slot
        });
        &mut self.paths[slot].1
    }
}

impl PathSpread {
    /// Adds the calls of another.
    pub fn merge(&mut self, other: &Self) {
        self.durations.merge(&other.durations);
        self.own.merge(&other.own);
        self.is_async |= other.is_async;
    }
}

#[cfg(test)]
#[path = "spread_tests.rs"]
mod tests;
