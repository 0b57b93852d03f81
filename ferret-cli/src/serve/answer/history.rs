//! `/api/history`: series over time, of a function or of the processes in scope.

use super::super::question::{self, Measure};
use super::super::serving::Refusal;
use super::{Asked, Head, unreadable};
use crate::fleet::{CallsRow, Steps, Usage};
use ferret::projections::DurationStats;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Serialize)]
pub(super) struct History {
    #[serde(flatten)]
    head: Head,
    #[serde(flatten)]
    time: Time,
    series: Vec<Series>,
}

/// The steps of a series.
#[derive(Debug, Serialize)]
pub(super) struct Time {
    from_ms: u64,
    to_ms: u64,
    step_ms: u64,
    complete: bool,
    times_ms: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct Series {
    name: &'static str,
    unit: &'static str,
    values: Vec<Option<f64>>,
}

impl Asked<'_> {
    pub(super) fn history(&self, asked: &question::History) -> Result<History, Refusal> {
        let (time, steps) = self.time(asked.range);
        let series = match asked.function {
            Some(function) => {
                let number = u32::try_from(function.0).ok();
                let known = self.shared.store.functions().map_err(|error| unreadable(&error))?;
                let number = number.filter(|wanted| known.iter().any(|(known, _)| known == wanted));
                let none = || Refusal::NotThere(format!("there is no function {}", function.0));
                self.of_function(number.ok_or_else(none)?, steps, asked)?
            }
            None => self.of_processes(steps, asked)?,
        };
        Ok(History { head: self.head("history"), time, series })
    }

    /// The steps of a range.
    pub(super) fn time(&self, range: question::Range) -> (Time, Steps) {
        let (from_ms, to_ms) = range.at(self.now_ms);
        let steps = Steps::of(from_ms, to_ms, self.shared.store.keep(), self.now_ms);
        let (step_ms, times_ms) = (steps.step_ms(), steps.times_ms());
        let complete = self.is_complete();
        (Time { from_ms, to_ms, step_ms, complete, times_ms }, steps)
    }

    /// Shows `see` what each of these workers used, one step after the other: of very many workers not all steps are
    /// held at once.
    pub(super) fn each_step(
        &self,
        steps: Steps,
        is_wanted: impl Fn(u32) -> bool,
        mut see: impl FnMut(usize, &BTreeMap<u32, Usage>),
    ) -> Result<(), Refusal> {
        let (mut step, mut of_step) = (0, BTreeMap::<u32, Usage>::new());
        let take = |slot, worker, usage: &Usage| {
            let Some(index) = steps.index(slot).filter(|_| is_wanted(worker)) else { return };
            if index != step {
                see(step, &of_step);
                of_step.clear();
                step = index;
            }
            of_step.entry(worker).or_default().add(usage);
        };
        let slots = (steps.first, steps.last());
        let read = self.shared.store.usage(steps.level, slots, take);
        read.map_err(|error| unreadable(&error))?;
        see(step, &of_step);
        Ok(())
    }

    fn of_processes(
        &self,
        steps: Steps,
        asked: &question::History,
    ) -> Result<Vec<Series>, Refusal> {
        let workers = self.numbers_in(&asked.scope)?;
        let mut series = Measure::ALL.map(|(name, measure)| {
            let values = vec![None; steps.count as usize];
            (measure, Series { name, unit: measure.unit(), values })
        });
        let is_wanted = |worker| workers.contains_key(&worker);
        self.each_step(steps, is_wanted, |step, of_step| {
            for usage in of_step.values() {
                for (measure, Series { values, .. }) in &mut series {
                    let value = measure.of(usage, steps.step_ms());
                    values[step] = measure.plus(values[step], value);
                }
            }
        })?;
        Ok(series.into_iter().map(|(_, series)| series).collect())
    }

    #[expect(clippy::cast_precision_loss, reason = "104 days are exact")]
    fn of_function(
        &self,
        number: u32,
        steps: Steps,
        asked: &question::History,
    ) -> Result<Vec<Series>, Refusal> {
        let workers = self.numbers_in(&asked.scope)?;
        let mut sums: Vec<Option<CallsRow>> = vec![None; steps.count as usize];
        let see = |slot, worker, row: &CallsRow| {
            if let Some(index) = steps.index(slot).filter(|_| workers.contains_key(&worker)) {
                sums[index].get_or_insert_with(CallsRow::default).add(row);
            }
        };
        let slots = (steps.first, steps.last());
        self.shared
            .store
            .calls(steps.level, number, slots, see)
            .map_err(|error| unreadable(&error))?;
        let durations: Vec<Option<DurationStats>> =
            sums.iter().map(|sum| sum.as_ref().and_then(CallsRow::durations)).collect();
        let count = |of: fn(&CallsRow) -> u64| -> Vec<Option<f64>> {
            sums.iter().map(|sum| sum.as_ref().map(|sum| of(sum) as f64)).collect()
        };
        let ns = |name, of: fn(DurationStats) -> u64| {
            let values = durations.iter().map(|stats| stats.map(|stats| of(stats) as f64));
            Series { name, unit: "ns", values: values.collect() }
        };
        Ok(vec![
            Series { name: "calls", unit: "count", values: count(|row| row.calls) },
            Series { name: "errors", unit: "count", values: count(|row| row.errors + row.panics) },
            ns("mean_ns", |stats| stats.mean_ns),
            ns("p50_ns", |stats| stats.p50_ns),
            ns("p90_ns", |stats| stats.p90_ns),
            ns("p95_ns", |stats| stats.p95_ns),
            ns("p99_ns", |stats| stats.p99_ns),
            ns("max_ns", |stats| stats.max_ns),
        ])
    }
}
