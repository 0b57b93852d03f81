//! Processes that are silent, in which nothing moves, that lost spans, or whose clock has jumped.

use super::super::board::Scene;
use super::super::wording;
use super::{Kind, Limits, Warning, of};
use crate::format;
use ferret::event::{LogIndex, ProcessState, ThreadId};
use ferret::projections::{LiveProcess, Process};

/// A jump of the clock is told for so long, ns.
const JUMP_NS: u64 = 60_000_000_000;
/// Threads that are named.
const NAMED: usize = 4;

pub(super) fn find(
    scene: &Scene,
    log: LogIndex,
    process: &Process,
    limits: Limits,
) -> Vec<Warning> {
    let found = [
        silent(scene, log, process),
        stuck(scene, log, process, limits),
        dropped(scene, log, process),
        clock(scene, log, process),
    ];
    found.into_iter().flatten().collect()
}

fn silent(scene: &Scene, log: LogIndex, process: &Process) -> Option<Warning> {
    if scene.state(log) != ProcessState::Stalled {
        return None;
    }
    let pid = process.start.as_ref().map_or(0, |start| start.pid);
    let outside = scene.board.logs.get(log.0).and_then(|file| file.outside);
    let ns = process.last_metric.or(process.began()).map_or(0, |at| scene.now.since(at));
    let what = format!("{}nothing has been heard for {}", of(scene, process), format::age(ns));
    let look = match outside {
        Some(outside) if outside.suspended => {
            format!("a signal has stopped it: kill -CONT {pid} lets it go on")
        }
        _ => "it is starved of CPU, swapped out, or stopped; its threads may go on: view 5"
            .to_owned(),
    };
    Some(Warning { kind: Kind::Silent, log, what, look })
}

fn stuck(scene: &Scene, log: LogIndex, process: &Process, limits: Limits) -> Option<Warning> {
    let live = scene.board.live.process(log).filter(|live| live.open_spans() > 0)?;
    if scene.state(log) != ProcessState::Running {
        return None;
    }
    let ns = scene.now.since(process.quiet_since()?);
    let outside = scene.board.logs.get(log.0).and_then(|file| file.outside);
    let cpu = outside.and_then(|outside| outside.cpu_percent);
    if ns < limits.stuck_ns || cpu.is_some_and(|cpu| cpu >= Process::BUSY_PERCENT) {
        return None;
    }
    let age = format::age(ns);
    let what = format!(
        "{}nothing has moved for {age} and no CPU is used: it waits, or is deadlocked",
        of(scene, process)
    );
    Some(Warning { kind: Kind::Stuck, log, what, look: innermost(scene, log, live) })
}

/// What each thread has innermost, and how many tasks wait.
fn innermost(scene: &Scene, log: LogIndex, live: &LiveProcess) -> String {
    let names = scene.names(log);
    let in_thread = |(id, frames): (ThreadId, &[ferret::projections::OpenFrame])| {
        let frame = frames.last()?;
        Some(format!("{}: {}", names.thread_name(id), names.span_name(frame.path)))
    };
    let mut threads = live.threads().filter_map(|(id, thread)| in_thread((id, &thread.frames)));
    let mut all: Vec<String> = threads.by_ref().take(NAMED).collect();
    let more = threads.count();
    all.extend((more > 0).then(|| format!("{more} more threads")));
    let waiting = live.tasks().filter(|(_, task)| task.polled.is_none());
    let mut waiting = waiting.map(|(_, task)| names.span_name(task.path));
    if let Some(first) = waiting.next() {
        let tasks = 1 + waiting.count();
        all.push(if tasks == 1 {
            format!("{first} waits")
        } else {
            format!("{tasks} tasks wait, {first} first")
        });
    }
    all.join(" · ")
}

fn dropped(scene: &Scene, log: LogIndex, process: &Process) -> Option<Warning> {
    (process.dropped > 0).then(|| Warning {
        kind: Kind::Dropped,
        log,
        what: format!(
            "{}{} spans were lost: the recorder had no room for them",
            of(scene, process),
            format::count(process.dropped)
        ),
        look: "a larger buffer_bytes in ferret::Options, or fewer annotations where calls take nanoseconds"
            .to_owned(),
    })
}

fn clock(scene: &Scene, log: LogIndex, process: &Process) -> Option<Warning> {
    let (at, jump_ns) = process.clock_jump?;
    if scene.now.since(at) > JUMP_NS {
        return None;
    }
    let sign = if jump_ns < 0 { "back" } else { "on" };
    Some(Warning {
        kind: Kind::Clock,
        log,
        what: format!(
            "{}the clock jumped {sign} by {} at {}",
            of(scene, process),
            format::duration(jump_ns.unsigned_abs()),
            wording::time_of_day(scene, log, at).trim()
        ),
        look: "times across that are not to be trusted".to_owned(),
    })
}
