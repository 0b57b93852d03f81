//! The numbers that a threshold can be put on: of functions over a window, of single workers, of all workers
//! together, and those that programs count themselves.

use super::rules::near;
use super::watched::WorkerNow;
use super::window::Sums;
use crate::analyze::{Clause, Selector, show};
use crate::filter::{Kind, parse_value};
use crate::format;

/// A number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Of a function's calls in the window.
    Function(OfFunction),
    /// Of one worker.
    Worker(OfWorker),
    /// Of all workers that are asked, together.
    Fleet(OfFleet),
    /// A counter's growth in the window, or a gauge's level, under this name, of one worker.
    Counter(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfFunction {
    Calls,
    Errors,
    Panics,
    Cancelled,
    ErrorPercent,
    PerSecond,
    Total,
    Mean,
    Percentile(u32),
    Max,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfWorker {
    Cpu,
    Rss,
    Threads,
    OpenSpans,
    OpenTasks,
    SpansPerSecond,
    Uptime,
    /// Since it last reported.
    Heard,
    /// How long no span has been open.
    Idle,
    /// Those from here on are counts: what is asked is how much they grew in the window.
    Spans,
    Errors,
    Panics,
    Dropped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfFleet {
    /// Workers that live.
    Alive,
    /// A number of the living, added up.
    Sum(OfWorker),
}

type Row<T> = (&'static str, T, Kind);

const OF_FUNCTIONS: [Row<OfFunction>; 13] = [
    ("calls", OfFunction::Calls, Kind::Count),
    ("errors", OfFunction::Errors, Kind::Count),
    ("panics", OfFunction::Panics, Kind::Count),
    ("cancelled", OfFunction::Cancelled, Kind::Count),
    ("error_percent", OfFunction::ErrorPercent, Kind::Percent),
    ("per_second", OfFunction::PerSecond, Kind::Count),
    ("total", OfFunction::Total, Kind::Duration),
    ("mean", OfFunction::Mean, Kind::Duration),
    ("p50", OfFunction::Percentile(50), Kind::Duration),
    ("p90", OfFunction::Percentile(90), Kind::Duration),
    ("p95", OfFunction::Percentile(95), Kind::Duration),
    ("p99", OfFunction::Percentile(99), Kind::Duration),
    ("max", OfFunction::Max, Kind::Duration),
];

const OF_WORKERS: [Row<OfWorker>; 13] = [
    ("cpu", OfWorker::Cpu, Kind::Percent),
    ("rss", OfWorker::Rss, Kind::Bytes),
    ("threads", OfWorker::Threads, Kind::Count),
    ("open_spans", OfWorker::OpenSpans, Kind::Count),
    ("open_tasks", OfWorker::OpenTasks, Kind::Count),
    ("spans_per_second", OfWorker::SpansPerSecond, Kind::Count),
    ("uptime", OfWorker::Uptime, Kind::Duration),
    ("heard", OfWorker::Heard, Kind::Duration),
    ("idle", OfWorker::Idle, Kind::Duration),
    ("spans", OfWorker::Spans, Kind::Count),
    ("errors", OfWorker::Errors, Kind::Count),
    ("panics", OfWorker::Panics, Kind::Count),
    ("dropped", OfWorker::Dropped, Kind::Count),
];

const OF_FLEETS: [Row<OfFleet>; 7] = [
    ("alive", OfFleet::Alive, Kind::Count),
    ("cpu", OfFleet::Sum(OfWorker::Cpu), Kind::Percent),
    ("rss", OfFleet::Sum(OfWorker::Rss), Kind::Bytes),
    ("threads", OfFleet::Sum(OfWorker::Threads), Kind::Count),
    ("open_spans", OfFleet::Sum(OfWorker::OpenSpans), Kind::Count),
    ("open_tasks", OfFleet::Sum(OfWorker::OpenTasks), Kind::Count),
    ("spans_per_second", OfFleet::Sum(OfWorker::SpansPerSecond), Kind::Count),
];

impl Metric {
    /// The metric of a clause.
    ///
    /// # Errors
    ///
    /// There is none of that name; the message says which there are.
    pub(super) fn of(clause: &Clause) -> Result<Self, String> {
        let whose = match &clause.selector {
            Selector::Run => {
                let of = if is_in(&OF_WORKERS, &clause.metric) { "worker" } else { "any" };
                let (whole, metric) = (clause.to_string(), &clause.metric);
                return Err(format!(
                    "{whole:?} does not say whose {metric} is meant: write {of}.{metric}, or FUNCTION.{metric}"
                ));
            }
            Selector::Every => None,
            Selector::Some(filter) => filter.as_name(),
        };
        match whose {
            Some("worker") => named(&OF_WORKERS, "a worker", &clause.metric).map(Self::Worker),
            Some("fleet") => named(&OF_FLEETS, "the fleet", &clause.metric).map(Self::Fleet),
            Some("counter") => Ok(Self::Counter(clause.metric.trim_matches('"').to_owned())),
            Some(name) if name.starts_with("counter.") => {
                // As it is written: a filter's letters are small.
                let whole = clause.to_string();
                let left = whole.split(['<', '>', '=', '!']).next().unwrap_or_default().trim();
                let name = left.split_once('.').map_or(left, |(_, name)| name);
                Err(format!(
                    "a counter's name with dots stands in quotes: write counter.\"{name}\", and the condition in '…'"
                ))
            }
            Some(_) | None => {
                named(&OF_FUNCTIONS, "a function", &clause.metric).map(Self::Function)
            }
        }
    }

    pub(super) fn is_of_functions(&self) -> bool {
        matches!(self, Self::Function(_))
    }

    /// Whether few calls say little of it.
    pub(super) fn is_of_single_calls(&self) -> bool {
        matches!(self, Self::Function(metric) if !metric.counts_none())
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Function(metric) => kind_in(&OF_FUNCTIONS, metric),
            Self::Worker(metric) => kind_in(&OF_WORKERS, metric),
            Self::Fleet(metric) => kind_in(&OF_FLEETS, metric),
            Self::Counter(_) => Kind::Count,
        }
    }

    /// A value of it as it is written; none if it is not one.
    pub(super) fn parse(&self, text: &str) -> Option<f64> {
        if let Self::Counter(_) = self {
            return text
                .trim()
                .replace('_', "")
                .parse()
                .ok()
                .filter(|value: &f64| value.is_finite());
        }
        parse_value(self.kind(), text)
    }

    /// What a value of it looks like.
    pub(super) fn example(&self) -> &'static str {
        self.kind().example()
    }

    /// A value as people read it.
    pub(super) fn show(&self, value: f64) -> String {
        match self {
            Self::Counter(_)
            | Self::Function(OfFunction::PerSecond)
            | Self::Worker(OfWorker::SpansPerSecond)
            | Self::Fleet(OfFleet::Sum(OfWorker::SpansPerSecond)) => format::number(value),
            Self::Function(_) | Self::Worker(_) | Self::Fleet(_) => show(self.kind(), value),
        }
    }

    /// Its name in a message.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Function(metric) => name_in(&OF_FUNCTIONS, metric),
            Self::Worker(metric) => name_in(&OF_WORKERS, metric),
            Self::Fleet(metric) => name_in(&OF_FLEETS, metric),
            Self::Counter(name) => name,
        }
    }
}

impl OfFunction {
    /// Whether no calls are a number of it, too, as in `import.calls < 1`.
    pub(super) fn counts_none(self) -> bool {
        matches!(self, Self::Calls | Self::PerSecond)
    }

    /// What it is of these calls; none where there are none of which it could be told.
    #[expect(clippy::cast_precision_loss, reason = "counts and ns below 2^53 are exact")]
    pub(super) fn of(self, sums: &Sums, window_ns: u64) -> Option<f64> {
        let calls = sums.calls as f64;
        let has_any = sums.calls > 0;
        match self {
            Self::Calls => Some(calls),
            Self::Errors => Some((sums.errors + sums.panics) as f64),
            Self::Panics => Some(sums.panics as f64),
            Self::Cancelled => Some(sums.cancelled as f64),
            Self::ErrorPercent => {
                has_any.then(|| (sums.errors + sums.panics) as f64 * 100.0 / calls)
            }
            Self::PerSecond => Some(calls * 1e9 / window_ns.max(1) as f64),
            Self::Total => Some(sums.total_ns as f64),
            Self::Mean => has_any.then(|| sums.total_ns as f64 / calls),
            Self::Percentile(percent) => sums.percentile(percent).map(|ns| ns as f64),
            Self::Max => has_any.then_some(sums.max_ns as f64),
        }
    }
}

impl OfWorker {
    /// Whether it is a count that grows, of which the growth is asked.
    pub(super) fn grows(self) -> bool {
        matches!(self, Self::Spans | Self::Errors | Self::Panics | Self::Dropped)
    }

    /// What it is of a worker; none where it is not known.
    #[expect(clippy::cast_precision_loss, reason = "counts, bytes and ns below 2^53 are exact")]
    pub(super) fn of(self, worker: &WorkerNow) -> Option<f64> {
        match self {
            Self::Cpu => worker.cpu_percent,
            Self::Rss => worker.rss_bytes.map(|bytes| bytes as f64),
            Self::Threads => worker.threads.map(f64::from),
            Self::OpenSpans => Some(worker.open_spans as f64),
            Self::OpenTasks => Some(worker.open_tasks as f64),
            Self::SpansPerSecond => Some(worker.spans_per_second),
            Self::Uptime => Some(worker.uptime_ns as f64),
            Self::Heard => worker.heard_ns.map(|ns| ns as f64),
            Self::Idle => Some(worker.idle_ns.unwrap_or(0) as f64),
            Self::Spans => Some(worker.spans as f64),
            // As everywhere, one that panicked failed.
            Self::Errors => Some((worker.errors + worker.panics) as f64),
            Self::Panics => Some(worker.panics as f64),
            Self::Dropped => Some(worker.dropped as f64),
        }
    }
}

fn is_in<T>(rows: &[Row<T>], name: &str) -> bool {
    rows.iter().any(|(known, ..)| *known == name)
}

fn kind_in<T: PartialEq>(rows: &[Row<T>], metric: &T) -> Kind {
    let row = rows.iter().find(|(_, known, _)| known == metric);
    row.map_or(Kind::Count, |(.., kind)| *kind)
}

fn name_in<T: PartialEq>(rows: &[Row<T>], metric: &T) -> &'static str {
    let row = rows.iter().find(|(_, known, _)| known == metric);
    row.map_or("?", |(name, ..)| name)
}

fn named<T: Copy>(rows: &[Row<T>], whose: &str, name: &str) -> Result<T, String> {
    if let Some((_, metric, _)) = rows.iter().find(|(known, ..)| *known == name) {
        return Ok(*metric);
    }
    let known: Vec<_> = rows.iter().map(|(known, ..)| *known).collect();
    let meant = near(name, known.iter().copied());
    let meant = meant.map_or_else(String::new, |meant| format!("did you mean {meant}? "));
    Err(format!("{whose} has no {name:?}: {meant}It has {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counters_name_with_dots_stands_in_quotes() {
        let of = |text: &str| Metric::of(&text.parse().unwrap());
        let counter = Metric::Counter("Queue.depth".to_owned());
        assert_eq!(of("counter.\"Queue.depth\" > 3"), Ok(counter));
        // Also where the last part is a metric of functions.
        for text in ["counter.Queue.depth > 3", "counter.Queue.calls>3"] {
            let told = of(text).unwrap_err();
            assert!(told.contains("write counter.\"Queue."), "{told}");
        }
    }

    #[test]
    fn every_metric_is_found_under_its_name_and_has_its_kind() {
        for (name, metric, kind) in OF_FUNCTIONS {
            let metric = Metric::Function(metric);
            assert_eq!((metric.name(), metric.kind()), (name, kind));
        }
        for (name, metric, kind) in OF_WORKERS {
            let metric = Metric::Worker(metric);
            assert_eq!((metric.name(), metric.kind()), (name, kind));
        }
        for (name, metric, kind) in OF_FLEETS {
            let metric = Metric::Fleet(metric);
            assert_eq!((metric.name(), metric.kind()), (name, kind));
        }
    }
}
