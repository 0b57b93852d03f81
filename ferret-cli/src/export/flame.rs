//! A flame chart as `ferret serve` answers with it: what each thread did, slice by slice. Of more slices than are asked
//! for the longest are kept.

use super::follow::Follow;
use super::part::Bounds;
use super::reading::{BySpan, Read, Told};
use super::timeline::Timeline;
use crate::analyze::name_of;
use ferret::event::{Entry, LogEntry, LogIndex, LogTime, Names, PathId, SpanId, ThreadId};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::{self, Write};

/// The chart so far.
#[derive(Debug)]
pub(super) struct Flame {
    timeline: Timeline,
    follow: Follow,
    bounds: Bounds,
    limit: usize,
    /// The longest, the shortest of them first.
    kept: BinaryHeap<Reverse<Kept>>,
    left_out: u64,
}

/// A slice, and where it lies. By length first, then as it came.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    ns: u64,
    number: u64,
    thread: ThreadId,
    path: PathId,
    depth: usize,
    start: LogTime,
    outcome: &'static str,
    open: bool,
}

#[derive(Debug, Serialize)]
struct Chart<'a> {
    format: u32,
    kind: &'static str,
    now_ms: u64,
    from_ms: u64,
    to_ms: u64,
    worker: String,
    left_out: u64,
    lanes: Vec<Lane<'a>>,
}

#[derive(Debug, Serialize)]
struct Lane<'a> {
    thread: String,
    slices: Vec<Slice<'a>>,
}

#[derive(Debug, Serialize)]
struct Slice<'a> {
    name: &'a str,
    depth: usize,
    /// Below zero of what began before the window.
    at_ns: i64,
    ns: u64,
    outcome: &'static str,
    open: bool,
}

impl Flame {
    pub(super) fn new(timeline: Timeline, follow: Follow, bounds: Bounds, limit: usize) -> Self {
        Self { timeline, follow, bounds, limit, kept: BinaryHeap::new(), left_out: 0 }
    }

    fn keep(&mut self, slice: Kept) {
        self.kept.push(Reverse(slice));
        if self.kept.len() > self.limit {
            self.kept.pop();
            self.left_out += 1;
        }
    }

    /// How deep the frame of a span lies on its thread; what is hidden below counts too.
    fn depth(&self, log: LogIndex, thread: ThreadId, span: SpanId) -> usize {
        let stack = self.follow.live.process(log).and_then(|live| live.thread(thread));
        let Some(stack) = stack else { return 0 };
        let hidden = usize::try_from(stack.hidden).unwrap_or(0);
        let at = stack.frames.iter().rposition(|frame| frame.span == span);
        hidden + at.unwrap_or(stack.frames.len())
    }

    fn ended(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        let (span, path, start, outcome) = match entry.what {
            // An async span is at work only in its polls.
            LogEntry::SpanEnd { span, path, start, outcome, .. }
                if names.callsite_info(path).is_none_or(|info| !info.kind.is_async()) =>
            {
                (span, path, start, name_of(outcome))
            }
            LogEntry::Exit { span, path, busy_ns, .. } => {
                (span, path, LogTime(entry.time.0.saturating_sub(busy_ns)), "ok")
            }
            _ => return,
        };
        if !self.follow.counts(log, names, entry) {
            return;
        }
        self.follow.told.spans += 1;
        self.keep(Kept {
            ns: entry.time.since(start),
            number: self.follow.told.spans,
            thread: entry.thread,
            path,
            depth: self.depth(log, entry.thread, span),
            start,
            outcome,
            open: false,
        });
    }

    fn keep_open(&mut self, read: &Read<'_>, log: LogIndex) {
        let end = self.follow.end(read, log);
        let open = self.follow.open(read, log).filter(|open| open.passes);
        let open = open.filter_map(|open| {
            let (thread, start) = (open.thread?, open.poll.unwrap_or(open.since));
            Some((thread, open.span, open.path, start))
        });
        for (thread, span, path, start) in open.collect::<Vec<_>>() {
            self.follow.told.open += 1;
            self.keep(Kept {
                ns: end.since(start),
                number: self.follow.told.spans + self.follow.told.open,
                thread,
                path,
                depth: self.depth(log, thread, span),
                start,
                outcome: "open",
                open: true,
            });
        }
    }

    fn lanes<'a>(&mut self, names: &'a Names, log: LogIndex) -> Vec<Lane<'a>> {
        let mut lanes: BTreeMap<ThreadId, Vec<Slice<'a>>> = BTreeMap::new();
        for Reverse(kept) in std::mem::take(&mut self.kept) {
            lanes.entry(kept.thread).or_default().push(Slice {
                name: names.span_name(kept.path),
                depth: kept.depth,
                at_ns: self.at_ns(log, kept.start),
                ns: kept.ns,
                outcome: kept.outcome,
                open: kept.open,
            });
        }
        let lane = |(thread, mut slices): (_, Vec<Slice<'a>>)| {
            slices.sort_by_key(|slice| (slice.at_ns, slice.depth));
            Lane { thread: names.thread_name(thread), slices }
        };
        lanes.into_iter().map(lane).collect()
    }

    fn at_ns(&self, log: LogIndex, time: LogTime) -> i64 {
        let unix_ns = self.timeline.unix_ns(log, time).map_or(0, i128::from);
        let from_ns = i128::from(self.bounds.from_ms) * 1_000_000;
        // A window and what is open in it are shorter than 292 years.
        i64::try_from(unix_ns - from_ns).unwrap_or(i64::MIN)
    }
}

impl BySpan for Flame {
    fn follow(&mut self) -> &mut Follow {
        &mut self.follow
    }

    fn entry(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        _: &mut dyn Write,
    ) -> io::Result<()> {
        self.ended(log, names, entry);
        Ok(())
    }

    fn finish(mut self: Box<Self>, read: &Read<'_>, out: &mut dyn Write) -> io::Result<Told> {
        let log = LogIndex(0);
        self.keep_open(read, log);
        let mut told = self.follow.told;
        told.spans += told.open;
        let worker = self.timeline.process(log).map(|start| start.uid.to_string());
        let now_ns = self.timeline.unix_ns(log, read.now).unwrap_or(0);
        let chart = Chart {
            format: 1,
            kind: "flame",
            now_ms: now_ns / 1_000_000,
            from_ms: self.bounds.from_ms,
            to_ms: self.bounds.to_ms,
            worker: worker.unwrap_or_default(),
            left_out: self.left_out,
            lanes: self.lanes(read.names(log), log),
        };
        serde_json::to_writer(out, &chart).map_err(io::Error::from)?;
        Ok(told)
    }
}
