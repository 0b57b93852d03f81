//! `/metrics`: the numbers in Prometheus's text format, 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>), in base units and named as it advises.
//!
//! A label's values are bounded: there are so many workers and functions at most, and what does not fit is counted.

use super::http::Counts;
use super::serving::{FunctionNumbers, Snapshot, State, Status, WorkerNumbers};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Workers and functions of which each has series of its own.
const WORKERS: usize = 1_000;
const FUNCTIONS: usize = 2_000;
/// Characters of a label's value.
const VALUE: usize = 200;

/// The page of all series.
#[derive(Debug, Default)]
struct Page(String);

/// A number of a worker, if it is known.
type OfWorker = fn(&WorkerNumbers) -> Option<f64>;
type OfFunction = fn(&FunctionNumbers) -> u64;

const GAUGES: [(&str, &str, OfWorker); 9] = [
    ("up", "Whether the worker is alive.", |w| Some(f64::from(u8::from(w.state.is_alive())))),
    ("start_time_seconds", "When it started, since the Unix epoch.", |w| {
        w.started_ms.map(|ms| float(ms) / 1e3)
    }),
    ("silent_seconds", "Since it last reported.", |w| w.heard_ns.map(seconds)),
    (
        "idle_seconds",
        "For how long it has done nothing: no span was open, and it used less than 1 % CPU.",
        |w| w.idle_ns.map(seconds),
    ),
    ("cpu_usage_ratio", "CPU time in each second of late: 1 is a core.", |w| {
        w.cpu_percent.map(|percent| percent / 100.0)
    }),
    ("resident_memory_bytes", "Memory that is resident.", |w| w.rss_bytes.map(float)),
    ("threads", "Threads.", |w| w.threads.map(float)),
    ("open_spans", "Spans that are open.", |w| w.open_spans.map(float)),
    ("open_tasks", "Async spans that are open.", |w| w.open_tasks.map(float)),
];

const COUNTERS: [(&str, &str, OfWorker); 5] = [
    ("spans_total", "Spans that ended.", |w| Some(float(w.spans))),
    ("errors_total", "Spans that ended with an error.", |w| Some(float(w.errors))),
    ("panics_total", "Spans that a panic ended.", |w| Some(float(w.panics))),
    ("cancelled_total", "Async spans that were dropped before their end.", |w| {
        Some(float(w.cancelled))
    }),
    ("dropped_spans_total", "Spans that were not recorded.", |w| Some(float(w.dropped))),
];

const OF_FUNCTIONS: [(&str, &str, OfFunction); 3] = [
    ("errors_total", "Calls that ended with an error.", |f| f.errors),
    ("panics_total", "Calls that a panic ended.", |f| f.panics),
    ("cancelled_total", "Async calls that were dropped before their end.", |f| f.cancelled),
];

/// The page.
pub(super) fn text(snapshot: &Snapshot, counts: &Counts) -> String {
    let mut page = Page::default();
    of_workers(&mut page, &snapshot.workers);
    of_functions(&mut page, &snapshot.functions);
    page.family("ferret_check_status", "gauge", "0 is healthy, 1 degraded, 2 unhealthy.");
    for check in &snapshot.checks {
        let status = match check.status {
            Status::Healthy => 0.0,
            Status::Degraded => 1.0,
            Status::Unhealthy => 2.0,
        };
        page.sample("ferret_check_status", &[("check", &check.name)], status);
    }
    of_server(&mut page, counts);
    page.0
}

fn of_workers(page: &mut Page, workers: &[WorkerNumbers]) {
    let mut states: BTreeMap<&str, [u64; State::ALL.len()]> = BTreeMap::new();
    for worker in workers {
        let of_program = states.entry(short(&worker.program)).or_default();
        let at = State::ALL.iter().position(|(_, state)| *state == worker.state);
        if let Some(count) = at.and_then(|at| of_program.get_mut(at)) {
            *count += 1;
        }
    }
    page.family("ferret_workers", "gauge", "Workers of each program, by what they are doing.");
    for (program, counts) in states.iter().take(WORKERS) {
        for ((state, _), count) in State::ALL.iter().zip(counts) {
            page.sample("ferret_workers", &[("program", program), ("state", state)], float(*count));
        }
    }
    let mut shown: Vec<&WorkerNumbers> = workers.iter().collect();
    // Those that are gone are the first to be left out.
    shown.sort_by_key(|worker| (!worker.state.is_alive(), worker.started_ms, worker.id));
    shown.truncate(WORKERS);
    let ids: Vec<String> = shown.iter().map(|worker| worker.id.to_string()).collect();
    let shown: Vec<_> = shown.into_iter().zip(&ids).collect();
    page.family("ferret_worker_info", "gauge", "Who a worker is; the value is always 1.");
    for (worker, id) in &shown {
        let pid = worker.pid.to_string();
        let labels = [
            ("worker", id.as_str()),
            ("program", short(&worker.program)),
            ("host", short(&worker.host)),
            ("pid", &pid),
        ];
        page.sample("ferret_worker_info", &labels, 1.0);
    }
    let gauges = GAUGES.map(|gauge| ("gauge", gauge));
    let counters = COUNTERS.map(|counter| ("counter", counter));
    for (kind, (name, help, of)) in gauges.into_iter().chain(counters) {
        let name = format!("ferret_worker_{name}");
        page.family(&name, kind, help);
        for (worker, id) in &shown {
            if let Some(value) = of(worker) {
                page.sample(&name, &[("worker", id), ("program", short(&worker.program))], value);
            }
        }
    }
    page.family("ferret_workers_left_out", "gauge", "Workers that have no series of their own.");
    page.sample("ferret_workers_left_out", &[], float_of(workers.len() - shown.len()));
}

fn of_functions(page: &mut Page, functions: &[FunctionNumbers]) {
    let mut merged: BTreeMap<[&str; 3], FunctionNumbers> = BTreeMap::new();
    // Two functions may have one name, and a label set may be there only once.
    for function in functions {
        let key = [&function.program, &function.module, &function.name].map(|text| short(text));
        let Some(sum) = merged.get_mut(&key) else {
            merged.insert(key, function.clone());
            continue;
        };
        sum.calls += function.calls;
        sum.errors += function.errors;
        sum.panics += function.panics;
        sum.cancelled += function.cancelled;
        sum.total_ns = sum.total_ns.saturating_add(function.total_ns);
    }
    let mut shown: Vec<_> = merged.iter().collect();
    shown.sort_by_key(|(_, function)| std::cmp::Reverse(function.total_ns));
    let left_out = shown.len().saturating_sub(FUNCTIONS);
    shown.truncate(FUNCTIONS);
    page.family("ferret_function_duration_seconds", "summary", "Calls that ended, and their time.");
    for (key, function) in &shown {
        let (labels, total) = (labels(key), seconds(function.total_ns));
        page.sample("ferret_function_duration_seconds_sum", &labels, total);
        page.sample("ferret_function_duration_seconds_count", &labels, float(function.calls));
    }
    for (name, help, of) in OF_FUNCTIONS {
        let name = format!("ferret_function_{name}");
        page.family(&name, "counter", help);
        for (key, function) in &shown {
            page.sample(&name, &labels(key), float(of(function)));
        }
    }
    page.family("ferret_functions_left_out", "gauge", "Functions that have no series.");
    page.sample("ferret_functions_left_out", &[], float_of(left_out));
}

fn labels<'a>([program, module, name]: &[&'a str; 3]) -> [(&'static str, &'a str); 3] {
    [("program", program), ("module", module), ("function", name)]
}

/// So much of a name as a label has.
fn short(name: &str) -> &str {
    name.char_indices().nth(VALUE).map_or(name, |(end, _)| &name[..end])
}

fn of_server(page: &mut Page, counts: &Counts) {
    page.family("ferret_serve_responses_total", "counter", "Responses, by their status.");
    for (class, count) in counts.responses() {
        page.sample("ferret_serve_responses_total", &[("status", &class)], float(count));
    }
    let [connections, streams, turned_away, dropped] = counts.now();
    for (name, kind, help, value) in [
        ("connections", "gauge", "Connections that are open.", connections),
        ("streams", "gauge", "Clients that are told of changes.", streams),
        (
            "turned_away_total",
            "counter",
            "Connections that were closed since too many were open.",
            turned_away,
        ),
        (
            "dropped_streams_total",
            "counter",
            "Clients that took too long to take what they were told.",
            dropped,
        ),
    ] {
        let name = format!("ferret_serve_{name}");
        page.family(&name, kind, help);
        page.sample(&name, &[], float(value));
    }
    page.family("ferret_build_info", "gauge", "The version; the value is always 1.");
    page.sample("ferret_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
}

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // A String takes all that is written to it.
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").ok();
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            self.0.push_str(if index == 0 { "{" } else { "," });
            self.0.push_str(label);
            self.0.push_str("=\"");
            for c in text.chars() {
                match c {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    _ => self.0.push(c),
                }
            }
            self.0.push('"');
        }
        let end = if labels.is_empty() { "" } else { "}" };
        // As above.
        writeln!(self.0, "{end} {value}").ok();
    }
}

fn seconds(ns: u64) -> f64 {
    float(ns) / 1e9
}

#[expect(clippy::cast_precision_loss, reason = "all values are floats there")]
fn float(number: u64) -> f64 {
    number as f64
}

fn float_of(count: usize) -> f64 {
    u64::try_from(count).map_or(f64::MAX, float)
}

#[cfg(test)]
#[path = "prometheus_tests.rs"]
mod tests;
