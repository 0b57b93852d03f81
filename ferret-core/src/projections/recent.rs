//! What happened lately: ended spans, errors, marks, and news of the processes, as a bounded list
//! that stays readable at any rate. Short spans of one place in the call tree that end within a
//! second of each other share a row, so a hot loop is a line with a count, not a flood.

use super::live::Said;
use crate::event::{
    CallsiteId, EndKind, EndedSpan, Entry, LogEntry, LogIndex, LogTime, Names, Outcome, PathId,
    ProcessExit, SpanId, Summary, ThreadId,
};
use std::collections::{BTreeMap, VecDeque};

/// The latest happenings, oldest first.
#[derive(Clone, Debug)]
pub struct Recent {
    rows: VecDeque<Happening>,
    capacity: usize,
    /// Rows made so far: the number of the next one.
    next: u64,
    /// By log and path: the row that its spans may still join.
    joinable: Vec<Vec<Joinable>>,
    /// Paths of the log whose spans are taken, that have more for their rows.
    touched: Vec<PathId>,
    /// What open spans said, to be shown at their end. At most [`Recent::SAID`] spans.
    said: BTreeMap<(LogIndex, SpanId), Said>,
    /// When one said something last.
    said_last: LogTime,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// Its number, from 0, rising: a stable name for the row.
    pub number: u64,
    /// The log it comes from.
    pub log: LogIndex,
    /// When; for joined spans, the end of the last.
    pub time: LogTime,
    /// The thread; none where threads joined in.
    pub thread: Option<ThreadId>,
    /// What.
    pub what: News,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// Spans of one path ended, with one outcome.
    Spans(Ended),
    /// A mark.
    Mark {
        /// Its text.
        callsite: CallsiteId,
    },
    /// The process began.
    ProcessStart,
    /// The process ended, as its log says.
    ProcessEnd(EndKind),
    /// The process ended, as its parent saw.
    ProcessExit(ProcessExit),
    /// Spans were not recorded.
    Dropped {
        /// How many.
        spans: u64,
    },
    /// The clock jumped.
    Clock {
        /// By how much, ns.
        jump_ns: i64,
    },
}

/// Ended spans of one path that share a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Their place in the call tree.
    pub path: PathId,
    /// How they ended.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
    /// Of those, how many were counted instead of being recorded one by one.
    pub sampled: u64,
    /// Their durations together, ns.
    pub total_ns: u64,
    /// The longest duration, ns.
    pub longest_ns: u64,
    /// When the first of them ended.
    pub first_end: LogTime,
    /// What the span said about itself, if it is a single one.
    pub said: Said,
}

impl Default for Recent {
    fn default() -> Self {
        Self::new(Self::ROWS)
    }
}

impl Recent {
    /// Rows kept, unless said otherwise.
    pub const ROWS: usize = 1_000;
    /// Open spans whose tags are kept.
    pub const SAID: usize = 4_096;
    /// A span shorter than this may share a row, ns.
    pub const SHORT_NS: u64 = 100_000_000;
    /// Ends further apart than this do not share a row, ns.
    pub const BURST_NS: u64 = 1_000_000_000;

    /// Keeps at most `capacity` rows, one at least.
    pub fn new(capacity: usize) -> Self {
        Self {
            rows: VecDeque::new(),
            capacity: capacity.max(1),
            next: 0,
            joinable: Vec::new(),
            touched: Vec::new(),
            said: BTreeMap::new(),
            said_last: LogTime(0),
        }
    }

    /// The rows, oldest first.
    pub fn rows(&self) -> &VecDeque<Happening> {
        &self.rows
    }

    /// The row of that number; none if it was let go, or is not there yet.
    pub fn row(&self, number: u64) -> Option<&Happening> {
        let index = number.checked_sub(self.forgotten())?;
        self.rows.get(usize::try_from(index).ok()?)
    }

    /// Rows that were let go because newer ones came.
    pub fn forgotten(&self) -> u64 {
        self.next - self.rows.len() as u64
    }

    /// Takes spans of `log` that ended, all on one thread.
    pub fn apply_spans(&mut self, log: LogIndex, names: &Names, ended: &[EndedSpan]) {
        let mut rest = ended;
        while !rest.is_empty() {
            // Nearly all are short, and join.
            rest = &rest[self.join_short(log, rest)..];
            let Some((span, later)) = rest.split_first() else { break };
            let said = self.take_said(log, span.span);
            let one = Sum::of_one(span.path, span.outcome, span.ns());
            let at = (span.end, span.thread);
            if said.is_some() || !one.is_short() || !self.join(log, at, one) {
                self.begin_row(log, names, at, one, said.unwrap_or_default());
            }
            rest = later;
        }
    }

    /// Adds spans to rows that are there, as far as all are short, ended well and said nothing; says how many
    /// that was. What joins one row is added up first.
    fn join_short(&mut self, log: LogIndex, ended: &[EndedSpan]) -> usize {
        let forgotten = self.forgotten();
        // What ends and began later has said nothing.
        let said = if self.said.is_empty() { None } else { Some(self.said_last) };
        let Some(on) = ended.first().map(|span| span.thread) else { return 0 };
        let Some(paths) = self.joinable.get_mut(log.0) else { return 0 };
        let mut taken = 0;
        for span in ended.iter().take_while(|span| span.thread == on) {
            let ns = span.ns();
            let is_plain = span.outcome == Outcome::Ok && ns < Self::SHORT_NS;
            let Some(row) = paths.get_mut(span.path.0 as usize) else { break };
            let is_there = span.end < row.until && row.row > forgotten;
            if !is_plain || !is_there || said.is_some_and(|last| span.start <= last) {
                break;
            }
            if row.count == 0 {
                self.touched.push(span.path);
            }
            row.count += 1;
            row.total_ns = row.total_ns.saturating_add(ns);
            row.longest_ns = row.longest_ns.max(ns);
            row.last = span.end;
            taken += 1;
        }
        while let Some(path) = self.touched.pop() {
            let paths = self.joinable.get_mut(log.0);
            let Some(row) = paths.and_then(|paths| paths.get_mut(path.0 as usize)) else { break };
            let Joinable { count, total_ns, longest_ns, last, .. } = *row;
            (row.count, row.total_ns, row.longest_ns) = (0, 0, 0);
            let sum = Sum { path, outcome: Outcome::Ok, count, sampled: 0, total_ns, longest_ns };
            self.join(log, (last, on), sum);
        }
        taken
    }

    /// Takes the next entry of `log`.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        match EndedSpan::of(entry) {
            Some(span) => self.apply_spans(log, names, &[span]),
            None => self.apply_other(log, names, entry),
        }
    }

    fn apply_other(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        let news = match &entry.what {
            LogEntry::Summary(counted) => {
                let all = Sum::of_counted(counted);
                let at = (entry.time, entry.thread);
                if !all.is_short() || !self.join(log, at, all) {
                    self.begin_row(log, names, at, all, Said::default());
                }
                return;
            }
            LogEntry::Tag { span, key, value } => {
                if let Some(said) = self.said_mut(log, *span, entry.time) {
                    said.tag(*key, value);
                }
                return;
            }
            LogEntry::Progress { span: Some(span), done, total } => {
                if let Some(said) = self.said_mut(log, *span, entry.time) {
                    said.progress = Some((*done, *total));
                }
                return;
            }
            LogEntry::Mark { callsite, .. } => News::Mark { callsite: *callsite },
            LogEntry::ProcessStart(_) => News::ProcessStart,
            LogEntry::ProcessEnd(end) => News::ProcessEnd(end.how),
            LogEntry::ProcessExit(exit) => News::ProcessExit(*exit),
            LogEntry::Dropped { spans, .. } => return self.dropped(log, entry, *spans),
            LogEntry::Clock { jump_ns } => News::Clock { jump_ns: *jump_ns },
            _ => return,
        };
        self.add(log, (entry.time, entry.thread), news);
    }

    /// Spans that have ended, in a row that others may share if all are short.
    fn begin_row(&mut self, log: LogIndex, names: &Names, at: At, sum: Sum, said: Said) {
        let may_share = sum.is_short() && said == Said::default();
        let is_ok = sum.outcome == Outcome::Ok;
        let number = self.add(log, at, News::Spans(sum.ended(at.0, said)));
        if may_share && let Some(latest) = self.joinable_mut(log, names, sum.path) {
            let until = at.0.after(Self::BURST_NS);
            *latest = Joinable {
                row: number + 1,
                until: if is_ok { until } else { LogTime(0) },
                ..Joinable::default()
            };
        }
    }

    /// Adds short spans to the row that their path's latest ones share, if that is still fresh.
    #[inline]
    fn join(&mut self, log: LogIndex, (time, thread): At, more: Sum) -> bool {
        let paths = self.joinable.get(log.0);
        let latest = paths.and_then(|paths| paths.get(more.path.0 as usize));
        let Some(number) = latest.and_then(|latest| latest.row.checked_sub(1)) else {
            return false;
        };
        let Some(row) = self.row_mut(number) else { return false };
        let News::Spans(ended) = &mut row.what else { return false };
        if ended.outcome != more.outcome || time.since(ended.first_end) >= Self::BURST_NS {
            return false;
        }
        ended.count = ended.count.saturating_add(more.count);
        ended.sampled = ended.sampled.saturating_add(more.sampled);
        ended.total_ns = ended.total_ns.saturating_add(more.total_ns);
        ended.longest_ns = ended.longest_ns.max(more.longest_ns);
        row.time = row.time.max(time);
        if row.thread != Some(thread) {
            row.thread = None;
        }
        true
    }

    /// One row for a loss that goes on: it is told again and again while a thread is lossy.
    fn dropped(&mut self, log: LogIndex, entry: &Entry, spans: u64) {
        if let Some(row) = self.rows.back_mut()
            && let News::Dropped { spans: so_far } = &mut row.what
            && row.log == log
        {
            *so_far += spans;
            row.time = row.time.max(entry.time);
            return;
        }
        self.add(log, (entry.time, entry.thread), News::Dropped { spans });
    }

    fn add(&mut self, log: LogIndex, (time, thread): At, what: News) -> u64 {
        if self.rows.len() == self.capacity {
            self.rows.pop_front();
        }
        let number = self.next;
        self.next += 1;
        self.rows.push_back(Happening { number, log, time, thread: Some(thread), what });
        number
    }

    #[inline]
    fn row_mut(&mut self, number: u64) -> Option<&mut Happening> {
        let index = number.checked_sub(self.forgotten())?;
        self.rows.get_mut(usize::try_from(index).ok()?)
    }

    /// The slot of a path; none for a path the log has never named.
    fn joinable_mut(
        &mut self,
        log: LogIndex,
        names: &Names,
        path: PathId,
    ) -> Option<&mut Joinable> {
        if self.joinable.len() <= log.0 {
            self.joinable.resize_with(log.0 + 1, Vec::new);
        }
        let paths = self.joinable.get_mut(log.0)?;
        let index = path.0 as usize;
        if paths.len() <= index {
            // The last id is the number of paths, unless the log is damaged.
            let last = names.paths.last_key_value().map_or(0, |(id, _)| id.0 as usize);
            if index > last || last > names.paths.len() * 2 + 64 {
                return None;
            }
            paths.resize(last + 1, Joinable::default());
        }
        paths.get_mut(index)
    }

    fn said_mut(&mut self, log: LogIndex, span: SpanId, at: LogTime) -> Option<&mut Said> {
        self.said_last = self.said_last.max(at);
        let full = self.said.len() >= Self::SAID && !self.said.contains_key(&(log, span));
        if full { None } else { Some(self.said.entry((log, span)).or_default()) }
    }

    #[inline]
    fn take_said(&mut self, log: LogIndex, span: SpanId) -> Option<Said> {
        if self.said.is_empty() {
            return None;
        }
        self.said.remove(&(log, span))
    }
}

/// A row that the spans of a path may join, and what is to be added to it.
#[derive(Clone, Copy, Debug, Default)]
struct Joinable {
    /// One more than its number; 0: there is none.
    row: u64,
    /// Spans that ended well may join that ended before; 0: the row is of others.
    until: LogTime,
    count: u64,
    total_ns: u64,
    longest_ns: u64,
    last: LogTime,
}

/// When, and on which thread.
type At = (LogTime, ThreadId);

/// Spans of one path that end at once: one, or those that were counted together.
#[derive(Clone, Copy, Debug)]
struct Sum {
    path: PathId,
    outcome: Outcome,
    count: u64,
    sampled: u64,
    total_ns: u64,
    longest_ns: u64,
}

impl Sum {
    #[inline]
    fn of_one(path: PathId, outcome: Outcome, ns: u64) -> Self {
        Self { path, outcome, count: 1, sampled: 0, total_ns: ns, longest_ns: ns }
    }

    /// Calls that were only counted, the failed ones among them.
    fn of_counted(counted: &Summary) -> Self {
        let &Summary { path, calls: count, total_ns, max_ns: longest_ns, .. } = counted;
        Self { path, outcome: Outcome::Ok, count, sampled: count, total_ns, longest_ns }
    }

    #[inline]
    fn is_short(&self) -> bool {
        self.longest_ns < Recent::SHORT_NS
    }

    fn ended(self, first_end: LogTime, said: Said) -> Ended {
        let Self { path, outcome, count, sampled, total_ns, longest_ns } = self;
        Ended { path, outcome, count, sampled, total_ns, longest_ns, first_end, said }
    }
}

#[cfg(test)]
#[path = "recent_tests.rs"]
mod tests;
