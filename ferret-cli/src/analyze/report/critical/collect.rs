//! What one core finds of a critical path, and how it is put together.

use super::Stretch;
use ferret::event::{
    EndedSpan, Entry, LogEntry, LogIndex, LogTime, Names, Outcome, Part, PathId, SpanId, ThreadId,
};
use ferret::projections::{Slowest, Step};
use std::collections::{BTreeMap, BTreeSet};

/// Spans kept by a core: beyond, the shortest that are kept are taken to be twice as long.
const MOST: usize = 1 << 18;

/// What one core has seen. Of each look only one part is filled.
#[derive(Debug)]
pub(in crate::analyze) struct Core {
    pub(super) longest: Slowest,
    pub(super) frames: Vec<Frame>,
    pub(super) shortest_ns: u64,
    pub(super) parents: BTreeMap<SpanId, SpanId>,
}

impl Default for Core {
    fn default() -> Self {
        let (frames, parents) = (Vec::new(), BTreeMap::new());
        Self { longest: Slowest::new(1), frames, shortest_ns: 0, parents }
    }
}

/// A span, or a poll of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) span: SpanId,
    pub(super) path: PathId,
    pub(super) thread: ThreadId,
    pub(super) start: LogTime,
    pub(super) end: LogTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// It lies in what its thread does.
    Poll,
    /// So does this.
    Plain,
    /// It does not.
    Async,
}

impl Frame {
    pub(super) fn ns(&self) -> u64 {
        self.end.since(self.start)
    }
}

impl Core {
    /// Looks for the longest span that passes.
    pub(super) fn longest(
        &mut self,
        log: LogIndex,
        part: Part<'_>,
        passes: impl Fn(&EndedSpan) -> bool,
    ) {
        each_ended(part, |span| {
            // What a filter says costs more than to know that it does not matter.
            if self.longest.wants(span) && passes(span) {
                self.longest.offer(log, span, || None);
            }
        });
    }

    /// Collects what ran below the root while it did, and was not too short.
    pub(super) fn collect(
        &mut self,
        names: &Names,
        below: &BTreeSet<PathId>,
        root: &EndedSpan,
        shortest_ns: u64,
        part: Part<'_>,
    ) {
        self.shortest_ns = self.shortest_ns.max(shortest_ns);
        let is_async =
            |path: PathId| names.callsite_info(path).is_some_and(|info| info.kind.is_async());
        if let Part::Other(Entry { time, thread, what, .. }) = part
            && let LogEntry::Exit { span, path, busy_ns, .. } = what
        {
            let start = LogTime(time.0.saturating_sub(*busy_ns));
            let (span, path, thread, end) = (*span, *path, *thread, *time);
            // A poll of the root too: what runs in it is its child.
            if below.contains(&path) || span == root.span {
                self.keep(Frame { kind: Kind::Poll, span, path, thread, start, end });
            }
        }
        each_ended(part, |span| {
            let EndedSpan { span, path, thread, start, end, outcome, .. } = *span;
            // Nobody waits for a future that is dropped.
            let is_within = outcome != Outcome::Cancelled
                && start >= root.start
                && end <= root.end
                && below.contains(&path);
            if is_within && end.since(start) >= self.shortest_ns && span != root.span {
                let kind = if is_async(path) { Kind::Async } else { Kind::Plain };
                self.keep(Frame { kind, span, path, thread, start, end });
            }
        });
    }

    fn keep(&mut self, frame: Frame) {
        if frame.ns() < self.shortest_ns {
            return;
        }
        self.frames.push(frame);
        while self.frames.len() > MOST {
            self.shortest_ns = self.shortest_ns.saturating_mul(2);
            self.frames.retain(|frame| frame.ns() >= self.shortest_ns);
        }
    }

    /// Notes whose children these spans say they are.
    pub(super) fn parents(&mut self, spans: &BTreeSet<SpanId>, part: Part<'_>) {
        if let Part::Other(entry) = part
            && let LogEntry::SpanStart { span, parent: Some(parent), .. }
            | LogEntry::Created { span, parent: Some(parent), .. } = &entry.what
            && spans.contains(span)
        {
            self.parents.insert(*span, *parent);
        }
    }
}

fn each_ended(part: Part<'_>, mut each: impl FnMut(&EndedSpan)) {
    match part {
        Part::Spans(spans) => {
            for span in spans.ended {
                each(span);
            }
        }
        Part::Other(entry) => {
            if let Some(span) = EndedSpan::of(entry) {
                each(&span);
            }
        }
    }
}

/// The paths below one, and that one, for a function that calls itself.
pub(super) fn below(names: &Names, root: PathId) -> BTreeSet<PathId> {
    let mut below = BTreeSet::from([root]);
    // A path is numbered after its parent.
    for (&path, info) in names.paths.range(root..) {
        if below.contains(&info.parent) {
            below.insert(path);
        }
    }
    below
}

/// The root first, and the spans below it with their parents: as they said, or else the innermost that
/// their thread was in.
pub(super) fn steps(
    root: &EndedSpan,
    frames: &[Frame],
    parents: &BTreeMap<SpanId, SpanId>,
) -> Vec<Step<Frame>> {
    let EndedSpan { span, path, thread, start, end, .. } = *root;
    let what = Frame { kind: Kind::Plain, span, path, thread, start, end };
    let is_polled = frames.iter().any(|frame| frame.span == span);
    let kind = if is_polled { Kind::Async } else { Kind::Plain };
    let mut steps = vec![Step { span, parent: None, start, end, what: Frame { kind, ..what } }];
    let mut on_threads: Vec<Frame> =
        frames.iter().filter(|frame| frame.kind != Kind::Async).copied().collect();
    if !is_polled {
        on_threads.push(what);
    }
    on_threads.sort_by_key(|frame| {
        (frame.thread, frame.start, std::cmp::Reverse(frame.end), frame.kind, frame.span)
    });
    let mut open: Vec<Frame> = Vec::new();
    for frame in on_threads {
        let holds = |outer: &Frame| outer.thread == frame.thread && outer.end >= frame.end;
        while open.pop_if(|outer| !holds(outer)).is_some() {}
        if frame.kind == Kind::Plain && frame.span != root.span {
            let inside = open.last().map(|outer| outer.span);
            let parent = parents.get(&frame.span).copied().or(inside);
            let Frame { span, start, end, .. } = frame;
            steps.push(Step { span, parent, start, end, what: frame });
        }
        open.push(frame);
    }
    let asynchronous = frames.iter().filter(|frame| frame.kind == Kind::Async);
    steps.extend(asynchronous.map(|&frame| {
        let Frame { span, start, end, .. } = frame;
        Step { span, parent: parents.get(&span).copied(), start, end, what: frame }
    }));
    steps
}

/// How long a span was polled in a stretch, ns. Polls are sorted by span and start.
pub(super) fn overlap_ns(polls: &[Frame], span: SpanId, (from, to): Stretch) -> u64 {
    let first = polls.partition_point(|poll| poll.span < span);
    let own = polls[first..].iter().take_while(|poll| poll.span == span);
    own.map(|poll| poll.end.min(to).since(poll.start.max(from))).sum()
}
