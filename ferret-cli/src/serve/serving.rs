//! What the server tells of, behind one type: it answers questions without knowing of HTTP.

use super::Settings;
use super::answer::{self, Asked, checks, numbers};
use super::health;
use super::question::{Question, WorkerId};
use crate::alert::{self, Alerts, Watching};
use crate::exit::say;
use crate::fleet::{self, Fleet, See, Shared, Store, StoreError};
use anyhow::Context as _;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long sinks may take when it is stopped.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// All that is known of the workers. Shared by all requests.
#[derive(Debug)]
pub(crate) struct Serving {
    fleet: Mutex<Option<Fleet>>,
    shared: Arc<Shared>,
    /// None without rules.
    watching: Option<Watching>,
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
    /// What is known cannot be read.
    #[error("{0}")]
    Broken(String),
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
    /// For how long it has done nothing; none while a span is open.
    pub(crate) idle_ns: Option<u64>,
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) threads: Option<u64>,
    pub(crate) open_spans: Option<u64>,
    pub(crate) open_tasks: Option<u64>,
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
        let store = store(settings)?;
        let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let looked_at = fleet::Settings {
            zombie_after_ns: ns(settings.zombie_after),
            forget_after_ns: settings.forget_after.map(ns),
            ..fleet::Settings::default()
        };
        let watching = settings.rules.as_deref().map(watching).transpose()?;
        let see = watching.clone().map(|watching| -> Box<dyn See> { Box::new(watching) });
        let fleet = Fleet::follow(settings.logs.clone(), store, looked_at, see)?;
        let shared = Arc::clone(&fleet.shared);
        Ok(Self { fleet: Mutex::new(Some(fleet)), shared, watching })
    }

    /// Stops reading, and closes the store. What is asked from now on is answered from what was read.
    pub(crate) fn stop(&self) {
        let fleet = self.fleet.lock().take();
        drop(fleet);
        if let Some(watching) = &self.watching {
            watching.stop(LAST_WORDS);
        }
    }

    /// Answers. It takes a moment: not for a thread that must not wait.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub(crate) fn answer(&self, question: &Question) -> Result<Answer, Refusal> {
        let body = match (question, &self.watching) {
            (Question::Alerts, Some(watching)) => {
                let report = watching.report(fleet::unix_ms()).ok_or(Refusal::Busy)?;
                answer::json(&report)?
            }
            _ => self.asked().answer(question)?,
        };
        Ok(Answer { body, content_type: "application/json" })
    }

    /// A number that is another once something has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.shared.changes()
    }

    /// The log of a worker.
    pub(crate) fn worker_log(&self, worker: WorkerId) -> Option<PathBuf> {
        let workers = self.shared.workers.lock();
        let worker = workers.get(&worker.0).filter(|worker| !worker.is_gone);
        worker.map(|worker| worker.kept.log.clone())
    }

    /// Shows a worker no more that is gone.
    ///
    /// # Errors
    ///
    /// There is none, or it is not gone.
    pub(crate) fn forget(&self, worker: WorkerId) -> Result<(), Refusal> {
        let is_gone = self.shared.workers.lock().get(&worker.0).map(|worker| worker.is_gone);
        match is_gone {
            None => Err(Refusal::NotThere(format!("there is no worker {worker}"))),
            Some(false) => {
                Err(Refusal::Question(format!("the log of {worker} is there: it would come back")))
            }
            Some(true) => {
                let forgotten = self.shared.forget(&[worker.0]);
                forgotten.map(|_| ()).map_err(|error| Refusal::Broken(error.to_string()))
            }
        }
    }

    /// What is well now, and what is not; and when that is.
    pub(crate) fn health(&self) -> (u64, Vec<Check>) {
        let asked = self.asked();
        (asked.now_ms, checks(&asked).into_iter().chain(self.sinks()).collect())
    }

    /// Whether messages come to where they go; none without rules.
    fn sinks(&self) -> Option<Check> {
        let reports = self.watching.as_ref()?.sinks()?;
        Some(health::of_sinks(&reports))
    }

    /// The numbers now.
    ///
    /// # Errors
    ///
    /// The history cannot be read.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, Refusal> {
        let mut numbers = numbers(&self.asked())?;
        numbers.checks.extend(self.sinks());
        Ok(numbers)
    }

    fn asked(&self) -> Asked<'_> {
        let (now, now_ms) = (ferret::log::now(), fleet::unix_ms());
        Asked { shared: &self.shared, now, now_ms, is_frozen: false }
    }
}

/// Puts the rules to work.
fn watching(path: &Path) -> anyhow::Result<Watching> {
    let rules = alert::read(path)?;
    let rules = rules
        .with_context(|| format!("{} cannot be used: it is told above why", path.display()))?;
    Ok(Watching::new(Alerts::new(rules)?))
}

/// Opens the store: the one that is named, or that of these logs among the user's own files.
fn store(settings: &Settings) -> anyhow::Result<Store> {
    let keep = settings.keep;
    let is_named = settings.store.is_some();
    let Some(path) = settings.store.clone().or_else(|| own_file(&settings.logs)) else {
        say(
            "there is no place for the history (neither XDG_STATE_HOME nor HOME is set): it is kept in memory; name a \
             file with --store",
        );
        return Ok(Store::in_memory(keep)?);
    };
    let store = match Store::open(&path, keep) {
        Ok(store) => store,
        Err(error @ StoreError::Taken(_)) => return Err(error.into()),
        Err(error) if is_named => {
            let path = path.display();
            return Err(
                anyhow::Error::new(error).context(format!("{path} cannot be used as store"))
            );
        }
        Err(error) => {
            let path = path.display();
            say(format_args!(
                "{path} cannot be used ({error}): the history is kept in memory; name a file with --store"
            ));
            Store::in_memory(keep)?
        }
    };
    if let Some(aside) = &store.moved_aside {
        let (path, aside) = (path.display(), aside.display());
        say(format_args!(
            "{path} could not be read: it is {aside} now, and the history is made anew from the logs"
        ));
    }
    Ok(store)
}

/// The file for the history of these logs: always the same for them.
fn own_file(logs: &[PathBuf]) -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").filter(|folder| !folder.is_empty());
    let state = state.map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME").filter(|folder| !folder.is_empty())?;
        Some(PathBuf::from(home).join(".local/state"))
    })?;
    // A path that cannot be resolved, since nothing is there yet, stands for itself.
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let mut names: Vec<PathBuf> = logs.iter().map(absolute).collect();
    names.sort();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in names.iter().flat_map(|name| name.as_os_str().as_encoded_bytes().iter().chain(&[0]))
    {
        // FNV-1a.
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    Some(state.join("ferret").join(format!("serve-{hash:016x}.redb")))
}
