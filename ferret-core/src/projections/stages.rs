//! Stages: the parts of the program's work that its author named. When each ran, how far it is,
//! and what the process used of the machine meanwhile.
//!
//! A stage's wall time is the union of its spans' intervals, in however many processes; its memory
//! and CPU are those of the process while it ran, so they are marked as shared when another stage
//! ran in the same process at the same time.

mod intervals;
mod open;
mod pace;
mod report;
mod resume;
mod usage;

pub use open::OpenStage;
pub use report::{LogMoment, StageReport, StageState, StageStats, StageTotal};

use super::functions::{FunctionId, Functions};
use super::slots::Slots;
use crate::event::{EndedSpan, Entry, LogEntry, LogIndex, LogTime, Names, Outcome, PathId, Spans};
use intervals::Intervals;
use open::OpenStages;
pub use usage::ProcessUsage;
use usage::Usage;

/// How far a stage has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all; 0 when unknown.
    pub total: u64,
}

/// The stages of one or several processes.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    functions: Functions,
    /// By function.
    ended: Vec<Ended>,
    logs: Vec<LogStages>,
}

/// What is known of a stage from its ended spans, in all processes.
#[derive(Clone, Debug, Default)]
struct Ended {
    calls: u64,
    errors: u64,
    unknown: u64,
    /// The end seen last.
    last: Option<LastEnd>,
}

/// How a stage's last span ended.
#[derive(Clone, Copy, Debug)]
struct LastEnd {
    at: LogTime,
    outcome: Outcome,
    /// How far it had come.
    progress: Option<Progress>,
    /// How long it took, ns.
    ns: u64,
}

/// The stages of one process.
#[derive(Clone, Debug, Default)]
struct LogStages {
    slots: Slots,
    /// By slot of the path.
    roles: Vec<Role>,
    open: OpenStages,
    /// When each stage ran, by function.
    ran: Vec<Intervals>,
    usage: Usage,
    since: LogTime,
    started: Option<Started>,
}

/// What ties a process's log time to that of others.
#[derive(Clone, Debug)]
struct Started {
    boot_id: String,
    /// Wall time less log time, ns.
    wall_ns: i64,
}

/// What a path is to the stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Neither a stage nor async: of no concern.
    Outside,
    /// Async, and neither a stage nor under one: polled by a thread that is in a stage, it is not.
    OutsideTask,
    /// Async, and under a stage. What is not async ends before its stage, on its thread: it is outside.
    Under,
    /// A stage itself.
    Stage(FunctionId),
}

impl Stages {
    /// Takes the next part of `log`.
    pub fn apply_spans(&mut self, log: LogIndex, names: &Names, spans: &Spans<'_>) {
        let mut rest = spans.ended;
        while let Some(index) = self.first_of_concern(log, rest) {
            let span = &rest[index];
            let role = self.role(log, names, span.path);
            if role != Role::Outside {
                self.end(log, role, span);
            }
            rest = &rest[index + 1..];
        }
        // Nothing of what ended was in these: they are open behind it.
        for frame in spans.opened {
            if let Role::Stage(stage) = self.role(log, names, frame.path) {
                let place = (spans.stretch.thread, frame.span, false);
                self.logs[log.0].open.start(place, stage, frame.path, frame.since);
            }
        }
    }

    /// Whether a span of this path, which is not async, is of no concern.
    pub fn is_outside(&self, log: LogIndex, path: PathId) -> bool {
        let Some(LogStages { slots, roles, .. }) = self.logs.get(log.0) else { return false };
        slots.get(path.0).map(|slot| roles[slot]) == Some(Role::Outside)
    }

    /// The first span that may be of concern.
    fn first_of_concern(&self, log: LogIndex, ended: &[EndedSpan]) -> Option<usize> {
        ended.iter().position(|span| !self.is_outside(log, span.path))
    }

    /// Takes one entry.
    #[inline]
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        match &entry.what {
            LogEntry::SpanStart { path, .. }
            | LogEntry::SpanEnd { path, .. }
            | LogEntry::Enter { path, .. }
            | LogEntry::Exit { path, .. } => {
                let role = self.role(log, names, *path);
                if role != Role::Outside {
                    self.span(log, entry, *path, role);
                }
            }
            LogEntry::Progress { span, done, total } => {
                let progress = Progress { done: *done, total: *total };
                self.log(log).open.progress((entry.time, entry.thread), *span, progress);
            }
            LogEntry::Metric(sample) => self.log(log).usage.add(entry.time, sample),
            LogEntry::ThreadEnd => self.log(log).open.thread_ended(entry.thread),
            LogEntry::ProcessStart(start) => {
                let wall_ns = i128::from(start.unix_ns) - i128::from(entry.time.0);
                self.log(log).started = Some(Started {
                    boot_id: start.boot_id.clone(),
                    // Beyond the year 2262 nothing is aligned.
                    wall_ns: i64::try_from(wall_ns).unwrap_or(0),
                });
            }
            _ => {}
        }
    }

    /// The stages that are open, oldest first in each process.
    pub fn open(&self) -> impl Iterator<Item = (LogIndex, &OpenStage)> {
        let logs = self.logs.iter().enumerate();
        logs.flat_map(|(index, log)| log.open.iter().map(move |open| (LogIndex(index), open)))
    }

    /// When the spans of stages that ended ran, as intervals that do not overlap, by process and stage.
    pub fn intervals(&self) -> impl Iterator<Item = (LogIndex, &str, LogTime, LogTime)> {
        let logs = self.logs.iter().enumerate();
        logs.flat_map(move |(log, stages)| {
            let stages = self.functions.all().zip(&stages.ran);
            stages.flat_map(move |(info, ran)| {
                let intervals = ran.iter();
                intervals.map(move |(start, end)| {
                    (LogIndex(log), info.name.as_str(), LogTime(start), LogTime(end))
                })
            })
        })
    }

    /// Leaves out what lies before `since` in a log: spans that ended before it, and of the others
    /// the time before it.
    pub fn begin_at(&mut self, log: LogIndex, since: LogTime) {
        self.log(log).since = since;
    }

    /// Forgets when stages ran, which grows with every call: for who follows very many processes,
    /// and asks only how stages stand.
    pub fn forget_times(&mut self) {
        self.logs.iter_mut().for_each(|log| log.ran.clear());
    }

    /// What a process used from `start` to `end`, as far as its readings tell.
    pub fn process_usage(&self, log: LogIndex, start: LogTime, end: LogTime) -> ProcessUsage {
        let Some(log) = self.logs.get(log.0) else { return ProcessUsage::default() };
        log.usage.between(start, end)
    }

    /// The name of a stage.
    pub fn name(&self, stage: FunctionId) -> &str {
        &self.functions.info(stage).name
    }

    /// An entry of a span that is a stage or under one, or async.
    fn span(&mut self, log: LogIndex, entry: &Entry, path: PathId, role: Role) {
        let open = &mut self.logs[log.0].open;
        match &entry.what {
            LogEntry::SpanStart { span, parent, is_async, .. } => {
                let place = (entry.thread, *span, *is_async);
                match role {
                    Role::Stage(stage) => open.start(place, stage, path, entry.time),
                    Role::Under => open.start_under(place, *parent),
                    Role::OutsideTask => open.start_outside(*span),
                    Role::Outside => {}
                }
            }
            LogEntry::Enter { span, .. } if role == Role::OutsideTask => {
                open.enter_outside(entry.thread, *span);
            }
            LogEntry::Enter { span, .. } => open.enter(entry.thread, *span),
            LogEntry::Exit { span, .. } => open.exit(entry.thread, *span),
            LogEntry::SpanEnd { .. } => {
                if let Some(ended) = EndedSpan::of(entry) {
                    self.end(log, role, &ended);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, log: LogIndex, role: Role, ended: &EndedSpan) {
        let LogStages { open, since, .. } = &mut self.logs[log.0];
        let &EndedSpan { span, thread, start, end: at, outcome, .. } = ended;
        if role == Role::OutsideTask {
            return open.end_outside(span);
        }
        let (progress, since) = (open.end(thread, span), *since);
        if let Role::Stage(stage) = role
            && at >= since
        {
            self.ran(log, stage, since.max(start), at);
            self.ended(stage, LastEnd { at, outcome, progress, ns: ended.ns() });
        }
    }

    fn ran(&mut self, log: LogIndex, stage: FunctionId, start: LogTime, end: LogTime) {
        let ran = &mut self.logs[log.0].ran;
        let index = stage.0 as usize;
        if index >= ran.len() {
            ran.resize_with(index + 1, Intervals::default);
        }
        ran[index].add(start.0, end.0);
    }

    fn ended(&mut self, stage: FunctionId, end: LastEnd) {
        let index = stage.0 as usize;
        if index >= self.ended.len() {
            self.ended.resize_with(index + 1, Ended::default);
        }
        let ended = &mut self.ended[index];
        match end.outcome {
            Outcome::Unknown => ended.unknown += 1,
            Outcome::Err | Outcome::Panicked => {
                ended.calls += 1;
                ended.errors += 1;
            }
            Outcome::Ok | Outcome::Cancelled => ended.calls += 1,
        }
        if ended.last.is_none_or(|last| end.at >= last.at) {
            ended.last = Some(end);
        }
    }

    fn log(&mut self, log: LogIndex) -> &mut LogStages {
        if log.0 >= self.logs.len() {
            self.logs.resize_with(log.0 + 1, LogStages::default);
        }
        &mut self.logs[log.0]
    }

    #[inline]
    fn role(&mut self, log: LogIndex, names: &Names, path: PathId) -> Role {
        let in_log = self.log(log);
        match in_log.slots.get(path.0) {
            Some(slot) => in_log.roles[slot],
            None => self.learn(log, names, path),
        }
    }

    #[cold]
    fn learn(&mut self, log: LogIndex, names: &Names, path: PathId) -> Role {
        let Some(info) = names.callsite_info(path) else { return Role::Outside };
        let role = if info.kind.is_stage() {
            Role::Stage(self.functions.intern(Some(info)))
        } else if !info.kind.is_async() {
            Role::Outside
        } else if is_under_stage(names, path) {
            Role::Under
        } else {
            Role::OutsideTask
        };
        let log = self.log(log);
        log.slots.set(path.0, log.roles.len());
        log.roles.push(role);
        role
    }
}

/// Whether a stage is above `path`.
fn is_under_stage(names: &Names, path: PathId) -> bool {
    let mut at = path;
    // A path is numbered after its parent: a damaged log that says otherwise ends the climb.
    while let Some(info) = names.paths.get(&at).filter(|info| info.parent < at) {
        at = info.parent;
        if names.callsite_info(at).is_some_and(|info| info.kind.is_stage()) {
            return true;
        }
    }
    false
}

#[cfg(test)]
#[path = "stages_tests.rs"]
mod tests;
