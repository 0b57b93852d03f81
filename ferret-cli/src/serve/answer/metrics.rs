//! `/api/metrics`: the numbers now, of each worker and of all together.

use super::super::question;
use super::super::serving::Refusal;
use super::workers::{Numbers, rank};
use super::{Asked, Head, cut};
use crate::analyze::hundredths;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Metrics {
    #[serde(flatten)]
    head: Head,
    fleet: Fleet,
    left_out: usize,
    workers: Vec<OfWorker>,
}

#[derive(Debug, Default, Serialize)]
struct Fleet {
    workers: usize,
    alive: usize,
    cpu_percent: f64,
    rss_bytes: u64,
    threads: u64,
    open_spans: u64,
    open_tasks: u64,
    spans_per_second: f64,
    errors_per_second: f64,
    spans: u64,
    errors: u64,
    dropped: u64,
}

#[derive(Debug, Serialize)]
struct OfWorker {
    #[serde(skip)]
    alive: bool,
    id: String,
    program: String,
    state: String,
    #[serde(flatten)]
    numbers: Numbers,
    errors_per_second: f64,
}

impl Asked<'_> {
    pub(super) fn metrics(&self, asked: &question::Workers) -> Result<Metrics, Refusal> {
        let sums = self.sums()?;
        let (mut fleet, mut workers) = (Fleet::default(), Vec::new());
        self.each_worker(&asked.scope, |worker| {
            let (state, alive) = self.state(worker);
            let numbers = self.numbers(worker, alive, &sums);
            let errors_per_second = if alive { worker.errors_per_second(self.now) } else { 0.0 };
            fleet.add(&numbers, alive, errors_per_second);
            workers.push(OfWorker {
                alive,
                id: worker.kept.uid.to_string(),
                program: worker.kept.program.clone(),
                state,
                numbers,
                errors_per_second: hundredths(errors_per_second),
            });
        })?;
        workers.sort_by_key(|of: &OfWorker| rank(&of.state, of.alive));
        let left_out = cut(&mut workers, asked.limit);
        Ok(Metrics { head: self.head("metrics"), fleet, left_out, workers })
    }
}

impl Fleet {
    fn add(&mut self, numbers: &Numbers, alive: bool, errors_per_second: f64) {
        self.workers += 1;
        self.alive += usize::from(alive);
        self.cpu_percent = hundredths(self.cpu_percent + numbers.cpu_percent.unwrap_or(0.0));
        self.rss_bytes += numbers.rss_bytes.unwrap_or(0);
        self.threads += u64::from(numbers.threads.unwrap_or(0));
        self.open_spans += numbers.open_spans.unwrap_or(0);
        self.open_tasks += numbers.open_tasks.unwrap_or(0);
        self.spans_per_second = hundredths(self.spans_per_second + numbers.spans_per_second);
        self.errors_per_second = hundredths(self.errors_per_second + errors_per_second);
        self.spans = self.spans.saturating_add(numbers.spans);
        self.errors = self.errors.saturating_add(numbers.errors);
        self.dropped = self.dropped.saturating_add(numbers.dropped);
    }
}
