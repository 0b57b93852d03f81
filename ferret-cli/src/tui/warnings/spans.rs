//! Spans that are open for much longer than their like, and polls that never end.

use super::super::board::Scene;
use super::{Kind, Limits, Warning, of};
use crate::format;
use ferret::event::{LogIndex, LogTime, PathId, ThreadId};
use ferret::projections::{DurationStats, FunctionId, LiveThread, Process};
use std::collections::BTreeMap;

/// What is usual of a function is known from so many calls on.
const LEAST_CALLS: u64 = 20;
/// What is open for less is not overdue, whatever is usual, ns.
const LEAST_NS: u64 = 1_000_000_000;
/// Names of a stack that are told, the innermost.
const STACK: usize = 4;

/// An open span that is overdue.
struct Overdue {
    since: LogTime,
    path: PathId,
    /// Of one that waits there is none.
    thread: Option<ThreadId>,
    /// What is usual; none where a limit was set.
    p99_ns: Option<u64>,
    /// How many of this function are.
    count: usize,
}

/// What is usual, by function; looked up once each.
struct Usual<'a> {
    scene: &'a Scene<'a>,
    known: BTreeMap<FunctionId, Option<DurationStats>>,
}

impl Usual<'_> {
    fn p99_ns(&mut self, log: LogIndex, path: PathId) -> Option<u64> {
        let calls = &self.scene.whole().calls;
        let function = calls.function_of(log, path)?;
        let stats = self.known.entry(function).or_insert_with(|| {
            calls.stats(function).filter(|(count, _)| *count >= LEAST_CALLS).map(|(_, stats)| stats)
        });
        stats.map(|stats| stats.p99_ns)
    }
}

pub(super) fn find(
    scene: &Scene,
    log: LogIndex,
    process: &Process,
    limits: Limits,
) -> Vec<Warning> {
    let Some(live) = scene.board.live.process(log) else { return Vec::new() };
    let mut usual = Usual { scene, known: BTreeMap::new() };
    let mut overdue: BTreeMap<PathId, Overdue> = BTreeMap::new();
    let mut found = Vec::new();
    let now = scene.moment(log);
    let mut add = |path: PathId, since: LogTime, thread: Option<ThreadId>| {
        let open_ns = now.since(since);
        let p99_ns = usual.p99_ns(log, path);
        let is_set = limits.open_ns.is_some_and(|limit| open_ns >= limit);
        let learned = p99_ns.map(|p99| p99.saturating_mul(limits.factor).max(LEAST_NS));
        let is_late = learned.is_some_and(|limit| open_ns >= limit);
        if !is_set && !is_late {
            return false;
        }
        let p99_ns = p99_ns.filter(|_| is_late);
        let first =
            overdue.entry(path).or_insert(Overdue { since, path, thread, p99_ns, count: 0 });
        first.count += 1;
        if since < first.since {
            (first.since, first.thread, first.p99_ns) = (since, thread, p99_ns);
        }
        true
    };
    for (id, thread) in live.threads() {
        // The innermost that is late is where it hangs.
        for frame in thread.frames.iter().rev() {
            if !frame.is_poll && add(frame.path, frame.since, Some(id)) {
                break;
            }
        }
        found.extend(blocks(scene, log, process, (id, thread), limits));
    }
    for (_, task) in live.tasks().filter(|(_, task)| task.begun) {
        add(task.path, task.since, task.polled.map(|(thread, _)| thread));
    }
    let mut overdue: Vec<Overdue> = overdue.into_values().collect();
    overdue.sort_by_key(|overdue| overdue.since);
    found.extend(overdue.iter().map(|overdue| told(scene, log, process, overdue)));
    found
}

/// A poll that goes on.
fn blocks(
    scene: &Scene,
    log: LogIndex,
    process: &Process,
    (id, thread): (ThreadId, &LiveThread),
    limits: Limits,
) -> Option<Warning> {
    let now = scene.moment(log);
    // The outermost: those inside it are part of it.
    let index = thread.frames.iter().position(|frame| frame.is_poll)?;
    let poll = &thread.frames[index];
    let ns = now.since(poll.since);
    if ns < limits.poll_ns {
        return None;
    }
    let names = scene.names(log);
    let inside = thread.frames.last().filter(|frame| frame.span != poll.span);
    let inside = inside.map_or_else(String::new, |frame| {
        format!(
            ", innermost {} for {}",
            names.span_name(frame.path),
            format::age(now.since(frame.since))
        )
    });
    Some(Warning {
        kind: Kind::Blocks,
        log,
        what: format!(
            "{}a poll of {} goes on for {}: what waits for {} does so meanwhile",
            of(scene, process),
            names.span_name(poll.path),
            format::age(ns),
            names.thread_name(id)
        ),
        look: format!("{}{inside}", place(scene, log, poll.path)),
    })
}

fn told(scene: &Scene, log: LogIndex, process: &Process, overdue: &Overdue) -> Warning {
    let names = scene.names(log);
    let age = format::age(scene.moment(log).since(overdue.since));
    let times = if overdue.count > 1 { format!(" ×{}", overdue.count) } else { String::new() };
    let usual = overdue.p99_ns.map_or_else(String::new, |p99_ns| {
        format!(", 99 of 100 took {} at most", format::duration(p99_ns))
    });
    let name = names.span_name(overdue.path);
    let what = format!("{}{name}{times} is open for {age}{usual}", of(scene, process));
    let thread = overdue.thread.map_or_else(|| "it waits".to_owned(), |id| names.thread_name(id));
    let look = format!("{thread}: {}", place(scene, log, overdue.path));
    Warning { kind: Kind::Overdue, log, what, look }
}

/// Where a span is: its callers, and its place in the source.
fn place(scene: &Scene, log: LogIndex, path: PathId) -> String {
    let names = scene.names(log);
    let mut stack = Vec::new();
    let mut at = Some(path);
    while let Some(path) = at.filter(|path| *path != PathId::ROOT && stack.len() < STACK) {
        stack.push(names.span_name(path));
        at = names.paths.get(&path).map(|info| info.parent);
    }
    stack.reverse();
    let source = names.callsite_info(path).filter(|info| !info.file.is_empty());
    let source = source.map_or_else(String::new, |info| format!("  {}:{}", info.file, info.line));
    format!("{}{source}", stack.join(" › "))
}
