//! `/api/stages`: how each stands and how far it is, also when its process is over, and what it came to so far.

use super::super::question::Rows;
use super::super::serving::Refusal;
use super::{Asked, Head, cut, unreadable};
use crate::analyze::{hundredths, state_name};
use crate::filter::{Field, Subject, Value};
use crate::fleet::{Function, FunctionNumber, Level, Slot, Worker};
use ferret::projections::LogMoment;
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
            self.add_seen(&mut of_worker, worker);
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

    /// How they stand, as far as the worker's log has been read by this server: what each came to is in the history.
    fn add_seen(&self, of_worker: &mut OfWorker, worker: &Worker) {
        let (Some(process), Some(seen)) = (worker.process(), worker.folded().stages()) else {
            return;
        };
        let at = process.known_until(worker.process_state(self.now), self.now);
        let moment = LogMoment { at, live: self.state(worker).1 };
        // Of functions of one name the one that runs is shown, or stopped in the middle.
        let mut all = seen.report(|_| moment).stages;
        all.retain(|stage| stage.calls + stage.open > 0);
        all.sort_by_key(|stage| stage.open);
        for of in all {
            let name = &of.info.name;
            let stage = of_worker.entry(name.clone()).or_default();
            let since = seen
                .open()
                .filter(|(_, open)| open.stage == of.id)
                .map(|(_, open)| open.start)
                .min();
            (stage.name, stage.state) = (name.clone(), state_name(of.state));
            stage.since_ms = since.and_then(|since| worker.unix_ms(since));
            stage.age_ns = since.map(|since| at.since(since));
            stage.done = of.progress.map(|progress| progress.done);
            stage.total = of.progress.map(|progress| progress.total).filter(|total| *total > 0);
            (stage.per_second, stage.left_ns) = (of.per_second.map(hundredths), of.left_ns);
        }
    }
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
