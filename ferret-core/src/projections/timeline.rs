//! What each thread did lately, span by span: for a picture of the last seconds. Bounded by the thread
//! and in all; short spans of one place that follow each other closely are one slice, so that a busy
//! thread's seconds fit.

use super::slots::Slots;
use crate::event::{
    EndedSpan, Entry, LogEntry, LogIndex, LogTime, Names, Outcome, PathId, ThreadId,
};
use std::collections::VecDeque;

/// Slices kept of a thread.
const SLICES: usize = 2_048;
/// Threads that are kept, of all processes: of those that are silent longest there is no picture.
const THREADS: usize = 1_024;
/// Deeper spans are not kept.
const DEEPEST: usize = 256;
/// Spans this short, and this close to each other, share a slice ...
const CLOSE_NS: u64 = 1_000_000;
/// ... that grows to this at most.
const LONGEST_NS: u64 = 50_000_000;

/// A span that ended, a poll of an async one, or several short ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Its place in the call tree.
    pub path: PathId,
    /// How many functions are above it on its path.
    pub depth: u16,
    /// When it began.
    pub start: LogTime,
    /// When it ended.
    pub end: LogTime,
    /// Spans, or polls, in it.
    pub count: u64,
    /// It ended with an `Err` or a panic; so did all that share it.
    pub failed: bool,
}

/// What the threads of all processes did lately.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    logs: Vec<LogTimeline>,
    threads: usize,
}

#[derive(Clone, Debug, Default)]
struct LogTimeline {
    slots: Slots,
    lanes: Vec<Lane>,
    /// Depths of paths.
    depths: Slots,
}

/// What one thread did lately.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The thread.
    pub thread: ThreadId,
    /// In order of their ends, nearly.
    slices: VecDeque<Slice>,
    /// By depth: the slice that the next short span may join.
    growing: Vec<Option<Slice>>,
}

impl Timeline {
    /// Takes spans of `log` that ended.
    pub fn apply_spans(&mut self, log: LogIndex, names: &Names, ended: &[EndedSpan]) {
        let mut rest = ended;
        while !rest.is_empty() {
            rest = &rest[self.add_known(log, rest)..];
            if let Some((span, later)) = rest.split_first() {
                self.add(log, names, span);
                rest = later;
            }
        }
    }

    /// Adds spans of one thread up to one of which not all is known yet; says how many that was.
    fn add_known(&mut self, log: LogIndex, ended: &[EndedSpan]) -> usize {
        let Some(LogTimeline { slots, lanes, depths }) = self.logs.get_mut(log.0) else { return 0 };
        let Some(on) = ended.first().map(|span| span.thread) else { return 0 };
        let lane = slots.get(on.0).and_then(|slot| lanes.get_mut(slot));
        let Some(lane) = lane.filter(|lane| lane.thread == on) else { return 0 };
        let mut taken = 0;
        for span in ended.iter().take_while(|span| span.thread == on) {
            let Some((depth, is_async)) = depths.get(span.path.0).map(unpacked) else { break };
            if !is_async && !lane.grow(span, depth) {
                lane.add(Slice::of(span, depth));
            }
            taken += 1;
        }
        taken
    }

    fn add(&mut self, log: LogIndex, names: &Names, span: &EndedSpan) {
        // An async span runs in its polls, on whichever threads those are.
        if let Some((depth, false)) = self.depth(log, names, span.path)
            && let Some(lane) = self.lane(log, span.thread)
        {
            lane.add(Slice::of(span, depth));
        }
    }

    /// Takes one entry.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        if let Some(span) = EndedSpan::of(entry) {
            self.add(log, names, &span);
        } else if let &LogEntry::Exit { path, busy_ns, .. } = &entry.what
            && let Some((depth, _)) = self.depth(log, names, path)
            && let Some(lane) = self.lane(log, entry.thread)
        {
            let start = LogTime(entry.time.0.saturating_sub(busy_ns));
            lane.add(Slice { path, depth, start, end: entry.time, count: 1, failed: false });
        }
    }

    /// What the threads of a process did, by the thread's number.
    pub fn lanes(&self, log: LogIndex) -> impl Iterator<Item = &Lane> {
        self.logs.get(log.0).into_iter().flat_map(|log| &log.lanes)
    }

    #[inline]
    fn lane(&mut self, log: LogIndex, thread: ThreadId) -> Option<&mut Lane> {
        let in_log = &self.logs[log.0];
        let slot = in_log.slots.get(thread.0);
        match slot.filter(|&slot| in_log.lanes[slot].thread == thread) {
            Some(slot) => self.logs[log.0].lanes.get_mut(slot),
            None => self.make_lane(log, thread),
        }
    }

    #[cold]
    fn make_lane(&mut self, log: LogIndex, thread: ThreadId) -> Option<&mut Lane> {
        let in_log = &mut self.logs[log.0];
        let lane = Lane { thread, slices: VecDeque::new(), growing: Vec::new() };
        if self.threads < THREADS {
            self.threads += 1;
            in_log.slots.set(thread.0, in_log.lanes.len());
            in_log.lanes.push(lane);
            return in_log.lanes.last_mut();
        }
        // The thread that has been silent longest gives way: a program may have one for each request.
        let lanes = in_log.lanes.iter().enumerate();
        let (slot, _) = lanes.min_by_key(|(_, lane)| lane.latest())?;
        in_log.slots.set(thread.0, slot);
        in_log.lanes[slot] = lane;
        in_log.lanes.get_mut(slot)
    }

    /// How deep a path is, and whether its function is async; none of one that is not known.
    #[inline]
    fn depth(&mut self, log: LogIndex, names: &Names, path: PathId) -> Option<(u16, bool)> {
        if log.0 >= self.logs.len() {
            self.logs.resize_with(log.0 + 1, LogTimeline::default);
        }
        let depths = &mut self.logs[log.0].depths;
        let packed = if let Some(packed) = depths.get(path.0) {
            packed
        } else {
            let is_async = names.callsite_info(path)?.kind.is_async();
            let packed = usize::from(path_depth(names, path)) * 2 + usize::from(is_async);
            depths.set(path.0, packed);
            packed
        };
        Some(unpacked(packed))
    }
}

impl Slice {
    fn of(span: &EndedSpan, depth: u16) -> Self {
        let &EndedSpan { path, start, end, .. } = span;
        Self { path, depth, start, end, count: 1, failed: is_failure(span.outcome) }
    }

    /// Whether what ran then is short, and close enough to share the slice.
    #[inline]
    fn has_room(&self, start: LogTime, end: LogTime) -> bool {
        end.since(start) < CLOSE_NS
            && start.since(self.end) < CLOSE_NS
            && end.since(self.start) <= LONGEST_NS
    }
}

#[inline]
fn is_failure(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Err | Outcome::Panicked)
}

/// A depth, and whether it is of an async function, as they are kept in one number.
#[inline]
fn unpacked(packed: usize) -> (u16, bool) {
    (u16::try_from(packed / 2).unwrap_or(u16::MAX), packed % 2 == 1)
}

impl Lane {
    /// The slices that end at `from` or later and begin before `until`, oldest first, nearly.
    pub fn between(&self, from: LogTime, until: LogTime) -> impl Iterator<Item = &Slice> {
        let all = self.slices.iter().chain(self.growing.iter().flatten());
        all.filter(move |slice| slice.end >= from && slice.start < until)
    }

    /// When its last span ended.
    fn latest(&self) -> LogTime {
        self.growing.iter().flatten().map(|slice| slice.end).max().unwrap_or_default()
    }

    /// Makes the slice at a depth as long as to the end of this span, if that may share it: what
    /// [`Lane::add`] would do.
    #[inline]
    fn grow(&mut self, span: &EndedSpan, depth: u16) -> bool {
        let Some(Some(last)) = self.growing.get_mut(usize::from(depth)) else { return false };
        if last.path != span.path || !last.has_room(span.start, span.end) {
            return false;
        }
        if last.failed || is_failure(span.outcome) {
            return false;
        }
        last.end = span.end;
        last.count += 1;
        true
    }

    fn add(&mut self, slice: Slice) {
        let depth = usize::from(slice.depth);
        if depth >= DEEPEST {
            return;
        }
        if self.growing.len() <= depth {
            self.growing.resize(depth + 1, None);
        }
        let growing = &mut self.growing[depth];
        if let Some(last) = growing
            && last.path == slice.path
            && last.failed == slice.failed
            && last.has_room(slice.start, slice.end)
        {
            last.end = slice.end;
            last.count += 1;
            return;
        }
        if let Some(done) = growing.replace(slice) {
            if self.slices.len() >= SLICES {
                self.slices.pop_front();
            }
            self.slices.push_back(done);
        }
    }
}

/// How many functions are above a path.
pub fn path_depth(names: &Names, path: PathId) -> u16 {
    let (mut at, mut depth) = (path, 0_u16);
    // A path is numbered after its parent: a damaged log that says otherwise ends the climb.
    while let Some(info) = names.paths.get(&at).filter(|info| info.parent < at) {
        at = info.parent;
        if at == PathId::ROOT {
            break;
        }
        depth = depth.saturating_add(1);
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projections::scenario::Scenario;

    const MS: u64 = 1_000_000;

    /// Name, depth, start and length in ms, count, of what thread 1 did.
    fn check(scenario: &Scenario, expect: &[(&str, u16, u64, u64, u64)]) {
        let mut timeline = Timeline::default();
        for entry in &scenario.entries {
            timeline.apply(LogIndex(0), &scenario.names, entry);
        }
        let lane = timeline.lanes(LogIndex(0)).find(|lane| lane.thread == ThreadId(1)).unwrap();
        let slice = |slice: &Slice| {
            let name = scenario.names.span_name(slice.path);
            let (start, ns) = (slice.start.0 / MS, slice.end.since(slice.start) / MS);
            (name, slice.depth, start, ns, slice.count)
        };
        let mut seen: Vec<_> = lane.between(LogTime(0), LogTime(u64::MAX)).map(slice).collect();
        seen.sort_unstable_by_key(|slice| (slice.2, slice.1));
        assert_eq!(seen, expect);
    }

    #[test]
    fn spans_stand_at_their_depth_and_short_ones_share_a_slice() {
        let mut scenario = Scenario::default();
        scenario.start(1, "run");
        for _ in 0..20 {
            scenario.start(1, "step");
            scenario.now += MS / 2;
            scenario.end(1, Outcome::Ok);
        }
        scenario.now += 5 * MS;
        scenario.start(1, "step");
        scenario.now += 3 * MS;
        scenario.end(1, Outcome::Ok);
        scenario.end(1, Outcome::Ok);
        let steps = [("step", 1, 0, 10, 20), ("step", 1, 15, 3, 1)];
        check(&scenario, &[&[("run", 0, 0, 18, 1)], &steps[..]].concat());
    }

    #[test]
    fn an_async_span_is_where_its_polls_are() {
        let mut scenario = Scenario::default();
        let task = scenario.start_async(1, "serve");
        scenario.now += 40 * MS;
        scenario.enter(1, task);
        scenario.now += 10 * MS;
        scenario.exit(1, task);
        check(&scenario, &[("serve", 0, 40, 10, 1)]);
    }

    #[test]
    fn however_much_a_thread_does_so_many_slices_are_kept() {
        let mut timeline = Timeline::default();
        let mut scenario = Scenario::default();
        for _ in 0..2 * SLICES {
            scenario.start(1, "long");
            scenario.now += 2 * MS;
            scenario.end(1, Outcome::Ok);
        }
        for entry in &scenario.entries {
            timeline.apply(LogIndex(0), &scenario.names, entry);
        }
        let lane = timeline.lanes(LogIndex(0)).next().unwrap();
        let kept: Vec<_> = lane.between(LogTime(0), LogTime(u64::MAX)).collect();
        assert_eq!(kept.len(), SLICES + 1);
        assert_eq!(kept.last().unwrap().end, LogTime(scenario.now));
    }

    #[test]
    fn a_thread_for_each_request_leaves_those_that_go_on_their_pictures() {
        let mut timeline = Timeline::default();
        let mut scenario = Scenario::default();
        let last = u32::try_from(3 * THREADS).unwrap();
        for thread in 2..=last {
            for thread in [1, thread] {
                scenario.start(thread, "request");
                scenario.now += MS;
                scenario.end(thread, Outcome::Ok);
            }
        }
        for entry in &scenario.entries {
            timeline.apply(LogIndex(0), &scenario.names, entry);
        }
        let lanes: Vec<_> = timeline.lanes(LogIndex(0)).map(|lane| lane.thread.0).collect();
        assert_eq!(lanes.len(), THREADS);
        assert!(lanes.contains(&1) && lanes.contains(&last) && !lanes.contains(&2));
    }
}
