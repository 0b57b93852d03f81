//! What of an async span is not in the log yet, while more spans begin than may be written.

use crate::event::{HeapUse, LogEntry, LogTime, Outcome, PathId, SpanId, ThreadId};

/// What is not said of an async span: its polls, or nothing is.
#[derive(Debug, Default)]
pub(super) struct Unsaid {
    /// Not even that it is there.
    pub(super) is_held: bool,
    /// When it was made, of one that is held and was made before it began.
    pub(super) made: Option<LogTime>,
    pub(super) polls: PollSum,
    /// When the last of them ended.
    pub(super) polled: LogTime,
    /// What they have allocated.
    pub(super) heap: HeapUse,
    /// What was noted on it: tags, and how far it is.
    pub(super) notes: Vec<(LogTime, LogEntry)>,
    pub(super) end: Option<UnsaidEnd>,
}

/// How an async span ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnsaidEnd {
    /// Where.
    pub(super) thread: ThreadId,
    pub(super) start: LogTime,
    pub(super) end: LogTime,
    pub(super) outcome: Outcome,
}

/// Polls, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PollSum {
    pub(super) count: u64,
    busy_ns: u64,
    child_ns: u64,
    longest_ns: u64,
}

impl Unsaid {
    /// Of a span of which nothing is said.
    pub(super) fn held(made: Option<LogTime>) -> Self {
        Self { is_held: true, made, ..Self::default() }
    }

    /// How far the span is comes in the place of how far it was; whether there is room for another note.
    pub(super) fn note(&mut self, most: usize, time: LogTime, note: LogEntry) -> bool {
        let is_progress =
            |(_, note): &(LogTime, LogEntry)| matches!(note, LogEntry::Progress { .. });
        if matches!(note, LogEntry::Progress { .. }) {
            self.notes.retain(|note| !is_progress(note));
        }
        let has_room = self.notes.len() < most;
        if has_room {
            self.notes.push((time, note));
        }
        has_room
    }
}

impl PollSum {
    #[inline]
    pub(super) fn add(&mut self, busy_ns: u64, child_ns: u64) {
        self.merge(&Self { count: 1, busy_ns, child_ns, longest_ns: busy_ns });
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.busy_ns = self.busy_ns.saturating_add(other.busy_ns);
        self.child_ns = self.child_ns.saturating_add(other.child_ns);
        self.longest_ns = self.longest_ns.max(other.longest_ns);
    }

    /// What is said of them; nothing of none.
    pub(super) fn entry(&self, span: SpanId, path: PathId) -> Option<LogEntry> {
        let Self { count, busy_ns, child_ns, longest_ns } = *self;
        let polls = LogEntry::Polls { span, path, count, busy_ns, child_ns, longest_ns };
        (count > 0).then_some(polls)
    }
}
