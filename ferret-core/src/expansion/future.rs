//! The future that a `#[profile] async fn` runs in: it carries the span, so that no guard is held
//! across an await.
//!
//! The span starts at the first poll, below whatever is open on the thread that polls. Every poll
//! enters and leaves it. It ends when the future completes, unwinds, or is dropped; a future that
//! is never polled leaves no trace. The future is `Send` if the one inside is.

use crate::event::Outcome;
use crate::record::{Callsite, TaskSpan};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs `future` in a span of `callsite`; `outcome` says what its output stands for.
#[inline]
pub fn future<F, O>(callsite: &'static Callsite, future: F, outcome: O) -> Profiled<F, O>
where
    F: Future,
    O: Fn(&F::Output) -> Outcome,
{
    Profiled { future, span: Span(State::Unstarted(callsite)), outcome }
}

pin_project! {
    /// A future in a span.
    #[must_use = "futures do nothing unless polled"]
    pub struct Profiled<F, O> {
        // Before the span, for fields are dropped in their order, and what the future awaits has
        // spans that must end first.
        #[pin]
        future: F,
        span: Span,
        outcome: O,
    }
}

/// The span between polls.
struct Span(State);

enum State {
    Unstarted(&'static Callsite),
    Open(TaskSpan),
    Ended,
}

impl Span {
    /// Takes the span out of its place.
    fn take(&mut self) -> State {
        std::mem::replace(&mut self.0, State::Ended)
    }
}

impl Drop for Span {
    /// The future was dropped between polls. It may be so because its thread unwinds, but that is
    /// not the future's panic.
    fn drop(&mut self) {
        if let State::Open(span) = self.take() {
            span.end(Outcome::Cancelled);
        }
    }
}

impl<F: Future, O: Fn(&F::Output) -> Outcome> Future for Profiled<F, O> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Out of its place while the future runs: if that unwinds, the span ends here, as panicked.
        let span = match this.span.take() {
            State::Unstarted(callsite) => TaskSpan::start(callsite),
            State::Open(span) => span,
            // What becomes of a future that is polled after its end is its own affair.
            State::Ended => return this.future.poll(cx),
        };
        let poll = span.enter();
        let result = this.future.poll(cx);
        drop(poll);
        match &result {
            Poll::Ready(output) => span.end((this.outcome)(output)),
            Poll::Pending => this.span.0 = State::Open(span),
        }
        result
    }
}

impl<F, O> fmt::Debug for Profiled<F, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiled").finish_non_exhaustive()
    }
}
