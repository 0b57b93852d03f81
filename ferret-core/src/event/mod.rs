//! The event model: what a log can say. Everything else in Ferret either makes entries or folds
//! them; this module depends on nothing but `serde` and does neither.
//!
//! The entry set is complete by design (later features fill it, none reshapes it), because logs
//! outlive the program that wrote them.

mod heap;
mod ids;
mod names;
mod opened;
#[cfg(feature = "read")]
mod part;
mod process;
mod resume;
mod sink;
mod stack;
mod summary;
mod task;

pub use heap::HeapUse;
pub use ids::{
    CallsiteId, LogIndex, LogTime, Offset, PathId, Position, ProcessUid, RunId, SpanId, ThreadId,
};
pub use names::{CallsiteInfo, CallsiteKind, Names, PathInfo, ThreadInfo};
pub use opened::Opened;
#[cfg(feature = "read")]
pub use part::{EndedSpan, Part, Parts, Spans, Stretch};
pub use process::{
    EndKind, MetricSample, ProcessEnd, ProcessExit, ProcessStart, ProcessState, SpanCost,
};
pub use resume::{EnteredPlace, HeapAccount, Known, OuterFrames, Resume};
pub use sink::{Commit, Sink};
pub use stack::{Frame, ThreadStack};
pub use summary::{
    SUMMARY_BUCKETS, Summary, summary_bucket, summary_bucket_range, summary_percentile,
};
pub use task::{OpenTask, TaskLife};

use serde::{Deserialize, Serialize};

/// One fact in a log, with its place: what every reader gets and every projection folds.
///
/// One thread's entries come in program order. Across threads time may go back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number in the log.
    pub offset: Offset,
    /// When it happened.
    pub time: LogTime,
    /// The thread it happened on; [`ThreadId::RECORDER`] for facts about the whole process.
    pub thread: ThreadId,
    /// What happened.
    #[serde(flatten)]
    pub what: LogEntry,
}

/// What happened.
///
/// Spans carry their [`PathId`], from which [`Names`] gives callsite and ancestors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[non_exhaustive]
// A tag of its own, not one hidden in a value: every fold asks for it, of every entry.
#[repr(u8)]
pub enum LogEntry {
    /// The log begins: who is recorded.
    #[serde(rename = "PROCESS_START")]
    ProcessStart(Box<ProcessStart>),
    /// The process said goodbye, or a salvager said it for it.
    #[serde(rename = "PROCESS_END")]
    ProcessEnd(ProcessEnd),
    /// What only a parent can know: how the process ended, as `wait` told it.
    #[serde(rename = "PROCESS_EXIT")]
    ProcessExit(ProcessExit),
    /// A thread ran its first span. Its name is in [`Names::threads`].
    #[serde(rename = "THREAD_START")]
    ThreadStart,
    /// A thread ended. Spans it left open have been ended just before, outcome unknown.
    #[serde(rename = "THREAD_END")]
    ThreadEnd,
    /// A span began.
    #[serde(rename = "SPAN_START")]
    SpanStart {
        /// The span.
        span: SpanId,
        /// Its place in the call tree.
        path: PathId,
        /// The span it is a child of.
        parent: Option<SpanId>,
        /// True for an async span: it runs only between its `Enter`s and `Exit`s, on any thread.
        is_async: bool,
    },
    /// A span ended.
    #[serde(rename = "SPAN_END")]
    SpanEnd {
        /// The span.
        span: SpanId,
        /// Its place in the call tree.
        path: PathId,
        /// When it began.
        start: LogTime,
        /// Time spent in child spans, ns. For an async span, 0: its `Exit`s carry it.
        child_ns: u64,
        /// How it ended.
        outcome: Outcome,
        /// It was not the innermost open span of its thread (`drop(a)` before `drop(b)`).
        out_of_order: bool,
    },
    /// A poll of an async span began on this thread.
    #[serde(rename = "ENTER")]
    Enter {
        /// The span polled.
        span: SpanId,
        /// Its place in the call tree.
        path: PathId,
    },
    /// A poll of an async span ended on this thread.
    #[serde(rename = "EXIT")]
    Exit {
        /// The span polled.
        span: SpanId,
        /// Its place in the call tree.
        path: PathId,
        /// How long this poll took, ns.
        busy_ns: u64,
        /// Of that, time in child spans on this thread, ns.
        child_ns: u64,
    },
    /// A future was created under a span, to run elsewhere.
    #[serde(rename = "CREATED")]
    Created {
        /// The name the span will have: it starts, with this id, at its first poll.
        span: SpanId,
        /// The span under which it was created.
        parent: Option<SpanId>,
        /// Its place in the call tree.
        path: PathId,
    },
    /// Polls of an async span, merged: short ones without children, or those of spans that are counted.
    #[serde(rename = "POLLS")]
    Polls {
        /// The span polled.
        span: SpanId,
        /// Its place in the call tree.
        path: PathId,
        /// How many polls.
        count: u64,
        /// Their time together, ns.
        busy_ns: u64,
        /// Of that, time in child spans, ns.
        child_ns: u64,
        /// The longest of them, ns.
        longest_ns: u64,
    },
    /// The process's CPU, memory, threads and I/O now.
    #[serde(rename = "METRIC")]
    Metric(Box<MetricSample>),
    /// A key and value of a span.
    #[serde(rename = "TAG")]
    Tag {
        /// The span it belongs to.
        span: SpanId,
        /// The key: a callsite of kind [`CallsiteKind::Key`].
        key: CallsiteId,
        /// The value.
        value: TagValue,
    },
    /// How far a span has come.
    #[serde(rename = "PROGRESS")]
    Progress {
        /// The span it belongs to; none if no span was open.
        span: Option<SpanId>,
        /// Units done.
        done: u64,
        /// Units in all; 0 when unknown.
        total: u64,
    },
    /// An instant worth seeing.
    #[serde(rename = "MARK")]
    Mark {
        /// The span it happened in; none if no span was open.
        span: Option<SpanId>,
        /// Its text: a callsite of kind [`CallsiteKind::Mark`].
        callsite: CallsiteId,
    },
    /// A number the program counts itself.
    #[serde(rename = "COUNTER")]
    Counter {
        /// Its name: a callsite of kind [`CallsiteKind::Key`].
        key: CallsiteId,
        /// The change (`counter`) or the level (`gauge`).
        value: f64,
        /// True if `value` is the new level, false if it is added to the last one.
        gauge: bool,
    },
    /// What a frame allocated and freed since its last such entry; the last stands before the
    /// frame's `SpanEnd` or `Exit`. Only of programs whose allocator is wrapped.
    #[serde(rename = "ALLOC")]
    Alloc {
        /// The span, or the span polled, that was innermost meanwhile.
        span: SpanId,
        /// Its place in the call tree.
        path: PathId,
        /// What was allocated.
        #[serde(flatten)]
        heap: HeapUse,
    },
    /// The memory that spans of one callsite have allocated and nobody has freed, as of now.
    #[serde(rename = "HEAP")]
    Heap {
        /// Whose spans; [`CallsiteId::PROCESS`] for the whole process, which has more: what was
        /// allocated outside spans.
        callsite: CallsiteId,
        /// Bytes that live.
        live_bytes: u64,
        /// Allocations that live.
        live_count: u64,
        /// The most bytes that lived at once so far.
        peak_bytes: u64,
    },
    /// Calls that were counted and timed but not recorded one by one: a program that is kept to a number of
    /// spans a second exceeded it.
    #[serde(rename = "SUMMARY")]
    Summary(Box<Summary>),
    /// Spans that could not be recorded, because no chunk was free or the log could not be
    /// written.
    #[serde(rename = "DROPPED")]
    Dropped {
        /// How many.
        spans: u64,
        /// Time under them, ns: to be taken off the self time of the innermost open span.
        busy_ns: u64,
        /// START of the innermost recorded span still open; none if none is. Spans above it ended
        /// unseen: their `SpanEnd`s, outcome unknown, stand just before this entry.
        top: Option<Position>,
        /// That span's place in the call tree; none where a keyframe only counts it.
        path: Option<PathId>,
    },
    /// The clock jumped by more than a millisecond against the boot-time clock.
    #[serde(rename = "CLOCK")]
    Clock {
        /// By how much, ns; negative is back.
        jump_ns: i64,
    },
}

impl LogEntry {
    /// Whether a span starts or ends: what nearly all entries of a log say.
    #[inline]
    pub fn is_start_or_end(&self) -> bool {
        matches!(self, Self::SpanStart { .. } | Self::SpanEnd { .. })
    }

    /// The name people know it by, as in `ferret log`: `SPAN_START`, `METRIC`, …
    pub fn name(&self) -> &'static str {
        match self {
            Self::ProcessStart(_) => "PROCESS_START",
            Self::ProcessEnd(_) => "PROCESS_END",
            Self::ProcessExit(_) => "PROCESS_EXIT",
            Self::ThreadStart => "THREAD_START",
            Self::ThreadEnd => "THREAD_END",
            Self::SpanStart { .. } => "SPAN_START",
            Self::SpanEnd { .. } => "SPAN_END",
            Self::Enter { .. } => "ENTER",
            Self::Exit { .. } => "EXIT",
            Self::Created { .. } => "CREATED",
            Self::Polls { .. } => "POLLS",
            Self::Metric(_) => "METRIC",
            Self::Tag { .. } => "TAG",
            Self::Progress { .. } => "PROGRESS",
            Self::Mark { .. } => "MARK",
            Self::Counter { .. } => "COUNTER",
            Self::Alloc { .. } => "ALLOC",
            Self::Heap { .. } => "HEAP",
            Self::Summary(_) => "SUMMARY",
            Self::Dropped { .. } => "DROPPED",
            Self::Clock { .. } => "CLOCK",
        }
    }
}

/// How a span ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It returned.
    #[default]
    Ok,
    /// It returned an `Err`.
    Err,
    /// It unwound.
    Panicked,
    /// Its future was dropped before it completed.
    Cancelled,
    /// It was open when a loss of events began.
    Unknown,
}

/// A tag's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TagValue {
    /// A boolean.
    Bool(bool),
    /// An unsigned integer.
    Unsigned(u64),
    /// A negative integer.
    Signed(i64),
    /// A floating-point number.
    Float(f64),
    /// Text, cut at 256 bytes.
    Text(String),
}

impl std::fmt::Display for TagValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(v) => v.fmt(f),
            Self::Unsigned(v) => v.fmt(f),
            Self::Signed(v) => v.fmt(f),
            Self::Float(v) => v.fmt(f),
            Self::Text(v) => v.fmt(f),
        }
    }
}
