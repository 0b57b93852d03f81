//! One thread, as far as it has been folded.

use super::heap::HeapStack;
use super::polls::PollRun;
use super::sample::Held;
use super::short;
use crate::event::{
    EnteredPlace, Frame, HeapUse, LogTime, OuterFrames, PathId, Position, Resume, SpanId, ThreadId,
    ThreadStack,
};
use crate::record::numbers::Sums;
use crate::record::tag_keys::TagKeys;
use std::ops::Range;

/// One thread, as far as it has been folded.
///
/// Invariant: `opened` has an element for each frame of `stack`.
#[derive(Debug)]
pub(in crate::record) struct ThreadFold {
    pub(in crate::record) id: ThreadId,
    pub(in crate::record) stack: ThreadStack,
    pub(super) opened: Vec<Opening>,
    /// The places entered, by the event that did.
    places: Vec<Entered>,
    pub(super) polls: PollRun,
    pub(super) heap: HeapStack,
    /// Frames inside those, and calls that were counted.
    pub(in crate::record) held: Held,
    /// The latest time given: time never goes back in a thread.
    pub(in crate::record) last_time: LogTime,
    /// Counters and gauges, not written yet.
    pub(super) numbers: Sums,
    pub(super) ended: bool,
    /// The frames far below that the sink has been told of: of each group what its innermost frame was, without which
    /// none of them changes.
    outer: Vec<(Position, u64)>,
}

/// What is known of a frame beside what the stack has.
#[derive(Debug)]
pub(super) struct Opening {
    /// The position of the event that opened it; for a poll that is its ENTER.
    pub(super) at: Position,
    /// Of a poll, those of its span are kept with that.
    pub(super) tags: TagKeys,
    /// Time of calls in it that were only counted, ns: child time that the stack does not know.
    pub(super) counted_ns: u64,
}

/// A place that the thread is in, though the span it is lies elsewhere.
#[derive(Debug)]
struct Entered {
    at: Position,
    parent: Option<SpanId>,
    path: PathId,
    /// What this thread has tagged the span with from here.
    tags: TagKeys,
}

impl Opening {
    pub(super) fn at(at: Position) -> Self {
        Self { at, tags: TagKeys::default(), counted_ns: 0 }
    }
}

impl ThreadFold {
    pub(in crate::record) fn new(id: ThreadId) -> Self {
        Self {
            id,
            stack: ThreadStack::default(),
            opened: Vec::new(),
            places: Vec::new(),
            polls: PollRun::default(),
            heap: HeapStack::default(),
            held: Held::default(),
            last_time: LogTime::default(),
            numbers: Sums::default(),
            ended: false,
            outer: Vec::new(),
        }
    }

    /// A thread that goes on.
    #[cfg(feature = "read")]
    pub(in crate::record) fn resumed(id: ThreadId, how: Resume) -> Self {
        let Resume { time, stack, opened, places, heap } = how;
        let place = |EnteredPlace { at, parent, path }| Entered {
            at,
            parent,
            path,
            tags: TagKeys::default(),
        };
        Self {
            stack,
            opened: opened.into_iter().map(Opening::at).collect(),
            places: places.into_iter().map(place).collect(),
            heap: HeapStack::resumed(heap),
            last_time: time,
            ..Self::new(id)
        }
    }

    /// How to go on; none if there is nothing to know. Nothing is kept back or held. Which tags its spans have is
    /// not in it: one that goes on may have more of them.
    pub(in crate::record) fn resume(&self) -> Option<Resume> {
        if self.is_plain() && self.stack.depth() == 0 {
            return None;
        }
        let place = |entered: &Entered| EnteredPlace {
            at: entered.at,
            parent: entered.parent,
            path: entered.path,
        };
        let inner = self.groups() * Resume::FRAMES..self.opened.len();
        let mut stack = self.stack.innermost(inner.len());
        for (index, opening) in self.opened[inner.clone()].iter().enumerate() {
            stack.add_child_time(index, opening.counted_ns);
        }
        Some(Resume {
            time: self.last_time,
            stack,
            opened: self.opened_in(inner),
            places: innermost(&self.places).iter().map(place).collect(),
            heap: innermost(self.heap.accounts()).to_vec(),
        })
    }

    /// Gives what lies below the stack of [`ThreadFold::resume`] and has changed since it was last given.
    pub(in crate::record) fn tell_outer(&mut self, mut tell: impl FnMut(u32, &OuterFrames)) {
        let groups = self.groups();
        for number in groups.saturating_sub(Resume::MOST_OUTER)..groups {
            let range = number * Resume::FRAMES..(number + 1) * Resume::FRAMES;
            let frames = self.frames_in(range.clone());
            let is = (self.opened[range.end - 1].at, frames.last().map_or(0, |top| top.child_ns));
            if self.outer.get(number) == Some(&is) {
                continue;
            }
            let outer = OuterFrames { frames, opened: self.opened_in(range) };
            tell(u32::try_from(number).unwrap_or(u32::MAX), &outer);
            // Of those that are skipped none is told.
            self.outer.resize(self.outer.len().max(number + 1), (Position(u64::MAX), 0));
            self.outer[number] = is;
        }
    }

    /// The sink has lost what it has been told.
    pub(in crate::record) fn forget_outer(&mut self) {
        self.outer.clear();
    }

    /// How many groups of frames lie below those of [`ThreadFold::resume`].
    fn groups(&self) -> usize {
        self.opened.len().saturating_sub(1) / Resume::FRAMES
    }

    /// With the child time that the stack does not know.
    fn frames_in(&self, range: Range<usize>) -> Vec<Frame> {
        let both = self.stack.frames()[range.clone()].iter().zip(&self.opened[range]);
        let whole = |(frame, opening): (&Frame, &Opening)| Frame {
            child_ns: frame.child_ns.saturating_add(opening.counted_ns),
            ..*frame
        };
        both.map(whole).collect()
    }

    fn opened_in(&self, range: Range<usize>) -> Vec<Position> {
        self.opened[range].iter().map(|opening| opening.at).collect()
    }

    /// Whether nothing is kept back, no place is entered, and no memory counted: then what happens is
    /// the innermost frame's.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.polls.is_empty() && self.places.is_empty() && self.heap.is_empty()
    }

    /// Whether the span whose START is at the position that is short for this is the innermost frame, and
    /// nothing is to be said of its tags.
    #[inline]
    pub(super) fn is_top(&self, opener: u32) -> bool {
        let (Some(top), Some(frame)) = (self.opened.last(), self.stack.top()) else { return false };
        short(top.at) == opener
            && top.tags.refused() == 0
            && top.counted_ns == 0
            && frame.span == SpanId { thread: self.id, start: top.at }
    }

    /// The innermost frame is no more.
    #[inline]
    pub(super) fn close_top(&mut self, time: LogTime) -> Option<Frame> {
        self.opened.pop();
        self.stack.close_top(time)
    }

    /// The span that what begins now is a child of, and its place in the call tree: the innermost
    /// frame's, or that of a place entered since.
    #[inline]
    pub(super) fn innermost(&self) -> (Option<SpanId>, PathId) {
        if let Some(place) = self.places.last()
            && self.opened.last().is_none_or(|top| top.at < place.at)
        {
            return (place.parent, place.path);
        }
        (self.stack.top().map(|frame| frame.span), self.stack.path())
    }

    /// The same, with what is held.
    pub(super) fn inside(&self) -> (Option<SpanId>, PathId) {
        match self.held.inside(self.id) {
            Some((span, path)) => (Some(span), path),
            None => self.innermost(),
        }
    }

    /// Whether a poll of the span has begun here and not ended.
    pub(super) fn is_polling(&self, span: SpanId) -> bool {
        self.held.is_polling(span) || self.stack.index_of(span).is_some()
    }

    /// What was innermost took that long, and is only counted: child time of what is below it, which began there.
    #[inline]
    pub(super) fn add_counted(&mut self, ns: u64) -> Option<Position> {
        if let Some(below) = self.held.add_child_time(ns) {
            return Some(below);
        }
        let below = self.opened.last_mut()?;
        below.counted_ns = below.counted_ns.saturating_add(ns);
        Some(below.at)
    }

    /// The innermost frame has allocated and freed: a poll that is kept back, one that is held, or what is on
    /// the stack. In a place it is the frame that is open below.
    pub(super) fn allocated(&mut self, what: &HeapUse) {
        let kept_back = self.polls.open_at().or_else(|| self.held.innermost());
        if let Some(frame) = kept_back.or_else(|| self.opened.last().map(|top| top.at)) {
            self.heap.add(frame, what);
        }
    }

    /// Enters a place, by the event at `at`.
    pub(super) fn enter_place(&mut self, at: Position, parent: Option<SpanId>, path: PathId) {
        self.places.push(Entered { at, parent, path, tags: TagKeys::default() });
    }

    /// Leaves the place that was entered at the position that is short for this; gives the span that it
    /// is, and how many tags that was refused from here.
    pub(super) fn leave_place(&mut self, opener: u32) -> Option<(SpanId, u64)> {
        let index = self.places.iter().rposition(|place| short(place.at) == opener)?;
        let Entered { parent, tags, .. } = self.places.remove(index);
        Some((parent?, tags.refused()))
    }

    /// The tags of the span that is innermost here: a frame's, or those from a place.
    pub(super) fn tags(&mut self) -> Option<&mut TagKeys> {
        let top = self.opened.last_mut();
        match self.places.last_mut() {
            Some(place) if top.as_ref().is_none_or(|top| top.at < place.at) => {
                Some(&mut place.tags)
            }
            _ => top.map(|top| &mut top.tags),
        }
    }

    /// Forgets the places entered behind `top`; says how many frames were opened up to there.
    pub(super) fn opened_up_to(&mut self, top: Position) -> usize {
        self.places.retain(|place| place.at <= top);
        self.opened.partition_point(|opening| opening.at <= top)
    }
}

/// As many of the last as are kept.
fn innermost<T>(all: &[T]) -> &[T] {
    &all[all.len().saturating_sub(Resume::FRAMES)..]
}

#[cfg(test)]
#[path = "outer_tests.rs"]
mod outer_tests;
