//! The span of a future or stream, from poll to poll.

use crate::event::Outcome;
use crate::record::{Callsite, TaskSpan};

/// A span between polls.
#[derive(Debug)]
pub(crate) struct PolledSpan(State);

#[derive(Debug)]
enum State {
    /// It begins, under what is open then, with the first poll.
    Unstarted(&'static Callsite),
    Open(TaskSpan),
    Ended,
}

impl PolledSpan {
    /// One that is made at the first poll.
    pub(super) fn of(callsite: &'static Callsite) -> Self {
        Self(State::Unstarted(callsite))
    }

    /// One that was made before.
    pub(crate) fn made(task: TaskSpan) -> Self {
        Self(State::Open(task))
    }

    /// Polls by `poll` with the span entered; `ends` says whether it is over with that, and how.
    #[inline]
    pub(crate) fn run<R>(
        &mut self,
        poll: impl FnOnce() -> R,
        ends: impl FnOnce(&R) -> Option<Outcome>,
    ) -> R {
        // Out of its place while the future runs: if that unwinds, the span ends here, as panicked.
        let mut span = match self.take() {
            State::Unstarted(callsite) => TaskSpan::start(callsite),
            State::Open(span) => span,
            // What becomes of a future that is polled after its end is its own affair.
            State::Ended => return poll(),
        };
        let entered = span.enter();
        let result = poll();
        drop(entered);
        match ends(&result) {
            Some(outcome) => span.end(outcome),
            None => self.0 = State::Open(span),
        }
        result
    }

    /// Takes the span out of its place.
    fn take(&mut self) -> State {
        std::mem::replace(&mut self.0, State::Ended)
    }
}

impl Drop for PolledSpan {
    /// The future was dropped between polls. It may be so because its thread unwinds, but that is
    /// not the future's panic.
    fn drop(&mut self) {
        if let State::Open(span) = self.take() {
            span.end(Outcome::Cancelled);
        }
    }
}
