//! Facts about a whole process: its start and end, its metrics, and the one enum of its state.

use super::{LogTime, ProcessUid};
use serde::{Deserialize, Serialize};

/// Who is recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessStart {
    /// Names the process.
    pub uid: ProcessUid,
    /// Its pid, in its own pid namespace.
    pub pid: u32,
    /// When the kernel started it, clock ticks since boot (`/proc/PID/stat`, field 22); 0 if unknown.
    pub start_ticks: u64,
    /// The host's name.
    pub host: String,
    /// The kernel's boot id: log times compare exactly between processes that share it.
    pub boot_id: String,
    /// The executable's path.
    pub exe: String,
    /// The command line, the program first.
    pub args: Vec<String>,
    /// Wall time at this entry, ns since the Unix epoch: with the entry's own time it turns log
    /// time into wall time.
    pub unix_ns: u64,
    /// The version of ferret that records.
    pub ferret: String,
    /// What recording costs it; none if that could not be measured, or the log is of format 1.
    #[serde(default)]
    pub span_cost: Option<SpanCost>,
}

/// What it costs to record one span, measured when the recording began: on this machine, with this
/// build, of spans with nothing in them. Readers say with it what share of a time is likely
/// ferret's own; no time in the log has anything taken off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanCost {
    /// The part between the span's own start and end, ps: in its own time.
    pub inner_ps: u32,
    /// The part before its start and after its end, ps: in the time of what encloses it.
    pub outer_ps: u32,
}

/// The end of a process, as it or its salvager wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessEnd {
    /// How it ended.
    pub how: EndKind,
}

/// How a process ended, as far as it could know itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndKind {
    /// `exit` ran, with this code where the system tells (`on_exit`).
    Exited(Option<i32>),
    /// The session was dropped; the program may have gone on unrecorded.
    Closed,
    /// A signal that ferret was asked to handle ended it.
    Signal(i32),
    /// A salvager found the log without an end.
    Lost,
}

/// What `wait` told the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProcessExit {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

/// The process as a whole, now. A reading that failed is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricSample {
    /// CPU since the last sample, percent of one core: 0 to 100 × cores.
    pub cpu_percent: Option<f64>,
    /// CPU time since the process began, ns.
    pub cpu_ns: Option<u64>,
    /// Resident memory, bytes.
    pub rss_bytes: Option<u64>,
    /// Threads of the process, the recorder's included.
    pub threads: Option<u32>,
    /// Spans open in all threads.
    pub open_spans: u32,
    /// Async spans open.
    pub open_tasks: u32,
    /// Bytes read from storage since the process began.
    pub read_bytes: Option<u64>,
    /// Bytes written to storage since the process began.
    pub written_bytes: Option<u64>,
}

/// The state of a process, everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProcessState {
    /// It lives and reports.
    Running,
    /// It lives, but no METRIC came for [`ProcessState::STALLED_AFTER_NS`].
    Stalled,
    /// It exited with code 0, or closed its session.
    Exited,
    /// It exited with another code.
    Failed,
    /// SIGTERM, SIGINT or SIGHUP ended it.
    Stopped,
    /// It ended without an end marker, or by any other signal.
    Crashed,
    /// It cannot be seen from here.
    Unknown,
}

impl ProcessState {
    /// A living process that is silent for this long is stalled, ns.
    pub const STALLED_AFTER_NS: u64 = 3_000_000_000;

    /// The state, from all that can be known.
    ///
    /// `end` and `exit` are the log's last words, `owned` whether a process holds the log's
    /// liveness lock (`None` if that cannot be told from here), `last_metric` the last METRIC's time.
    pub fn of(
        end: Option<ProcessEnd>,
        exit: Option<ProcessExit>,
        owned: Option<bool>,
        last_metric: Option<LogTime>,
        now: LogTime,
    ) -> Self {
        match (exit, end.map(|e| e.how), owned) {
            (Some(ProcessExit::Code(code)), _, _) => Self::of_code(code),
            (Some(ProcessExit::Signal(signal)), _, _)
            | (None, Some(EndKind::Signal(signal)), _) => Self::of_signal(signal),
            (None, Some(EndKind::Exited(code)), _) => Self::of_code(code.unwrap_or(0)),
            (None, Some(EndKind::Closed), _) => Self::Exited,
            (None, Some(EndKind::Lost), _) | (None, None, Some(false)) => Self::Crashed,
            (None, None, None) => Self::Unknown,
            (None, None, Some(true)) => match last_metric {
                Some(at) if now.since(at) > Self::STALLED_AFTER_NS => Self::Stalled,
                _ => Self::Running,
            },
        }
    }

    fn of_code(code: i32) -> Self {
        if code == 0 { Self::Exited } else { Self::Failed }
    }

    fn of_signal(signal: i32) -> Self {
        if matches!(signal, libc::SIGTERM | libc::SIGINT | libc::SIGHUP) {
            Self::Stopped
        } else {
            Self::Crashed
        }
    }

    /// Whether the process may still write.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Running | Self::Stalled)
    }

    /// Whether the levels that it said last are those of now, if it was last heard of at `heard`: it lives, or
    /// cannot be seen from here, as in another container, and was heard of just now.
    pub fn is_present(self, heard: LogTime, now: LogTime) -> bool {
        let is_unseen = self == Self::Unknown;
        self.is_live() || (is_unseen && now.since(heard) <= Self::STALLED_AFTER_NS)
    }
}

impl std::fmt::Display for ProcessState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Stalled => "stalled",
            Self::Exited => "exited",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Crashed => "crashed",
            Self::Unknown => "unknown",
        })
    }
}
