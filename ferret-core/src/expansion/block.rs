//! The guard of a span that nobody tells how it ended: of a `span!`, and of functions whose
//! returned value is not looked at.
//!
//! It ends in its drop, and a drop runs on a return as on a panic. `std::thread::panicking()` alone
//! does not tell them apart: it is also true in a destructor that an unwinding thread runs, and
//! what returns there has not panicked. So the guard remembers how it was when the span began.
//! Taken for a return is thus a panic inside such a destructor that is caught in it.

use crate::event::Outcome;
use crate::record::{Callsite, Guard, enter};
use std::thread::panicking;

/// An open span of this thread. Ends when dropped.
#[must_use = "the span ends when its guard is dropped: bind it, `let _span = …`"]
#[derive(Debug)]
pub struct SpanGuard {
    /// Taken by the drop alone.
    guard: Option<Guard>,
    was_panicking: bool,
}

/// Opens a span that ends when its guard is dropped.
#[inline(always)]
pub fn open(callsite: &'static Callsite) -> SpanGuard {
    SpanGuard { was_panicking: panicking(), guard: Some(enter(callsite)) }
}

impl Drop for SpanGuard {
    #[inline]
    fn drop(&mut self) {
        if let Some(guard) = self.guard.take() {
            let panicked = panicking() && !self.was_panicking;
            guard.finish(if panicked { Outcome::Panicked } else { Outcome::Ok });
        }
    }
}
