//! `watch --once --json`: the state of a run at one moment, as docs/json.md describes it. Fields are
//! only ever added.

use crate::tui::board::Scene;
use crate::tui::stack_text::whole;
use crate::tui::{headline, wording};
use ferret::event::{
    CallsiteInfo, EndKind, LogIndex, LogTime, Names, Outcome, PathId, ProcessExit, SpanId,
    TagValue, ThreadId,
};
use ferret::log::LogInfo;
use ferret::projections::{Happening, LiveProcess, Measure, News, Process, Said};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The whole document.
#[derive(Debug, Serialize)]
pub(super) struct Snapshot {
    format: u32,
    kind: &'static str,
    /// The moment shown, RFC 3339; absent where the log does not tell wall time.
    time: Option<String>,
    logs: Vec<Log>,
    run: Run,
    processes: Vec<ProcessRow>,
    stages: Vec<Stage>,
    open: Vec<Open>,
    recent: Vec<Recent>,
}

#[derive(Debug, Serialize)]
struct Log {
    path: String,
    bytes: u64,
    length: u64,
    first_offset: u64,
    next_offset: u64,
    salvaged_entries: u64,
    /// Its first part is gone, or parts could not be read.
    partial: bool,
}

#[derive(Debug, Serialize)]
struct Run {
    id: Option<String>,
    start: Option<String>,
    start_unix_ns: Option<u64>,
    duration_ns: u64,
    /// Spans begun.
    spans: u64,
    open_spans: u64,
    dropped_spans: u64,
    spans_per_second: u64,
    #[serde(flatten)]
    usage: Usage,
}

/// Readings now, and the largest so far. Null: not known, or the process has ended.
#[derive(Debug, Serialize)]
struct Usage {
    cpu_percent: Option<f64>,
    rss_bytes: Option<u64>,
    os_threads: Option<u64>,
    peak_cpu_percent: Option<f64>,
    peak_rss_bytes: Option<u64>,
    peak_os_threads: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ProcessRow {
    uid: String,
    pid: u32,
    exe: String,
    args: Vec<String>,
    host: String,
    start: Option<String>,
    state: String,
    exit_code: Option<i32>,
    signal: Option<i32>,
    /// How long it has lived, or did.
    duration_ns: u64,
    spans: u64,
    errors: u64,
    panics: u64,
    cancelled: u64,
    unknown: u64,
    dropped: u64,
    spans_per_second: f64,
    #[serde(flatten)]
    usage: Usage,
}

#[derive(Debug, Serialize)]
struct Stage {
    name: String,
    state: &'static str,
    calls: u64,
    errors: u64,
    open: u64,
    wall_ns: u64,
    peak_rss_bytes: Option<u64>,
    avg_cpu_percent: Option<f64>,
    shared: bool,
    done: Option<u64>,
    total: Option<u64>,
}

/// An open span.
#[derive(Debug, Serialize)]
struct Open {
    process: String,
    /// The thread it runs on; absent for a waiting async span.
    thread: Option<String>,
    /// The async span it is, or runs under.
    task: Option<String>,
    span: String,
    parent: Option<String>,
    name: String,
    module: Option<String>,
    age_ns: u64,
    depth: usize,
    #[serde(flatten)]
    said: SaidRow,
}

#[derive(Debug, Default, Serialize)]
struct SaidRow {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, TagValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Recent {
    time: Option<String>,
    process: String,
    thread: Option<String>,
    /// `span`, `mark`, `start`, `end`, `dropped`, `clock`.
    what: &'static str,
    /// The span's or mark's name.
    name: Option<String>,
    outcome: Option<Outcome>,
    /// Spans, ended or dropped.
    count: Option<u64>,
    total_ns: Option<u64>,
    longest_ns: Option<u64>,
    #[serde(flatten)]
    said: SaidRow,
}

impl Snapshot {
    /// The state that `scene` shows; `logs` by [`LogIndex`].
    pub(super) fn of(scene: &Scene, logs: &[LogInfo]) -> Self {
        let head = scene.head();
        let moment = scene.last_moment();
        let at = |time| head.and_then(|(_, process)| stamp(process, time));
        let began = scene.began();
        let processes = || scene.board.processes.iter();
        Self {
            format: 1,
            kind: "snapshot",
            time: at(moment),
            logs: logs.iter().enumerate().map(|(index, info)| log(scene, index, info)).collect(),
            run: Run {
                id: logs.first().map(|info| info.run.to_string()),
                start: began.and_then(at),
                start_unix_ns: head.zip(began).and_then(|((_, head), at)| head.unix_ns(at)),
                duration_ns: began.map_or(0, |began| moment.since(began)),
                spans: headline::sum(scene, |process| process.spans.started),
                open_spans: scene.board.live.open_spans() as u64,
                dropped_spans: headline::sum(scene, |process| process.dropped),
                spans_per_second: headline::spans_per_second(scene),
                usage: {
                    let metrics = &scene.board.metrics;
                    let peak = metrics.peak();
                    usage(|of| metrics.current(of, scene.now), |of| peak.of(of))
                },
            },
            processes: processes().map(|(log, process)| row(scene, log, process)).collect(),
            stages: stages(scene),
            open: processes().flat_map(|(log, _)| open(scene, log)).collect(),
            recent: scene.board.recent.rows().iter().map(|row| recent(scene, row)).collect(),
        }
    }
}

fn log(scene: &Scene, index: usize, info: &LogInfo) -> Log {
    let damaged = scene.board.logs.get(index).is_some_and(|file| file.damaged > 0);
    Log {
        path: info.path.display().to_string(),
        bytes: info.bytes,
        length: info.length,
        first_offset: info.first_offset.0,
        next_offset: info.next_offset.0,
        salvaged_entries: info.salvaged_entries,
        partial: damaged || info.first_offset.0 > 0,
    }
}

fn usage(now: impl Fn(Measure) -> Option<f64>, peak: impl Fn(Measure) -> Option<f64>) -> Usage {
    Usage {
        cpu_percent: now(Measure::Cpu),
        rss_bytes: now(Measure::Rss).map(whole),
        os_threads: now(Measure::Threads).map(whole),
        peak_cpu_percent: peak(Measure::Cpu),
        peak_rss_bytes: peak(Measure::Rss).map(whole),
        peak_os_threads: peak(Measure::Threads).map(whole),
    }
}

fn row(scene: &Scene, log: LogIndex, process: &Process) -> ProcessRow {
    let start = process.start.as_deref().cloned().unwrap_or_default();
    let (exit_code, signal) = match (process.exit, process.end.map(|end| end.how)) {
        (Some(ProcessExit::Code(code)), _) => (Some(code), None),
        (Some(ProcessExit::Signal(signal)), _) | (None, Some(EndKind::Signal(signal))) => {
            (None, Some(signal))
        }
        (None, Some(EndKind::Exited(code))) => (code, None),
        (None, Some(EndKind::Closed | EndKind::Lost) | None) => (None, None),
    };
    let series = scene.board.metrics.series(log);
    ProcessRow {
        uid: start.uid.to_string(),
        pid: start.pid,
        exe: start.exe,
        args: start.args,
        host: start.host,
        start: process.began().and_then(|began| stamp(process, began)),
        state: scene.state(log).to_string(),
        exit_code,
        signal,
        duration_ns: process.began().map_or(0, |began| scene.moment(log).since(began)),
        spans: process.spans.started,
        errors: process.spans.errors,
        panics: process.spans.panics,
        cancelled: process.spans.cancelled,
        unknown: process.spans.unknown,
        dropped: process.dropped,
        spans_per_second: process.spans_per_second(scene.now),
        usage: usage(
            |of| series.and_then(|series| series.current(of, scene.now)),
            |of| series.and_then(|series| series.peak().of(of)),
        ),
    }
}

fn stages(scene: &Scene) -> Vec<Stage> {
    let all = scene.stages.stages.iter();
    all.map(|stage| Stage {
        name: stage.info.name.clone(),
        state: wording::stage_state(stage.state).0,
        calls: stage.calls,
        errors: stage.errors,
        open: stage.open,
        wall_ns: stage.wall_ns,
        peak_rss_bytes: stage.peak_rss_bytes,
        avg_cpu_percent: stage.avg_cpu_percent,
        shared: stage.shared,
        done: stage.progress.map(|progress| progress.done),
        total: stage.progress.map(|progress| progress.total),
    })
    .collect()
}

/// The open spans of a process: thread by thread, outermost first, then the async spans that no
/// thread polls now.
fn open(scene: &Scene, log: LogIndex) -> Vec<Open> {
    let Some(live) = scene.board.live.process(log) else { return Vec::new() };
    let place = Place { scene, log, live, moment: scene.moment(log) };
    let mut open = Vec::new();
    for (id, thread) in live.threads() {
        let mut task = None;
        let mut parent = None;
        for (depth, frame) in (thread.hidden as usize..).zip(&thread.frames) {
            let asynchronous = live.task(frame.span).filter(|_| frame.is_poll);
            if asynchronous.is_some() {
                task = Some(frame.span);
            }
            let since = asynchronous.map_or(frame.since, |task| task.since);
            let said = asynchronous.map_or(&frame.said, |task| &task.said);
            let parent_of = asynchronous.map_or(parent, |task| task.parent);
            let path = frame.path;
            let span = Span { id: frame.span, path, since, parent: parent_of, depth };
            open.push(place.row(Some(id), task, &span, said));
            parent = Some(frame.span);
        }
    }
    for (span, task) in live.tasks().filter(|(_, task)| task.polled.is_none()) {
        let (path, since, parent) = (task.path, task.since, task.parent);
        let of = Span { id: span, path, since, parent, depth: 0 };
        open.push(place.row(None, Some(span), &of, &task.said));
    }
    open
}

/// An open span before it is worded.
struct Span {
    id: SpanId,
    path: PathId,
    since: LogTime,
    parent: Option<SpanId>,
    depth: usize,
}

struct Place<'a> {
    scene: &'a Scene<'a>,
    log: LogIndex,
    live: &'a LiveProcess,
    moment: LogTime,
}

impl Place<'_> {
    fn row(&self, thread: Option<ThreadId>, task: Option<SpanId>, of: &Span, said: &Said) -> Open {
        let names = self.scene.names(self.log);
        let module = names.callsite_info(of.path).map(|info: &CallsiteInfo| info.module.clone());
        Open {
            process: uid(self.scene, self.log),
            thread: thread.map(|id| names.thread_name(id)),
            task: task.filter(|task| self.live.task(*task).is_some()).map(|task| task.to_string()),
            span: of.id.to_string(),
            parent: of.parent.map(|parent| parent.to_string()),
            name: names.span_name(of.path).to_owned(),
            module,
            age_ns: self.moment.since(of.since),
            depth: of.depth,
            said: said_row(names, said),
        }
    }
}

fn said_row(names: &Names, said: &Said) -> SaidRow {
    let tags = said.tags.iter();
    SaidRow {
        tags: tags
            .map(|(key, value)| (names.callsite_name(*key).to_owned(), value.clone()))
            .collect(),
        done: said.progress.map(|(done, _)| done),
        total: said.progress.map(|(_, total)| total),
    }
}

fn recent(scene: &Scene, row: &Happening) -> Recent {
    let names = scene.names(row.log);
    let blank = Recent {
        time: scene.process(row.log).and_then(|process| stamp(process, row.time)),
        process: uid(scene, row.log),
        thread: row.thread.filter(|id| *id != ThreadId::RECORDER).map(|id| names.thread_name(id)),
        what: "span",
        name: None,
        outcome: None,
        count: None,
        total_ns: None,
        longest_ns: None,
        said: SaidRow::default(),
    };
    match &row.what {
        News::Spans(ended) => Recent {
            name: Some(names.span_name(ended.path).to_owned()),
            outcome: Some(ended.outcome),
            count: Some(ended.count),
            total_ns: Some(ended.total_ns),
            longest_ns: Some(ended.longest_ns),
            said: said_row(names, &ended.said),
            ..blank
        },
        News::Mark { callsite } => {
            Recent { what: "mark", name: Some(names.callsite_name(*callsite).to_owned()), ..blank }
        }
        News::ProcessStart => Recent { what: "start", ..blank },
        News::ProcessEnd(_) | News::ProcessExit(_) => Recent { what: "end", ..blank },
        News::Dropped { spans } => Recent { what: "dropped", count: Some(*spans), ..blank },
        News::Clock { .. } => Recent { what: "clock", ..blank },
    }
}

fn uid(scene: &Scene, log: LogIndex) -> String {
    let start = scene.process(log).and_then(|process| process.start.as_ref());
    start.map(|start| start.uid.to_string()).unwrap_or_default()
}

/// Wall time in UTC.
fn stamp(process: &Process, time: LogTime) -> Option<String> {
    let ns = i128::from(process.unix_ns(time)?);
    Timestamp::from_nanosecond(ns).ok().map(|stamp| stamp.to_string())
}
