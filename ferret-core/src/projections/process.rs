//! Who the processes are, how they began and ended, and how much they did: one row for each log.

use super::rate::{Burst, Rate};
use crate::event::{
    Entry, LogEntry, LogIndex, LogTime, MetricSample, Outcome, ProcessEnd, ProcessExit,
    ProcessStart, ProcessState, Spans, Stretch,
};

/// The processes of all logs read.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    rows: Vec<Process>,
}

/// One process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Who it is; none if the log's first part is gone.
    pub start: Option<Box<ProcessStart>>,
    /// How it ended, as it or its salvager wrote it.
    pub end: Option<ProcessEnd>,
    /// How it ended, as its parent saw.
    pub exit: Option<ProcessExit>,
    /// When it last reported its CPU and memory.
    pub last_metric: Option<LogTime>,
    /// What it reported then.
    pub last_sample: Option<MetricSample>,
    /// Its spans, counted.
    pub spans: SpanCounts,
    /// Spans that were not recorded.
    pub dropped: u64,
    /// When its clock last jumped, and by how much, ns.
    pub clock_jump: Option<(LogTime, i64)>,
    /// Entries read.
    pub entries: u64,
    first: Option<LogTime>,
    last: LogTime,
    started: Option<LogTime>,
    /// When it last did anything: a span, progress, or CPU.
    worked: Option<LogTime>,
    /// The last reading had CPU.
    was_busy: bool,
    /// From when on it is known; what it reported before is not.
    known_from: Option<LogTime>,
    rate: Rate,
}

/// Spans by how far they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanCounts {
    /// Begun.
    pub started: u64,
    /// Ended, in whatever way.
    pub ended: u64,
    /// Of these, with an `Err`.
    pub errors: u64,
    /// Of these, unwinding.
    pub panics: u64,
    /// Of these, dropped before they completed.
    pub cancelled: u64,
    /// Of these, unseen, because events were lost.
    pub unknown: u64,
}

impl Processes {
    /// Takes the next entry of `log`.
    pub fn apply(&mut self, log: LogIndex, entry: &Entry) {
        self.row(log).apply(entry);
    }

    /// Takes the next part of `log`. Spans that are left out there are in no rate.
    pub fn apply_spans(&mut self, log: LogIndex, spans: &Spans<'_>) {
        self.row(log).apply_spans(spans);
    }

    fn row(&mut self, log: LogIndex) -> &mut Process {
        if self.rows.len() <= log.0 {
            self.rows.resize_with(log.0 + 1, Process::default);
        }
        &mut self.rows[log.0]
    }

    /// Of a log that is read from its end, nothing is known of what its process did before `from`: until it is
    /// heard of again, it counts as having reported, and as having done something, then.
    pub fn begin_at(&mut self, log: LogIndex, from: LogTime) {
        if let Some(process) = self.rows.get_mut(log.0) {
            process.known_from = Some(from);
            process.works(from);
        }
    }

    /// One process; none before its log's first entry.
    pub fn get(&self, log: LogIndex) -> Option<&Process> {
        self.rows.get(log.0).filter(|process| process.is_known())
    }

    /// All processes that have been heard of, in the order of their logs.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (LogIndex, &Process)> {
        let rows = self.rows.iter().enumerate();
        let rows = rows.map(|(index, process)| (LogIndex(index), process));
        rows.filter(|(_, process)| process.is_known()).collect::<Vec<_>>().into_iter()
    }
}

impl Process {
    /// The state at `now`. `owned` is whether a process holds the log's liveness lock.
    pub fn state(&self, owned: Option<bool>, now: LogTime) -> ProcessState {
        // A program that has not reported yet is stalled once it is older than a stalled one may be.
        let sign_of_life = self.last_metric.or(self.known_from).or(self.started);
        ProcessState::of(self.end, self.exit, owned, sign_of_life, now)
    }

    /// When it began.
    pub fn began(&self) -> Option<LogTime> {
        self.started.or(self.first)
    }

    /// The last moment something was heard of it: what is known of a process that ended is known
    /// as of then.
    pub fn last_heard(&self) -> LogTime {
        self.last
    }

    /// The moment as of which a process in `state` is shown at `now`.
    pub fn known_until(&self, state: ProcessState, now: LogTime) -> LogTime {
        if state.is_live() { now.max(self.last) } else { self.last }
    }

    /// Wall time of a log time, ns since the Unix epoch; none if the log does not say.
    pub fn unix_ns(&self, time: LogTime) -> Option<u64> {
        let (start, at) = (self.start.as_ref()?, self.started?);
        Some(if time >= at {
            start.unix_ns.saturating_add(time.since(at))
        } else {
            start.unix_ns.saturating_sub(at.since(time))
        })
    }

    /// The file name of its executable, or its pid if it has none.
    pub fn name(&self) -> String {
        let Some(start) = &self.start else { return "?".to_owned() };
        let program = if start.exe.is_empty() { start.args.first() } else { Some(&start.exe) };
        let name = program.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        if name.is_empty() { format!("process {}", start.pid) } else { name.to_owned() }
    }

    /// Spans that ended per second, over the last [`Rate::WINDOW_NS`] before `now`.
    pub fn spans_per_second(&self, now: LogTime) -> f64 {
        self.rate.per_second(self.began().unwrap_or_default(), now)
    }

    /// Since when it has done nothing: no span began, ended or was polled, none told of progress, and
    /// no two readings in a row had [`Process::BUSY_PERCENT`] of CPU. That a span is open is another matter:
    /// whoever calls one idle looks at that, too.
    pub fn quiet_since(&self) -> Option<LogTime> {
        self.worked.max(self.began())
    }

    /// From so much CPU on, percent of one core, a process does something: what records it takes
    /// less, but for a moment on a machine that is slow or busy.
    pub const BUSY_PERCENT: f64 = 1.0;

    /// Whether its log has said anything. Of a run at a past moment the logs of processes that had not
    /// begun have not.
    fn is_known(&self) -> bool {
        self.entries > 0
    }

    fn works(&mut self, at: LogTime) {
        self.worked = self.worked.max(Some(at));
    }

    fn apply_spans(&mut self, spans: &Spans<'_>) {
        let mut lately = Burst::default();
        for span in spans.ended {
            self.spans.ended(span.outcome);
            lately.add(span.end, &mut self.rate);
        }
        lately.end(&mut self.rate);
        let Stretch { first, last, started, left_out, .. } = spans.stretch;
        self.entries += spans.entries();
        self.spans.started += started;
        self.spans.ended += left_out;
        self.works(last);
        self.first.get_or_insert(first);
        self.last = self.last.max(last);
    }

    fn apply(&mut self, entry: &Entry) {
        self.entries += 1;
        let mut lived_then = true;
        match &entry.what {
            LogEntry::ProcessStart(start) => {
                self.start = Some(start.clone());
                self.started = Some(entry.time);
            }
            LogEntry::ProcessEnd(end) => {
                // A salvager dates it by the last that the process's flight buffer tells.
                self.end = Some(*end);
            }
            LogEntry::ProcessExit(exit) => {
                self.exit = Some(*exit);
                // Its parent waited for it: one that did not say goodbye itself lived until then.
                lived_then = self.end.is_none();
            }
            LogEntry::SpanStart { .. } => {
                self.spans.started += 1;
                self.works(entry.time);
            }
            LogEntry::SpanEnd { outcome, .. } => {
                self.works(entry.time);
                self.spans.ended(*outcome);
                self.rate.add(entry.time, 1);
            }
            LogEntry::Enter { .. }
            | LogEntry::Exit { .. }
            | LogEntry::Polls { .. }
            | LogEntry::Progress { .. } => self.works(entry.time),
            LogEntry::Summary(counted) => {
                self.works(entry.time);
                self.spans.started += counted.calls;
                self.spans.ended += counted.calls;
                self.spans.errors += counted.errors;
                self.spans.panics += counted.panics;
                self.spans.cancelled += counted.cancelled;
                self.rate.add(entry.time, counted.calls);
            }
            LogEntry::Metric(sample) => {
                self.last_metric = self.last_metric.max(Some(entry.time));
                self.last_sample = Some(**sample);
                let is_busy = sample.cpu_percent.is_some_and(|cpu| cpu >= Self::BUSY_PERCENT);
                if std::mem::replace(&mut self.was_busy, is_busy) && is_busy {
                    self.works(entry.time);
                }
            }
            LogEntry::Dropped { spans, .. } => self.dropped += spans,
            LogEntry::Clock { jump_ns } => self.clock_jump = Some((entry.time, *jump_ns)),
            _ => {}
        }
        if lived_then {
            self.first.get_or_insert(entry.time);
            self.last = self.last.max(entry.time);
        }
    }
}

impl SpanCounts {
    #[inline]
    fn ended(&mut self, outcome: Outcome) {
        self.ended += 1;
        match outcome {
            Outcome::Ok => {}
            Outcome::Err => self.errors += 1,
            Outcome::Panicked => self.panics += 1,
            Outcome::Cancelled => self.cancelled += 1,
            Outcome::Unknown => self.unknown += 1,
        }
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
