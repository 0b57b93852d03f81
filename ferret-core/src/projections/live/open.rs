//! What is open, one by one: frames of threads, async spans, and what they said about themselves.

use crate::event::{CallsiteId, LogTime, PathId, SpanId, TagValue, ThreadId};

/// One open frame of a thread.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenFrame {
    /// The span.
    pub span: SpanId,
    /// Its place in the call tree.
    pub path: PathId,
    /// The span it is a child of, which need not be the frame below: work that was handed to
    /// another thread is the child of what handed it over. None of a poll.
    pub parent: Option<SpanId>,
    /// When the span, or this poll, began.
    pub since: LogTime,
    /// Time in frames above it that have ended, ns.
    pub child_ns: u64,
    /// It is one poll of an async span: what else is known stands in its [`Task`].
    pub is_poll: bool,
    /// What the span said about itself.
    pub said: Said,
}

/// An open async span, or one to be: a future that has not been polled yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its place in the call tree.
    pub path: PathId,
    /// The span it is a child of.
    pub parent: Option<SpanId>,
    /// Whether it has begun: it does at its first poll.
    pub begun: bool,
    /// When it began; when it was created, if it has not.
    pub since: LogTime,
    /// The thread that polls it now, and since when; none while it waits.
    pub polled: Option<(ThreadId, LogTime)>,
    /// When its last poll ended; its start before the first did, or its creation.
    pub waits_since: LogTime,
    /// Polls that ended.
    pub polls: u64,
    /// Time in those polls, ns.
    pub busy_ns: u64,
    /// What the span said about itself.
    pub said: Said,
}

/// What a frame of a thread is the child of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The span.
    pub span: Option<SpanId>,
    /// It is not the frame below: it runs on another thread, waits, or has ended.
    pub is_elsewhere: bool,
}

/// What a span said about itself while it ran.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Its tags in order of first use, at most [`Said::TAGS`].
    pub tags: Vec<(CallsiteId, TagValue)>,
    /// Units done and units in all (0: unknown).
    pub progress: Option<(u64, u64)>,
}

impl Said {
    /// How many tags of a span are kept.
    pub const TAGS: usize = 8;

    /// Sets a tag; the ones beyond [`Said::TAGS`] are left out.
    pub fn tag(&mut self, key: CallsiteId, value: &TagValue) {
        if let Some((_, old)) = self.tags.iter_mut().find(|(known, _)| *known == key) {
            old.clone_from(value);
        } else if self.tags.len() < Self::TAGS {
            self.tags.push((key, value.clone()));
        }
    }
}

impl OpenFrame {
    #[inline]
    pub(super) fn new(span: SpanId, path: PathId, parent: Option<SpanId>, since: LogTime) -> Self {
        let (child_ns, is_poll, said) = (0, false, Said::default());
        Self { span, path, parent, since, child_ns, is_poll, said }
    }

    pub(super) fn poll(span: SpanId, path: PathId, since: LogTime) -> Self {
        Self { is_poll: true, ..Self::new(span, path, None, since) }
    }
}

impl Task {
    pub(super) fn new(path: PathId, parent: Option<SpanId>, since: LogTime) -> Self {
        let (polled, said) = (None, Said::default());
        let (polls, busy_ns, waits_since) = (0, 0, since);
        Self { path, parent, begun: true, since, polled, waits_since, polls, busy_ns, said }
    }
}
