//! One log folded into what its process is and does now: what cards, stacks and rules are told from.

use super::slots::LOG;
use crate::death::{Death, Findings};
use ferret::event::{
    CallsiteId, EndKind, Entry, LogEntry, LogTime, Names, Opened, Part, ProcessExit, ProcessState,
};
use ferret::log::Tail;
use ferret::projections::{Live, LiveProcess, Process, Processes, Stages};
use std::collections::BTreeMap;

/// A log, folded.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    processes: Processes,
    live: Live,
    /// None where nobody asks for them: they cost a tenth of the rest.
    stages: Option<Stages>,
    /// From when on it is known, of a log that has lost its beginning.
    known_from: Option<LogTime>,
    /// Since when no span has been open; none while one is.
    idle_since: Option<LogTime>,
    /// What the program counts itself: the sum or the level, and whether it is a level.
    counters: BTreeMap<CallsiteId, (f64, bool)>,
    findings: Findings,
}

/// Counters of a worker; a program has some dozens.
const COUNTERS: usize = 1_024;

impl Folded {
    /// One that knows the stages, too.
    pub(crate) fn with_stages() -> Self {
        Self { stages: Some(Stages::default()), ..Self::default() }
    }

    pub(crate) fn resume(&mut self, names: &Names, opened: &Opened) {
        self.live.resume(LOG, names, opened);
        if let Some(stages) = &mut self.stages {
            stages.resume(LOG, names, opened);
        }
    }

    /// Nothing is known of what it did before then.
    pub(crate) fn begin_at(&mut self, from: LogTime) {
        self.processes.begin_at(LOG, from);
        self.known_from = Some(from);
    }

    pub(crate) fn apply(&mut self, names: &Names, part: Part<'_>) {
        match part {
            Part::Spans(spans) => {
                self.live.apply_spans(LOG, names, &spans);
                self.processes.apply_spans(LOG, &spans);
            }
            Part::Other(entry) => {
                self.live.apply(LOG, names, entry);
                self.processes.apply(LOG, entry);
                if let LogEntry::Counter { key, value, gauge } = entry.what {
                    self.count(key, value, gauge);
                }
            }
        }
        self.apply_to_stages(names, part);
        let is_idle = self.live.process(LOG).is_none_or(|live| live.open_spans() == 0);
        self.idle_since = is_idle.then(|| self.idle_since.unwrap_or_else(|| part.latest()));
    }

    fn apply_to_stages(&mut self, names: &Names, part: Part<'_>) {
        let Some(stages) = &mut self.stages else { return };
        match part {
            Part::Spans(spans) => stages.apply_spans(LOG, names, &spans),
            // What was used meanwhile is in the history.
            Part::Other(entry) if matches!(entry.what, LogEntry::Metric(_)) => {}
            Part::Other(entry) => stages.apply(LOG, names, entry),
        }
        stages.forget_times();
    }

    fn count(&mut self, key: CallsiteId, value: f64, gauge: bool) {
        let is_known = self.counters.contains_key(&key);
        if !value.is_finite() || (!is_known && self.counters.len() == COUNTERS) {
            return;
        }
        let (sum, is_gauge) = self.counters.entry(key).or_default();
        *sum = if gauge { value } else { *sum + value };
        *is_gauge |= gauge;
    }

    /// Takes what the log's file tells beside its entries.
    pub(crate) fn note(&mut self, tail: &Tail) {
        self.findings = Findings::from(tail.info());
    }

    /// The last that was heard of it.
    pub(crate) fn last_heard(&self) -> Option<LogTime> {
        self.processes.get(LOG).map(Process::last_heard)
    }

    /// Takes entries of before what is known to be open, for what the process reported last.
    pub(crate) fn recall(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.processes.apply(LOG, entry);
        }
    }

    /// Its process has ended: what was open is told elsewhere.
    pub(crate) fn close_all(&mut self) {
        self.live = Live::default();
    }

    /// The process; none before its log's first entry.
    pub(crate) fn process(&self) -> Option<&Process> {
        self.processes.get(LOG)
    }

    /// What is open; none before the first span.
    pub(crate) fn live(&self) -> Option<&LiveProcess> {
        self.live.process(LOG)
    }

    /// The stages, also of one that has ended, without the times at which they ran.
    pub(crate) fn stages(&self) -> Option<&Stages> {
        self.stages.as_ref()
    }

    /// Since when no span has been open; none while one is.
    pub(crate) fn idle_since(&self) -> Option<LogTime> {
        self.idle_since
    }

    /// From when on it is known, of a log that is not read from its beginning.
    pub(crate) fn known_from(&self) -> Option<LogTime> {
        self.known_from
    }

    /// What the program counts itself: the sum or the level, and whether it is a level.
    pub(crate) fn counters(&self) -> impl Iterator<Item = (CallsiteId, f64, bool)> {
        self.counters.iter().map(|(key, &(value, is_gauge))| (*key, value, is_gauge))
    }

    /// How its process died, if it crashed.
    pub(crate) fn death(&self, state: ProcessState) -> Option<Death> {
        Death::of(self.process()?, state, self.findings)
    }

    /// The exit code, and the signal that ended it, as far as they are known.
    pub(crate) fn how_it_ended(&self) -> (Option<i32>, Option<i32>) {
        let Some(process) = self.process() else { return (None, None) };
        match (process.exit, process.end.map(|end| end.how)) {
            (Some(ProcessExit::Code(code)), _) => (Some(code), None),
            (Some(ProcessExit::Signal(signal)), _) | (None, Some(EndKind::Signal(signal))) => {
                (None, Some(signal))
            }
            (None, Some(EndKind::Exited(code))) => (code, None),
            (None, Some(EndKind::Closed | EndKind::Lost) | None) => (None, None),
        }
    }
}
