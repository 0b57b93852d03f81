//! What the store keeps of a worker, a function, an event.

use crate::fleet::worker::Stamp;
use ferret::event::{CallsiteInfo, ProcessUid};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A worker, as it is known without its log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) uid: ProcessUid,
    pub(crate) program: String,
    pub(crate) pid: u32,
    pub(crate) host: String,
    pub(crate) exe: String,
    pub(crate) args: Vec<String>,
    pub(crate) log: PathBuf,
    /// The log's device and inode, and when it was written last, ns: with these three as they were, an ended log
    /// need not be opened.
    pub(crate) stamp: Stamp,
    pub(crate) started_ms: Option<u64>,
    pub(crate) ended_ms: Option<u64>,
    /// In which state it was last seen, by name.
    pub(crate) state: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) death: Option<String>,
    /// Which entries are in the history: offsets, the second behind the last; ascending, apart.
    pub(crate) read: Vec<(u64, u64)>,
    /// Its process has ended, and all of its log is in the history.
    pub(crate) is_done: bool,
    /// It is not to be listed any more.
    pub(crate) is_forgotten: bool,
}

/// A function of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Function {
    pub(crate) program: String,
    pub(crate) info: CallsiteInfo,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Event {
    /// Given by the store.
    pub(crate) number: u64,
    pub(crate) at_ms: u64,
    pub(crate) what: What,
    pub(crate) severity: Severity,
    /// Whose; none of the server itself.
    pub(crate) worker: Option<ProcessUid>,
    pub(crate) program: Option<String>,
    pub(crate) text: String,
}

/// What kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    Start,
    Exit,
    Fail,
    Stop,
    Crash,
    Stall,
    Recover,
    Zombie,
    Drop,
    Error,
    Panic,
    Mark,
    Clock,
    Gone,
    Alert,
    Resolved,
    Damage,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Info,
    Warning,
    Error,
}

impl What {
    /// Its name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Exit => "exit",
            Self::Fail => "fail",
            Self::Stop => "stop",
            Self::Crash => "crash",
            Self::Stall => "stall",
            Self::Recover => "recover",
            Self::Zombie => "zombie",
            Self::Drop => "drop",
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Mark => "mark",
            Self::Clock => "clock",
            Self::Gone => "gone",
            Self::Alert => "alert",
            Self::Resolved => "resolved",
            Self::Damage => "damage",
        }
    }
}

impl Severity {
    pub(crate) const ALL: [(&'static str, Self); 3] =
        [("info", Self::Info), ("warning", Self::Warning), ("error", Self::Error)];

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
