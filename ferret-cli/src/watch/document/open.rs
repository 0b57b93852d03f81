//! The open spans of a snapshot.

use super::uid;
use crate::filter::Filter;
use crate::tui::board::Scene;
use crate::tui::pick;
use ferret::event::{LogIndex, LogTime, Names, PathId, SpanId, TagValue, ThreadId};
use ferret::projections::{LiveProcess, LiveThread, Parent, Said, Task};
use serde::Serialize;
use std::collections::BTreeMap;

/// An open span.
#[derive(Debug, Serialize)]
pub(super) struct Open {
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
    /// False of a future that has not been polled yet.
    begun: bool,
    /// Null while an async span is polled, and of what is not async.
    waits_ns: Option<u64>,
    /// Of an async span.
    polls: Option<u64>,
    busy_ns: Option<u64>,
    /// The function of its parent, where that is not the span above it.
    under: Option<String>,
    #[serde(flatten)]
    said: SaidRow,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct SaidRow {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, TagValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// The open spans of a process: thread by thread, outermost first, then the async spans that no
/// thread polls now.
pub(super) fn open(scene: &Scene, filter: Option<&Filter>, log: LogIndex) -> Vec<Open> {
    let Some(live) = scene.board.live.process(log) else { return Vec::new() };
    let place = Place { scene, log, live, moment: scene.moment(log) };
    let mut open = Vec::new();
    let passes = |id, thread: &LiveThread| {
        filter.is_none_or(|filter| pick::thread(filter, scene, log, id, thread))
    };
    for (id, thread) in live.threads().filter(|(id, thread)| passes(*id, thread)) {
        let mut task = None;
        for (index, frame) in thread.frames.iter().enumerate() {
            let asynchronous = live.task(frame.span).filter(|_| frame.is_poll);
            if asynchronous.is_some() {
                task = Some(frame.span);
            }
            let since = asynchronous.map_or(frame.since, |task| task.since);
            let said = asynchronous.map_or(&frame.said, |task| &task.said);
            let (path, depth) = (frame.path, thread.hidden as usize + index);
            let parent = live.parent_of(thread, index);
            let span = Span { id: frame.span, path, since, parent, depth, asynchronous };
            open.push(place.row(Some(id), task, &span, said));
        }
    }
    let passes = |task: &Task| filter.is_none_or(|filter| pick::task(filter, scene, log, task));
    for (span, task) in live.tasks().filter(|(_, task)| task.polled.is_none() && passes(task)) {
        let (path, since) = (task.path, task.since);
        let parent = Parent { span: task.parent, is_elsewhere: true };
        let of = Span { id: span, path, since, parent, depth: 0, asynchronous: Some(task) };
        open.push(place.row(None, Some(span), &of, &task.said));
    }
    open
}

/// An open span before it is worded.
struct Span<'a> {
    id: SpanId,
    path: PathId,
    since: LogTime,
    parent: Parent,
    depth: usize,
    /// What more there is of an async one.
    asynchronous: Option<&'a Task>,
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
        let module = names.callsite_info(of.path).map(|info| info.module.clone());
        let elsewhere = of.parent.span.filter(|_| of.parent.is_elsewhere);
        Open {
            process: uid(self.scene, self.log),
            thread: thread.map(|id| names.thread_name(id)),
            task: task.filter(|task| self.live.task(*task).is_some()).map(|task| task.to_string()),
            span: of.id.to_string(),
            parent: of.parent.span.map(|parent| parent.to_string()),
            name: names.span_name(of.path).to_owned(),
            module,
            age_ns: self.moment.since(of.since),
            depth: of.depth,
            begun: of.asynchronous.is_none_or(|task| task.begun),
            waits_ns: of
                .asynchronous
                .filter(|task| task.polled.is_none())
                .map(|task| self.moment.since(task.waits_since)),
            polls: of.asynchronous.map(|task| task.polls),
            busy_ns: of.asynchronous.map(|task| task.busy_ns),
            under: self.live.parent_name(names, of.path, elsewhere).map(str::to_owned),
            said: said_row(names, said),
        }
    }
}

pub(super) fn said_row(names: &Names, said: &Said) -> SaidRow {
    let tags = said.tags.iter();
    SaidRow {
        tags: tags
            .map(|(key, value)| (names.callsite_name(*key).to_owned(), value.clone()))
            .collect(),
        done: said.progress.map(|(done, _)| done),
        total: said.progress.map(|(_, total)| total),
    }
}
