//! `watch --once --json`: the state of a run at one moment, as docs/json.md describes it. Fields are
//! only ever added.

mod counters;
mod heap;
mod open;
mod recent;
mod warnings;

use crate::analyze::LastGood;
use crate::death::Death;
use crate::filter::Filter;
use crate::tui::board::Scene;
use crate::tui::pick;
use crate::tui::stack_text::whole;
use crate::tui::stages::last_good;
use crate::tui::{headline, processes, wording};
use counters::{Counter, counters};
use ferret::event::{EndKind, LogIndex, LogTime, ProcessExit};
use ferret::log::LogInfo;
use ferret::projections::{Measure, Process};
use heap::{Heap, heap};
use jiff::Timestamp;
use open::{Open, open};
use recent::{Recent, recent};
use serde::Serialize;
use warnings::Warning;

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
    /// Null where no log tells.
    heap: Option<Heap>,
    stages: Vec<Stage>,
    /// Absent where none is known, and while no stage runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_good: Option<LastGood>,
    counters: Vec<Counter>,
    counters_left_out: u64,
    counters_not_numbers: u64,
    warnings: Vec<Warning>,
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
    /// When the first entry was that is still there.
    first_time: Option<String>,
    /// The limits by which older entries were dropped; null where nothing was.
    max_bytes: Option<u64>,
    max_age_ns: Option<u64>,
    /// Entries that were dropped before this reader had read them.
    missed_entries: u64,
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
    /// Null of one that has ended, or has not reported yet.
    heard_ns: Option<u64>,
    /// Null while a span is open, or it has ended.
    idle_ns: Option<u64>,
    #[serde(flatten)]
    usage: Usage,
    /// How it died; null unless its state is crashed.
    death: Option<Death>,
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
    per_second: Option<f64>,
    left_ns: Option<u64>,
}

impl Snapshot {
    /// The state that `scene` shows; `logs` by [`LogIndex`]. Of open spans and happenings only
    /// those that pass the filter.
    pub(super) fn of(scene: &Scene, filter: Option<&Filter>, logs: &[LogInfo]) -> Self {
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
            heap: heap(scene),
            stages: stages(scene),
            last_good: last_good(scene),
            counters: counters(scene),
            counters_left_out: scene.board.counters.left_out(),
            counters_not_numbers: scene.board.counters.not_numbers(),
            warnings: warnings::warnings(scene),
            open: processes().flat_map(|(log, _)| open(scene, filter, log)).collect(),
            recent: scene
                .board
                .recent
                .rows()
                .iter()
                .filter(|row| filter.is_none_or(|filter| pick::happening(filter, scene, row)))
                .map(|row| recent(scene, row))
                .collect(),
        }
    }
}

fn log(scene: &Scene, index: usize, info: &LogInfo) -> Log {
    let file = scene.board.logs.get(index);
    let damaged = file.is_some_and(|file| file.damaged > 0);
    let reach = file.and_then(|file| file.reach);
    let process = scene.process(LogIndex(index));
    Log {
        path: info.path.display().to_string(),
        bytes: info.bytes,
        length: info.length,
        first_offset: info.first_offset.0,
        next_offset: info.next_offset.0,
        first_time: process.and_then(|process| stamp(process, info.first_time)),
        max_bytes: reach.and_then(|reach| reach.max_bytes),
        max_age_ns: reach.and_then(|reach| reach.max_age_ns),
        missed_entries: file.map_or(0, |file| file.missed),
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
        heard_ns: processes::heard_ns(scene, log),
        idle_ns: processes::idle_ns(scene, log),
        usage: usage(
            |of| series.and_then(|series| series.current(of, scene.now)),
            |of| series.and_then(|series| series.peak().of(of)),
        ),
        death: scene.board.death(log, scene.now),
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
        per_second: stage.per_second,
        left_ns: stage.left_ns,
    })
    .collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze;
    use crate::tui::script::{S, Script, podcast};
    use crate::tui::travel::Travel;
    use crate::watch::once;
    use ferret::event::{Offset, ProcessUid, RunId};

    fn info() -> LogInfo {
        LogInfo {
            path: "run.redb".into(),
            uid: ProcessUid(7),
            run: RunId(7),
            token: None,
            pid: 4711,
            host: "host".to_owned(),
            boot_id: "boot".to_owned(),
            bytes: 65_536,
            length: 131_072,
            first_offset: Offset(0),
            next_offset: Offset(99),
            first_time: LogTime(0),
            max_bytes: None,
            max_age_ns: None,
            repaired: false,
            is_ended: false,
            salvaged_entries: 0,
            salvaged_at: None,
            is_outlived: true,
            oom_kills: None,
            integrity: ferret::log::Integrity::ThisBoot,
        }
    }

    fn of(script: &Script, filter: &str) -> serde_json::Value {
        let filter: Option<Filter> = (!filter.is_empty()).then(|| filter.parse().unwrap());
        script.look(|scene| {
            serde_json::to_value(Snapshot::of(scene, filter.as_ref(), &[info()])).unwrap()
        })
    }

    #[test]
    fn it_has_all_that_the_screen_shows() {
        let mut snapshot = of(&podcast(), "");
        // The latest ones stand for the others.
        let recent = snapshot["recent"].as_array_mut().unwrap();
        recent.drain(3..recent.len() - 2);
        insta::assert_json_snapshot!("snapshot", snapshot);
    }

    #[test]
    fn it_has_what_tasks_wait_for_and_what_the_program_counts() {
        let script = Script::default().process("web", 7).thread(2, "tokio").start(1, "accept");
        let script = script.create(1, "handle").first_poll(2).wait(S).exit(2).wait(S);
        let script = script.create(1, "handle").wait(S).start_under(2, "compact", 1).wait(S);
        let script = script.count("requests", 7.0, false).count("queue", 2.5, true);
        let snapshot = of(&script.count("wild", f64::NAN, false).wait(S), "");
        let part = |name: &str| snapshot[name].clone();
        insta::assert_json_snapshot!("tasks", [part("open"), part("counters")]);
        assert_eq!(part("counters_not_numbers"), 1);
    }

    #[test]
    fn stages_stand_beside_those_of_the_last_good_run() {
        let mut script = Script::default().process("cast", 7).stage(1, "read").wait(4 * S);
        assert!(of(&script, "").get("last_good").is_none());
        let stage = analyze::Stage {
            name: "read".to_owned(),
            calls: 1,
            wall_ns: 2 * S,
            ..Default::default()
        };
        let then = analyze::Analysis { stages: vec![stage], ..Default::default() };
        script.before = Some(analyze::GoodRun::of(&then, "run.1-2.redb"));
        let snapshot = of(&script, "");
        let (then, stage) = (&snapshot["last_good"], &snapshot["last_good"]["stages"][0]);
        assert_eq!(
            (then["path"].as_str(), stage["times"].as_f64()),
            (Some("run.1-2.redb"), Some(2.0))
        );
        let page = script.look(|scene| once::page(scene, None, 100, Travel::default())).join("\n");
        let told = "Compared with the last good run, of run.1-2.redb:\n   read: 2.0 × slower";
        assert!(page.contains(told), "{page}");
    }

    #[test]
    fn a_filter_chooses_open_spans_and_happenings_but_not_processes() {
        let snapshot = of(&podcast(), "thread:worker-2");
        let open = snapshot["open"].as_array().unwrap();
        let names: Vec<_> = open.iter().map(|span| span["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["summarize", "TextRank::rank"]);
        assert_eq!(snapshot["run"]["open_spans"], 5);
        assert_eq!(snapshot["processes"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_waiting_async_span_has_no_thread_and_a_polled_one_has() {
        let script = Script::default().process("async", 7);
        let script = script.task(1, "serve").enter(1).start(1, "parse").task(1, "fetch").wait(50);
        let snapshot = of(&script, "");
        let row = |index: usize| {
            let row = &snapshot["open"][index];
            let text = |field: &str| row[field].as_str().map(str::to_owned);
            (text("name").unwrap(), text("thread"), text("task").is_some())
        };
        let main = Some("main".to_owned());
        assert_eq!(row(0), ("serve".to_owned(), main.clone(), true));
        assert_eq!(row(1), ("parse".to_owned(), main, true));
        assert_eq!(row(2), ("fetch".to_owned(), None, true));
    }
}
