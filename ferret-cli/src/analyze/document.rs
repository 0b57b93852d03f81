//! What an analysis says: the document of `ferret analyze --json`, from which every table is drawn
//! too, so that what one shows the other can show. docs/json.md describes it; it only ever grows.
//!
//! Durations are ns, sizes bytes, percents of one core or of the run. What is not known is null.

use super::alloc::{Alloc, Heap};
use super::gate::Answer;
use super::histogram::Histogram;
use super::history::LastGood;
use super::report::Reports;
use crate::death::Death;
use serde::{Deserialize, Serialize};

/// The version of the document: raised when a field changes its meaning, never when one is added.
pub(crate) const FORMAT: u32 = 1;

/// An analysis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Analysis {
    pub(crate) format: u32,
    /// `analysis`
    pub(crate) kind: String,
    /// With `--fail-if`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) gates: Vec<Answer>,
    pub(crate) logs: Vec<Log>,
    pub(crate) run: Run,
    pub(crate) processes: Vec<Process>,
    /// In the order asked for, longest total first by default.
    pub(crate) functions: Vec<Function>,
    /// In the order they began.
    pub(crate) stages: Vec<Stage>,
    /// All stages together; none where there is none.
    #[serde(default)]
    pub(crate) stage_total: Option<StageTotal>,
    pub(crate) open: Vec<Open>,
    /// With `--tree`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tree: Option<Vec<Node>>,
    /// With `--by thread`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) threads: Option<Vec<Thread>>,
    /// By name.
    #[serde(default)]
    pub(crate) counters: Vec<Counter>,
    /// Keys that have no row, because a process has more than 256 names.
    #[serde(default)]
    pub(crate) counters_left_out: u64,
    /// Values of counters and gauges that were no finite numbers: in no figure.
    #[serde(default)]
    pub(crate) counters_not_numbers: u64,
    /// In order of first appearance.
    #[serde(default)]
    pub(crate) marks: Vec<Mark>,
    /// Marks that have no row, because there are more than 256 texts.
    #[serde(default)]
    pub(crate) marks_left_out: u64,
    /// The run before; absent where there is none, or it does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_good: Option<LastGood>,
    /// The report that was asked for.
    #[serde(flatten)]
    pub(crate) reports: Reports,
}

/// A log that was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Log {
    pub(crate) path: String,
    /// What it takes on disk.
    pub(crate) bytes: u64,
    /// The file's length, which runs ahead of it.
    pub(crate) length: u64,
    pub(crate) first_offset: u64,
    pub(crate) next_offset: u64,
    /// Wall time of the first entry still there, RFC 3339.
    pub(crate) first_time: Option<String>,
    /// The limits by which older entries were dropped; none where nothing was.
    #[serde(default)]
    pub(crate) max_bytes: Option<u64>,
    #[serde(default)]
    pub(crate) max_age_ns: Option<u64>,
    /// Entries that were dropped before they could be read.
    #[serde(default)]
    pub(crate) missed_entries: u64,
    /// How far back it tells, in words; none where it tells from its beginning.
    #[serde(skip)]
    pub(crate) reach: Option<String>,
    pub(crate) salvaged_entries: u64,
    /// Entries that were not read, because somebody interrupted it.
    #[serde(default)]
    pub(crate) unread_entries: u64,
    /// Part of it is gone (dropped by retention, or damaged) or was not read, and in no figure.
    pub(crate) partial: bool,
}

/// The run as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Run {
    pub(crate) id: String,
    /// Wall time, RFC 3339.
    pub(crate) start: Option<String>,
    pub(crate) start_unix_ns: Option<u64>,
    /// Of what was analysed: less than the run with `--since` or `--until`.
    pub(crate) duration_ns: u64,
    /// Spans that ended, and those that are open.
    pub(crate) spans: u64,
    pub(crate) open_spans: u64,
    pub(crate) dropped_spans: u64,
    /// Calls that were only counted, and in no other figure because `--filter` asks what is not known of single
    /// ones.
    #[serde(default)]
    pub(crate) not_told_apart: u64,
    /// Null where the log does not tell.
    #[serde(default)]
    pub(crate) heap: Option<Heap>,
}

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Process {
    pub(crate) uid: String,
    pub(crate) pid: u32,
    pub(crate) exe: String,
    pub(crate) host: String,
    pub(crate) start: Option<String>,
    /// Its last known moment.
    pub(crate) end: Option<String>,
    /// running, stalled, exited, failed, stopped, crashed or unknown
    pub(crate) state: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) avg_cpu_percent: Option<f64>,
    /// Threads that ended a span or a poll.
    pub(crate) threads: u64,
    pub(crate) duration_ns: u64,
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) dropped: u64,
    /// Of the calls, how many were counted instead of being recorded one by one.
    #[serde(default)]
    pub(crate) sampled: u64,
    /// Time at work in spans, all threads together.
    pub(crate) busy_ns: u64,
    /// What recording a span cost it, as measured when the recording began: in the span's own time,
    /// and in that of what encloses it. Null where the log does not tell.
    #[serde(default)]
    pub(crate) span_inner_ns: Option<f64>,
    #[serde(default)]
    pub(crate) span_outer_ns: Option<f64>,
    /// How it died; null unless its state is crashed.
    #[serde(default)]
    pub(crate) death: Option<Death>,
    /// With `--by process`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) durations: Option<Durations>,
}

/// How durations are distributed. Exact up to 512 of them, percentiles to 0.1 % above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "they are the document's, and units end a name")]
pub(crate) struct Durations {
    pub(crate) mean_ns: Option<u64>,
    pub(crate) min_ns: Option<u64>,
    pub(crate) p50_ns: Option<u64>,
    pub(crate) p90_ns: Option<u64>,
    pub(crate) p95_ns: Option<u64>,
    pub(crate) p99_ns: Option<u64>,
    pub(crate) max_ns: Option<u64>,
}

/// A function, block or stage, in all processes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Function {
    /// Names it within this document.
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) module: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    /// function, async, block, stage or asyncstage
    pub(crate) kind: String,
    /// Spans that ended ok, err, panicked or cancelled.
    pub(crate) calls: u64,
    pub(crate) open: u64,
    /// How long those have been open, together; recursion counted once.
    pub(crate) open_ns: u64,
    /// Of the calls, how many returned an `Err` or unwound.
    pub(crate) errors: u64,
    /// Of the calls in percent; null without calls.
    pub(crate) error_percent: Option<f64>,
    /// Of the errors, how many unwound.
    pub(crate) panics: u64,
    pub(crate) cancelled: u64,
    /// Spans whose end was not seen: in no other figure.
    pub(crate) unknown: u64,
    /// Spans lost directly under it: what they were is not known.
    pub(crate) dropped: u64,
    /// Of the calls, how many were counted instead of being recorded one by one.
    pub(crate) sampled: u64,
    /// Recursion counted once.
    pub(crate) total_ns: u64,
    pub(crate) self_ns: u64,
    /// Polls of an async function; the total of any other.
    pub(crate) busy_ns: u64,
    /// Of an async function: how many polls ended. This and what follows is null for any other.
    pub(crate) polls: Option<u64>,
    /// From start to end of its spans that ended, less their polls; recursion counted once.
    pub(crate) idle_ns: Option<u64>,
    /// The same of those that are open, up to now.
    pub(crate) open_idle_ns: Option<u64>,
    /// For so long nothing else ran where it was polled.
    pub(crate) longest_poll_ns: Option<u64>,
    #[serde(flatten)]
    pub(crate) durations: Durations,
    /// What it allocated; null where the log does not tell.
    #[serde(default)]
    pub(crate) alloc: Option<Alloc>,
    /// How much of the self time of all its spans is likely the profiler's, 0 to 100; null without
    /// self time, and where a log does not tell.
    pub(crate) overhead_percent: Option<f64>,
    /// How its durations are spread; absent where they are not grouped by function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) histogram: Option<Histogram>,
    /// The same of what its calls, or of an async function its polls, took by themselves; absent where that is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) self_histogram: Option<Histogram>,
}

/// A stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Stage {
    pub(crate) name: String,
    /// running, unfinished, failed, cancelled, done or unknown
    pub(crate) state: String,
    pub(crate) calls: u64,
    /// The union of its spans.
    pub(crate) wall_ns: u64,
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) avg_cpu_percent: Option<f64>,
    /// Another stage ran in the same process meanwhile: memory and CPU are of both.
    pub(crate) shared: bool,
    /// Units done, and units in all where that is known.
    pub(crate) done: Option<u64>,
    pub(crate) total: Option<u64>,
    pub(crate) errors: u64,
    pub(crate) open: u64,
}

/// All stages together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageTotal {
    /// The union of their spans.
    pub(crate) wall_ns: u64,
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) avg_cpu_percent: Option<f64>,
    /// Wall times may be too long by as much.
    pub(crate) closed_gaps_ns: u64,
}

/// A counter or a gauge, over all processes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counter {
    pub(crate) name: String,
    /// counter or gauge
    pub(crate) kind: String,
    /// What was counted in all, or the last level.
    pub(crate) value: f64,
    /// The least and the most it was; a counter begins at 0.
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Of a counter, `value` by the time analysed.
    pub(crate) mean_per_second: Option<f64>,
    /// Entries that say it: what a thread says between two looks of the recorder is one.
    pub(crate) changes: u64,
    /// Wall time of the last, RFC 3339.
    pub(crate) last_change: Option<String>,
    /// The same for each process that said it.
    pub(crate) processes: Vec<CounterOfProcess>,
}

/// A counter or a gauge in one process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CounterOfProcess {
    /// The process's uid.
    pub(crate) process: String,
    pub(crate) value: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) changes: u64,
}

/// The marks of one text, in all processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) text: String,
    pub(crate) count: u64,
    /// Wall time, RFC 3339.
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
    /// The same from the start of the run.
    pub(crate) first_ns: u64,
    pub(crate) last_ns: u64,
}

/// A span that has not ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Open {
    /// The process's uid.
    pub(crate) process: String,
    /// The thread's name; null while an async span waits.
    pub(crate) thread: Option<String>,
    /// The async span whose poll it is, or that waits.
    pub(crate) task: Option<String>,
    pub(crate) span: String,
    pub(crate) parent: Option<String>,
    pub(crate) name: String,
    /// To the process's last known moment.
    pub(crate) age_ns: u64,
    /// How many frames of its thread lie under it.
    pub(crate) depth: usize,
    /// False for a future that has not been polled yet: `age_ns` is then from its creation.
    #[serde(default = "yes")]
    pub(crate) begun: bool,
    /// How long an async span waits; null while it is polled, and for what is not async.
    pub(crate) waits_ns: Option<u64>,
    /// Polls of an async span that ended, and the time in them.
    pub(crate) polls: Option<u64>,
    pub(crate) busy_ns: Option<u64>,
    /// The name of its parent's function, where the span above it here is not its parent.
    pub(crate) under: Option<String>,
}

fn yes() -> bool {
    true
}

/// A node of the call tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Node {
    /// A function's id; one that a filter took out is in the tree for what is below it.
    pub(crate) function: u32,
    pub(crate) name: String,
    pub(crate) calls: u64,
    pub(crate) total_ns: u64,
    pub(crate) self_ns: u64,
    pub(crate) open: u64,
    /// How long those have been open, together.
    pub(crate) open_ns: u64,
    pub(crate) errors: u64,
    /// Of the calls, how many were counted instead of being recorded one by one.
    #[serde(default)]
    pub(crate) sampled: u64,
    /// Null without calls.
    #[serde(default)]
    pub(crate) p50_ns: Option<u64>,
    #[serde(default)]
    pub(crate) p95_ns: Option<u64>,
    /// As the function has them; absent where it was called in no other place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) histogram: Option<Histogram>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) self_histogram: Option<Histogram>,
    pub(crate) children: Vec<Node>,
}

/// A thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Thread {
    /// The process's uid.
    pub(crate) process: String,
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) unknown: u64,
    pub(crate) dropped: u64,
    /// Of the calls, how many were counted instead of being recorded one by one.
    #[serde(default)]
    pub(crate) sampled: u64,
    pub(crate) open: u64,
    /// Time at work in spans.
    pub(crate) busy_ns: u64,
    #[serde(flatten)]
    pub(crate) durations: Durations,
}
