//! `/api/history?heatmap=…`: workers × time.

use super::super::question;
use super::super::serving::Refusal;
use super::history::Time;
use super::{Asked, Head, cut};
use crate::fleet::Kept;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Serialize)]
pub(super) struct Heatmap {
    #[serde(flatten)]
    head: Head,
    #[serde(flatten)]
    time: Time,
    name: &'static str,
    unit: &'static str,
    left_out: usize,
    workers: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    program: String,
    values: Vec<Option<f64>>,
}

impl Asked<'_> {
    pub(super) fn heatmap(&self, asked: &question::Heatmap) -> Result<Heatmap, Refusal> {
        let (time, steps) = self.time(asked.range);
        let known = self.numbers_in(&asked.scope)?;
        let mut seen = BTreeSet::new();
        self.each_step(
            steps,
            |number| known.contains_key(&number),
            |_, of_step| {
                seen.extend(of_step.keys().copied());
            },
        )?;
        let mut listed: Vec<(u32, &Kept)> =
            seen.iter().filter_map(|number| Some((*number, known.get(number)?))).collect();
        listed.sort_by_key(|(_, kept)| (&kept.program, kept.started_ms, kept.uid));
        let left_out = cut(&mut listed, asked.limit);
        // Of those that are left out nothing is kept: there may be very many.
        let row = |(number, kept): &(u32, &Kept)| {
            let values = vec![None; steps.count as usize];
            (*number, Row { id: kept.uid.to_string(), program: kept.program.clone(), values })
        };
        let mut rows: BTreeMap<u32, Row> = listed.iter().map(row).collect();
        let is_listed: BTreeSet<u32> = rows.keys().copied().collect();
        self.each_step(
            steps,
            |number| is_listed.contains(&number),
            |step, of_step| {
                for (number, usage) in of_step {
                    if let Some(row) = rows.get_mut(number) {
                        let covered_ms = steps.covered_ms(step, self.counted_ms());
                        row.values[step] = asked.measure.of(usage, covered_ms);
                    }
                }
            },
        )?;
        let workers = listed.iter().filter_map(|(number, _)| rows.remove(number)).collect();
        let measure = asked.measure;
        let (name, unit) = (measure.name(), measure.unit());
        Ok(Heatmap { head: self.head("heatmap"), time, name, unit, left_out, workers })
    }
}
