//! Looks at a future's output within the poll that gives it, while that poll's span is entered.

use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// `future`, of whose output `look` sees a reference before it is given.
#[inline]
pub fn observe<F, L>(future: F, look: L) -> Observed<F, L>
where
    F: Future,
    L: Fn(&F::Output),
{
    Observed { future, look }
}

/// Lets the compiler know what a future gives before it looks into it, as the return type of the
/// function would.
#[inline(always)]
pub const fn output<T, F: Future<Output = T>>(future: F) -> F {
    future
}

/// The same for a closure that makes one.
#[inline(always)]
pub const fn future_of<T, F: Future<Output = T>, B: FnOnce() -> F>(body: B) -> B {
    body
}

pin_project! {
    /// A future whose output is looked at.
    #[must_use = "futures do nothing unless polled"]
    pub struct Observed<F, L> {
        #[pin]
        future: F,
        look: L,
    }
}

impl<F: Future, L: Fn(&F::Output)> Future for Observed<F, L> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let result = this.future.poll(cx);
        if let Poll::Ready(output) = &result {
            (this.look)(output);
        }
        result
    }
}

impl<F, L> fmt::Debug for Observed<F, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed").finish_non_exhaustive()
    }
}
