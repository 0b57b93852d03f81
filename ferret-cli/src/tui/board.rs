//! What is known of the run on screen: the projections, and of each log what its file tells. Filled
//! from a log or by hand; reads no clock and no file itself.

use super::functions::Report;
use super::warnings::Warning;
use crate::analyze::GoodRun;
use crate::death::{Death, Findings};
use crate::reach::Reach;
use ferret::event::{
    CallsiteInfo, Entry, LogIndex, LogTime, Names, Offset, Opened, Part, ProcessState,
};
use ferret::projections::{
    Calls, Counters, Heap, Live, Living, LogMoment, Measure, Metrics, Process, Processes, Rates,
    Reading, Recent, StageReport, Stages, Timeline,
};
use std::path::PathBuf;
use std::sync::LazyLock;

/// Everything the screen shows, at the last entry applied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board {
    pub(crate) live: Live,
    pub(crate) recent: Recent,
    pub(crate) metrics: Metrics,
    pub(crate) counters: Counters,
    pub(crate) heap: Heap,
    pub(crate) processes: Processes,
    pub(crate) stages: Stages,
    pub(crate) calls: Calls,
    pub(crate) rates: Rates,
    pub(crate) timeline: Timeline,
    /// By [`LogIndex`].
    pub(crate) logs: Vec<LogFile>,
    pub(crate) reached: Reached,
}

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// By log, the entry behind the last one applied.
    pub(crate) next: Vec<Offset>,
    /// The time of the latest.
    pub(crate) latest: LogTime,
    /// How many were applied.
    pub(crate) entries: u64,
}

/// What is known of a log beside its entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogFile {
    pub(crate) path: PathBuf,
    /// Whether a process holds it; none if that cannot be told from here.
    pub(crate) owned: Option<bool>,
    /// Parts that could not be read and were passed over.
    pub(crate) damaged: u64,
    /// Entries in the file, and entries read.
    pub(crate) entries: u64,
    pub(crate) read: u64,
    /// What was found out about its process's death.
    pub(crate) findings: Findings,
    /// From when on it tells, where older entries were dropped.
    pub(crate) reach: Option<Reach>,
    /// Entries that were dropped before they were read.
    pub(crate) missed: u64,
    /// What this machine tells of its process, whatever that says itself.
    pub(crate) outside: Option<Outside>,
}

/// A process, seen from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Outside {
    /// None at the first look.
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) rss_bytes: u64,
    /// A signal has stopped it; it can go on.
    pub(crate) suspended: bool,
    /// The most memory it may have: its control group's, or all there is.
    pub(crate) memory_limit: Option<u64>,
}

/// A board with what is needed to tell of it: the names, and the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) board: &'a Board,
    /// By [`LogIndex`].
    pub(crate) names: &'a [&'a Names],
    /// The moment shown.
    pub(crate) now: LogTime,
    pub(crate) stages: &'a StageReport,
    pub(crate) functions: &'a Report,
    /// What looks wrong.
    pub(crate) warnings: &'a [Warning],
    /// While the board knows the present alone: what was read of the run from its beginning.
    pub(crate) past: Option<&'a Board>,
    /// The last good run before this one, where it is known.
    pub(crate) before: Option<&'a GoodRun>,
}

impl Reached {
    fn take(&mut self, log: LogIndex, part: Part<'_>) {
        if self.next.len() <= log.0 {
            self.next.resize(log.0 + 1, Offset(0));
        }
        let next = &mut self.next[log.0];
        *next = part.next().max(*next);
        self.latest = self.latest.max(part.latest());
        self.entries += part.entries();
    }
}

impl Board {
    /// Takes the next entry of `log`.
    pub(crate) fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.apply_part(log, names, Part::Other(entry));
    }

    /// Takes the next part of `log`.
    pub(crate) fn apply_part(&mut self, log: LogIndex, names: &Names, part: Part<'_>) {
        self.reached.take(log, part);
        match part {
            Part::Spans(spans) => {
                self.processes.apply_spans(log, &spans);
                self.recent.apply_spans(log, names, spans.ended);
                self.rates.apply_spans(log, names, spans.ended);
                self.timeline.apply_spans(log, names, spans.ended);
                self.live.apply_spans(log, names, &spans);
                self.stages.apply_spans(log, names, &spans);
                self.calls.apply_spans(log, names, spans.ended);
            }
            Part::Other(entry) => {
                self.recall(log, names, entry);
                self.live.apply(log, names, entry);
                self.stages.apply(log, names, entry);
                self.calls.apply(log, names, entry);
                self.counters.apply(log, names, entry);
            }
        }
    }

    /// Takes an entry of before what was open when the board began, for what happened lately.
    pub(crate) fn recall(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.processes.apply(log, entry);
        self.recent.apply(log, names, entry);
        self.rates.apply(log, names, entry);
        self.timeline.apply(log, names, entry);
        self.metrics.apply(log, entry);
        self.heap.apply(log, entry);
    }

    /// Begins in the middle of a log, or goes on behind entries that were missed.
    pub(crate) fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        self.live.resume(log, names, opened);
        self.stages.resume(log, names, opened);
    }

    /// The state of a log's process at `now`.
    pub(crate) fn state(&self, log: LogIndex, now: LogTime) -> ProcessState {
        let owned = self.logs.get(log.0).and_then(|file| file.owned);
        self.processes.get(log).map_or(ProcessState::Unknown, |process| process.state(owned, now))
    }

    /// How a log's process died, if it did.
    pub(crate) fn death(&self, log: LogIndex, now: LogTime) -> Option<Death> {
        let findings = self.logs.get(log.0).map(|file| file.findings).unwrap_or_default();
        Death::of(self.processes.get(log)?, self.state(log, now), findings)
    }

    /// The moment as of which a log's process is known: `now` while it lives.
    pub(crate) fn moment(&self, log: LogIndex, now: LogTime) -> LogMoment {
        let state = self.state(log, now);
        let at = self.processes.get(log).map_or(now, |process| process.known_until(state, now));
        LogMoment { at, live: state.is_live() }
    }

    /// The same, to know whose levels count.
    pub(crate) fn presence(&self, log: LogIndex, now: LogTime) -> LogMoment {
        let moment = self.moment(log, now);
        LogMoment { live: self.state(log, now).is_present(moment.at, now), ..moment }
    }

    /// The stages as of `now`.
    pub(crate) fn stage_report(&self, now: LogTime) -> StageReport {
        self.stages.report(|log| self.moment(log, now))
    }

    /// Whether a process of the run may still write.
    pub(crate) fn is_live(&self, now: LogTime) -> bool {
        self.processes.iter().any(|(log, _)| self.state(log, now).is_live())
    }

    /// How much of what the logs hold has been read, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a share, for display")]
    pub(crate) fn share_read(&self) -> f64 {
        let (mut read, mut entries) = (0, 0);
        for log in &self.logs {
            read += log.read.min(log.entries);
            entries += log.entries;
        }
        if entries == 0 { 1.0 } else { read as f64 / entries as f64 }
    }
}

impl<'a> Scene<'a> {
    /// The names of a log.
    pub(crate) fn names(&self, log: LogIndex) -> &'a Names {
        static NONE: LazyLock<Names> = LazyLock::new(Names::default);
        self.names.get(log.0).copied().unwrap_or(&NONE)
    }

    /// A process; none before its first entry.
    pub(crate) fn process(&self, log: LogIndex) -> Option<&'a Process> {
        self.board.processes.get(log)
    }

    /// The state of a process.
    pub(crate) fn state(&self, log: LogIndex) -> ProcessState {
        self.board.state(log, self.now)
    }

    /// The moment as of which a process is shown: now, or the last that was heard of it.
    pub(crate) fn moment(&self, log: LogIndex) -> LogTime {
        self.board.moment(log, self.now).at
    }

    /// The same, with whether the process's levels count.
    pub(crate) fn presence(&self, log: LogIndex) -> LogMoment {
        self.board.presence(log, self.now)
    }

    /// What lives on the heaps; none where no program tells.
    pub(crate) fn heap(&self) -> Option<Living> {
        self.board.heap.living_now(|log| self.presence(log))
    }

    /// Whose it is, those with the most bytes first.
    pub(crate) fn heap_owners(&self) -> Vec<(&'a CallsiteInfo, Living)> {
        self.board.heap.owners_now(|log| self.names(log), |log| self.presence(log))
    }

    /// What knows the run from its beginning on.
    pub(crate) fn whole(&self) -> &'a Board {
        self.past.unwrap_or(self.board)
    }

    /// How much of the run has been read, 0 to 1.
    pub(crate) fn share_read(&self) -> f64 {
        match self.past {
            // Before it has found its logs.
            Some(past) if past.logs.is_empty() => 0.0,
            Some(past) => past.share_read(),
            None => self.board.share_read(),
        }
    }

    /// The largest reading of the run so far.
    pub(crate) fn peak(&self, of: Measure) -> Option<f64> {
        let boards = [Some(self.board), self.past].into_iter().flatten();
        boards.filter_map(|board| board.metrics.peak().of(of)).reduce(f64::max)
    }

    /// The counters and gauges, by name.
    pub(crate) fn counters(&self) -> impl ExactSizeIterator<Item = (&'a str, Reading)> + use<'a> {
        let (board, now) = (self.whole(), self.now);
        board.counters.all(move |log| board.presence(log, now))
    }

    /// The moment as of which the run is shown: the last of its processes'.
    pub(crate) fn last_moment(&self) -> LogTime {
        let moments = self.board.processes.iter().map(|(log, _)| self.moment(log));
        moments.max().unwrap_or(self.now)
    }

    /// When the first process of the run began.
    pub(crate) fn began(&self) -> Option<LogTime> {
        self.board.processes.iter().filter_map(|(_, process)| process.began()).min()
    }

    /// The process that speaks for the run: its first.
    pub(crate) fn head(&self) -> Option<(LogIndex, &'a Process)> {
        let began = |(_, process): &(LogIndex, &Process)| process.began();
        self.board.processes.iter().filter(|(_, process)| process.start.is_some()).min_by_key(began)
    }
}
