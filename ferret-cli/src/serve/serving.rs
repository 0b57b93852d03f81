//! What the server tells of, behind one type: it answers questions without knowing of HTTP.

use super::Settings;
use super::question::{Question, WorkerId};
use ferret::event::{LogEntry, Offset, ProcessStart};
use ferret::log::{ReadOptions, Tail};
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// All that is known of the workers. Shared by all requests.
#[derive(Debug)]
pub(crate) struct Serving {
    workers: Vec<Known>,
    changes: AtomicU64,
}

#[derive(Debug)]
struct Known {
    id: WorkerId,
    log: PathBuf,
    start: Box<ProcessStart>,
}

/// An answer, to be sent as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) content_type: &'static str,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It cannot be asked so.
    #[error("{0}")]
    Question(String),
    /// There is no such thing.
    #[error("{0}")]
    NotThere(String),
    /// Not now: too much is asked at once.
    #[error("too much is asked at once: ask again in a second")]
    Busy,
}

/// The numbers of a moment, for who counts on by himself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) now_ms: u64,
    pub(crate) workers: Vec<WorkerNumbers>,
    pub(crate) functions: Vec<FunctionNumbers>,
    pub(crate) checks: Vec<Check>,
}

/// Of a worker. None: not known, or over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorkerNumbers {
    pub(crate) id: WorkerId,
    pub(crate) program: String,
    pub(crate) pid: u32,
    pub(crate) host: String,
    pub(crate) state: State,
    pub(crate) started_ms: Option<u64>,
    /// Since it last reported.
    pub(crate) heard_ns: Option<u64>,
    /// How long no span has been open.
    pub(crate) idle_ns: Option<u64>,
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) threads: Option<u64>,
    pub(crate) open_spans: Option<u64>,
    pub(crate) open_tasks: Option<u64>,
    pub(crate) spans_per_second: Option<f64>,
    /// Spans that ended since its log began, and what became of them.
    pub(crate) spans: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) cancelled: u64,
    /// Spans that were not recorded.
    pub(crate) dropped: u64,
}

/// Of a function of a program, since the logs began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionNumbers {
    pub(crate) program: String,
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) cancelled: u64,
    pub(crate) total_ns: u64,
}

/// What a worker is doing, as `docs/serve.md` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Running,
    Stalled,
    Zombie,
    Exited,
    Failed,
    Stopped,
    Crashed,
    Unknown,
}

/// One thing that may be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) text: String,
}

/// How well it is, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Healthy,
    Degraded,
    Unhealthy,
}

impl State {
    /// Each, and as it is written.
    pub(crate) const ALL: [(&'static str, Self); 8] = [
        ("running", Self::Running),
        ("stalled", Self::Stalled),
        ("zombie", Self::Zombie),
        ("exited", Self::Exited),
        ("failed", Self::Failed),
        ("stopped", Self::Stopped),
        ("crashed", Self::Crashed),
        ("unknown", Self::Unknown),
    ];

    /// Whether the process is there.
    pub(crate) fn is_alive(self) -> bool {
        matches!(self, Self::Running | Self::Stalled | Self::Zombie)
    }
}

impl Status {
    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl Serving {
    /// Begins to read the logs, beside whoever calls.
    ///
    /// # Errors
    ///
    /// The rules or the store cannot be used.
    pub(crate) fn start(settings: &Settings) -> anyhow::Result<Self> {
        let mut workers = Vec::new();
        for path in &settings.logs {
            let logs = match std::fs::read_dir(path) {
                Ok(folder) => folder.filter_map(Result::ok).map(|file| file.path()).collect(),
                Err(_no_folder) => vec![path.clone()],
            };
            workers.extend(logs.into_iter().filter_map(known));
        }
        Ok(Self { workers, changes: AtomicU64::new(0) })
    }

    /// Stops reading, and closes the store. Nothing is answered any more.
    pub(crate) fn stop(&self) {}

    /// Answers. It takes a moment: not for a thread that must not wait.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub(crate) fn answer(&self, question: &Question) -> Result<Answer, Refusal> {
        let workers: Vec<_> = self.workers.iter().map(Known::document).collect();
        let body = match question {
            Question::Workers(_) => json!({ "format": 1, "kind": "workers", "workers": workers }),
            Question::Events(_) => {
                json!({ "format": 1, "kind": "events", "next": 0, "events": [] })
            }
            other => json!({ "format": 1, "kind": format!("{other:?}") }),
        };
        Ok(Answer { body: body.to_string().into_bytes(), content_type: "application/json" })
    }

    /// A number that is another once something has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.fetch_add(1, Ordering::Relaxed)
    }

    /// The log of a worker.
    pub(crate) fn worker_log(&self, worker: WorkerId) -> Option<PathBuf> {
        self.workers.iter().find(|known| known.id == worker).map(|known| known.log.clone())
    }

    /// Shows a worker no more that is gone.
    ///
    /// # Errors
    ///
    /// There is none, or it is not gone.
    pub(crate) fn forget(&self, worker: WorkerId) -> Result<(), Refusal> {
        if self.worker_log(worker).is_some() {
            return Err(Refusal::Question(format!(
                "the log of {worker} is there: it would come back"
            )));
        }
        Err(Refusal::NotThere(format!("there is no worker {worker}")))
    }

    /// The numbers now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let workers = self.workers.iter().map(Known::numbers).collect();
        let text = format!("{} logs are read", self.workers.len());
        let checks = vec![Check { name: "logs".to_owned(), status: Status::Healthy, text }];
        Snapshot { workers, checks, ..Snapshot::default() }
    }
}

impl Known {
    fn document(&self) -> serde_json::Value {
        let (id, log) =
            (self.id.to_string(), self.log.file_name().map(|name| name.to_string_lossy()));
        json!({ "id": id, "pid": self.start.pid, "exe": self.start.exe, "log": log })
    }

    fn numbers(&self) -> WorkerNumbers {
        WorkerNumbers {
            id: self.id,
            program: self.start.exe.rsplit('/').next().unwrap_or_default().to_owned(),
            pid: self.start.pid,
            host: self.start.host.clone(),
            state: State::Unknown,
            started_ms: Some(self.start.unix_ns / 1_000_000),
            heard_ns: None,
            idle_ns: None,
            cpu_percent: None,
            rss_bytes: None,
            threads: None,
            open_spans: None,
            open_tasks: None,
            spans_per_second: None,
            spans: 0,
            errors: 0,
            panics: 0,
            cancelled: 0,
            dropped: 0,
        }
    }
}

fn known(log: PathBuf) -> Option<Known> {
    let mut tail = Tail::open(&log, &ReadOptions::default()).ok()?;
    tail.seek(Offset(0));
    match tail.poll(1).ok()?.into_iter().next()?.what {
        LogEntry::ProcessStart(start) => Some(Known { id: WorkerId(start.uid), log, start }),
        _ => None,
    }
}
