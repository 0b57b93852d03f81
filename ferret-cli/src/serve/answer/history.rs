//! `/api/history`: series over time, of a function or of the processes in scope.

use super::super::question::{self, Measure};
use super::super::serving::Refusal;
use super::functions::seconds;
use super::{Asked, Head, unreadable};
use crate::analyze::hundredths;
use crate::fleet::{CallsRow, Kept, Steps, Usage};
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
            let covered_ms = steps.covered_ms(step, self.counted_ms());
            let begin_ms = steps.begin_ms(step);
            for (worker, usage) in of_step {
                let of = workers.get(worker).filter(|_| workers.len() > 1);
                let share = of.map_or(1.0, |kept| share(kept, (begin_ms, begin_ms + covered_ms)));
                for (measure, Series { values, .. }) in &mut series {
                    let value = measure.of(usage, covered_ms);
                    values[step] = measure.plus(values[step], value, share);
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
        let rate = |of: fn(&CallsRow) -> u64| -> Vec<Option<f64>> {
            let per_second = |(step, sum): (usize, &Option<CallsRow>)| {
                let seconds = seconds(steps.covered_ms(step, self.counted_ms()));
                sum.as_ref().map(|sum| hundredths(of(sum) as f64 / seconds))
            };
            sums.iter().enumerate().map(per_second).collect()
        };
        let failed = |row: &CallsRow| row.errors + row.panics;
        let ns = |name, of: fn(DurationStats) -> u64| {
            let values = durations.iter().map(|stats| stats.map(|stats| of(stats) as f64));
            Series { name, unit: "ns", values: values.collect() }
        };
        Ok(vec![
            Series { name: "calls", unit: "count", values: count(|row| row.calls) },
            Series { name: "errors", unit: "count", values: count(failed) },
            Series { name: "calls_per_second", unit: "per_second", values: rate(|row| row.calls) },
            Series { name: "errors_per_second", unit: "per_second", values: rate(failed) },
            ns("mean_ns", |stats| stats.mean_ns),
            ns("p50_ns", |stats| stats.p50_ns),
            ns("p90_ns", |stats| stats.p90_ns),
            ns("p95_ns", |stats| stats.p95_ns),
            ns("p99_ns", |stats| stats.p99_ns),
            ns("max_ns", |stats| stats.max_ns),
        ])
    }
}

/// For how much of a time a worker was there: several that came one after the other were never there together.
#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(kept: &Kept, (from_ms, to_ms): (u64, u64)) -> f64 {
    let began_ms = kept.started_ms.unwrap_or(from_ms).clamp(from_ms, to_ms);
    let ended_ms = kept.ended_ms.unwrap_or(to_ms).clamp(began_ms, to_ms);
    (ended_ms - began_ms).max(1) as f64 / (to_ms - from_ms).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_one_after_the_other_are_never_there_together() {
        let job = |n: u64| Kept {
            started_ms: Some(n * 10),
            ended_ms: Some(n * 10 + 10),
            ..Kept::default()
        };
        let shares = |jobs: std::ops::Range<u64>| jobs.map(|n| share(&job(n), (0, 100)));
        let alive =
            shares(0..10).fold(None, |all, share| Measure::Alive.plus(all, Some(1.0), share));
        assert_eq!(alive, Some(1.0));
        let spans =
            shares(0..10).fold(None, |all, share| Measure::Dropped.plus(all, Some(3.0), share));
        assert_eq!(spans, Some(30.0), "what was counted was counted");
        let most = |all, share| Measure::CpuMaxPercent.plus(all, Some(70.0), share);
        assert_eq!(shares(0..10).fold(None, most), Some(70.0));
        // One that goes on, and one that was there before.
        let lives = Kept { started_ms: Some(40), ..Kept::default() };
        assert!((share(&lives, (0, 100)) - 0.6).abs() < 1e-9);
        assert!((share(&lives, (50, 100)) - 1.0).abs() < 1e-9);
    }
}
