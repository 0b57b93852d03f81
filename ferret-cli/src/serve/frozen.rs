//! The page as one file that needs no server: a run's answers to what the page asks first, inlined in it. It is what
//! `ferret export --format html` writes.

use super::answer::{self, Asked};
use super::health;
use super::page;
use super::question;
use crate::export::{Part, PartForm, write_part};
use crate::fleet::{self, Fleet, Keep, Shared, Store, Worker};
use crate::progress::ProgressLine;
use crate::stop::Stop;
use anyhow::{Context as _, bail};
use ferret::event::ProcessUid;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For good: the store is gone when the file is written.
const KEEP: Keep = Keep { ten_seconds: 1 << 40, five_minutes: 1 << 40, hour: 1 << 40 };

/// Between two looks at how far the reading is.
const PAUSE: Duration = Duration::from_millis(50);

/// Functions and workers that have a history and a flame chart of their own in it.
const FUNCTIONS: usize = 100;
const WORKERS: usize = 20;

/// Slices of a flame chart.
const SLICES: usize = 5_000;

/// What the page asks that depends on nothing.
const PLAIN: [&str; 5] = [
    "/api/workers?limit=2000",
    "/api/stack?limit=2000",
    "/api/stages?limit=2000",
    "/api/events?limit=1000",
    "/api/alerts",
];

/// What heatmaps show.
const HEATMAPS: [&str; 4] = ["cpu_percent", "rss_bytes", "spans_per_second", "errors_per_second"];

/// Makes the page of what the logs hold, and says what of them cannot be read.
///
/// # Errors
///
/// A log is not there or cannot be read, or `stop` was asked.
pub(crate) fn page(logs: &[PathBuf], stop: &Stop) -> anyhow::Result<(String, Vec<String>)> {
    for log in logs {
        // A server waits for what is not there; a file is of what is.
        ferret::log::members(log)?;
    }
    let settings = fleet::Settings::default();
    let fleet = Fleet::follow(logs.to_owned(), Store::in_memory(KEEP)?, settings, None)?;
    read_all(&fleet.shared, stop)?;
    let freezing = Freezing::new(&fleet.shared)?;
    let mut answers = BTreeMap::new();
    for asked in freezing.questions()? {
        if stop.is_asked() {
            return stop.die();
        }
        let answer = freezing.answer(&asked).with_context(|| format!("answering {asked}"))?;
        answers.insert(asked, answer);
    }
    let (health, _) = health::document(freezing.now_ms, &answer::checks(&freezing.asked()));
    answers.insert("/api/health".to_owned(), serde_json::from_str(&health)?);
    freezing.flames(&mut answers)?;
    let workers = fleet.shared.workers.lock();
    let damage = |worker: &Worker| {
        Some(format!("{}: {}", worker.kept.log.display(), worker.damage.as_ref()?))
    };
    Ok((page::frozen(&answers), workers.values().filter_map(damage).collect()))
}

/// Waits until all there is is counted.
fn read_all(shared: &Shared, stop: &Stop) -> anyhow::Result<()> {
    let mut progress = ProgressLine::new("reading");
    // What is written while we read is none of it: a log that is written may never end.
    let mut goals = None;
    loop {
        if stop.is_asked() {
            return stop.die();
        }
        let troubles = shared.troubles.lock().clone();
        if let Some((path, why)) = troubles.logs.iter().next() {
            bail!("{}: {why}", path.display());
        }
        if troubles.has_failed {
            bail!("the logs could not be read to their ends: stderr says why");
        }
        let now = shared.progress();
        if troubles.has_looked {
            let goals = goals.get_or_insert_with(|| now.clone());
            if goals.is_empty() {
                let why = troubles.empty.into_values().next();
                bail!(why.unwrap_or_else(|| "there is no log any more".to_owned()));
            }
            let is_read = |(uid, (_, goal)): (&ProcessUid, &(u64, u64))| {
                now.get(uid).is_none_or(|(read, all)| read >= goal.min(all))
            };
            if goals.iter().all(is_read) {
                return Ok(());
            }
        }
        let (read, all) = now.values().fold((0, 0), |(read, all), one| (read + one.0, all + one.1));
        progress.tell(read, all);
        std::thread::sleep(PAUSE);
    }
}

/// A fleet at one moment.
struct Freezing<'a> {
    shared: &'a Shared,
    now: ferret::event::LogTime,
    /// The end of the run, where it is over.
    now_ms: u64,
    began_ms: u64,
}

impl<'a> Freezing<'a> {
    fn new(shared: &'a Shared) -> anyhow::Result<Self> {
        let now = ferret::log::now();
        let workers = shared.workers.lock();
        let began_ms = workers.values().filter_map(|worker| worker.kept.started_ms).min();
        // Of one that lives there is no end.
        let ends = workers.values().map(|worker| worker.kept.ended_ms.unwrap_or(u64::MAX));
        let end_ms = ends.max().unwrap_or(u64::MAX).min(fleet::unix_ms());
        let began_ms = began_ms.context("the logs do not say any more when they were written")?;
        drop(workers);
        Ok(Self { shared, now, now_ms: end_ms.max(began_ms + 1), began_ms })
    }

    fn asked(&self) -> Asked<'_> {
        Asked { shared: self.shared, now: self.now, now_ms: self.now_ms, is_frozen: true }
    }

    /// All that the page may ask.
    fn questions(&self) -> anyhow::Result<Vec<String>> {
        let time = format!("from={}&to={}", self.began_ms, self.now_ms);
        let mut all: Vec<String> = PLAIN.iter().map(|&path| path.to_owned()).collect();
        all.push("/api/functions?limit=1000".to_owned());
        all.push(format!("/api/history?{time}"));
        all.extend(HEATMAPS.iter().map(|name| format!("/api/history?{time}&heatmap={name}")));
        let of = |name: &str| -> anyhow::Result<Vec<String>> {
            let list = self.answer(&format!("/api/{name}?limit=1000"))?;
            let rows = list[name].as_array().into_iter().flatten();
            Ok(rows.filter_map(|row| row["id"].as_str().map(str::to_owned)).collect())
        };
        for id in of("functions")?.iter().take(FUNCTIONS) {
            all.push(format!("/api/history?{time}&function={id}"));
        }
        for id in of("workers")?.iter().take(WORKERS) {
            all.push(format!("/api/history?{time}&worker={id}"));
            all.push(format!("/api/functions?worker={id}&limit=1000"));
        }
        Ok(all)
    }

    fn answer(&self, asked: &str) -> anyhow::Result<Value> {
        let (path, query) = asked.split_once('?').unwrap_or((asked, ""));
        let question = question::Asked::parse(path, query).context("there is no such path")?;
        let question = question.map_err(anyhow::Error::msg)?;
        let question::Asked::Document(question) = question else { bail!("it is no document") };
        Ok(serde_json::from_slice(&self.asked().answer(&question)?)?)
    }

    /// The last seconds of each worker.
    fn flames(&self, answers: &mut BTreeMap<String, Value>) -> anyhow::Result<()> {
        let logs: Vec<(ProcessUid, PathBuf)> = {
            let workers = self.shared.workers.lock();
            let all = workers.values().take(WORKERS);
            all.map(|worker| (worker.kept.uid, worker.kept.log.clone())).collect()
        };
        for (worker, log) in logs {
            // A log without a span has nothing to show.
            if let Some(flame) = flame(worker, &log)? {
                answers.insert(format!("/api/flame?worker={worker}"), flame);
            }
        }
        Ok(())
    }
}

fn flame(worker: ProcessUid, log: &Path) -> anyhow::Result<Option<Value>> {
    let part = Part { worker, between_ms: None, filter: None, form: PartForm::Flame(SLICES) };
    let mut flame = Vec::new();
    match write_part(log, part, &mut flame, &Stop::default()) {
        Ok(()) => Ok(Some(serde_json::from_slice(&flame)?)),
        Err(crate::export::PartError::NotThen(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
