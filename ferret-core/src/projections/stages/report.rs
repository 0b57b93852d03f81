//! What the stages add up to, at a moment.

use super::intervals::Intervals;
use super::pace::{per_second, time_left};
use super::usage::percent;
use super::{LogStages, Progress, Stages};
use crate::event::{CallsiteInfo, LogIndex, LogTime, Outcome};
use crate::projections::FunctionId;

/// A process's last known moment, for a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogMoment {
    /// The moment: now for a living process, its last entry for any other.
    pub at: LogTime,
    /// Whether it lives.
    pub live: bool,
}

/// How a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageState {
    /// A span of it is open in a process that lives.
    Running,
    /// A span of it was open when its process ended.
    Unfinished,
    /// Its last span returned an `Err` or unwound.
    Failed,
    /// Its last span was dropped before it completed.
    Cancelled,
    /// Its last span returned.
    Done,
    /// How its last span ended was not seen.
    Unknown,
}

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageStats {
    /// Its number here.
    pub id: FunctionId,
    /// What it is.
    pub info: CallsiteInfo,
    /// How it stands.
    pub state: StageState,
    /// Spans that ended ok, err, panicked or cancelled.
    pub calls: u64,
    /// Of those, how many ended as err or panicked.
    pub errors: u64,
    /// Spans that have not ended.
    pub open: u64,
    /// How long it ran, the union of its spans, ns.
    pub wall_ns: u64,
    /// The most memory its processes had while it ran: the largest of them.
    pub peak_rss_bytes: Option<u64>,
    /// CPU of its processes while it ran, percent of one core.
    pub avg_cpu_percent: Option<f64>,
    /// Another stage ran in the same process at the same time: memory and CPU are of both.
    pub shared: bool,
    /// How far its open spans have come, together; the one that ended last if none is open.
    pub progress: Option<Progress>,
    /// Units of it per second: lately of the open spans together, on average of one that has ended.
    pub per_second: Option<f64>,
    /// How long what is left will take at that pace, ns; none if nothing is open or the total is
    /// not known.
    pub left_ns: Option<u64>,
}

/// All stages together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StageTotal {
    /// How long any stage ran, ns.
    pub wall_ns: u64,
    /// The most memory a process had meanwhile.
    pub peak_rss_bytes: Option<u64>,
    /// CPU meanwhile, percent of one core.
    pub avg_cpu_percent: Option<f64>,
    /// Wall times may be too long by as much, ns: a stage with tens of thousands of spans has the
    /// narrowest gaps between them closed.
    pub closed_gaps_ns: u64,
}

/// All that can be said of stages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageReport {
    /// In the order they first began.
    pub stages: Vec<StageStats>,
    /// All of them together.
    pub total: StageTotal,
}

/// What was used while a set of intervals ran, in all processes.
#[derive(Default)]
struct Used {
    wall: Intervals,
    cpu_ns: u64,
    cpu_known_ns: u64,
    peak_rss_bytes: Option<u64>,
}

impl Used {
    /// Adds the intervals of one process.
    fn add(&mut self, log: &LogStages, ran: &Intervals, shift: i64) {
        self.wall.add_all(ran, shift);
        for (start, end) in ran.iter() {
            let (cpu_ns, known_ns) = log.usage.cpu(start, end);
            self.cpu_ns = self.cpu_ns.saturating_add(cpu_ns);
            self.cpu_known_ns = self.cpu_known_ns.saturating_add(known_ns);
            self.peak_rss_bytes = self.peak_rss_bytes.max(log.usage.peak_rss(start, end));
        }
    }

    /// CPU over the time it is known for. Where several processes ran the stage at once, their CPU
    /// adds up: the wall time they share counts once.
    fn avg_cpu_percent(&self) -> Option<f64> {
        percent(self.cpu_ns, self.cpu_known_ns.min(self.wall.length_ns()))
    }
}

impl Stages {
    /// The stages, each process being at its `moment`.
    pub fn report(&self, moment: impl Fn(LogIndex) -> LogMoment) -> StageReport {
        // With the open spans up to now.
        let ran: Vec<Vec<Intervals>> = self
            .logs
            .iter()
            .enumerate()
            .map(|(index, log)| {
                let now = moment(LogIndex(index)).at;
                let mut ran = log.ran.clone();
                ran.resize_with(self.functions.len(), Intervals::default);
                for open in log.open.iter() {
                    ran[open.stage.0 as usize].add(open.start.max(log.since).0, now.0);
                }
                ran
            })
            .collect();
        let shifts = self.shifts();
        let mut all = Used::default();
        for (index, log) in self.logs.iter().enumerate() {
            let mut any = Intervals::default();
            ran[index].iter().for_each(|stage| any.add_all(stage, 0));
            all.add(log, &any, shifts[index]);
        }
        let mut stages: Vec<(Option<u64>, StageStats)> = Vec::new();
        for stage in 0..self.functions.len() {
            let mut used = Used::default();
            let mut shared = false;
            for (index, log) in self.logs.iter().enumerate() {
                let own = &ran[index][stage];
                used.add(log, own, shifts[index]);
                let others = ran[index].iter().enumerate().filter(|&(other, _)| other != stage);
                shared |= others.into_iter().any(|(_, other)| own.overlaps(other));
            }
            stages.push((used.wall.start(), self.stats(stage, &used, shared, &moment)));
        }
        stages.sort_by_key(|(start, stats)| (*start, stats.id));
        StageReport {
            stages: stages.into_iter().map(|(_, stats)| stats).collect(),
            total: StageTotal {
                wall_ns: all.wall.length_ns(),
                peak_rss_bytes: all.peak_rss_bytes,
                avg_cpu_percent: all.avg_cpu_percent(),
                closed_gaps_ns: all.wall.closed_ns(),
            },
        }
    }

    fn stats(
        &self,
        stage: usize,
        used: &Used,
        shared: bool,
        moment: impl Fn(LogIndex) -> LogMoment,
    ) -> StageStats {
        let id = FunctionId(u32::try_from(stage).unwrap_or(u32::MAX));
        let ended = self.ended.get(stage).cloned().unwrap_or_default();
        let open: Vec<_> = self.open().filter(|(_, open)| open.stage == id).collect();
        let state = match ended.last.map(|last| last.outcome) {
            _ if open.iter().any(|&(log, _)| moment(log).live) => StageState::Running,
            _ if !open.is_empty() => StageState::Unfinished,
            Some(Outcome::Err | Outcome::Panicked) => StageState::Failed,
            Some(Outcome::Cancelled) => StageState::Cancelled,
            Some(Outcome::Ok) => StageState::Done,
            Some(Outcome::Unknown) | None => StageState::Unknown,
        };
        let last = ended.last.and_then(|last| last.progress);
        let now = open.iter().map(|&(log, _)| moment(log).at).max();
        let progress = together(open.iter().filter_map(|(_, open)| open.progress));
        let paces = open.iter().filter_map(|(_, open)| open.pace.per_second());
        let pace = paces.reduce(|a, b| a + b);
        let reported = open.iter().map(|(_, open)| open.pace.reported()).max();
        let left = progress.and_then(|progress| progress.total.checked_sub(progress.done));
        let left_ns = match (left, pace, now.zip(reported)) {
            (Some(left), Some(pace), Some((now, reported))) if state == StageState::Running => {
                Some(time_left(left, pace, now.since(reported)))
            }
            _ => None,
        };
        let mean = ended.last.and_then(|last| per_second(last.progress?.done, last.ns));
        StageStats {
            id,
            info: self.functions.info(id).clone(),
            state,
            calls: ended.calls,
            errors: ended.errors,
            open: open.len() as u64,
            wall_ns: used.wall.length_ns(),
            peak_rss_bytes: used.peak_rss_bytes,
            avg_cpu_percent: used.avg_cpu_percent(),
            shared,
            progress: progress.or(last),
            per_second: if open.is_empty() { mean } else { pace },
            left_ns,
        }
    }

    /// What to add to each process's log time to lay all on one line, ns: nothing among processes
    /// of one boot, whose log times are of one clock; wall time joins different boots.
    fn shifts(&self) -> Vec<i64> {
        let known = || self.logs.iter().filter_map(|log| log.started.as_ref());
        let fallback = known().next().map_or(0, |first| first.wall_ns);
        let shift = |log: &LogStages| {
            let started = log.started.as_ref();
            let first = started.and_then(|own| known().find(|other| other.boot_id == own.boot_id));
            first.map_or(fallback, |first| first.wall_ns)
        };
        self.logs.iter().map(shift).collect()
    }
}

/// Several progresses as one: unknown as a whole if any total is.
fn together(all: impl Iterator<Item = Progress>) -> Option<Progress> {
    all.reduce(|a, b| Progress {
        done: a.done.saturating_add(b.done),
        total: if a.total == 0 || b.total == 0 { 0 } else { a.total.saturating_add(b.total) },
    })
}
