//! What is open in a worker, as `/api/stack` tells it: by thread, and the tasks.

use super::worker::Worker;
use crate::analyze::kind;
use ferret::event::{CallsiteKind, LogTime, Names, PathId};
use ferret::projections::Said;
use serde::Serialize;
use std::collections::BTreeMap;

/// The open spans of one worker.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Stack {
    pub(crate) threads: Vec<Thread>,
    pub(crate) tasks: Vec<Frame>,
}

/// The open spans of one thread, outermost first.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Thread {
    id: u32,
    pub(crate) name: String,
    hidden: u32,
    pub(crate) frames: Vec<Frame>,
}

/// An open span.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Frame {
    pub(crate) name: String,
    pub(crate) module: String,
    pub(crate) file: String,
    line: u32,
    pub(crate) kind: &'static str,
    pub(crate) since_ms: Option<u64>,
    pub(crate) age_ns: u64,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) done: Option<u64>,
    pub(crate) total: Option<u64>,
    waits: bool,
    under: Option<String>,
}

/// What is looked at.
struct Looking<'a> {
    worker: &'a Worker,
    names: &'a Names,
    now: LogTime,
}

impl Stack {
    /// What is open in `worker` at `now`; at its end, if it has ended.
    pub(crate) fn of(worker: &Worker, now: LogTime) -> Self {
        if let Some(last) = &worker.last_stack {
            return last.clone();
        }
        let (Some(tail), Some(live)) = (worker.tail(), worker.live()) else {
            return Self::default();
        };
        let process = worker.process();
        let now = process.map_or(now, |process| {
            let state = worker.process_state(now);
            process.known_until(state, now)
        });
        let looking = Looking { worker, names: tail.names(), now };
        let threads = live.threads().filter(|(_, thread)| !thread.frames.is_empty());
        let threads = threads.map(|(id, thread)| Thread {
            id: id.0,
            name: looking.names.thread_name(id),
            hidden: thread.hidden,
            frames: thread
                .frames
                .iter()
                .map(|frame| looking.frame(frame.path, frame.since, &frame.said))
                .collect(),
        });
        let tasks = live.tasks().map(|(_, task)| Frame {
            waits: task.polled.is_none(),
            under: live.parent_name(looking.names, task.path, task.parent).map(str::to_owned),
            ..looking.frame(task.path, task.since, &task.said)
        });
        Self { threads: threads.collect(), tasks: tasks.collect() }
    }

    /// The outermost span of a worker that has been open longest.
    pub(crate) fn outermost(worker: &Worker, now: LogTime) -> Option<Frame> {
        let (tail, live) = (worker.tail()?, worker.live()?);
        let looking = Looking { worker, names: tail.names(), now };
        let threads = live.threads().filter_map(|(_, thread)| thread.frames.first());
        let threads = threads.map(|frame| (frame.since, frame.path, &frame.said));
        let tasks = live.tasks().map(|(_, task)| (task.since, task.path, &task.said));
        let (since, path, said) = threads.chain(tasks).min_by_key(|(since, ..)| *since)?;
        Some(looking.frame(path, since, said))
    }

    /// Keeps so many frames and tasks; says how many were left out.
    pub(crate) fn cut(&mut self, limit: usize) -> usize {
        let (before, mut left) = (self.count(), limit);
        for thread in &mut self.threads {
            thread.frames.truncate(left);
            left -= thread.frames.len();
        }
        self.threads.retain(|thread| !thread.frames.is_empty());
        self.tasks.truncate(left);
        before - self.count()
    }

    /// How many frames and tasks there are.
    pub(crate) fn count(&self) -> usize {
        self.threads.iter().map(|thread| thread.frames.len()).sum::<usize>() + self.tasks.len()
    }
}

impl Looking<'_> {
    fn frame(&self, path: PathId, since: LogTime, said: &Said) -> Frame {
        let info = self.names.callsite_info(path);
        let tags = said
            .tags
            .iter()
            .map(|(key, value)| (self.names.callsite_name(*key).to_owned(), value.to_string()));
        Frame {
            name: self.names.span_name(path).to_owned(),
            module: info.map(|info| info.module.clone()).unwrap_or_default(),
            file: info.map(|info| info.file.clone()).unwrap_or_default(),
            line: info.map_or(0, |info| info.line),
            kind: kind(info.map_or(CallsiteKind::Function, |info| info.kind)),
            since_ms: self.worker.unix_ms(since),
            age_ns: self.now.since(since),
            tags: tags.collect(),
            done: said.progress.map(|(done, _)| done),
            total: said.progress.map(|(_, total)| total).filter(|total| *total > 0),
            waits: false,
            under: None,
        }
    }
}
