//! One function looked at closely: what its calls cost, how long they took and when, the latest of
//! them one by one, and the slowest. Too much to keep of every function; of one it is bounded,
//! however long the run.

mod over_time;
mod spread;

pub use over_time::{OverTime, TimeColumn};
pub use spread::{Spread, SpreadClass};

use super::calls::{Calls, FunctionCalls};
use super::live::Said;
use super::slots::Slots;
use crate::event::{
    CallsiteInfo, Entry, LogEntry, LogIndex, LogTime, Names, Outcome, PathId, SpanId, ThreadId,
};
use std::collections::{BTreeMap, VecDeque};

/// What is known of one function's calls.
#[derive(Clone, Debug)]
pub struct Closeup {
    of: CallsiteInfo,
    calls: Calls,
    spread: Spread,
    over_time: OverTime,
    latest: VecDeque<OneCall>,
    /// The longest first; of equals the earlier one.
    slowest: Vec<OneCall>,
    /// By log: whether a path is the function's, 0 or 1.
    paths: Vec<Slots>,
    /// What its open spans have said; of [`Closeup::SAID`] at most.
    said: BTreeMap<(LogIndex, SpanId), Said>,
}

/// A call that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct OneCall {
    /// Its process.
    pub log: LogIndex,
    /// The thread that ended it.
    pub thread: ThreadId,
    /// When it ended.
    pub end: LogTime,
    /// How long it took, ns.
    pub ns: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// What it said about itself.
    pub said: Said,
}

impl Closeup {
    /// The latest calls that are kept.
    pub const LATEST: usize = 50;
    /// The slowest calls that are kept.
    pub const SLOWEST: usize = 10;
    /// Open calls whose tags are kept.
    pub const SAID: usize = 4_096;

    /// Nothing yet of a function.
    pub fn new(of: CallsiteInfo) -> Self {
        Self {
            of,
            calls: Calls::default(),
            spread: Spread::default(),
            over_time: OverTime::default(),
            latest: VecDeque::new(),
            slowest: Vec::new(),
            paths: Vec::new(),
            said: BTreeMap::new(),
        }
    }

    /// Takes the next entry of `log`; says whether it is of the function.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) -> bool {
        self.over_time.begin(entry.time);
        match &entry.what {
            LogEntry::SpanEnd { span, path, start, outcome, .. } => {
                if !self.is_of(log, names, *path) {
                    return false;
                }
                let (end, thread) = (entry.time, entry.thread);
                let said = self.said.remove(&(log, *span)).unwrap_or_default();
                let (ns, outcome) = (end.since(*start), *outcome);
                self.ended(OneCall { log, thread, end, ns, outcome, said });
            }
            LogEntry::Summary(counted) => {
                if !self.is_of(log, names, counted.path) {
                    return false;
                }
                self.spread.add_summary(counted);
                self.over_time.add_summary(entry.time, counted);
            }
            LogEntry::SpanStart { path, .. }
            | LogEntry::Exit { path, .. }
            | LogEntry::Polls { path, .. } => {
                if !self.is_of(log, names, *path) {
                    return false;
                }
                if let LogEntry::SpanStart { span, .. } = &entry.what
                    && self.said.len() < Self::SAID
                {
                    self.said.insert((log, *span), Said::default());
                }
            }
            LogEntry::Tag { span, key, value } => {
                let Some(said) = self.said.get_mut(&(log, *span)) else { return false };
                said.tag(*key, value);
                return true;
            }
            LogEntry::Progress { span: Some(span), done, total } => {
                let Some(said) = self.said.get_mut(&(log, *span)) else { return false };
                said.progress = Some((*done, *total));
                return true;
            }
            LogEntry::Dropped { path: Some(path), .. } if self.is_of(log, names, *path) => {}
            _ => return false,
        }
        self.calls.apply(log, names, entry);
        true
    }

    /// The function.
    pub fn of(&self) -> &CallsiteInfo {
        &self.of
    }

    /// Its calls added up; none before the first.
    pub fn function(&self) -> Option<FunctionCalls> {
        self.calls.functions().into_iter().find(|function| function.info == self.of)
    }

    /// How long its calls took.
    pub fn spread(&self) -> &Spread {
        &self.spread
    }

    /// When it was called.
    pub fn over_time(&self) -> &OverTime {
        &self.over_time
    }

    /// The latest calls that ended, oldest first.
    pub fn latest(&self) -> impl DoubleEndedIterator<Item = &OneCall> + ExactSizeIterator {
        self.latest.iter()
    }

    /// The slowest calls, the longest first.
    pub fn slowest(&self) -> &[OneCall] {
        &self.slowest
    }

    fn ended(&mut self, call: OneCall) {
        if call.outcome != Outcome::Unknown {
            self.spread.add(call.ns, 1);
            self.over_time.add(call.end, call.ns, call.outcome);
            let place = self.slowest.partition_point(|slow| slow.ns >= call.ns);
            if place < Self::SLOWEST {
                self.slowest.truncate(Self::SLOWEST - 1);
                self.slowest.insert(place, call.clone());
            }
        }
        if self.latest.len() == Self::LATEST {
            self.latest.pop_front();
        }
        self.latest.push_back(call);
    }

    #[inline]
    fn is_of(&mut self, log: LogIndex, names: &Names, path: PathId) -> bool {
        match self.paths.get(log.0).and_then(|paths| paths.get(path.0)) {
            Some(is_of) => is_of == 1,
            None => self.learn(log, names, path),
        }
    }

    #[cold]
    fn learn(&mut self, log: LogIndex, names: &Names, path: PathId) -> bool {
        if log.0 >= self.paths.len() {
            self.paths.resize_with(log.0 + 1, Slots::default);
        }
        // A path that a damaged log made up has no place: any number of them costs no memory.
        let Some(info) = names.callsite_info(path) else { return false };
        let is_of = *info == self.of;
        self.paths[log.0].set(path.0, usize::from(is_of));
        is_of
    }
}

#[cfg(test)]
#[path = "closeup_tests.rs"]
mod tests;
