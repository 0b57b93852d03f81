//! The async spans that the fold knows, and the places that programs hold on to.
//!
//! One is polled by one thread and ended by another, and threads are read one after the other. So
//! its end may be folded before polls that came earlier in time: an ended span stays known until
//! every thread has been read once more, for by then all that came before its end has been folded.
//! Rejected: reading every other thread first when one ends, which would read all of them for each.

use super::tag_keys::TagKeys;
use crate::event::{LogTime, PathId, SpanId};
// Ids are the program's own, numbered from 0: nobody chooses them to collide.
use rustc_hash::FxHashMap;

/// More are not kept, for they take 100 to 200 bytes each: what begins beyond is counted as dropped.
pub(super) const MAX_TASKS: usize = if cfg!(test) { 1 << 15 } else { 1 << 20 };

/// With half the table empty, as it is just after it has grown, and a byte of its own for each place.
const _: () = assert!(2 * (size_of::<(SpanId, Task)>() + 1) <= 200);

/// An async span, or a place.
#[derive(Debug)]
pub(super) struct Task {
    /// Its place in the call tree; of a [`Life::Place`] that of what is begun there is below it.
    pub(super) path: PathId,
    /// The span it is a child of; of a place, the span that it is.
    pub(super) parent: Option<SpanId>,
    pub(super) life: Life,
    pub(super) tags: TagKeys,
}

/// What has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It is where others begin, and no span itself.
    Place,
    /// It was made, and has not been polled.
    Created,
    /// It began then.
    Begun(LogTime),
}

impl Task {
    pub(super) fn new(path: PathId, parent: Option<SpanId>, life: Life) -> Self {
        Self { path, parent, life, tags: TagKeys::default() }
    }
}

/// The async spans that have not ended, and those whose polls may still come.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    known: FxHashMap<SpanId, Task>,
    /// Those of them that are places, and have not ended.
    places: usize,
    /// Ended since the last round over all threads.
    ended: Vec<SpanId>,
    /// Ended before it. A span is ended once, so each is known and in one of the two.
    ended_before: Vec<SpanId>,
}

impl Tasks {
    /// Whether there is room for no more.
    pub(super) fn is_full(&self) -> bool {
        self.known.len() >= MAX_TASKS
    }

    /// Takes one in. Ask first whether there is room.
    pub(super) fn add(&mut self, span: SpanId, task: Task) {
        self.places += usize::from(task.life == Life::Place);
        self.known.insert(span, task);
    }

    /// The span, which may have ended.
    pub(super) fn get(&mut self, span: SpanId) -> Option<&mut Task> {
        self.known.get_mut(&span)
    }

    /// Ends the span; gives what was known of it.
    pub(super) fn end(&mut self, span: SpanId) -> Option<&mut Task> {
        let task = self.known.get_mut(&span)?;
        self.ended.push(span);
        self.places -= usize::from(task.life == Life::Place);
        Some(task)
    }

    /// How many spans have not ended.
    pub(super) fn open(&self) -> usize {
        let over = self.ended.len() + self.ended_before.len() + self.places;
        self.known.len().saturating_sub(over)
    }

    /// Every thread has been read up to what it had published when the round began.
    pub(super) fn round(&mut self) {
        for span in self.ended_before.drain(..) {
            self.known.remove(&span);
        }
        std::mem::swap(&mut self.ended, &mut self.ended_before);
        // A burst of them must not hold its memory for ever.
        if self.known.capacity() > 4096 && self.known.len() < self.known.capacity() / 8 {
            self.known.shrink_to(self.known.len() * 2);
        }
    }
}
