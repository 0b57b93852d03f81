//! What can be asked of `ferret serve`, as types. Reading it from a request's path and query is [`parse`]'s part, so
//! that whoever answers meets nothing that is out of bounds.

mod parameters;
mod parse;

pub(crate) use parameters::decode;

use crate::export::Form;
use crate::filter::Filter;
use ferret::event::ProcessUid;
use std::time::Duration;

/// What a request for a document asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question {
    /// The workers, and the programs they are of.
    Workers(Workers),
    /// What runs now.
    Stack(Rows),
    /// The stages.
    Stages(Rows),
    /// What functions cost.
    Functions(Functions),
    /// The numbers now, of all and of each worker.
    Metrics(Workers),
    /// Series over time.
    History(History),
    /// Workers × time.
    Heatmap(Heatmap),
    /// What happened.
    Events(Events),
    /// The rules, and what they say.
    Alerts,
}

/// What a request asks of the log of one worker, which is read anew for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WindowQuestion {
    pub(crate) worker: WorkerId,
    /// None: the last ten seconds of it.
    pub(crate) range: Option<Range>,
    pub(crate) filter: Option<Filter>,
    pub(crate) form: WindowForm,
}

/// In what form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WindowForm {
    /// A flame chart of at most so many slices.
    Flame {
        limit: usize,
    },
    Export(Form),
}

/// What a path asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    /// A document of what is known.
    Document(Question),
    /// A part of one log.
    Window(WindowQuestion),
    /// Healthy, degraded or unhealthy.
    Health,
    /// What changes, from now on.
    Stream,
}

/// A worker's id: its log's process uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WorkerId(pub(crate) ProcessUid);

/// A function's id, good until the history is rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FunctionId(pub(crate) u64);

/// Which workers. Both given: the worker, if it is of that program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) worker: Option<WorkerId>,
    pub(crate) program: Option<String>,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// So long, up to now; at least a millisecond.
    Last(Duration),
    /// Unix ms, the first before the second; none: now.
    Between { from_ms: u64, to_ms: Option<u64> },
}

impl Range {
    /// From when until when, Unix ms, at this moment.
    pub(crate) fn at(self, now_ms: u64) -> (u64, u64) {
        match self {
            Self::Last(time) => {
                let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                (now_ms.saturating_sub(ms), now_ms)
            }
            Self::Between { from_ms, to_ms } => {
                (from_ms, to_ms.unwrap_or_else(|| now_ms.max(from_ms + 1)))
            }
        }
    }
}

/// Workers, so many at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workers {
    pub(crate) scope: Scope,
    pub(crate) limit: usize,
}

/// Rows of what is now, so many at most: open spans and tasks, or stages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rows {
    pub(crate) scope: Scope,
    pub(crate) filter: Option<Filter>,
    pub(crate) limit: usize,
}

/// Rows of the functions table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Functions {
    pub(crate) scope: Scope,
    /// None: since the logs began.
    pub(crate) range: Option<Range>,
    pub(crate) filter: Option<Filter>,
    pub(crate) sort: Sort,
    pub(crate) limit: usize,
}

/// An order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) by: SortBy,
    /// The other way around: numbers with the smallest first, names from z to a.
    pub(crate) reversed: bool,
}

/// By what: numbers with the largest first, names from a to z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SortBy {
    Total,
    SelfTime,
    Calls,
    Mean,
    P50,
    P90,
    P95,
    P99,
    Max,
    Errors,
    Name,
}

/// Series of about 200 points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) scope: Scope,
    pub(crate) range: Range,
    /// None: of the processes.
    pub(crate) function: Option<FunctionId>,
}

/// A row of about 200 points for each worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heatmap {
    pub(crate) scope: Scope,
    pub(crate) range: Range,
    pub(crate) measure: Measure,
    pub(crate) limit: usize,
}

/// A number that processes have over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Measure {
    CpuPercent,
    CpuMaxPercent,
    RssBytes,
    Threads,
    OpenSpans,
    OpenTasks,
    SpansPerSecond,
    ErrorsPerSecond,
    Dropped,
    Alive,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Events {
    pub(crate) scope: Scope,
    pub(crate) range: Option<Range>,
    /// Only those behind this number.
    pub(crate) after: Option<u64>,
    pub(crate) limit: usize,
}

impl SortBy {
    /// Each, and as it is written.
    pub(crate) const ALL: [(&'static str, Self); 11] = [
        ("total", Self::Total),
        ("self", Self::SelfTime),
        ("calls", Self::Calls),
        ("mean", Self::Mean),
        ("p50", Self::P50),
        ("p90", Self::P90),
        ("p95", Self::P95),
        ("p99", Self::P99),
        ("max", Self::Max),
        ("errors", Self::Errors),
        ("name", Self::Name),
    ];
}

impl Measure {
    /// Each, and as it is written.
    pub(crate) const ALL: [(&'static str, Self); 10] = [
        ("cpu_percent", Self::CpuPercent),
        ("cpu_max_percent", Self::CpuMaxPercent),
        ("rss_bytes", Self::RssBytes),
        ("threads", Self::Threads),
        ("open_spans", Self::OpenSpans),
        ("open_tasks", Self::OpenTasks),
        ("spans_per_second", Self::SpansPerSecond),
        ("errors_per_second", Self::ErrorsPerSecond),
        ("dropped", Self::Dropped),
        ("alive", Self::Alive),
    ];
}

impl std::fmt::Display for WorkerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for WorkerId {
    type Err = String;

    /// Exactly 32 hex digits: one worker has one address.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if text.len() != 32 || !text.bytes().all(is_hex) {
            return Err("an id of 32 hex digits, as /api/workers has them".to_owned());
        }
        let number = u128::from_str_radix(text, 16).map_err(|error| error.to_string())?;
        Ok(Self(ProcessUid(number)))
    }
}
