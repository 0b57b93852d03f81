//! What is needed to fold a thread's next events without those before: kept with the watermark, for whoever
//! goes on where the recorder of a dead process stopped.

use super::{
    CallsiteId, CallsiteKind, Frame, HeapUse, LogTime, OpenTask, PathId, PathInfo, Position,
    SpanId, ThreadId, ThreadStack,
};
use serde::{Deserialize, Serialize};

/// What is known of a thread as of its watermark. A thread without one has no frame open.
///
/// Invariant: `opened` has an element for each known frame of `stack`, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The latest time given to an entry of the thread.
    pub time: LogTime,
    /// The open stack. Of one that is deeper than [`Resume::FRAMES`] a log has the innermost here, that many at most,
    /// and [`OuterFrames`] below.
    pub stack: ThreadStack,
    /// The positions of the events that opened its frames: of a span its START, of a poll its ENTER.
    pub opened: Vec<Position>,
    /// The places that it is in.
    pub places: Vec<EnteredPlace>,
    /// What its open frames have allocated; of programs whose allocator is wrapped.
    pub heap: Vec<HeapAccount>,
}

/// [`Resume::FRAMES`] frames of a stack, below those that are told each time. What lies so deep changes seldom: each
/// of these is told anew when it has changed. Rejected: the whole stack each time, which at a hundred thousand
/// frames is 3 MB a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OuterFrames {
    /// The frames, outermost first.
    pub frames: Vec<Frame>,
    /// The positions of the events that opened them.
    pub opened: Vec<Position>,
}

/// A place that a thread is in, though the span it is lies elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnteredPlace {
    /// The position of its ENTER.
    pub at: Position,
    /// The span that it is.
    pub parent: Option<SpanId>,
    /// Its place in the call tree.
    pub path: PathId,
}

/// What one open frame has allocated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeapAccount {
    /// The position of the event that opened the frame.
    pub frame: Position,
    /// Since the frame's last entry; its peak is not kept up to date.
    pub unsaid: HeapUse,
    /// By how much the heap is larger than when the frame began, what was called and has ended included, bytes.
    pub grown: i64,
    /// The most that this has been, bytes.
    pub peak: i64,
}

impl Resume {
    /// So many frames are kept together: less than a row of the log has room for.
    pub const FRAMES: usize = 8_192;
    /// So many [`OuterFrames`] are kept of a thread. Of a stack deeper than half a million frames those below are only
    /// counted, and their ENDs find nothing to end.
    pub const MOST_OUTER: usize = 64;

    /// How many [`OuterFrames`] the stack has below.
    pub fn outer(&self) -> usize {
        self.stack.hidden() as usize / Self::FRAMES
    }

    /// Puts `outer`, of which the first are the innermost, below what it has of its stack.
    #[must_use]
    pub fn on(self, outer: impl IntoIterator<Item = OuterFrames>) -> Self {
        let (mut frames, mut opened) = (Vec::new(), Vec::new());
        // Innermost first, to be turned round once.
        for group in std::iter::once((self.stack.frames().to_vec(), self.opened))
            .chain(outer.into_iter().map(|outer| (outer.frames, outer.opened)))
        {
            frames.extend(group.0.into_iter().rev());
            opened.extend(group.1.into_iter().rev());
        }
        frames.reverse();
        opened.reverse();
        let below = frames.len() - self.stack.frames().len();
        let hidden = self.stack.hidden().saturating_sub(u32::try_from(below).unwrap_or(u32::MAX));
        Self { stack: ThreadStack::restore(hidden, frames), opened, ..self }
    }

    /// Whether it is as it says it is. To be asked of one that was read from a file.
    pub fn is_sound(&self) -> bool {
        let ascends = |pair: &[Position]| pair[0] < pair[1];
        self.opened.len() == self.stack.frames().len() && self.opened.windows(2).all(ascends)
    }
}

/// What a log knows of its process: where to go on, for whoever folds what came behind its watermarks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The callsites that it has been told of.
    pub callsites: Vec<(CallsiteId, CallsiteKind)>,
    /// The paths, in order of their numbers.
    pub paths: Vec<(PathId, PathInfo)>,
    /// The threads: their watermarks, and how to go on there.
    pub threads: Vec<(ThreadId, Position, Option<Resume>)>,
    /// The async spans that are open, and the places that are held.
    pub tasks: Vec<OpenTask>,
    /// Async spans that have ended lately: other threads may have polled them before.
    pub ended_tasks: Vec<OpenTask>,
}
