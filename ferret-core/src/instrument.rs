//! Spans around futures and streams that no `#[profile]` stands on: async blocks, spawned tasks,
//! what another crate returns.

use crate::event::Outcome;
use crate::expansion::PolledSpan;
use crate::record::{SpanRef, TaskSpan, current_span};
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Gives a future or stream a span, or a place under one. Implemented by everything.
///
/// # Examples
///
/// ```
/// use ferret::{Instrument, profile};
///
/// #[profile]
/// async fn answer(request: u32) {
///     // …
/// #   let _ = request;
/// }
///
/// #[profile]
/// async fn serve() {
///     for request in 0..3 {
///         // Wherever it is polled, it is under `serve`.
///         spawn(answer(request).in_current_span());
///         // So is an async block with a span of its own.
///         spawn(async { /* … */ }.instrument(ferret::task!("log", request)));
///     }
/// }
/// # fn spawn(future: impl Future<Output = ()> + Send + 'static) {
/// #     std::thread::spawn(|| futures::executor::block_on(future)).join().unwrap();
/// # }
/// # futures::executor::block_on(serve());
/// ```
pub trait Instrument: Sized {
    /// Runs a future or stream in a span of its own, which [`task!`](crate::task!) makes. It begins
    /// at the first poll and ends when the future completes, the stream has no more items, or either
    /// is dropped before that: then its outcome is *cancelled*.
    fn instrument(self, span: TaskSpan) -> Instrumented<Self> {
        Instrumented { inner: self, span: PolledSpan::made(span), outcome: PhantomData }
    }

    /// As [`instrument`](Self::instrument), for a future that gives a [`Result`]: an `Err` is the
    /// span's outcome *err*.
    fn try_instrument<T, E>(self, span: TaskSpan) -> Instrumented<Self, ByResult>
    where
        Self: Future<Output = Result<T, E>>,
    {
        Instrumented { inner: self, span: PolledSpan::made(span), outcome: PhantomData }
    }

    /// What begins in a future or stream begins under `span`, wherever it is polled.
    fn in_span(self, span: SpanRef) -> InSpan<Self> {
        InSpan { inner: self, span }
    }

    /// What begins in a future or stream begins under the span that is open now, on this thread:
    /// `spawn(answer(request).in_current_span())`.
    fn in_current_span(self) -> InSpan<Self> {
        self.in_span(current_span())
    }
}

impl<T> Instrument for T {}

pin_project! {
    /// A future or stream in a span of its own.
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Instrumented<T, O = Completed> {
        // Before the span, for fields are dropped in their order, and what is in it has spans that
        // must end first.
        #[pin]
        inner: T,
        span: PolledSpan,
        outcome: PhantomData<fn() -> O>,
    }
}

pin_project! {
    /// A future or stream whose spans begin under another span.
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct InSpan<T> {
        #[pin]
        inner: T,
        span: SpanRef,
    }
}

/// How a future's span ended, by what the future gave.
pub trait OutcomeOf<V>: sealed::Sealed {
    /// It.
    #[doc(hidden)]
    fn outcome(value: &V) -> Outcome;
}

/// Whatever it gave, it is *ok*.
#[derive(Debug)]
pub struct Completed;

/// An `Err` is *err*.
#[derive(Debug)]
pub struct ByResult;

impl<V> OutcomeOf<V> for Completed {
    fn outcome(_value: &V) -> Outcome {
        Outcome::Ok
    }
}

impl<T, E> OutcomeOf<Result<T, E>> for ByResult {
    fn outcome(value: &Result<T, E>) -> Outcome {
        if value.is_ok() { Outcome::Ok } else { Outcome::Err }
    }
}

mod sealed {
    /// The two above.
    pub trait Sealed {}
    impl Sealed for super::Completed {}
    impl Sealed for super::ByResult {}
}

impl<F: Future, O: OutcomeOf<F::Output>> Future for Instrumented<F, O> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let ends = |result: &Poll<F::Output>| match result {
            Poll::Ready(output) => Some(O::outcome(output)),
            Poll::Pending => None,
        };
        this.span.run(|| this.inner.poll(cx), ends)
    }
}

impl<S: Stream> Stream for Instrumented<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let ends = |result: &Poll<Option<S::Item>>| match result {
            Poll::Ready(None) => Some(Outcome::Ok),
            Poll::Ready(Some(_)) | Poll::Pending => None,
        };
        this.span.run(|| this.inner.poll_next(cx), ends)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<F: Future> Future for InSpan<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _in_span = this.span.enter();
        this.inner.poll(cx)
    }
}

impl<S: Stream> Stream for InSpan<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let _in_span = this.span.enter();
        this.inner.poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
