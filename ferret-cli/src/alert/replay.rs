//! Rules on logs that are there: entry after entry in the order of wall time, and a tick for every second of it.

use super::alerts::{Alerts, Wants};
use super::notice::Notice;
use super::watched::WorkerNow;
use super::worker::worker_now;
use crate::fleet::Folded;
use crate::fleet::WallClock;
use ferret::event::{Entry, LogEntry, LogTime, Part};
use ferret::log::{LogError, ReadOptions, Run, Tail};
use std::collections::VecDeque;

/// Logs, read side by side.
#[derive(Debug)]
pub(super) struct Replay {
    logs: Vec<Log>,
    /// The next tick, ns.
    next_ns: Option<u64>,
}

/// A log.
#[derive(Debug)]
struct Log {
    tail: Tail,
    folded: Folded,
    clock: WallClock,
    entries: VecDeque<Entry>,
    /// The latest moment of what was read: across threads, time may go back.
    reached_ns: u64,
    /// All of it was read.
    is_over: bool,
    /// Whether its process lives, now.
    owned: Option<bool>,
}

/// Entries decoded at once.
const AHEAD: usize = 4_096;
const SECOND: u64 = 1_000_000_000;
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
        let mut logs = Vec::new();
        for tail in run.logs() {
            let owned = ferret::is_alive(tail);
            let tail = tail.again(&options)?;
            let mut folded = Folded::default();
            folded.note(&tail);
            let mut log = Log {
                tail,
                folded,
                clock: WallClock::default(),
                entries: VecDeque::new(),
                reached_ns: 0,
                is_over: false,
                owned,
            };
            log.fill()?;
            logs.push(log);
        }
        Ok(Self { logs, next_ns: None })
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
        let mut last_ns = 0;
        while let Some((index, at_ns)) = self.furthest_behind() {
            let first_ns = self.next_ns.get_or_insert(whole_second(at_ns));
            if at_ns > *first_ns + LONGEST_GAP_NS {
                for _ in 0..AFTER {
                    self.tick(alerts, &mut tell)?;
                }
                self.next_ns = Some(whole_second(at_ns));
            }
            while self.next_ns.is_some_and(|next_ns| next_ns < at_ns) {
                self.tick(alerts, &mut tell)?;
            }
            let others = self.logs.iter().enumerate().filter(|(other, _)| *other != index);
            let until_ns = others.filter_map(|(_, log)| log.next_ns()).chain(self.next_ns).min();
            self.logs[index].take(until_ns.unwrap_or(u64::MAX), alerts)?;
            last_ns = last_ns.max(at_ns);
        }
        for _ in 0..AFTER {
            self.tick(alerts, &mut tell)?;
        }
        let now_ns = self.next_ns.unwrap_or(last_ns);
        alerts.finish(now_ns).iter().try_for_each(tell)
    }

    /// The logs that were read.
    pub(super) fn tails(&self) -> impl Iterator<Item = &Tail> {
        self.logs.iter().map(|log| &log.tail)
    }

    /// The workers as they were last.
    pub(super) fn workers(&self) -> Vec<WorkerNow> {
        let at_ns = self.next_ns.unwrap_or(0);
        self.logs.iter().filter_map(|log| log.now(at_ns, Wants::default())).collect()
    }

    fn furthest_behind(&self) -> Option<(usize, u64)> {
        let next = |(index, log): (usize, &Log)| Some((log.next_ns()?, index));
        let (at_ns, index) = self.logs.iter().enumerate().filter_map(next).min()?;
        Some((index, at_ns))
    }

    fn tick(
        &mut self,
        alerts: &mut Alerts,
        tell: &mut impl FnMut(&Notice) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Some(now_ns) = self.next_ns else { return Ok(()) };
        let wants = alerts.wants();
        let workers: Vec<_> = self.logs.iter().filter_map(|log| log.now(now_ns, wants)).collect();
        self.next_ns = Some(now_ns + SECOND);
        alerts.tick(now_ns, &workers).iter().try_for_each(tell)
    }
}

/// The next whole second: ticks come when those of a program that follows the logs came.
fn whole_second(at_ns: u64) -> u64 {
    (at_ns / SECOND + 1) * SECOND
}

impl Log {
    /// When the next entry was, ns; none where there are no more.
    fn next_ns(&self) -> Option<u64> {
        let next = self.entries.front()?;
        Some(self.clock.unix_ns(next.time).max(self.reached_ns))
    }

    /// Decodes ahead, unless there is enough or nothing more.
    fn fill(&mut self) -> Result<(), LogError> {
        if !self.entries.is_empty() || self.is_over {
            return Ok(());
        }
        self.entries = self.tail.poll(AHEAD)?.into();
        self.is_over = self.entries.is_empty();
        let Some(first) = self.entries.front() else { return Ok(()) };
        if let LogEntry::ProcessStart(start) = &first.what {
            self.clock = WallClock::at(first.time, start.unix_ns);
            let info = self.tail.info();
            // Who it is stands there still; between that and the rest nothing is known, and nothing is asked.
            if info.first_offset.0 > 1 && info.first_time > first.time {
                let first_time = info.first_time;
                self.folded.apply(self.tail.names(), Part::Other(first));
                self.folded.begin_at(first_time);
                self.entries.pop_front();
            }
        }
        Ok(())
    }

    /// Takes the next entry, and those behind it up to `until_ns`.
    fn take(&mut self, until_ns: u64, alerts: &mut Alerts) -> Result<(), LogError> {
        let uid = self.tail.info().uid;
        while let Some(at_ns) = self.next_ns() {
            let Some(entry) = self.entries.pop_front() else { break };
            self.reached_ns = at_ns;
            while let Some(opened) = self.tail.next_opened(entry.offset) {
                self.folded.resume(self.tail.names(), &opened);
            }
            let part = Part::Other(&entry);
            self.folded.apply(self.tail.names(), part);
            alerts.see_part(uid, self.clock, self.tail.names(), part);
            self.fill()?;
            if self.next_ns().is_none_or(|next_ns| next_ns > until_ns) {
                break;
            }
        }
        Ok(())
    }

    /// The worker at a moment.
    fn now(&self, at_ns: u64, wants: Wants) -> Option<WorkerNow> {
        // As long as its log goes on, it lives.
        let owned = if self.is_over { self.owned } else { Some(true) };
        let heard = self.folded.last_heard()?;
        let now = LogTime(self.clock.log_time(at_ns).0.max(heard.0));
        worker_now(&self.folded, &self.tail, owned, self.clock, now, wants)
    }
}
