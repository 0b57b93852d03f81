//! The API's documents, as `docs/serve.md` has them: each file one of them, made from the fleet as it is now and from
//! its store. Knows nothing of HTTP.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all fields that a filter may ask about, a row has the ones it knows"
)]

mod events;
mod functions;
mod heatmap;
mod history;
mod measure;
mod metrics;
mod numbers;
mod stack;
mod stages;
mod workers;

pub(crate) use numbers::{checks, numbers};

use super::question::{Question, Scope, WorkerId};
use super::serving::Refusal;
use crate::fleet::{Level, Shared, Slot, StoreError, Usage, Worker};
use ferret::event::LogTime;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a document is made of: the fleet, at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) now: LogTime,
    pub(crate) now_ms: u64,
    /// For a file, in which all is of the past and nothing is kept beside it.
    pub(crate) is_frozen: bool,
}

/// What every document begins with.
#[derive(Debug, Serialize)]
struct Head {
    format: u32,
    kind: &'static str,
    now_ms: u64,
}

/// What all that a worker's log tells adds up to, by its number in the store.
type Sums = BTreeMap<u32, Usage>;

impl Asked<'_> {
    /// Answers as JSON.
    ///
    /// # Errors
    ///
    /// What is asked for is not there, or the store cannot be read.
    pub(crate) fn answer(&self, question: &Question) -> Result<Vec<u8>, Refusal> {
        match question {
            Question::Workers(asked) => json(&self.workers(asked)?),
            Question::Stack(asked) => json(&self.stack(asked)?),
            Question::Stages(asked) => json(&self.stages(asked)?),
            Question::Functions(asked) => json(&self.functions(asked)?),
            Question::Metrics(asked) => json(&self.metrics(asked)?),
            Question::History(asked) => json(&self.history(asked)?),
            Question::Heatmap(asked) => json(&self.heatmap(asked)?),
            Question::Events(asked) => json(&self.events(asked)?),
            Question::Alerts => json(&self.alerts()),
        }
    }

    fn head(&self, kind: &'static str) -> Head {
        Head { format: 1, kind, now_ms: self.now_ms }
    }

    /// Shows `see` each worker that is listed and in scope, by program and then by when it began.
    fn each_worker(&self, scope: &Scope, mut see: impl FnMut(&Worker)) -> Result<(), Refusal> {
        let workers = self.shared.workers.lock();
        if let Some(id) = scope.worker.filter(|id| !workers.contains_key(&id.0)) {
            return Err(no_worker(id));
        }
        let mut all: Vec<&Worker> =
            workers.values().filter(|worker| is_in(scope, worker)).collect();
        all.sort_by_key(|worker| {
            let kept = &worker.kept;
            (&kept.program, kept.started_ms, kept.uid)
        });
        all.into_iter().for_each(&mut see);
        Ok(())
    }

    /// The store's numbers of the workers in scope, and who they are; also of those that are forgotten.
    fn numbers_in(&self, scope: &Scope) -> Result<BTreeMap<u32, crate::fleet::Kept>, Refusal> {
        self.require_known(scope)?;
        let known = self.shared.store.workers().map_err(|error| unreadable(&error))?;
        let is_in = |kept: &crate::fleet::Kept| {
            scope.worker.is_none_or(|id| id.0 == kept.uid)
                && scope.program.as_ref().is_none_or(|program| *program == kept.program)
        };
        Ok(known.into_iter().filter(|(_, kept)| is_in(kept)).collect())
    }

    /// Refuses a scope of a worker that there never was: one that is forgotten has a past still.
    fn require_known(&self, scope: &Scope) -> Result<(), Refusal> {
        let Some(id) = scope.worker else { return Ok(()) };
        if self.shared.workers.lock().contains_key(&id.0) {
            return Ok(());
        }
        let stored = self.shared.store.worker(id.0).map_err(|error| unreadable(&error))?;
        stored.map(|_| ()).ok_or_else(|| no_worker(id))
    }

    /// What all that the logs tell adds up to, by worker.
    fn sums(&self) -> Result<Sums, Refusal> {
        let mut sums = Sums::new();
        let all = (Slot(0), Slot(0));
        let see = |_, worker, usage: &Usage| {
            sums.insert(worker, usage.clone());
        };
        self.shared.store.usage(Level::All, all, see).map_err(|error| unreadable(&error))?;
        Ok(sums)
    }

    /// As of when the logs are in the history; of a run that is over, its end.
    fn counted_ms(&self) -> u64 {
        self.shared.counted_ms().min(self.now_ms)
    }

    /// Whether all logs are in the history, as far as they go.
    fn is_complete(&self) -> bool {
        self.shared.troubles.lock().has_looked
            && self.shared.workers.lock().values().all(|worker| worker.gap().is_none())
    }

    /// How a worker is, by name, and whether it lives. One whose log is gone is as it was, unless it lived; one whose log
    /// has not been opened yet is as it was.
    fn state(&self, worker: &Worker) -> (String, bool) {
        let kept = worker.kept.state.as_str();
        let lived = ["running", "stalled", "zombie"].contains(&kept);
        match worker.state(self.now, self.shared.settings.zombie_after_ns) {
            Some(state) if !worker.is_gone => (state.to_string(), state.is_alive()),
            None if !worker.is_gone => (kept.to_owned(), lived),
            _ if lived => ("unknown".to_owned(), false),
            _ => (kept.to_owned(), false),
        }
    }
}

fn no_worker(id: WorkerId) -> Refusal {
    Refusal::NotThere(format!("there is no worker {id}"))
}

fn is_in(scope: &Scope, worker: &Worker) -> bool {
    let kept = &worker.kept;
    scope.worker.is_none_or(|id| id.0 == kept.uid)
        && scope.program.as_ref().is_none_or(|program| *program == kept.program)
}

/// Keeps the first so many; says how many were left out.
fn cut<T>(list: &mut Vec<T>, limit: usize) -> usize {
    let left_out = list.len().saturating_sub(limit);
    list.truncate(limit);
    left_out
}

fn unreadable(error: &StoreError) -> Refusal {
    Refusal::Broken(error.to_string())
}

pub(super) fn json(document: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(document).map_err(|error| Refusal::Broken(error.to_string()))
}
