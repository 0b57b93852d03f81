//! A run as it was at a moment: all entries up to then are on the board and none that is later.
//!
//! Within a log time goes back across threads, by as long as the recorder takes from one look at all
//! threads to the next. So whoever wants all entries up to a moment reads on, to where a checkpoint
//! says that there are no more of them ([`Tail::settled`]), and leaves out what is later. That is
//! remembered, as far as it is not too much, and else read once more when the moment moves on.
//!
//! [`Tail::settled`]: ferret::log::Tail::settled

use super::kept::Base;
use crate::tui::board::Board;
use ferret::event::{Entry, LogIndex, LogTime, Offset};
use ferret::log::{LogError, Run, Tail};
use std::collections::BTreeMap;

/// Entries folded between two looks at whether they are still wanted.
const BATCH: usize = if cfg!(test) { 90 } else { 10_000 };
/// Entries that are remembered because they are later than the moment: some seconds of a program at
/// 200,000 spans a second, and 100 MB.
const MOST_WAITING: usize = if cfg!(test) { 25 } else { 1_000_000 };
/// They are looked through for the next moment in parts that are so long, ns.
const PART_NS: u64 = 50_000_000;
/// Behind an entry that is so much later there is none of the moment, checkpoints or not.
pub(super) const FAR_NS: u64 = 30_000_000_000;

/// A board as of a moment, and how to go on.
#[derive(Debug, Default)]
pub(super) struct Moment {
    pub(super) board: Board,
    /// All entries up to here are on the board, and no others.
    pub(super) at: LogTime,
    /// Entries that are later, by the part of time they are in, there in the order of their logs. A
    /// thread's time does not go back, so its entries stay in order; the recorder's own does, from one async span to
    /// another.
    waiting: BTreeMap<u64, Vec<(LogIndex, Entry)>>,
    waiting_count: usize,
    /// By log: where to read on.
    next: Vec<Offset>,
    /// By log: what is before this and not later than `at` is on the board.
    done: Vec<Offset>,
}

impl Moment {
    /// Where a kept board was; without one, before everything.
    pub(super) fn of(base: Option<&Base>) -> Self {
        let board = base.map_or_else(Board::default, |base| base.board.clone());
        let next = board.reached.next.clone();
        Self { at: board.reached.latest, done: next.clone(), next, board, ..Self::default() }
    }

    /// Where to read on in each log.
    pub(super) fn next(&self) -> &[Offset] {
        &self.next
    }

    /// Whether the board has all entries up to a place in each log, and no others.
    pub(super) fn is_even(&self) -> bool {
        self.waiting.is_empty() && self.next == self.done
    }

    /// Moves on to a moment that is not earlier. `run` must stand where this reads on, and then does
    /// again. Shows itself to `see` as it moves; where that says no, it has come to no moment, and is
    /// of no use any more. Says whether it has arrived.
    ///
    /// # Errors
    ///
    /// No log can be read any more.
    pub(super) fn advance(
        &mut self,
        run: &mut Run,
        to: LogTime,
        see: &mut dyn FnMut(&Self, &Run) -> bool,
    ) -> Result<bool, LogError> {
        let targets = targets(run, to);
        self.apply_waiting(run, to);
        let logs = run.logs().len();
        self.next.resize(logs, Offset(0));
        self.done.resize(logs, Offset(0));
        // What was left out already is counted as read only behind what is known of it.
        let (was_done, was_at) = (self.done.clone(), self.at);
        let mut read = self.next.clone();
        let mut forgets = vec![false; logs];
        while !is_past(&read, &targets) {
            let entries = run.poll(BATCH)?;
            let count = entries.len();
            let mut is_far = false;
            for (log, entry) in entries {
                let index = log.0;
                let behind = entry.offset.plus(1);
                while let Some(opened) = run.next_opened(log, entry.offset) {
                    self.board.resume(log, run.logs()[index].names(), &opened);
                }
                read[index] = behind;
                if entry.time <= to {
                    if entry.offset >= was_done[index] || entry.time > was_at {
                        self.board.apply(log, run.logs()[index].names(), &entry);
                    }
                } else {
                    is_far |= entry.time.since(to) > FAR_NS;
                    forgets[index] |= self.waiting_count >= MOST_WAITING;
                    if !forgets[index] {
                        self.wait_with(log, entry);
                    }
                }
                if !forgets[index] {
                    self.next[index] = behind;
                }
                self.done[index] = self.done[index].max(behind);
            }
            if is_far || count < BATCH {
                break;
            }
            if !see(self, run) {
                return Ok(false);
            }
        }
        self.at = to;
        for log in (0..logs).filter(|log| forgets[*log]) {
            run.seek(LogIndex(log), self.next[log]);
        }
        Ok(true)
    }

    fn wait_with(&mut self, log: LogIndex, entry: Entry) {
        self.waiting.entry(entry.time.0 / PART_NS).or_default().push((log, entry));
        self.waiting_count += 1;
    }

    fn apply_waiting(&mut self, run: &Run, to: LogTime) {
        while let Some(part) =
            self.waiting.first_entry().filter(|part| *part.key() <= to.0 / PART_NS)
        {
            let entries = part.remove();
            self.waiting_count -= entries.len();
            let mut later = Vec::new();
            for (log, entry) in entries {
                if entry.time <= to {
                    self.board.apply(log, run.logs()[log.0].names(), &entry);
                } else {
                    later.push((log, entry));
                }
            }
            if !later.is_empty() {
                self.waiting_count += later.len();
                self.waiting.insert(to.0 / PART_NS, later);
                return;
            }
        }
    }
}

/// Lets a run go on at a place in each log, and in those that are not named at the beginning.
pub(super) fn enter(run: &mut Run, next: &[Offset]) {
    for log in 0..run.logs().len() {
        run.seek(LogIndex(log), next.get(log).copied().unwrap_or_default());
    }
}

/// By log, how far to read to have met all entries up to `time` that are there now.
pub(super) fn targets(run: &mut Run, time: LogTime) -> Vec<Offset> {
    by_log(run, |tail| tail.settled(time))
}

/// By log, what each says; of one that does not, or cannot be read any more, its end: whoever reads on there
/// finds out why, and is told of it if it is the only one.
pub(super) fn by_log(
    run: &mut Run,
    ask: impl Fn(&mut Tail) -> Result<Option<Offset>, LogError>,
) -> Vec<Offset> {
    let mut all = Vec::new();
    for log in (0..run.logs().len()).map(LogIndex) {
        let Some(tail) = run.log_mut(log) else { continue };
        all.push(ask(tail).ok().flatten().unwrap_or(tail.info().next_offset));
    }
    all
}

/// Whether all of it has been read.
pub(super) fn is_past(read: &[Offset], targets: &[Offset]) -> bool {
    distance(read, targets) == 0
}

/// Entries from a place in each log to another.
pub(super) fn distance(from: &[Offset], to: &[Offset]) -> u64 {
    let from = from.iter().copied().chain(std::iter::repeat(Offset(0)));
    to.iter().zip(from).map(|(to, from)| to.0.saturating_sub(from.0)).sum()
}

#[cfg(test)]
#[path = "moment_tests.rs"]
pub(super) mod tests;
