//! The open spans of a snapshot.

use super::uid;
use crate::filter::Filter;
use crate::tui::board::Scene;
use crate::tui::pick;
use ferret::event::{LogIndex, LogTime, Names, PathId, SpanId, TagValue, ThreadId};
use ferret::projections::{LiveProcess, LiveThread, Said, Task};
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
    let passes = |task: &Task| filter.is_none_or(|filter| pick::task(filter, scene, log, task));
    for (span, task) in live.tasks().filter(|(_, task)| task.polled.is_none() && passes(task)) {
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
        let module = names.callsite_info(of.path).map(|info| info.module.clone());
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
