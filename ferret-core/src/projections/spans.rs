//! Spans that ended, taken out of a log's entries once for all projections that add them up: nearly all
//! entries are starts and ends of spans, and each projection had to tell these apart by itself.

use crate::event::{Entry, LogEntry, LogTime, Outcome, PathId, SpanId, ThreadId};

/// A span that ended: what its `SpanEnd` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedSpan {
    /// The span.
    pub span: SpanId,
    /// The thread it ended on.
    pub thread: ThreadId,
    /// Its place in the call tree.
    pub path: PathId,
    /// When it began.
    pub start: LogTime,
    /// When it ended.
    pub end: LogTime,
    /// Time in child spans, ns.
    pub child_ns: u64,
    /// How it ended.
    pub outcome: Outcome,
}

impl EndedSpan {
    /// How long it took, ns.
    #[inline]
    pub fn ns(&self) -> u64 {
        self.end.since(self.start)
    }

    /// The span that an entry says has ended.
    #[inline]
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        match entry.what {
            LogEntry::SpanEnd { span, path, start, child_ns, outcome, .. } => {
                let (thread, end) = (entry.thread, entry.time);
                Some(Self { span, thread, path, start, end, child_ns, outcome })
            }
            _ => None,
        }
    }
}

/// How many entries from the first on are starts of spans that are not async, and ends; the spans that end
/// in these are then in `ended`.
pub fn spans_until_other(entries: &[Entry], ended: &mut Vec<EndedSpan>) -> usize {
    ended.clear();
    for (index, entry) in entries.iter().enumerate() {
        match entry.what {
            LogEntry::SpanStart { is_async: false, .. } => {}
            LogEntry::SpanEnd { .. } => ended.extend(EndedSpan::of(entry)),
            _ => return index,
        }
    }
    entries.len()
}

#[cfg(test)]
#[path = "spans_tests.rs"]
mod tests;
