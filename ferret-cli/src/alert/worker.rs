//! One log folded into what rules ask of its worker.

use super::alerts::Wants;
use super::watched::{CounterNow, OpenNow, WallClock, WorkerNow};
use crate::analyze;
use crate::death::{Death, Findings};
use ferret::event::{
    CallsiteId, LogEntry, LogIndex, LogTime, Names, Opened, PathId, ProcessExit, ProcessState,
    SpanId,
};
use ferret::event::{EndKind, Part};
use ferret::log::Tail;
use ferret::projections::{Live, LiveProcess, Process, Processes, Said};
use std::collections::BTreeMap;

/// A log, folded.
#[derive(Debug, Default)]
pub(super) struct Worker {
    processes: Processes,
    live: Live,
    /// From when on it is known, of a log that has lost its beginning.
    known_from: Option<LogTime>,
    /// Since when no span has been open; none while one is.
    idle_since: Option<LogTime>,
    /// What the program counts itself: the sum or the level, and whether it is a level.
    counters: BTreeMap<CallsiteId, (f64, bool)>,
    findings: Findings,
}

/// Each log is folded by itself.
const IT: LogIndex = LogIndex(0);
/// Counters of a worker; a program has some dozens.
const COUNTERS: usize = 1_024;
/// Open spans of a worker that rules are shown, those that have been open longest.
const OPEN: usize = 10_000;

impl Worker {
    pub(super) fn resume(&mut self, names: &Names, opened: &Opened) {
        self.live.resume(IT, names, opened);
    }

    /// Nothing is known of what it did before then.
    pub(super) fn begin_at(&mut self, from: LogTime) {
        self.processes.begin_at(IT, from);
        self.known_from = Some(from);
    }

    pub(super) fn apply(&mut self, names: &Names, part: Part<'_>) {
        match part {
            Part::Spans(spans) => {
                self.live.apply_spans(IT, names, &spans);
                self.processes.apply_spans(IT, &spans);
            }
            Part::Other(entry) => {
                self.live.apply(IT, names, entry);
                self.processes.apply(IT, entry);
                if let LogEntry::Counter { key, value, gauge } = entry.what {
                    self.count(key, value, gauge);
                }
            }
        }
        let is_idle = self.live.process(IT).is_none_or(|live| live.open_spans() == 0);
        self.idle_since = is_idle.then(|| self.idle_since.unwrap_or_else(|| part.latest()));
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
    pub(super) fn note(&mut self, tail: &Tail) {
        self.findings = Findings::from(tail.info());
    }

    /// The last that was heard of it.
    pub(super) fn last_heard(&self) -> Option<LogTime> {
        self.processes.get(IT).map(Process::last_heard)
    }

    /// What turns its times into wall time, as its log says it; none where the log has lost its beginning.
    pub(super) fn clock(&self) -> Option<WallClock> {
        let process = self.processes.get(IT)?;
        let began = process.began()?;
        Some(WallClock::at(began, process.unix_ns(began)?))
    }

    /// What it is at `now`. `owned` is whether a process holds its log. None before its first entry.
    pub(super) fn now(
        &self,
        tail: &Tail,
        owned: Option<bool>,
        clock: WallClock,
        now: LogTime,
        wants: Wants,
    ) -> Option<WorkerNow> {
        let (info, names) = (tail.info(), tail.names());
        let process = self.processes.get(IT)?;
        let state = process.state(owned, now);
        let began = process.began().unwrap_or_default();
        let has_ended = !state.is_live() && state != ProcessState::Unknown;
        let moment = if has_ended { process.last_heard() } else { now };
        let is_present = state.is_present(process.last_heard(), now);
        // What it said last is not what it is, once it says nothing any more.
        let sample = process.last_sample.filter(|_| is_present).unwrap_or_default();
        let since = |at: Option<LogTime>| at.filter(|_| !has_ended).map(|at| now.since(at));
        let live = self.live.process(IT);
        let (exit_code, signal) = told(process);
        let path = info.path.file_name().unwrap_or_default();
        Some(WorkerNow {
            uid: info.uid,
            program: process.name(),
            pid: info.pid,
            host: info.host.clone(),
            log: path.to_string_lossy().into_owned(),
            state,
            started_ns: clock.unix_ns(began),
            ended_ns: has_ended.then(|| clock.unix_ns(process.last_heard())),
            uptime_ns: moment.since(began),
            heard_ns: since(process.last_metric.or(self.known_from).or(Some(began))),
            idle_ns: since(self.idle_since),
            quiet_ns: since(process.quiet_since()),
            cpu_percent: sample.cpu_percent,
            rss_bytes: sample.rss_bytes,
            threads: sample.threads,
            open_spans: live.map_or(0, |live| live.open_spans() as u64),
            open_tasks: live.map_or(0, |live| (live.tasks().len() - live.unpolled()) as u64),
            spans_per_second: if is_present { process.spans_per_second(now) } else { 0.0 },
            spans: process.spans.ended,
            errors: process.spans.errors,
            panics: process.spans.panics,
            dropped: process.dropped,
            exit_code,
            signal,
            death: Death::of(process, state, self.findings)
                .map(|death| format!("{} ({})", death.how(), death.facts().join("; "))),
            counters: self.counters(names),
            open: live.map_or_else(Vec::new, |live| open(live, names, now, wants)),
        })
    }

    fn counters(&self, names: &Names) -> Vec<CounterNow> {
        let counter = |(key, &(value, is_gauge)): (&CallsiteId, &(f64, bool))| CounterNow {
            name: names.callsite_name(*key).to_owned(),
            value,
            is_gauge,
        };
        self.counters.iter().map(counter).collect()
    }
}

/// The exit code, and the signal.
fn told(process: &Process) -> (Option<i32>, Option<i32>) {
    match (process.exit, process.end.map(|end| end.how)) {
        (Some(ProcessExit::Code(code)), _) | (None, Some(EndKind::Exited(Some(code)))) => {
            (Some(code), None)
        }
        (Some(ProcessExit::Signal(signal)), _) | (None, Some(EndKind::Signal(signal))) => {
            (None, Some(signal))
        }
        (None, Some(EndKind::Exited(None) | EndKind::Closed | EndKind::Lost) | None) => {
            (None, None)
        }
    }
}

/// The open spans that rules ask about.
fn open(live: &LiveProcess, names: &Names, now: LogTime, wants: Wants) -> Vec<OpenNow> {
    if !wants.any() {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut add =
        |span: SpanId, path: PathId, since: LogTime, said: &Said, thread: Option<String>| {
            let age_ns = now.since(since);
            if !wants.wants(age_ns, said.progress.is_some()) || all.len() == OPEN {
                return;
            }
            let info = names.callsite_info(path);
            all.push(OpenNow {
                span,
                name: names.span_name(path).to_owned(),
                module: info.map_or_else(String::new, |info| info.module.clone()),
                file: info.map_or_else(String::new, |info| info.file.clone()),
                kind: info.map_or("?", |info| analyze::kind(info.kind)),
                thread,
                age_ns,
                tags: said
                    .tags
                    .iter()
                    .map(|(key, value)| (names.callsite_name(*key).to_owned(), value.clone()))
                    .collect(),
                progress: said.progress,
            });
        };
    for (id, thread) in live.threads() {
        for frame in thread.frames.iter().filter(|frame| !frame.is_poll) {
            let name = Some(names.thread_name(id));
            add(frame.span, frame.path, frame.since, &frame.said, name);
        }
    }
    for (span, task) in live.tasks().filter(|(_, task)| task.begun) {
        let thread = task.polled.map(|(thread, _)| names.thread_name(thread));
        add(span, task.path, task.since, &task.said, thread);
    }
    all
}
