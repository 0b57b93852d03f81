//! `/api/stages`: those that run, with how far they are, and what each came to so far.

use super::super::question::Rows;
use super::super::serving::Refusal;
use super::{Asked, Head, cut, unreadable};
use crate::analyze::hundredths;
use crate::filter::{Field, Subject, Value};
use crate::fleet::{Frame, Function, FunctionNumber, Level, Slot, Stack};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the list is called so in the document")]
pub(super) struct Stages {
    #[serde(flatten)]
    head: Head,
    left_out: usize,
    stages: Vec<Stage>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Stage {
    /// The function's, as `/api/functions` has it; none of one that has not ended yet.
    id: Option<String>,
    worker: String,
    program: String,
    name: String,
    state: &'static str,
    since_ms: Option<u64>,
    age_ns: Option<u64>,
    done: Option<u64>,
    total: Option<u64>,
    per_second: Option<f64>,
    left_ns: Option<u64>,
    calls: u64,
    errors: u64,
    total_ns: u64,
    mean_ns: Option<u64>,
}

/// What is known of the stages of one worker, by name.
type OfWorker = BTreeMap<String, Stage>;

impl Asked<'_> {
    pub(super) fn stages(&self, asked: &Rows) -> Result<Stages, Refusal> {
        let mut ended = self.ended_stages()?;
        let mut stages = Vec::new();
        self.each_worker(&asked.scope, |worker| {
            let mut of_worker = ended.remove(&worker.number).unwrap_or_default();
            if self.state(worker).1 {
                let stack = Stack::of(worker, self.now);
                let frames = stack.threads.iter().flat_map(|thread| &thread.frames);
                for frame in frames.chain(&stack.tasks).filter(|frame| frame.is_stage) {
                    runs(of_worker.entry(frame.name.clone()).or_default(), frame);
                }
            }
            let (id, program) = (worker.kept.uid.to_string(), &worker.kept.program);
            stages.extend(of_worker.into_values().map(|stage| Stage {
                worker: id.clone(),
                program: program.clone(),
                ..stage
            }));
        })?;
        if let Some(filter) = &asked.filter {
            stages.retain(|stage| filter.test(&stage) == Some(true));
        }
        // Those that run first, should there be too many.
        stages.sort_by_key(|stage| stage.state != "running");
        let left_out = cut(&mut stages, asked.limit);
        Ok(Stages { head: self.head("stages"), left_out, stages })
    }

    /// The stages that have ended at least once, by worker.
    fn ended_stages(&self) -> Result<BTreeMap<u32, OfWorker>, Refusal> {
        let store = &self.shared.store;
        let functions = store.functions().map_err(|error| unreadable(&error))?;
        let is_stage = |(_, function): &&(FunctionNumber, Function)| function.info.kind.is_stage();
        let mut ended: BTreeMap<u32, OfWorker> = BTreeMap::new();
        for (number, function) in functions.iter().filter(is_stage) {
            let all = (Slot(0), Slot(0));
            let see = |_, worker, row: &crate::fleet::CallsRow| {
                let name = function.info.name.clone();
                let stage = ended.entry(worker).or_default().entry(name.clone()).or_default();
                stage.id = Some(number.to_string());
                stage.name = name;
                stage.state = if row.errors + row.panics > 0 { "failed" } else { "done" };
                stage.calls += row.calls;
                stage.errors += row.errors + row.panics;
                stage.total_ns += row.total_ns;
                stage.mean_ns = stage.total_ns.checked_div(stage.calls);
            };
            store.calls(Level::All, *number, all, see).map_err(|error| unreadable(&error))?;
        }
        Ok(ended)
    }
}

/// The stage runs, too.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn runs(stage: &mut Stage, frame: &Frame) {
    if stage.state == "running" && stage.age_ns >= Some(frame.age_ns) {
        // The one that began first is shown.
        return;
    }
    (stage.name, stage.state) = (frame.name.clone(), "running");
    (stage.since_ms, stage.age_ns) = (frame.since_ms, Some(frame.age_ns));
    (stage.done, stage.total) = (frame.done, frame.total);
    let done = frame.done.filter(|done| *done > 0 && frame.age_ns > 0);
    let per_second = done.map(|done| done as f64 * 1e9 / frame.age_ns as f64);
    stage.per_second = per_second.map(hundredths);
    stage.left_ns = done.zip(frame.total).map(|(done, total)| {
        let left = u128::from(total.saturating_sub(done)) * u128::from(frame.age_ns);
        u64::try_from(left / u128::from(done)).unwrap_or(u64::MAX)
    });
}

impl Subject for &Stage {
    #[expect(clippy::cast_precision_loss, reason = "104 days are exact")]
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Name => Value::Text(self.name.as_str().into()),
            Field::Kind => Value::Text("stage".into()),
            Field::Process => Value::Text(self.program.as_str().into()),
            Field::State => Value::Text(self.state.into()),
            Field::Calls => Value::Number(self.calls as f64),
            Field::Errors => Value::Number(self.errors as f64),
            Field::Total => Value::Number(self.total_ns as f64),
            Field::Mean => self.mean_ns.map_or(Value::Nothing, |ns| Value::Number(ns as f64)),
            Field::Dur => self.age_ns.map_or(Value::Nothing, |ns| Value::Number(ns as f64)),
            _ => Value::Foreign,
        }
    }
}
