//! One process and its log: followed from its end while the past is read beside it, so that what runs now is known
//! at once, however long the log is.

mod changes;
mod file;
mod opening;
mod panics;
mod state;

pub(crate) use file::{Stamp, stamp};
pub(crate) use state::State;

use super::clock::WallClock;
use super::folded::Folded;
use super::line::Line;
use super::slots::{Slot, SlotRow, Slots};
use super::stack::Stack;
use super::store::{Event, Kept, WorkerNumber};
use crate::input;
use changes::Changes;
use ferret::event::{LogEntry, LogTime, Names, Offset, Part, Parts};
use ferret::log::{Integrity, LogError, Tail};
use ferret::projections::{LiveProcess, Process};
use std::collections::BTreeMap;

/// Entries that are read before others have their turn.
pub(crate) const AT_ONCE: u64 = if cfg!(test) { 300 } else { 4_000 };

/// For how long a log is kept open of which all is known.
const LINGERS_NS: u64 = if cfg!(test) { 1 } else { 3_000_000_000 };

/// A process of the fleet.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) number: WorkerNumber,
    pub(crate) kept: Kept,
    /// None: its log is gone, or all of it is known.
    tail: Option<Tail>,
    /// From where to where the log goes, while somebody else has it.
    lent: Option<(u64, u64)>,
    folded: Folded,
    clock: Option<WallClock>,
    /// What is not in the store yet; none where nothing of it is to be.
    slots: Option<Slots>,
    /// Entries from here on are counted by who follows the log; those before by who reads the past.
    from: Offset,
    /// Up to here they have been given to the store, and read.
    counted: Offset,
    reached: Offset,
    /// What its log had when it was opened, which is of the past.
    past: Offset,
    changes: Changes,
    pub(crate) line: Line,
    /// Since when there is nothing more to learn.
    done_since: Option<LogTime>,
    /// When it was last read to its end, or of when what was read last is: of what came later nothing is known.
    seen: LogTime,
    owned: Option<bool>,
    undecided: Option<Stamp>,
    reading: Reading,
    /// What of its log cannot be read.
    pub(crate) damage: Option<String>,
    /// What was open when it ended.
    pub(crate) last_stack: Option<Stack>,
    /// Its log is not there any more.
    pub(crate) is_gone: bool,
    /// What is kept of it has changed since the store was told.
    is_new: bool,
}

/// How the reading of a log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    GoesOn,
    /// Nobody holds it, and its end has not been read: how its process ended may stand there.
    Ends,
    /// There is no more to be had.
    Fails,
}

impl Worker {
    /// A worker as the store knows it.
    pub(crate) fn from_kept(number: WorkerNumber, kept: Kept) -> Self {
        Self {
            number,
            kept,
            tail: None,
            lent: None,
            folded: Folded::default(),
            clock: None,
            slots: None,
            from: Offset(0),
            counted: Offset(0),
            reached: Offset(0),
            past: Offset(0),
            changes: Changes::default(),
            line: Line::default(),
            done_since: None,
            seen: LogTime(0),
            owned: None,
            undecided: None,
            reading: Reading::GoesOn,
            damage: None,
            last_stack: None,
            is_gone: false,
            is_new: false,
        }
    }

    /// Goes on where the store has been left: entries that are in the history are not counted once more.
    pub(crate) fn go_on(&mut self, number: WorkerNumber, before: Option<&Kept>) {
        self.number = number;
        let Some(before) = before else { return };
        let new = std::mem::take(&mut self.kept);
        let Kept { read, state, ended_ms, exit_code, signal, death, .. } = before.clone();
        self.kept = Kept { ended_ms, state, exit_code, signal, death, read, ..new };
        self.changes.seen(&before.state);
        if self.from == Offset(0) {
            // A short log is read from its beginning all the same: what is open is in it.
            self.from = Offset(before.read.last().map_or(0, |(_, end)| *end));
            self.counted = self.from;
        }
    }

    /// Reads what there is, up to [`AT_ONCE`] entries; says whether that is all. `parts` is memory that is used again.
    ///
    /// # Errors
    ///
    /// The log cannot be read any more.
    pub(crate) fn read(
        &mut self,
        parts: &mut Parts,
        mut see: impl FnMut(&Self, &Names, Part<'_>),
    ) -> Result<bool, LogError> {
        let now = ferret::log::now();
        let Some(mut tail) = self.tail.take() else { return Ok(true) };
        parts.clear();
        let read = tail.poll_parts(AT_ONCE, parts);
        for part in parts.iter() {
            while let Some(opened) = tail.next_opened(part.first()) {
                self.folded.resume(tail.names(), &opened);
            }
            self.apply(&tail, part);
            see(self, tail.names(), part);
        }
        let is_all = parts.entries() < AT_ONCE;
        if is_all {
            self.seen = now;
            if read.is_ok() {
                // What is damaged has been read as far as it can be.
                self.reached = self.reached.max(tail.info().next_offset);
            }
        } else if self.reached >= self.past {
            // It is written as fast as it is read.
            let heard = self.process().map(Process::last_heard);
            self.seen = self.seen.max(heard.unwrap_or_default());
        }
        self.damage = input::damage(&tail).or_else(|| self.damage.take());
        self.tail = Some(tail);
        match read {
            Err(_) => self.reading = Reading::Fails,
            Ok(()) if self.reading == Reading::Fails => self.reading = Reading::GoesOn,
            Ok(()) => {}
        }
        read.map(|()| is_all)
    }

    fn apply(&mut self, tail: &Tail, part: Part<'_>) {
        let names = tail.names();
        self.folded.apply(names, part);
        if let (Part::Other(entry), Some(clock)) = (part, self.clock) {
            match &entry.what {
                LogEntry::Metric(sample) => self.line.read(clock.unix_ns(entry.time), sample),
                LogEntry::Clock { jump_ns } => {
                    // The clock of now knows of all that was set in this boot.
                    let is_here = ferret::log::is_this_boot(&tail.info().boot_id);
                    let now = is_here.then(WallClock::now_of_this_boot);
                    self.set_clock(now.unwrap_or(clock.jumped(*jump_ns)));
                }
                _ => {}
            }
        }
        if part.first() >= self.from {
            if let Some(slots) = &mut self.slots {
                slots.apply(names, part);
            }
            self.changes.see(names, part);
        }
        self.reached = self.reached.max(part.next());
    }

    /// Looks at the file anew: who holds it, and how it ended if nobody does.
    pub(crate) fn look_at_file(&mut self) {
        let owned = self.ask_who_holds_it();
        let Some(tail) = &mut self.tail else { return };
        if owned == Some(false) {
            // What it wrote last may not have been read yet. One that cannot be read says so when it is.
            tail.refresh().ok();
        }
        if self.reading != Reading::Fails {
            let is_ending = owned == Some(false) && self.reached < tail.info().next_offset;
            self.reading = if is_ending { Reading::Ends } else { Reading::GoesOn };
        }
        // Until it is known how it ended it is as it was: it lives, or is dead and was salvaged just now.
        let is_dead = self.owned == Some(false);
        let is_ending = self.reading == Reading::Ends;
        self.owned = if is_ending && !is_dead { Some(true) } else { owned };
        self.folded.note(tail);
    }

    /// The process, as far as its log has been read.
    pub(crate) fn process(&self) -> Option<&Process> {
        self.folded.process()
    }

    /// Its log, folded.
    pub(crate) fn folded(&self) -> &Folded {
        &self.folded
    }

    /// Whether a process holds its log.
    pub(crate) fn owned(&self) -> Option<bool> {
        self.owned
    }

    /// As of when it is known; 0 as long as only its past is read.
    pub(crate) fn seen(&self) -> LogTime {
        self.seen
    }

    /// What it has open; none before its first span.
    pub(crate) fn live(&self) -> Option<&LiveProcess> {
        self.folded.live()
    }

    pub(crate) fn tail(&self) -> Option<&Tail> {
        self.tail.as_ref()
    }

    pub(crate) fn began(&self) -> Option<LogTime> {
        self.process().and_then(Process::began)
    }

    /// Goes by another clock from here on.
    fn set_clock(&mut self, clock: WallClock) {
        self.clock = Some(clock);
        self.kept.started_ms = self.began().map(|began| clock.unix_ms(began));
        self.is_new = true;
        if let Some(slots) = &mut self.slots {
            slots.set_clock(clock);
        }
    }

    /// Wall time of a moment of its log.
    pub(crate) fn unix_ms(&self, at: LogTime) -> Option<u64> {
        self.clock.map(|clock| clock.unix_ms(at))
    }

    pub(crate) fn clock(&self) -> Option<WallClock> {
        self.clock
    }

    /// What is new since this was last asked: in words, and as an event each.
    pub(crate) fn news(&mut self, now: LogTime, zombie_after_ns: u64) -> Vec<Event> {
        let state = self.state(now, zombie_after_ns).filter(|_| self.reading != Reading::Ends);
        let Some(state) = state else { return Vec::new() };
        let mut changes = std::mem::take(&mut self.changes);
        let events = changes.news(self, state, now);
        self.changes = changes;
        events
    }

    /// Calls that fail now, per second.
    pub(crate) fn errors_per_second(&self, now: LogTime) -> f64 {
        self.changes.rate.per_second(self.began().unwrap_or_default(), now)
    }

    /// Whether its process is gone and its log does not say how.
    pub(super) fn is_to_be_salvaged(&self) -> bool {
        self.owned == Some(false) && self.tail.as_ref().is_some_and(|tail| !tail.info().is_ended)
    }

    /// Gives its log away, for a while.
    pub(super) fn lend(&mut self) -> Option<Tail> {
        self.lent = self.offsets();
        self.tail.take()
    }

    pub(super) fn take_back(&mut self, tail: Tail) {
        (self.tail, self.lent) = (Some(tail), None);
    }

    /// From where to where its log goes; none of one that is not read any more.
    fn offsets(&self) -> Option<(u64, u64)> {
        let info = self.tail.as_ref().map(Tail::info);
        info.map(|info| (info.first_offset.0, info.next_offset.0)).or(self.lent)
    }

    /// The offsets of entries that nobody has counted yet and nobody will who follows the log.
    pub(crate) fn gap(&self) -> Option<(u64, u64)> {
        self.slots.as_ref()?;
        let (first, _) = self.offsets()?;
        let mut from = if first <= 1 { 0 } else { first };
        for &(begin, end) in &self.kept.read {
            if begin > from {
                return (from < self.from.0).then_some((from, begin.min(self.from.0)));
            }
            from = from.max(end);
        }
        (from < self.from.0).then_some((from, self.from.0))
    }

    /// How many entries are in the history, of how many its log has: one at least, of a log of which all is known.
    pub(crate) fn progress(&self) -> (u64, u64) {
        let Some((first, next)) = self.offsets() else { return (1, 1) };
        let kept = self.kept.read.iter().map(|(from, to)| to.saturating_sub(first.max(*from)));
        let all = next.saturating_sub(first);
        // One that does not say when it was is not counted.
        if self.slots.is_none() { (all, all) } else { (kept.sum::<u64>().min(all), all) }
    }

    /// How much of the log is in the history, percent.
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    pub(crate) fn history_percent(&self) -> f64 {
        let (read, all) = self.progress();
        if all == 0 { 100.0 } else { read as f64 * 100.0 / all as f64 }
    }

    /// Slots that have been counted since that was last asked.
    pub(super) fn slots(&self) -> usize {
        self.slots.as_ref().map_or(0, Slots::count)
    }

    /// What has been counted since this was last asked: which entries, and what they came to.
    pub(super) fn take_slots(&mut self) -> Option<((u64, u64), BTreeMap<Slot, SlotRow>)> {
        let slots = self.slots.as_mut().filter(|_| self.counted < self.reached)?;
        let read = (self.counted.0, self.reached.0);
        self.counted = self.reached;
        Some((read, slots.take()))
    }

    /// Whether the store should be told of it, though nothing was counted.
    pub(super) fn is_to_be_kept(&self) -> bool {
        self.is_new
    }

    /// The store has been told what was counted, or could not be: then whoever reads the past counts it once more.
    pub(super) fn was_added(&mut self, is_added: bool) {
        if is_added {
            self.is_new = false;
        } else {
            self.from = self.counted;
        }
    }

    /// Lets go of the log, if all is known that it will ever say.
    pub(super) fn let_go_if_done(&mut self, now: LogTime) {
        if !self.is_done(now) {
            self.done_since = None;
            return;
        }
        // Whoever looks once a second has seen how it ended by then.
        if now.since(*self.done_since.get_or_insert(now)) >= LINGERS_NS {
            self.kept.is_done = true;
            // By its name another may be found by now.
            let stamp = stamp(&self.kept.log).filter(|(d, i, _)| (*d, *i) == self.file());
            self.kept.stamp = stamp.unwrap_or(self.kept.stamp);
            self.is_new = true;
            self.let_go(now);
        }
    }

    /// Whether there is nothing more to learn from its log: its process has ended, all was read, and is counted.
    fn is_done(&self, now: LogTime) -> bool {
        let Some(tail) = &self.tail else { return false };
        // One that was cut short by the end of its boot says no more than it does.
        let is_cut = self.owned == Some(false) && tail.info().integrity != Integrity::ThisBoot;
        !self.process_state(now).is_live()
            && (tail.info().is_ended || is_cut)
            && self.reached >= tail.info().next_offset
            && (self.slots.is_none() || self.counted >= self.reached)
            && self.gap().is_none()
    }

    /// Lets go of the log, of which all is known.
    fn let_go(&mut self, now: LogTime) {
        self.last_stack = Some(Stack::of(self, now));
        (self.tail, self.slots) = (None, None);
        self.folded.close_all();
    }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
