//! The open stages of one process, and which of them a thread is in: the innermost one is what
//! `ferret::progress` speaks of, however deep below it is called.

use super::Progress;
use super::pace::Pace;
use crate::event::{LogTime, PathId, SpanId, ThreadId};
use crate::projections::FunctionId;
use std::collections::{BTreeMap, BTreeSet};

/// More open stages, and async spans under them, are not followed. Only a log that lost ends for
/// hours has as many.
const MAX_OPEN: usize = 65_536;
/// More async spans outside are not known as such. Servers have a hundred thousand.
const MAX_OUTSIDE: usize = 1 << 20;

/// A stage that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenStage {
    /// The stage.
    pub stage: FunctionId,
    /// Its span.
    pub span: SpanId,
    /// The thread it started on.
    pub thread: ThreadId,
    /// Its place in the call tree.
    pub path: PathId,
    /// When it started.
    pub start: LogTime,
    /// How far it has come, if it said so.
    pub progress: Option<Progress>,
    pub(super) pace: Pace,
}

#[derive(Clone, Debug, Default)]
pub(super) struct OpenStages {
    open: BTreeMap<SpanId, OpenStage>,
    /// The stage that an async span is in, or is.
    tasks: BTreeMap<SpanId, SpanId>,
    /// The async spans that are in no stage, whatever the threads that poll them are in. Not among
    /// the tasks: however many there are, those that are in a stage have room.
    outside: BTreeSet<SpanId>,
    /// For each thread the frames that brought it into a stage, and that stage; none where a poll
    /// brought it out of one. Outermost first.
    inside: BTreeMap<ThreadId, Vec<(SpanId, Option<SpanId>)>>,
}

/// Where a span starts: its thread, itself, and whether it is async.
type Place = (ThreadId, SpanId, bool);

impl OpenStages {
    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &OpenStage> {
        let mut all: Vec<_> = self.open.values().collect();
        all.sort_by_key(|open| (open.start, open.span));
        all.into_iter()
    }

    /// A stage begins.
    pub(super) fn start(
        &mut self,
        (thread, span, is_async): Place,
        stage: super::FunctionId,
        path: PathId,
        start: LogTime,
    ) {
        if self.open.len() >= MAX_OPEN {
            return;
        }
        let (progress, pace) = (None, Pace::begin(start));
        self.open.insert(span, OpenStage { stage, span, thread, path, start, progress, pace });
        if is_async {
            self.tasks.insert(span, span);
        } else {
            self.inside.entry(thread).or_default().push((span, Some(span)));
        }
    }

    /// A span under a stage begins: only an async one matters, as it may be polled anywhere.
    pub(super) fn start_under(&mut self, (thread, span, is_async): Place, parent: Option<SpanId>) {
        if !is_async || self.tasks.len() >= MAX_OPEN {
            return;
        }
        let of_parent = parent.and_then(|parent| {
            self.tasks.get(&parent).copied().or(self.open.contains_key(&parent).then_some(parent))
        });
        if let Some(stage) = of_parent.or_else(|| self.innermost(thread)) {
            self.tasks.insert(span, stage);
        }
    }

    /// An async span begins that is neither a stage nor under one.
    pub(super) fn start_outside(&mut self, span: SpanId) {
        if self.outside.len() < MAX_OUTSIDE {
            self.outside.insert(span);
        }
    }

    /// A poll begins.
    pub(super) fn enter(&mut self, thread: ThreadId, span: SpanId) {
        if let Some(&stage) = self.tasks.get(&span) {
            self.inside.entry(thread).or_default().push((span, Some(stage)));
        }
    }

    /// A poll of an async span outside begins: nothing to leave if its thread is in no stage.
    pub(super) fn enter_outside(&mut self, thread: ThreadId, span: SpanId) {
        if let Some(frames) = self.inside.get_mut(&thread).filter(|frames| !frames.is_empty()) {
            frames.push((span, None));
        }
    }

    /// A poll ends.
    pub(super) fn exit(&mut self, thread: ThreadId, span: SpanId) {
        let Some(frames) = self.inside.get_mut(&thread) else { return };
        if let Some(index) = frames.iter().rposition(|&(frame, _)| frame == span) {
            frames.remove(index);
        }
    }

    /// An async span outside ends.
    pub(super) fn end_outside(&mut self, span: SpanId) {
        self.outside.remove(&span);
    }

    /// A span ends; a stage's last progress is given back.
    pub(super) fn end(&mut self, thread: ThreadId, span: SpanId) -> Option<Progress> {
        self.tasks.remove(&span);
        let ended = self.open.remove(&span)?;
        self.exit(thread, span);
        ended.progress
    }

    /// A thread ended: what it left open stays open, but no one is inside.
    pub(super) fn thread_ended(&mut self, thread: ThreadId) {
        self.inside.remove(&thread);
    }

    /// What is known of a thread is told anew.
    pub(super) fn forget_thread(&mut self, thread: ThreadId) {
        self.inside.remove(&thread);
        let tasks = &self.tasks;
        self.open.retain(|span, stage| stage.thread != thread || tasks.contains_key(span));
    }

    /// Progress was made in `span`, which may lie deep below its stage.
    pub(super) fn progress(
        &mut self,
        (at, thread): (LogTime, ThreadId),
        span: Option<SpanId>,
        to: Progress,
    ) {
        let stage = match span {
            Some(span) => self.stage_of(span),
            None => self.innermost(thread),
        };
        if let Some(open) = stage.and_then(|stage| self.open.get_mut(&stage)) {
            open.progress = Some(to);
            open.pace.report(at, to.done);
        }
    }

    /// The stage that a span is, or is in.
    fn stage_of(&self, span: SpanId) -> Option<SpanId> {
        if self.open.contains_key(&span) {
            return Some(span);
        }
        if self.outside.contains(&span) {
            return None;
        }
        // Not of the thread that speaks: that may have a reference to the span.
        self.tasks.get(&span).copied().or_else(|| self.innermost(span.thread))
    }

    fn innermost(&self, thread: ThreadId) -> Option<SpanId> {
        self.inside.get(&thread).and_then(|frames| frames.last()).and_then(|&(_, stage)| stage)
    }
}
