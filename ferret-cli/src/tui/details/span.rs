//! What is known of one span, in sentences.

use super::super::board::Scene;
use super::super::wording;
use super::Target;
use crate::format;
use ferret::event::{LogIndex, LogTime, Names, PathId, SpanId, ThreadId};
use ferret::projections::{News, Task};

/// Functions above a span that are named, outermost and innermost ones.
const OUTERMOST: usize = 3;
const INNERMOST: usize = 12;

/// What is known of the span that a page is about; none if it is about none, or nothing is any more.
pub(super) fn facts(scene: &Scene, target: Target) -> Option<Vec<String>> {
    match target {
        Target::Function(_) | Target::Stage(_) | Target::StageAt(_) => None,
        Target::Frame(log, thread, span) => frame(scene, log, thread, span),
        Target::Task(log, span) => task(scene, log, span),
        Target::Ended(number) => ended(scene, number),
    }
}

fn frame(scene: &Scene, log: LogIndex, id: ThreadId, span: SpanId) -> Option<Vec<String>> {
    let live = scene.board.live.process(log)?;
    let frames = &live.thread(id)?.frames;
    let frame = frames.iter().rfind(|frame| frame.span == span)?;
    if let Some(task) = live.task(span).filter(|_| frame.is_poll) {
        return Some(of_task(scene, log, task));
    }
    let names = scene.names(log);
    let place = place(scene, log, &names.thread_name(id));
    let opened = format!("{} on {place}", opened(scene, log, frame.since));
    Some(vec![opened, wording::said(names, &frame.said), under(names, frame.path)])
}

fn task(scene: &Scene, log: LogIndex, span: SpanId) -> Option<Vec<String>> {
    let live = scene.board.live.process(log)?;
    Some(of_task(scene, log, live.task(span)?))
}

fn of_task(scene: &Scene, log: LogIndex, task: &Task) -> Vec<String> {
    let (names, now) = (scene.names(log), scene.moment(log));
    let does = match task.polled {
        Some((thread, since)) => {
            let place = place(scene, log, &names.thread_name(thread));
            format!("runs on {place} for {}", format::age(now.since(since)))
        }
        None if task.begun => format!("waits for {}", format::age(now.since(task.waits_since))),
        None => "not polled yet".to_owned(),
    };
    let polls = if task.polls == 1 { "poll" } else { "polls" };
    let polls = format!(
        "{} {polls} that took {} in all",
        format::count(task.polls),
        format::duration(task.busy_ns)
    );
    let opened = format!("{}, {does}", opened(scene, log, task.since));
    vec![opened, polls, wording::said(names, &task.said), under(names, task.path)]
}

/// `open for 3.4 s, since 14:03:10.123`; of a program that has ended, until its end.
fn opened(scene: &Scene, log: LogIndex, since: LogTime) -> String {
    let age = format::age(scene.moment(log).since(since));
    let at = wording::time_of_day(scene, log, since);
    let lives = scene.state(log).is_live();
    let how = if lives { "open for" } else { "never ended, open for" };
    format!("{how} {age}, since {}", at.trim())
}

fn ended(scene: &Scene, number: u64) -> Option<Vec<String>> {
    let row = scene.board.recent.row(number)?;
    let News::Spans(ended) = &row.what else { return None };
    let names = scene.names(row.log);
    let told = wording::told(scene, row);
    let at = wording::time_of_day(scene, row.log, row.time);
    let how = if told.outcome.is_empty() { "ok" } else { told.outcome };
    let first = if ended.count == 1 {
        format!("ended {how} at {} after {}, on {}", at.trim(), told.took, told.thread)
    } else {
        let count = format::count(ended.count);
        let first = told.time.trim();
        format!("{count} ended {how} from {first} to {}, on {}", at.trim(), told.thread)
    };
    Some(vec![first, told.detail, under(names, ended.path)])
}

/// A thread, with its process where there are several.
fn place(scene: &Scene, log: LogIndex, thread: &str) -> String {
    let several = scene.board.processes.iter().len() > 1;
    match scene.process(log).filter(|_| several) {
        Some(process) => format!("{thread} of {}", wording::process_name(process, true)),
        None => thread.to_owned(),
    }
}

/// What it was called by, from the outermost in.
fn under(names: &Names, path: PathId) -> String {
    let mut above = Vec::new();
    let mut at = names.paths.get(&path).map_or(PathId::ROOT, |info| info.parent);
    // A path is numbered after its parent: a damaged log that says otherwise ends the climb.
    while let Some(info) = names.paths.get(&at).filter(|info| info.parent < at) {
        above.push(names.span_name(at));
        at = info.parent;
    }
    above.reverse();
    if above.is_empty() {
        return "called by no other span".to_owned();
    }
    if above.len() > OUTERMOST + INNERMOST {
        above.drain(OUTERMOST..above.len() - INNERMOST);
        above.insert(OUTERMOST, "…");
    }
    format!("under {}", above.join(" › "))
}
