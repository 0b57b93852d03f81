//! The counters and gauges of a snapshot.

use super::{stamp, uid};
use crate::analyze::{CounterOfProcess, of_processes};
use crate::tui::board::Scene;
use ferret::projections::Reading;
use serde::Serialize;

/// A counter or gauge, over all processes.
#[derive(Debug, Serialize)]
pub(super) struct Counter {
    name: String,
    /// `counter` or `gauge`.
    kind: &'static str,
    /// What was counted so far, or the level.
    value: f64,
    /// The least and the most it was.
    min: f64,
    max: f64,
    /// Its change over the last seconds.
    per_second: f64,
    /// Entries that say it: what a thread says between two looks of the recorder is one.
    changes: u64,
    last_change: Option<String>,
    /// The same for each process that said it.
    processes: Vec<CounterOfProcess>,
}

/// All of them, by name.
pub(super) fn counters(scene: &Scene) -> Vec<Counter> {
    scene.counters().map(|(name, reading)| counter(scene, name, &reading)).collect()
}

fn counter(scene: &Scene, name: &str, reading: &Reading) -> Counter {
    let counters = &scene.board.counters;
    let last_log = counters.last_log(name).and_then(|log| scene.process(log));
    let processes = scene.board.processes.iter().map(|(log, _)| log);
    Counter {
        name: name.to_owned(),
        kind: if reading.gauge { "gauge" } else { "counter" },
        value: reading.value,
        min: reading.min,
        max: reading.max,
        per_second: counters.per_second(name, scene.last_moment()),
        changes: reading.changes,
        last_change: last_log.and_then(|process| stamp(process, reading.last_change)),
        processes: of_processes(counters, name, processes, |log| uid(scene, log)),
    }
}
