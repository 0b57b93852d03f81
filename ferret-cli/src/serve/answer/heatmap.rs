//! `/api/history?heatmap=…`: workers × time.

use super::super::question;
use super::super::serving::Refusal;
use super::history::Time;
use super::{Asked, Head, cut};
use serde::Serialize;

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
        let (by_worker, known) = self.by_worker(steps, &asked.scope)?;
        let measure = asked.measure;
        let mut rows: Vec<_> = by_worker
            .iter()
            .filter_map(|(number, of_worker)| {
                let kept = known.get(number)?;
                let of = |usage: &Option<_>| measure.of(usage.as_ref()?, steps.step_ms());
                let values = of_worker.iter().map(of).collect();
                let (id, program) = (kept.uid.to_string(), kept.program.clone());
                Some((kept.started_ms, Row { id, program, values }))
            })
            .collect();
        rows.sort_by(|(a_ms, a), (b_ms, b)| {
            (&a.program, a_ms, &a.id).cmp(&(&b.program, b_ms, &b.id))
        });
        let mut workers: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
        let left_out = cut(&mut workers, asked.limit);
        let (name, unit) = (measure.name(), measure.unit());
        Ok(Heatmap { head: self.head("heatmap"), time, name, unit, left_out, workers })
    }
}
