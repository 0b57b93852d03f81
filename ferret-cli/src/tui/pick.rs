//! What a filter lets through: a thread or task if one of its open spans passes, a happening if it
//! does itself, a process if it or an open span of it does. What cannot be told of a span, such as the
//! outcome of an open one, lets none pass; what cannot be told of a row of a table keeps none out.

use super::board::Scene;
use super::wording;
use crate::analyze::{self, SpanSubject};
use crate::filter::{Field, Filter, Subject, Value};
use ferret::event::{CallsiteInfo, LogIndex, Outcome, ProcessState, ThreadId};
use ferret::projections::{
    Happening, LiveProcess, LiveThread, Measure, News, OpenFrame, Said, Slice, StageState,
    StageStats, Task,
};
use std::collections::BTreeSet;

/// Whether an open span of this thread passes.
pub(crate) fn thread(
    filter: &Filter,
    scene: &Scene,
    log: LogIndex,
    id: ThreadId,
    thread: &LiveThread,
) -> bool {
    thread.frames.iter().any(|frame| self::frame(filter, scene, (log, id), frame))
}

/// Whether an open span, or the one that is polled, passes.
fn frame(
    filter: &Filter,
    scene: &Scene,
    (log, thread): (LogIndex, ThreadId),
    frame: &OpenFrame,
) -> bool {
    let live = scene.board.live.process(log).filter(|_| frame.is_poll);
    let polled = live.and_then(|live| live.task(frame.span));
    let since = polled.map_or(frame.since, |task| task.since);
    let subject = SpanSubject {
        thread: Some(thread),
        dur_ns: Some(scene.moment(log).since(since)),
        said: Some(polled.map_or(&frame.said, |task| &task.said)),
        ..span(scene, log, frame.path)
    };
    filter.test(&subject) == Some(true)
}

/// The open spans that pass, each with its function and its age, ns; of a recursion that of the
/// outermost alone.
pub(crate) fn open<'a>(filter: &Filter, scene: &Scene<'a>) -> Vec<(&'a CallsiteInfo, u64)> {
    let mut all = Vec::new();
    for (log, _) in scene.board.processes.iter() {
        let Some(live) = scene.board.live.process(log) else { continue };
        let names = scene.names(log);
        let age = |since| scene.moment(log).since(since);
        for (id, thread) in live.threads() {
            let mut above = BTreeSet::new();
            // Async spans are told below, wherever they are polled.
            for frame in thread.frames.iter().filter(|frame| !frame.is_poll) {
                let is_outermost = above.insert(names.callsite_of(frame.path));
                let passes = self::frame(filter, scene, (log, id), frame);
                if let Some(info) = names.callsite_info(frame.path).filter(|_| passes) {
                    all.push((info, if is_outermost { age(frame.since) } else { 0 }));
                }
            }
        }
        for (_, task) in live.tasks().filter(|(_, task)| task.begun) {
            let passes = self::task(filter, scene, log, task);
            if let Some(info) = names.callsite_info(task.path).filter(|_| passes) {
                all.push((info, age(task.since)));
            }
        }
    }
    all
}

/// Whether an open async span passes.
pub(crate) fn task(filter: &Filter, scene: &Scene, log: LogIndex, task: &Task) -> bool {
    let subject = SpanSubject {
        thread: task.polled.map(|(thread, _)| thread),
        dur_ns: Some(scene.moment(log).since(task.since)),
        said: Some(&task.said),
        ..span(scene, log, task.path)
    };
    filter.test(&subject) == Some(true)
}

/// Whether something that happened passes. News of a process is of no span, and passes if the process
/// may.
pub(crate) fn happening(filter: &Filter, scene: &Scene, row: &Happening) -> bool {
    let News::Spans(ended) = &row.what else {
        let Some(process) = Process::of(scene, row.log) else { return true };
        return filter.allows(&OfProcess(process));
    };
    let subject = SpanSubject {
        thread: row.thread,
        dur_ns: Some(ended.longest_ns),
        outcome: Some(ended.outcome),
        // What spans said that were only counted, nobody knows.
        said: Some(&ended.said).filter(|_| ended.sampled == 0),
        ..span(scene, row.log, ended.path)
    };
    filter.test(&subject) == Some(true)
}

/// Whether what a thread did passes. Of several short spans in one slice the mean is asked about;
/// what they said is not kept, nor whether what failed did so by a panic.
pub(crate) fn slice(
    filter: &Filter,
    scene: &Scene,
    (log, thread): (LogIndex, ThreadId),
    (slice, open): (&Slice, Option<&Said>),
) -> bool {
    let ended = if slice.failed { Outcome::Err } else { Outcome::Ok };
    let subject = SpanSubject {
        thread: Some(thread),
        dur_ns: Some(slice.end.since(slice.start) / slice.count.max(1)),
        outcome: Some(ended).filter(|_| open.is_none()),
        said: open,
        ..span(scene, log, slice.path)
    };
    filter.test(&subject) == Some(true)
}

/// Whether a process passes, or an open span of it.
pub(crate) fn process(filter: &Filter, scene: &Scene, log: LogIndex) -> bool {
    let itself = Process::of(scene, log).is_some_and(|row| filter.test(&row) == Some(true));
    let Some(live) = scene.board.live.process(log).filter(|_| !itself) else { return itself };
    live.threads().any(|(id, thread)| self::thread(filter, scene, log, id, thread))
        || live.tasks().any(|(_, task)| self::task(filter, scene, log, task))
}

/// Whether a stage passes.
pub(crate) fn stage(filter: &Filter, stage: &StageStats) -> bool {
    filter.allows(&Stage(stage))
}

/// A span of which no more is known than its place.
fn span<'a>(scene: &Scene<'a>, log: LogIndex, path: ferret::event::PathId) -> SpanSubject<'a> {
    SpanSubject {
        names: scene.names(log),
        processes: &scene.board.processes,
        log,
        path,
        thread: None,
        dur_ns: None,
        outcome: None,
        said: None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53 exact: 104 days, 8 PiB")]
fn number(value: u64) -> Value<'static> {
    Value::Number(value as f64)
}

struct Stage<'a>(&'a StageStats);

impl Subject for Stage<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "most fields are of other tables")]
    fn value(&self, field: Field) -> Value<'_> {
        let Self(row) = self;
        match field {
            Field::Name => Value::Text(row.info.name.as_str().into()),
            Field::Module => Value::Text(row.info.module.as_str().into()),
            Field::File => Value::Text(row.info.file.as_str().into()),
            Field::Kind => Value::Text(analyze::kind(row.info.kind).into()),
            Field::State => Value::Text(wording::stage_state(row.state).0.into()),
            Field::Outcome => match row.state {
                StageState::Done => Value::Text("ok".into()),
                StageState::Failed => Value::Text("err".into()),
                StageState::Cancelled => Value::Text("cancelled".into()),
                StageState::Unknown => Value::Text("unknown".into()),
                StageState::Running | StageState::Unfinished => Value::Nothing,
            },
            Field::Calls => number(row.calls),
            Field::Errors => number(row.errors),
            Field::Open => number(row.open),
            Field::Wall | Field::Dur => number(row.wall_ns),
            Field::Rss => row.peak_rss_bytes.map_or(Value::Nothing, number),
            Field::Cpu => row.avg_cpu_percent.map_or(Value::Nothing, Value::Number),
            _ => Value::Foreign,
        }
    }
}

/// A process, for the table of them.
struct Process<'a> {
    row: &'a ferret::projections::Process,
    state: ProcessState,
    lived_ns: u64,
    open: u64,
    cpu: Option<f64>,
    rss: Option<f64>,
}

impl<'a> Process<'a> {
    fn of(scene: &Scene<'a>, log: LogIndex) -> Option<Self> {
        let row = scene.process(log)?;
        let series = scene.board.metrics.series(log);
        let current = |of: Measure| series.and_then(|series| series.current(of, scene.now));
        let open = scene.board.live.process(log).map_or(0, LiveProcess::open_spans);
        Some(Self {
            row,
            state: scene.state(log),
            lived_ns: row.began().map_or(0, |began| scene.moment(log).since(began)),
            open: open as u64,
            cpu: current(Measure::Cpu),
            rss: current(Measure::Rss),
        })
    }
}

impl Subject for Process<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "most fields are of other tables")]
    fn value(&self, field: Field) -> Value<'_> {
        let Self { row, .. } = self;
        match field {
            Field::Name | Field::Process => Value::Text(row.name().into()),
            Field::Pid => {
                let start = row.start.as_ref();
                start.map_or(Value::Nothing, |start| Value::Number(f64::from(start.pid)))
            }
            Field::Host => {
                let start = row.start.as_ref();
                start.map_or(Value::Nothing, |start| Value::Text(start.host.as_str().into()))
            }
            Field::State => Value::Text(self.state.to_string().into()),
            Field::Wall | Field::Dur => number(self.lived_ns),
            Field::Open => number(self.open),
            Field::Errors => number(row.spans.errors + row.spans.panics),
            Field::Panics => number(row.spans.panics),
            Field::Cancelled => number(row.spans.cancelled),
            Field::Calls => number(row.spans.ended),
            Field::Dropped => number(row.dropped),
            Field::Rss => self.rss.map_or(Value::Nothing, Value::Number),
            Field::Cpu => self.cpu.map_or(Value::Nothing, Value::Number),
            _ => Value::Foreign,
        }
    }
}

/// News of a process: of which process is all that is asked.
struct OfProcess<'a>(Process<'a>);

impl Subject for OfProcess<'_> {
    fn value(&self, field: Field) -> Value<'_> {
        if matches!(field, Field::Process | Field::Pid | Field::Host) {
            self.0.value(field)
        } else {
            Value::Foreign
        }
    }
}

#[cfg(test)]
#[path = "pick_tests.rs"]
mod tests;
