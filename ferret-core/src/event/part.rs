//! Parts of a log: what entries say, with those that nearly all are added up. Starts and ends of spans are
//! 99 of 100 entries, and no fold wants a start by itself: it wants the spans that ended, and what is open
//! behind them. A reader that decodes to parts makes no entry of a start, and none of an end.
//!
//! (Lists of entries, out of which each fold picked the ends, were what this took over from: for a span it
//! cost twice an entry made, and four times one looked at.)

use super::{Entry, Frame, LogEntry, LogTime, Offset, Outcome, PathId, SpanId, ThreadId};

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
    pub fn of(entry: &Entry) -> Option<Self> {
        let LogEntry::SpanEnd { span, path, start, child_ns, outcome, .. } = entry.what else {
            return None;
        };
        let (thread, end) = (entry.thread, entry.time);
        Some(Self { span, thread, path, start, end, child_ns, outcome })
    }
}

/// Entries of one thread that follow each other, all of them starts of spans that are not async, and ends of
/// the innermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans<'a> {
    /// Where, when, and how many.
    pub stretch: Stretch,
    /// The spans that ended, in the order of their ends. Those that [`Stretch::left_out`] counts are missing.
    pub ended: &'a [EndedSpan],
    /// The frames that began and are open behind them, outermost first.
    pub opened: &'a [Frame],
}

/// What is known of [`Spans`] beside the spans themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Their thread.
    pub thread: ThreadId,
    /// The offset behind the last entry.
    pub next: Offset,
    /// The time of the first entry.
    pub first: LogTime,
    /// The latest time.
    pub last: LogTime,
    /// Spans that began.
    pub started: u64,
    /// Innermost frames of the thread that were open before, and have ended.
    pub closed: u32,
    /// Time in frames above the innermost frame that was open before and still is, since that began, ns. None
    /// where there is no such frame, or no more is known of it than that it is.
    pub child_ns: Option<u64>,
    /// Spans that ended well and are not listed, because the reader had no use for them any more.
    pub left_out: u64,
}

impl Spans<'_> {
    /// How many entries they are.
    pub fn entries(&self) -> u64 {
        self.stretch.started + self.stretch.left_out + self.ended.len() as u64
    }
}

/// A part of a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part<'a> {
    /// Starts and ends of spans.
    Spans(Spans<'a>),
    /// Any entry.
    Other(&'a Entry),
}

impl Part<'_> {
    /// The offset of its first entry.
    pub fn first(&self) -> Offset {
        Offset(self.next().0.saturating_sub(self.entries()))
    }

    /// The latest time in it.
    pub fn latest(&self) -> LogTime {
        match self {
            Self::Spans(spans) => spans.stretch.last,
            Self::Other(entry) => entry.time,
        }
    }

    /// The offset behind its last entry.
    pub fn next(&self) -> Offset {
        match self {
            Self::Spans(spans) => spans.stretch.next,
            Self::Other(entry) => entry.offset.plus(1),
        }
    }

    /// How many entries it is.
    pub fn entries(&self) -> u64 {
        match self {
            Self::Spans(spans) => spans.entries(),
            Self::Other(_) => 1,
        }
    }
}

/// Parts of one log, in order. Its memory is used again from one reading to the next.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    ended: Vec<EndedSpan>,
    opened: Vec<Frame>,
    others: Vec<Entry>,
    all: Vec<Bounds>,
    entries: u64,
}

/// Where a part ends in the lists.
#[derive(Clone, Copy, Debug)]
enum Bounds {
    Spans {
        stretch: Stretch,
        ended: usize,
        opened: usize,
    },
    /// The next of the others.
    Other,
}

impl Parts {
    /// The parts, in order.
    pub fn iter(&self) -> impl Iterator<Item = Part<'_>> {
        let (mut ended_from, mut opened_from) = (0, 0);
        let mut others = self.others.iter();
        self.all.iter().filter_map(move |bounds| match *bounds {
            Bounds::Other => others.next().map(Part::Other),
            Bounds::Spans { stretch, ended, opened } => {
                let spans = Spans {
                    stretch,
                    ended: &self.ended[ended_from..ended],
                    opened: &self.opened[opened_from..opened],
                };
                (ended_from, opened_from) = (ended, opened);
                Some(Part::Spans(spans))
            }
        })
    }

    /// How many entries they are.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// How many parts there are.
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// Forgets them, and keeps the memory.
    pub fn clear(&mut self) {
        self.ended.clear();
        self.opened.clear();
        self.others.clear();
        self.all.clear();
        self.entries = 0;
    }

    /// Adds any entry.
    pub fn push(&mut self, entry: Entry) {
        self.others.push(entry);
        self.all.push(Bounds::Other);
        self.entries += 1;
    }

    /// Takes all that `other` has; of its spans that ended well only the ones that are `wanted`, and the
    /// others counted.
    pub fn take(&mut self, other: &mut Self, wanted: impl Fn(&EndedSpan) -> bool) {
        for part in other.iter() {
            let Part::Spans(Spans { stretch, ended, opened }) = part else {
                self.all.push(Bounds::Other);
                self.entries += 1;
                continue;
            };
            let before = self.ended.len();
            let is_kept = |span: &&EndedSpan| span.outcome != Outcome::Ok || wanted(span);
            self.ended.extend(ended.iter().filter(is_kept));
            let kept = self.ended.len() - before;
            let left_out = stretch.left_out + (ended.len() - kept) as u64;
            self.opened.extend(opened);
            self.end_spans(Stretch { left_out, ..stretch }, kept);
        }
        self.others.append(&mut other.others);
        other.clear();
    }

    /// Where spans that have ended are added, to be closed by [`Parts::end_spans`].
    pub(crate) fn ended_mut(&mut self) -> &mut Vec<EndedSpan> {
        &mut self.ended
    }

    /// Adds a frame that is open behind the spans that are added.
    pub(crate) fn open(&mut self, frames: &[Frame]) {
        self.opened.extend(frames);
    }

    /// What was added since the last part is of this stretch: so many spans ended.
    pub(crate) fn end_spans(&mut self, stretch: Stretch, ended: usize) {
        self.entries += stretch.started + stretch.left_out + ended as u64;
        let (ended, opened) = (self.ended.len(), self.opened.len());
        self.all.push(Bounds::Spans { stretch, ended, opened });
    }
}
