//! Feature `off`: no span, and nothing around a poll.

use crate::event::Outcome;
use crate::record::TaskSpan;

/// Nothing.
#[derive(Debug)]
pub(crate) struct PolledSpan;

impl PolledSpan {
    /// Nothing.
    #[inline(always)]
    pub(crate) fn made(_task: TaskSpan) -> Self {
        Self
    }

    /// Polls.
    #[inline(always)]
    #[expect(clippy::unused_self, reason = "the signature of the build that records")]
    pub(crate) fn run<R>(
        &mut self,
        poll: impl FnOnce() -> R,
        _ends: impl FnOnce(&R) -> Option<Outcome>,
    ) -> R {
        poll()
    }
}
