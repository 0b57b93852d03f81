//! The future that a `#[profile] async fn` runs in: it carries the span, so that no guard is held
//! across an await.
//!
//! The span starts at the first poll, below whatever is open on the thread that polls. Every poll
//! enters and leaves it. It ends when the future completes, unwinds, or is dropped; a future that
//! is never polled leaves no trace. The future is `Send` if the one inside is.

use super::polled::PolledSpan;
use crate::event::Outcome;
use crate::record::Callsite;
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
    Profiled { future, span: PolledSpan::of(callsite), outcome }
}

pin_project! {
    /// A future in a span.
    #[must_use = "futures do nothing unless polled"]
    pub struct Profiled<F, O> {
        // Before the span, for fields are dropped in their order, and what the future awaits has
        // spans that must end first.
        #[pin]
        future: F,
        span: PolledSpan,
        outcome: O,
    }
}

impl<F: Future, O: Fn(&F::Output) -> Outcome> Future for Profiled<F, O> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let (future, outcome) = (this.future, this.outcome);
        let ends = |result: &Poll<F::Output>| match result {
            Poll::Ready(output) => Some(outcome(output)),
            Poll::Pending => None,
        };
        this.span.run(|| future.poll(cx), ends)
    }
}

impl<F, O> fmt::Debug for Profiled<F, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiled").finish_non_exhaustive()
    }
}
