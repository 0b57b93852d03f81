//! The table of processes: how each is, what it uses, when it was last heard of, and whether it has
//! done anything lately.

use super::board::{Outside, Scene};
use super::columns::{Cell, Column};
use super::headline::Tone;
use super::pick;
use super::stack_text::amount;
use super::wording::{self, Mood};
use crate::filter::Filter;
use crate::format;
use ferret::event::{EndKind, LogIndex, ProcessExit, ProcessState};
use ferret::projections::{Measure, Process};

/// The columns of the table, in order.
pub(crate) const COLUMNS: [Column; 10] = [
    Column::new("process", 18, 9),
    Column::new("pid", 7, 8),
    Column::new("state", 18, 9),
    Column::new("CPU", 7, 7),
    Column::new("RSS", 9, 6),
    Column::new("threads", 7, 2),
    Column::new("spans/s", 7, 5),
    Column::new("heard", 8, 4),
    Column::new("idle", 7, 3),
    Column::new("lived", 8, 1),
];

/// Unless the user says otherwise, ns.
pub(crate) const ZOMBIE_AFTER_NS: u64 = 60_000_000_000;

/// The processes that pass the filter in the order of the table: those that live, then the others, as
/// they began.
pub(crate) fn order(scene: &Scene, filter: Option<&Filter>) -> Vec<LogIndex> {
    let mut all: Vec<_> = scene.board.processes.iter().collect();
    all.retain(|(log, _)| filter.is_none_or(|filter| pick::process(filter, scene, *log)));
    all.sort_by_key(|(log, process)| (!scene.state(*log).is_live(), process.began(), *log));
    all.into_iter().map(|(log, _)| log).collect()
}

/// How long a process has done nothing, ns; none while a span is open, or it has ended. A worker that
/// runs a span may wait in it as long as it likes.
pub(crate) fn idle_ns(scene: &Scene, log: LogIndex) -> Option<u64> {
    let live = scene.board.live.process(log);
    let open = live.map_or(0, |live| live.open_spans() + live.unpolled());
    if open > 0 || !scene.state(log).is_live() {
        return None;
    }
    let since = scene.process(log)?.quiet_since()?;
    let outside = scene.board.logs.get(log.0).and_then(|file| file.outside);
    let works = outside.and_then(|outside| outside.cpu_percent);
    let works = works.is_some_and(|cpu| cpu >= Process::BUSY_PERCENT);
    (!works).then(|| scene.now.since(since))
}

/// How long ago a process that lives reported its CPU and memory, ns.
pub(crate) fn heard_ns(scene: &Scene, log: LogIndex) -> Option<u64> {
    let heard = scene.process(log)?.last_metric.filter(|_| scene.state(log).is_live());
    heard.map(|at| scene.now.since(at))
}

/// A process's row.
pub(crate) fn cells(scene: &Scene, log: LogIndex, zombie_after_ns: u64) -> Vec<Cell> {
    let Some(process) = scene.process(log) else { return Vec::new() };
    let state = scene.state(log);
    let idle_ns = idle_ns(scene, log);
    let is_zombie = idle_ns.is_some_and(|idle| idle >= zombie_after_ns);
    let outside = scene.board.logs.get(log.0).and_then(|file| file.outside);
    let pid = process.start.as_ref().map(|start| start.pid.to_string());
    let heard_ns = heard_ns(scene, log);
    let rate = if state.is_live() { process.spans_per_second(scene.now) } else { 0.0 };
    let lived = process.began().map(|began| scene.moment(log).since(began));
    let silent = Tone::Mood(if state == ProcessState::Stalled { Mood::Warn } else { Mood::Plain });
    let idle = if is_zombie { Tone::Mood(Mood::Warn) } else { Tone::Faint };
    vec![
        Cell::toned(process.name(), Tone::Name),
        Cell::plain(pid.unwrap_or_default()),
        state_cell(process, state, outside, is_zombie),
        usage(scene, log, Measure::Cpu, outside),
        usage(scene, log, Measure::Rss, outside),
        usage(scene, log, Measure::Threads, None),
        if rate > 0.0 { Cell::plain(format::short_rate(rate)) } else { Cell::faint("–") },
        heard_ns.map_or(Cell::faint("–"), |ns| Cell::toned(format::age(ns), silent)),
        idle_ns.map_or(Cell::faint("–"), |ns| Cell::toned(format::age(ns), idle)),
        Cell::faint(lived.map(format::age).unwrap_or_default()),
    ]
}

/// The state in a few words: `running`, `running, zombie`, `stalled, suspended`, `exited 3`.
fn state_cell(
    process: &Process,
    state: ProcessState,
    outside: Option<Outside>,
    is_zombie: bool,
) -> Cell {
    let is_suspended = state.is_live() && outside.is_some_and(|outside| outside.suspended);
    let more = match (process.exit, process.end.map(|end| end.how)) {
        (Some(ProcessExit::Signal(n)), _) | (None, Some(EndKind::Signal(n))) => {
            signal_hook::low_level::signal_name(n).map(str::to_owned)
        }
        (Some(ProcessExit::Code(n)), _) | (None, Some(EndKind::Exited(Some(n)))) => {
            Some(format!("code {n}"))
        }
        _ if is_suspended => Some("suspended".to_owned()),
        _ if is_zombie => Some("zombie".to_owned()),
        _ => None,
    };
    let mood = if is_zombie || is_suspended { Mood::Warn } else { wording::mood(state) };
    let text = more.map_or_else(|| state.to_string(), |more| format!("{state}, {more}"));
    Cell::toned(text, Tone::Mood(mood))
}

/// What the process says that it uses; where it is silent, what the system says, with a mark.
fn usage(scene: &Scene, log: LogIndex, of: Measure, outside: Option<Outside>) -> Cell {
    let series = scene.board.metrics.series(log);
    if let Some(value) = series.and_then(|series| series.current(of, scene.now)) {
        return Cell::plain(amount(of, value) + " ");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let seen = outside.and_then(|outside| match of {
        Measure::Cpu => outside.cpu_percent,
        Measure::Rss => Some(outside.rss_bytes as f64),
        Measure::Threads | Measure::OpenSpans | Measure::OpenTasks => None,
    });
    match seen.filter(|_| scene.state(log).is_live()) {
        Some(value) => Cell::toned(amount(of, value) + "*", Tone::Mood(Mood::Warn)),
        None => Cell::faint("– "),
    }
}

/// What the table's title says on the right; shorter where it is not `wide`.
pub(crate) fn note(scene: &Scene, wide: bool) -> String {
    let all = scene.board.processes.iter();
    let count = all.len();
    let live = all.filter(|(log, _)| scene.state(*log).is_live()).count();
    let is_seen = |log: LogIndex| {
        let outside = scene.board.logs.get(log.0).and_then(|file| file.outside);
        let series = scene.board.metrics.series(log);
        let says = series.and_then(|series| series.current(Measure::Rss, scene.now));
        outside.is_some() && says.is_none() && scene.state(log).is_live()
    };
    let seen = wide && scene.board.processes.iter().any(|(log, _)| is_seen(log));
    let seen = if seen { "  * read from outside" } else { "" };
    format!("{live} of {count} running{seen}")
}

#[cfg(test)]
#[path = "processes_tests.rs"]
mod tests;
