//! How long async spans waited: from start to end, less their polls.
//!
//! A poll's end may stand in the log behind its span's own end, since the two can happen on two
//! threads. So what is known of an open span's polls is kept until it ends, and a poll that comes
//! later is taken off then: the sum is right in whatever order they come. (Taking the time in polls
//! off the total when it is asked for was rejected: the polls of open spans, and of spans that a
//! filter leaves out, are in it too.)

use crate::event::SpanId;
use std::collections::BTreeMap;

/// The async spans of one log that have begun and not ended, with their time in polls so far.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenPolls {
    busy_ns: BTreeMap<SpanId, u64>,
}

impl OpenPolls {
    /// An async span begins.
    pub(super) fn begin(&mut self, span: SpanId) {
        self.busy_ns.entry(span).or_default();
    }

    /// It was polled for so long; says whether it is open.
    pub(super) fn poll(&mut self, span: SpanId, busy_ns: u64) -> bool {
        let Some(busy) = self.busy_ns.get_mut(&span) else { return false };
        *busy = busy.saturating_add(busy_ns);
        true
    }

    /// It ended: gives its time in polls so far.
    pub(super) fn end(&mut self, span: SpanId) -> u64 {
        if self.busy_ns.is_empty() {
            return 0;
        }
        self.busy_ns.remove(&span).unwrap_or(0)
    }
}
