//! What a filter lets through: a thread or task if one of its open spans passes, a happening if it
//! does itself. What cannot be told of a span, such as the outcome of an open one, lets none pass.

use super::board::Scene;
use crate::analyze::SpanSubject;
use crate::filter::Filter;
use ferret::event::{LogIndex, LogTime, PathId, ThreadId};
use ferret::projections::{Happening, LiveThread, News, Task};

/// Whether an open span of this thread passes.
pub(crate) fn thread(
    filter: &Filter,
    scene: &Scene,
    log: LogIndex,
    id: ThreadId,
    thread: &LiveThread,
) -> bool {
    let mut frames = thread.frames.iter();
    frames.any(|frame| open(filter, scene, log, Some(id), frame.path, frame.since))
}

/// Whether an open async span passes.
pub(crate) fn task(filter: &Filter, scene: &Scene, log: LogIndex, task: &Task) -> bool {
    let thread = task.polled.map(|(thread, _)| thread);
    open(filter, scene, log, thread, task.path, task.since)
}

/// Whether something that happened passes. News of a process is of no span, and always does.
pub(crate) fn happening(filter: &Filter, scene: &Scene, row: &Happening) -> bool {
    let News::Spans(ended) = &row.what else { return true };
    let subject = SpanSubject {
        names: scene.names(row.log),
        processes: &scene.board.processes,
        log: row.log,
        path: ended.path,
        thread: row.thread,
        dur_ns: Some(ended.longest_ns),
        outcome: Some(ended.outcome),
    };
    filter.test(&subject) == Some(true)
}

fn open(
    filter: &Filter,
    scene: &Scene,
    log: LogIndex,
    thread: Option<ThreadId>,
    path: PathId,
    since: LogTime,
) -> bool {
    let subject = SpanSubject {
        names: scene.names(log),
        processes: &scene.board.processes,
        log,
        path,
        thread,
        dur_ns: Some(scene.moment(log).since(since)),
        outcome: None,
    };
    filter.test(&subject) == Some(true)
}
