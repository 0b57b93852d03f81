//! From the projections to the document.

use super::alloc;
use super::document::{
    Analysis, Durations, FORMAT, Function, Log, Node, Process, Run, Stage, StageTotal, Thread,
};
use super::fold::Fold;
use super::histogram::{self, NodeSpreads};
use super::moments::Moments;
use super::open;
use super::overhead;
use super::report;
use super::rows::{FunctionRow, percent};
use super::said;
use crate::death::{Death, Findings};
use crate::reach::Lost;
use ferret::event::{
    CallsiteKind, EndKind, LogIndex, LogTime, Names, Offset, ProcessExit, ProcessUid, RunId,
    ThreadId,
};
use ferret::projections::{
    CallTree, DurationStats, FunctionCalls, GroupCalls, StageReport, StageState, StageStats, Totals,
};
use std::path::PathBuf;

/// What is known of a log beside its entries.
#[derive(Clone, Debug)]
pub(super) struct LogFacts<'a> {
    pub(super) path: PathBuf,
    pub(super) uid: ProcessUid,
    pub(super) run: RunId,
    pub(super) bytes: u64,
    pub(super) length: u64,
    pub(super) first_offset: Offset,
    pub(super) next_offset: Offset,
    pub(super) first_time: LogTime,
    pub(super) findings: Findings,
    pub(super) lost: Lost,
    /// Whether part of it could not be read.
    pub(super) damaged: bool,
    /// Entries that nobody waited for.
    pub(super) unread: u64,
    /// Whether a process holds it.
    pub(super) owned: Option<bool>,
    pub(super) names: &'a Names,
}

/// What of an analysis is optional.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts {
    pub(super) tree: bool,
    pub(super) threads: bool,
}

/// The document of what was folded, as of `now`.
pub(super) fn analysis(
    fold: &mut Fold,
    logs: &[LogFacts<'_>],
    now: LogTime,
    parts: Parts,
) -> Analysis {
    let moments = Moments::new(fold, logs, now);
    let open = open::spans(fold, logs, &moments);
    for span in &open {
        let names = logs.get(span.log.0).map(|log| log.names);
        names.map(|names| fold.calls.know(span.log, names, span.path));
    }
    let run = run(fold, logs, &moments);
    let functions = functions(fold, logs, &open, run.duration_ns);
    let report = fold.stages.report(|log| moments.of(log));
    let reports = report::reports(fold, logs, &open, &moments);
    Analysis {
        format: FORMAT,
        kind: "analysis".to_owned(),
        gates: Vec::new(),
        logs: logs
            .iter()
            .enumerate()
            .map(|(index, facts)| log(facts, LogIndex(index), fold, &moments))
            .collect(),
        processes: processes(fold, logs, &moments),
        stages: stages(fold, &report),
        stage_total: (!report.stages.is_empty()).then_some(StageTotal {
            wall_ns: report.total.wall_ns,
            peak_rss_bytes: report.total.peak_rss_bytes,
            avg_cpu_percent: report.total.avg_cpu_percent.map(hundredths),
            closed_gaps_ns: report.total.closed_gaps_ns,
        }),
        tree: parts.tree.then(|| tree(fold, &open)),
        threads: parts.threads.then(|| threads(fold, logs, &open)),
        open: open.into_iter().map(|span| span.row).collect(),
        counters: said::counters(fold, logs, &moments),
        counters_left_out: fold.counters.left_out(),
        counters_not_numbers: fold.counters.not_numbers(),
        marks: said::marks(fold, run.start_unix_ns),
        marks_left_out: fold.marks.left_out(),
        run,
        functions,
        last_good: None,
        reports,
    }
}

/// A callsite's kind as it is written.
pub(crate) fn kind(kind: CallsiteKind) -> &'static str {
    match kind {
        CallsiteKind::Function => "function",
        CallsiteKind::Async => "async",
        CallsiteKind::Block => "block",
        CallsiteKind::Stage => "stage",
        CallsiteKind::AsyncStage => "asyncstage",
        CallsiteKind::Key => "key",
        CallsiteKind::Mark => "mark",
    }
}

fn log(facts: &LogFacts<'_>, index: LogIndex, fold: &Fold, moments: &Moments) -> Log {
    let process = fold.processes.get(index);
    let first_unix = process.and_then(|process| process.unix_ns(facts.first_time));
    Log {
        path: facts.path.display().to_string(),
        bytes: facts.bytes,
        length: facts.length,
        first_offset: facts.first_offset.0,
        next_offset: facts.next_offset.0,
        first_time: first_unix.map(rfc3339),
        max_bytes: facts.lost.reach.and_then(|reach| reach.max_bytes),
        max_age_ns: facts.lost.reach.and_then(|reach| reach.max_age_ns),
        missed_entries: facts.lost.missed,
        reach: facts
            .lost
            .reach
            .map(|reach| reach.say(first_unix, moments.of(index).at.since(facts.first_time))),
        salvaged_entries: facts.findings.salvaged_entries.unwrap_or(0),
        unread_entries: facts.unread,
        partial: facts.first_offset.0 > 0 || facts.damaged || facts.unread > 0,
    }
}

fn run(fold: &Fold, logs: &[LogFacts<'_>], moments: &Moments) -> Run {
    let ended: u64 = fold.processes.iter().map(|(_, process)| process.spans.ended).sum();
    let open_spans = fold.live.open_spans() as u64;
    Run {
        id: logs.first().map(|log| log.run.to_string()).unwrap_or_default(),
        start: moments.start_unix_ns.map(rfc3339),
        start_unix_ns: moments.start_unix_ns,
        duration_ns: moments.duration_ns,
        spans: ended + open_spans,
        open_spans,
        dropped_spans: fold.processes.iter().map(|(_, process)| process.dropped).sum(),
        not_told_apart: fold.not_told_apart,
        heap: fold.heap.living().map(Into::into),
    }
}

fn processes(fold: &Fold, logs: &[LogFacts<'_>], moments: &Moments) -> Vec<Process> {
    let totals = fold.calls.processes();
    let threads = fold.calls.threads();
    let row = |(index, facts): (usize, &LogFacts<'_>)| {
        let log = LogIndex(index);
        let process = fold.processes.get(log)?;
        let counted = totals.get(index);
        let at = moments.of(log).at;
        let began = moments.began(log);
        let usage = fold.stages.process_usage(log, began, at);
        let (exit_code, signal) = match (process.exit, process.end.map(|end| end.how)) {
            (Some(ProcessExit::Code(code)), _) | (None, Some(EndKind::Exited(Some(code)))) => {
                (Some(code), None)
            }
            (Some(ProcessExit::Signal(signal)), _) | (None, Some(EndKind::Signal(signal))) => {
                (None, Some(signal))
            }
            (None, Some(EndKind::Exited(None) | EndKind::Closed | EndKind::Lost) | None) => {
                (None, None)
            }
        };
        let start = process.start.as_deref();
        Some(Process {
            uid: facts.uid.to_string(),
            pid: start.map_or(0, |start| start.pid),
            exe: start.map_or_else(String::new, |start| start.exe.clone()),
            host: start.map_or_else(String::new, |start| start.host.clone()),
            start: process.began().and_then(|at| process.unix_ns(at)).map(rfc3339),
            end: process.unix_ns(at).map(rfc3339),
            state: moments.state(log).to_string(),
            exit_code,
            signal,
            peak_rss_bytes: usage.peak_rss_bytes,
            avg_cpu_percent: usage.avg_cpu_percent.map(hundredths),
            threads: threads
                .iter()
                .filter(|row| row.log == log && row.thread != Some(ThreadId::RECORDER))
                .count() as u64,
            duration_ns: at.since(began),
            calls: counted.map_or(0, |row| row.totals.calls),
            errors: counted.map_or(0, |row| row.totals.errors + row.totals.panics),
            dropped: process.dropped,
            sampled: counted.map_or(0, |row| row.totals.sampled),
            busy_ns: counted.map_or(0, |row| row.totals.self_ns),
            span_inner_ns: overhead::inner_ns(start),
            span_outer_ns: overhead::outer_ns(start),
            death: Death::of(process, moments.state(log), facts.findings),
            durations: counted.and_then(|row| row.durations).map(|stats| durations(Some(stats))),
        })
    };
    logs.iter().enumerate().filter_map(row).collect()
}

fn functions(
    fold: &Fold,
    logs: &[LogFacts<'_>],
    open: &[open::OpenSpan],
    run_ns: u64,
) -> Vec<Function> {
    let rows = fold.calls.functions();
    let mut functions: Vec<Function> = rows.iter().map(function).collect();
    alloc::add(&mut functions, fold, logs);
    overhead::fill(fold, &mut functions);
    histogram::add(&mut functions, fold);
    for span in open {
        let Some(id) = fold.calls.function_of(span.log, span.path) else { continue };
        let row = &mut functions[id.0 as usize];
        if !span.row.begun {
            continue;
        }
        row.open += 1;
        if fold.calls.is_outermost(span.log, span.path) {
            row.open_ns = row.open_ns.saturating_add(span.row.age_ns);
            if let Some(idle_ns) = row.open_idle_ns.as_mut().filter(|_| span.row.busy_ns.is_some())
            {
                *idle_ns = idle_ns.saturating_add(span.idle_ns);
            }
        }
    }
    functions.retain(|row| {
        let is_seen = row.calls + row.open + row.unknown + row.dropped + row.self_ns > 0;
        let subject = FunctionRow { function: row, run_ns };
        is_seen && fold.filter.as_ref().is_none_or(|filter| filter.allows(&subject))
    });
    functions
}

fn function(row: &FunctionCalls) -> Function {
    let FunctionCalls { id, info, totals, busy_ns, is_async, idle_ns, durations: stats } = row;
    let errors = totals.errors + totals.panics;
    let of_async = |value: u64| is_async.then_some(value);
    Function {
        id: id.0,
        name: info.name.clone(),
        module: info.module.clone(),
        file: info.file.clone(),
        line: info.line,
        kind: kind(info.kind).to_owned(),
        calls: totals.calls,
        open: 0,
        open_ns: 0,
        errors,
        error_percent: (totals.calls > 0).then(|| hundredths(percent(errors, totals.calls))),
        panics: totals.panics,
        cancelled: totals.cancelled,
        unknown: totals.unknown,
        dropped: totals.dropped,
        sampled: totals.sampled,
        total_ns: totals.total_ns,
        self_ns: totals.self_ns,
        busy_ns: *busy_ns,
        polls: of_async(totals.polls),
        idle_ns: of_async(*idle_ns),
        open_idle_ns: of_async(0),
        longest_poll_ns: of_async(totals.longest_poll_ns),
        durations: durations(*stats),
        alloc: None,
        overhead_percent: None,
        histogram: None,
        self_histogram: None,
    }
}

pub(super) fn durations(stats: Option<DurationStats>) -> Durations {
    Durations {
        mean_ns: stats.map(|stats| stats.mean_ns),
        min_ns: stats.map(|stats| stats.min_ns),
        p50_ns: stats.map(|stats| stats.p50_ns),
        p90_ns: stats.map(|stats| stats.p90_ns),
        p95_ns: stats.map(|stats| stats.p95_ns),
        p99_ns: stats.map(|stats| stats.p99_ns),
        max_ns: stats.map(|stats| stats.max_ns),
    }
}

fn stages(fold: &Fold, report: &StageReport) -> Vec<Stage> {
    let rows = report.stages.iter().map(stage).filter(|stage| stage.calls + stage.open > 0);
    match &fold.filter {
        Some(filter) => rows.filter(|stage| filter.allows(&stage)).collect(),
        None => rows.collect(),
    }
}

/// A stage's row.
pub(crate) fn stage(stage: &StageStats) -> Stage {
    Stage {
        name: stage.info.name.clone(),
        state: state_name(stage.state).to_owned(),
        calls: stage.calls,
        wall_ns: stage.wall_ns,
        peak_rss_bytes: stage.peak_rss_bytes,
        avg_cpu_percent: stage.avg_cpu_percent.map(hundredths),
        shared: stage.shared,
        done: stage.progress.map(|progress| progress.done),
        total: stage.progress.map(|progress| progress.total).filter(|&total| total > 0),
        errors: stage.errors,
        open: stage.open,
    }
}

/// How a stage stands, by name.
pub(crate) fn state_name(state: StageState) -> &'static str {
    match state {
        StageState::Running => "running",
        StageState::Unfinished => "unfinished",
        StageState::Failed => "failed",
        StageState::Cancelled => "cancelled",
        StageState::Done => "done",
        StageState::Unknown => "unknown",
    }
}

fn threads(fold: &Fold, logs: &[LogFacts<'_>], open: &[open::OpenSpan]) -> Vec<Thread> {
    let mut rows = fold.calls.threads();
    // A thread that has only begun its first span is one too.
    for span in open {
        let is_known = rows.iter().any(|row| (row.log, row.thread) == (span.log, span.thread));
        if span.thread.is_some() && !is_known {
            let (totals, durations) = (Totals::default(), None);
            rows.push(GroupCalls { log: span.log, thread: span.thread, totals, durations });
        }
    }
    let row = |row: &GroupCalls| {
        let (facts, id) = (logs.get(row.log.0)?, row.thread?);
        let open = open.iter().filter(|span| span.log == row.log && span.thread == Some(id));
        Some(Thread {
            process: facts.uid.to_string(),
            id: id.0,
            // What the recorder says itself of async spans it does not say by thread.
            name: match id {
                ThreadId::RECORDER => "several".to_owned(),
                _ => facts.names.thread_name(id),
            },
            calls: row.totals.calls,
            errors: row.totals.errors + row.totals.panics,
            unknown: row.totals.unknown,
            dropped: row.totals.dropped,
            sampled: row.totals.sampled,
            open: open.count() as u64,
            busy_ns: row.totals.self_ns,
            durations: durations(row.durations),
        })
    };
    let rows = rows.iter().filter_map(row);
    match &fold.filter {
        Some(filter) => rows.filter(|thread| filter.allows(&thread)).collect(),
        None => rows.collect(),
    }
}

fn tree(fold: &Fold, open: &[open::OpenSpan]) -> Vec<Node> {
    let calls: Vec<_> =
        open.iter().filter(|span| span.row.begun).map(open::OpenSpan::call).collect();
    let tree = CallTree::new(&fold.calls, &calls);
    let spreads = NodeSpreads::of(fold, &tree);
    tree.roots().iter().map(|&root| node(fold, &tree, &spreads, root)).collect()
}

/// A node with all below it: no deeper than the tree, which has a limit.
fn node(fold: &Fold, tree: &CallTree, spreads: &NodeSpreads, index: usize) -> Node {
    let at = tree.node(index);
    let mut row = Node {
        function: at.function.0,
        name: fold.calls.info(at.function).name.clone(),
        calls: at.calls,
        total_ns: at.total_ns,
        self_ns: at.self_ns,
        open: at.open,
        open_ns: at.open_ns,
        errors: at.errors,
        sampled: at.sampled,
        children: at.children.iter().map(|&child| node(fold, tree, spreads, child)).collect(),
        ..Node::default()
    };
    spreads.add(&mut row, index);
    row
}

/// A percent to two decimals: more would be noise.
pub(crate) fn hundredths(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}

/// Wall time to the millisecond, RFC 3339.
pub(super) fn rfc3339(unix_ns: u64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(unix_ns))
        .map_or_else(|_| unix_ns.to_string(), |time| format!("{time:.3}"))
}
