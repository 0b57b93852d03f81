//! The open stack of one thread, folded event by event. The recorder keeps one for each thread (for
//! paths, parents and child time, and to encode by), a keyframe is a copy of one, and the decoder
//! continues from that copy. All three are this type; that they agree is what short forms rest on.

use super::{LogEntry, LogTime, Outcome, PathId, SpanId};
use serde::{Deserialize, Serialize};

/// One open frame: a span, or one poll of an async span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The span.
    pub span: SpanId,
    /// Its place in the call tree.
    pub path: PathId,
    /// When the span, or this poll, began.
    pub since: LogTime,
    /// Time in frames above it so far, ns.
    pub child_ns: u64,
}

impl Frame {
    /// What is said of the span's end; the frame is not a poll.
    #[inline]
    pub fn end(&self, outcome: Outcome, out_of_order: bool) -> LogEntry {
        let Self { span, path, since: start, child_ns } = *self;
        LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order }
    }
}

/// What a closed frame was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The frame, with all its child time.
    pub frame: Frame,
    /// It was not the innermost.
    pub out_of_order: bool,
}

/// The frames open in one thread, outermost first.
///
/// A stack restored from a keyframe knows only its innermost frames: `depth` counts the unknown
/// ones below them too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadStack {
    /// Frames below `frames` whose details are not known here.
    hidden: u32,
    frames: Vec<Frame>,
}

impl ThreadStack {
    /// How many innermost frames a keyframe carries in full.
    pub const KEYFRAME_FRAMES: usize = 32;

    /// A stack of `hidden` unknown frames below `frames`, outermost first.
    pub fn restore(hidden: u32, frames: Vec<Frame>) -> Self {
        Self { hidden, frames }
    }

    /// The known frames, outermost first.
    #[inline]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Open frames whose details are not known here, below the known ones.
    pub fn hidden(&self) -> u32 {
        self.hidden
    }

    /// Frames open in all.
    #[inline]
    pub fn depth(&self) -> usize {
        self.hidden as usize + self.frames.len()
    }

    /// The innermost frame.
    #[inline]
    pub fn top(&self) -> Option<&Frame> {
        self.frames.last()
    }

    /// The path of the innermost frame; the root if none is open.
    #[inline]
    pub fn path(&self) -> PathId {
        self.top().map_or(PathId::ROOT, |frame| frame.path)
    }

    /// A copy for a keyframe: the innermost frames in full, the others counted.
    #[must_use]
    pub fn keyframe(&self) -> Self {
        self.innermost(Self::KEYFRAME_FRAMES)
    }

    /// A copy of so many innermost frames, the others counted.
    #[must_use]
    pub fn innermost(&self, frames: usize) -> Self {
        let cut = self.frames.len().saturating_sub(frames);
        Self {
            hidden: self.hidden.saturating_add(u32::try_from(cut).unwrap_or(u32::MAX)),
            frames: self.frames[cut..].to_vec(),
        }
    }

    /// The innermost frame of this span, by its number among the known ones.
    pub fn index_of(&self, span: SpanId) -> Option<usize> {
        self.frames.iter().rposition(|frame| frame.span == span)
    }

    /// A span, or a poll, begins.
    #[inline]
    pub fn push(&mut self, span: SpanId, path: PathId, since: LogTime) {
        self.frames.push(Frame { span, path, since, child_ns: 0 });
    }

    /// A span, or a poll of it, ends: its frame is taken out, from the middle if need be, and its
    /// time becomes child time of the frame below. `None` if it is not among the known frames, in
    /// which case one hidden frame is taken to be it.
    pub fn close(&mut self, span: SpanId, end: LogTime) -> Option<Closed> {
        let Some(index) = self.index_of(span) else {
            self.hidden = self.hidden.saturating_sub(1);
            return None;
        };
        let out_of_order = index + 1 != self.frames.len();
        let frame = self.frames.remove(index);
        // A frame closed out of order overlaps the ones above it, which stay open and will add
        // their own time to what is below: only what they do not cover is added now.
        let covered = self.frames.get(index).map_or(0, |above| end.since(above.since));
        self.add_child_time_below(index, end.since(frame.since).saturating_sub(covered));
        Some(Closed { frame, out_of_order })
    }

    /// The innermost frame ends, if it is known: what [`ThreadStack::close`] does with its span.
    #[inline]
    pub fn close_top(&mut self, end: LogTime) -> Option<Frame> {
        let frame = self.frames.pop()?;
        self.add_child_time_below(self.frames.len(), end.since(frame.since));
        Some(frame)
    }

    /// Unrecorded spans ran for `busy_ns` directly under the innermost frame.
    pub fn dropped(&mut self, busy_ns: u64) {
        self.add_child_time_below(self.frames.len(), busy_ns);
    }

    /// Time in frames above the known one of this number, ns, that was in none of them.
    #[inline]
    pub fn add_child_time(&mut self, index: usize, ns: u64) {
        if let Some(frame) = self.frames.get_mut(index) {
            frame.child_ns = frame.child_ns.saturating_add(ns);
        }
    }

    #[inline]
    fn add_child_time_below(&mut self, above: usize, ns: u64) {
        if let Some(index) = above.checked_sub(1) {
            self.add_child_time(index, ns);
        }
    }
}
