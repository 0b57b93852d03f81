//! The async spans that the fold knows.
//!
//! One is polled by one thread and ended by another, and threads are read one after the other. So
//! its end may be folded before polls that came earlier in time: an ended span stays known until
//! every thread has been read once more, for by then all that came before its end has been folded.
//! Rejected: reading every other thread first when one ends, which would read all of them for each.

use crate::event::{LogTime, PathId, SpanId};
use std::collections::HashMap;

/// An async span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) path: PathId,
    pub(super) start: LogTime,
}

/// The async spans that have not ended, and those whose polls may still come.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    known: HashMap<SpanId, Task>,
    /// Ended since the last round over all threads.
    ended: Vec<SpanId>,
    /// Ended before it. A span is ended once, so each is known and in one of the two.
    ended_before: Vec<SpanId>,
}

impl Tasks {
    pub(super) fn start(&mut self, span: SpanId, task: Task) {
        self.known.insert(span, task);
    }

    /// The span, which may have ended.
    pub(super) fn get(&self, span: SpanId) -> Option<Task> {
        self.known.get(&span).copied()
    }

    /// Ends the span; gives what was known of it.
    pub(super) fn end(&mut self, span: SpanId) -> Option<Task> {
        let task = self.get(span)?;
        self.ended.push(span);
        Some(task)
    }

    /// How many have not ended.
    pub(super) fn open(&self) -> usize {
        self.known.len() - self.ended.len() - self.ended_before.len()
    }

    /// Every thread has been read up to what it had published when the round began.
    pub(super) fn round(&mut self) {
        for span in self.ended_before.drain(..) {
            self.known.remove(&span);
        }
        std::mem::swap(&mut self.ended, &mut self.ended_before);
    }
}
