//! Rules on logs that are there: a tick for every second of wall time, and before it all entries of that second.

use super::alerts::{Alerts, Wants};
use super::notice::Notice;
use super::watched::WorkerNow;
use super::worker::worker_now;
use crate::fleet::{Folded, WallClock};
use ferret::event::{Entry, LogEntry, LogTime, Offset, Opened, Part};
use ferret::log::{LogError, ReadOptions, Run, Tail};
use std::collections::VecDeque;

/// Logs, read side by side.
#[derive(Debug)]
pub(super) struct Replay {
    logs: Vec<Log>,
    /// The next tick, ns; 0 before the first.
    next_ns: u64,
}

/// A log.
#[derive(Debug)]
struct Log {
    tail: Tail,
    folded: Folded,
    clock: WallClock,
    /// What is read and not yet taken, in the order of its times but for what was read last.
    pending: VecDeque<Pending>,
    /// The latest moment of what was read.
    latest: LogTime,
    /// Behind the last entry that was read.
    next: Offset,
    /// All of it was read.
    is_over: bool,
    /// Whether its process lives, now.
    owned: Option<bool>,
}

/// An entry, and what is open before it where nothing else tells.
#[derive(Debug)]
struct Pending {
    entry: Entry,
    opened: Vec<Opened>,
}

/// Entries decoded at once.
const AHEAD: usize = 4_096;
/// Entries of a log that wait for their time: a hundred bytes each.
const PENDING: usize = 500_000;
const SECOND: u64 = 1_000_000_000;
/// Across the threads of a process, time goes back by less, ns: so far it is read ahead where the log does not tell how
/// far is enough.
const BACK_NS: u64 = 10 * SECOND;
/// After the end, so many ticks: how a process ended is told a tick later.
const AFTER: u64 = 3;
/// A time without entries that is longer is passed over but for its first seconds: machines are switched off, and logs of
/// different weeks may be read together. Longer than any that a rule waits for.
const LONGEST_GAP_NS: u64 = 3 * 24 * 3_600 * SECOND;

impl Replay {
    /// Opens the logs of `run` once more, each by itself: those of different machines have different clocks.
    ///
    /// # Errors
    ///
    /// One cannot be opened.
    pub(super) fn new(run: &Run, options: ReadOptions) -> Result<Self, LogError> {
        let logs = run.logs().iter().map(|tail| Log::new(tail, options));
        Ok(Self { logs: logs.collect::<Result<_, _>>()?, next_ns: 0 })
    }

    /// Reads all, and gives each message to `tell` as it comes.
    ///
    /// # Errors
    ///
    /// A log cannot be read any more, or `tell` fails.
    pub(super) fn run(
        &mut self,
        alerts: &mut Alerts,
        mut tell: impl FnMut(&Notice) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut ticks_after = 0;
        while let Some(at_ns) = self.first_pending() {
            if self.next_ns == 0 || (at_ns > self.next_ns + LONGEST_GAP_NS && ticks_after >= AFTER)
            {
                self.next_ns = whole_second(at_ns);
            }
            ticks_after = if at_ns > self.next_ns { ticks_after + 1 } else { 0 };
            self.tick(alerts, &mut tell)?;
        }
        for _ in 0..AFTER {
            self.tick(alerts, &mut tell)?;
        }
        alerts.finish(self.next_ns).iter().try_for_each(tell)
    }

    /// The logs that were read.
    pub(super) fn tails(&self) -> impl Iterator<Item = &Tail> {
        self.logs.iter().map(|log| &log.tail)
    }

    /// The workers as they were last.
    pub(super) fn workers(&self) -> Vec<WorkerNow> {
        let now = |log: &Log| log.now(self.next_ns, Wants::default());
        self.logs.iter().filter_map(now).collect()
    }

    /// The next entry of all logs, ns; none where there are no more.
    fn first_pending(&self) -> Option<u64> {
        self.logs.iter().filter_map(Log::first_pending).min()
    }

    fn tick(
        &mut self,
        alerts: &mut Alerts,
        tell: &mut impl FnMut(&Notice) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let now_ns = self.next_ns;
        for log in &mut self.logs {
            log.come_to(now_ns, alerts)?;
        }
        let wants = alerts.wants();
        let workers: Vec<_> = self.logs.iter().filter_map(|log| log.now(now_ns, wants)).collect();
        self.next_ns = now_ns + SECOND;
        alerts.tick(now_ns, &workers).iter().try_for_each(tell)
    }
}

/// The next whole second: ticks come when those of a program that follows the logs came.
fn whole_second(at_ns: u64) -> u64 {
    (at_ns / SECOND + 1) * SECOND
}

impl Log {
    fn new(tail: &Tail, options: ReadOptions) -> Result<Self, LogError> {
        let owned = ferret::is_alive(tail);
        let mut tail = tail.again(&options)?;
        let mut folded = Folded::default();
        folded.note(&tail);
        let first = tail.poll(1)?;
        let mut log = Self {
            tail,
            folded,
            clock: WallClock::default(),
            pending: VecDeque::new(),
            latest: LogTime(0),
            next: Offset(0),
            is_over: first.is_empty(),
            owned,
        };
        if let Some(Entry { time, what: LogEntry::ProcessStart(start), .. }) = first.first() {
            log.clock = WallClock::at(*time, start.unix_ns);
        }
        let info = log.tail.info();
        let (is_pruned, first_time) = (info.first_offset.0 > 1, info.first_time);
        log.wait(first);
        if let Some(Pending { entry, .. }) = log.pending.front()
            && is_pruned
            && first_time > entry.time
        {
            // Who it is stands there still; between that and the rest nothing is known, and nothing is asked.
            log.folded.apply(log.tail.names(), Part::Other(entry));
            log.folded.begin_at(first_time);
            log.pending.clear();
            log.read_on()?;
        }
        Ok(log)
    }

    fn first_pending(&self) -> Option<u64> {
        self.pending.front().map(|next| self.clock.unix_ns(next.entry.time))
    }

    /// Keeps entries until it is their time.
    fn wait(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            let opened = std::iter::from_fn(|| self.tail.next_opened(entry.offset)).collect();
            self.latest = self.latest.max(entry.time);
            self.next = entry.offset.plus(1);
            self.pending.push_back(Pending { entry, opened });
        }
    }

    /// Takes all entries up to a moment. Those of a thread stay in their order; across threads the log's order is that of
    /// its commits, which may be seconds away from that of time.
    fn come_to(&mut self, now_ns: u64, alerts: &mut Alerts) -> Result<(), LogError> {
        let now = self.clock.log_time(now_ns);
        while self.needs_more(now)? {
            self.read_on()?;
        }
        let uid = self.tail.info().uid;
        while let Some(next) = self.pending.pop_front_if(|next| next.entry.time <= now) {
            let names = self.tail.names();
            next.opened.iter().for_each(|opened| self.folded.resume(names, opened));
            self.folded.apply(names, Part::Other(&next.entry));
            alerts.see_past(uid, self.clock, names, &next.entry);
        }
        // Who has nothing more is over.
        while self.pending.is_empty() && !self.is_over {
            self.read_on()?;
        }
        Ok(())
    }

    fn read_on(&mut self) -> Result<(), LogError> {
        let entries = self.tail.poll(AHEAD)?;
        self.is_over = entries.is_empty();
        self.wait(entries);
        // Stable, and quick where there is nearly nothing to do.
        self.pending.make_contiguous().sort_by_key(|next| next.entry.time);
        Ok(())
    }

    /// Whether entries of before then may not have been read.
    fn needs_more(&mut self, now: LogTime) -> Result<bool, LogError> {
        let is_ahead = self.latest > now.after(BACK_NS) && self.pending.len() > 1;
        if self.is_over || is_ahead || self.pending.len() >= PENDING {
            return Ok(false);
        }
        let settled = self.tail.settled(now)?;
        Ok(settled.is_none_or(|settled| self.next < settled))
    }

    /// The worker at a moment.
    fn now(&self, at_ns: u64, wants: Wants) -> Option<WorkerNow> {
        // As long as its log goes on, it lives.
        let owned = if self.is_over && self.pending.is_empty() { self.owned } else { Some(true) };
        let heard = self.folded.last_heard()?;
        let now = LogTime(self.clock.log_time(at_ns).0.max(heard.0));
        worker_now(&self.folded, &self.tail, owned, self.clock, now, wants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::rules;
    use crate::made_up::{self, BEGAN};

    fn replay(folder: &tempfile::TempDir, seed: u64) -> Replay {
        let path = folder.path().join("run.redb");
        made_up::write(&path, seed, 200, 0);
        let options = ReadOptions { read_only: true, ..ReadOptions::default() };
        Replay::new(&Run::open(&[path], &options).unwrap(), options).unwrap()
    }

    fn silent() -> Alerts {
        Alerts::of_the_past(rules::read("[[rule]]\nname = \"r\"\nhappens = \"exited\"").unwrap())
    }

    #[test]
    fn at_no_moment_is_anything_known_that_came_later_and_at_the_end_all_is() {
        for seed in 1..6 {
            let folder = tempfile::tempdir().unwrap();
            let mut replay = replay(&folder, seed);
            let mut alerts = silent();
            let log = &mut replay.logs[0];
            let mut now_ns = log.clock.unix_ns(BEGAN);
            // Threads tell one after the other what they did since the last tick: only if it is put in order, is it so.
            while log.first_pending().is_some() {
                now_ns += 1_000_000;
                log.come_to(now_ns, &mut alerts).unwrap();
                let heard = log.folded.last_heard().map(|heard| log.clock.unix_ns(heard));
                assert!(heard.is_none_or(|heard| heard <= now_ns), "seed {seed}");
            }
            let mut all =
                log.tail.again(&ReadOptions { read_only: true, ..ReadOptions::default() }).unwrap();
            let entries = all.poll(usize::MAX).unwrap();
            let is_end = |entry: &&Entry| matches!(entry.what, LogEntry::SpanEnd { .. });
            let ends = entries.iter().filter(is_end).count() as u64;
            let known = log.now(now_ns, Wants::default()).unwrap().spans;
            assert!(ends > 100, "{ends}");
            assert_eq!(known, ends, "seed {seed}");
        }
    }

    #[test]
    fn a_replay_tells_how_a_process_ended_at_the_second_after() {
        let folder = tempfile::tempdir().unwrap();
        let (mut replay, mut alerts) = (replay(&folder, 7), silent());
        let mut told = Vec::new();
        replay
            .run(&mut alerts, |notice| {
                told.push((notice.at_ms, notice.subjects[0].since_ms));
                Ok(())
            })
            .unwrap();
        let [(at_ms, since_ms)] = told[..] else { panic!("{told:?}") };
        assert!(at_ms % 1_000 == 0 && at_ms - since_ms < 1_000, "{told:?}");
    }
}
