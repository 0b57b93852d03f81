//! `/api/stack`: what runs now.

use super::super::question::Rows;
use super::super::serving::Refusal;
use super::{Asked, Head};
use crate::filter::{Field, Filter, Subject, Value};
use crate::fleet::{Frame, Kept, Stack};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Stacks {
    #[serde(flatten)]
    head: Head,
    left_out: usize,
    workers: Vec<OfWorker>,
}

#[derive(Debug, Serialize)]
struct OfWorker {
    id: String,
    program: String,
    #[serde(flatten)]
    stack: Stack,
}

/// An open span, and where it runs.
struct Open<'a> {
    frame: &'a Frame,
    thread: Option<&'a str>,
    kept: &'a Kept,
}

impl Asked<'_> {
    pub(super) fn stack(&self, asked: &Rows) -> Result<Stacks, Refusal> {
        let (mut workers, mut left, mut left_out) = (Vec::new(), asked.limit, 0);
        self.each_worker(&asked.scope, |worker| {
            // Of one that ended, what was open is shown to who asks for it alone, and in a file that has all.
            let is_wanted = asked.scope.worker.is_some() || self.is_frozen;
            if !is_wanted && !self.state(worker).1 {
                return;
            }
            let mut stack = Stack::of(worker, self.now);
            let kept = &worker.kept;
            if let Some(filter) = &asked.filter {
                pick(&mut stack, filter, kept);
            }
            let count = stack.count();
            if count == 0 {
                return;
            }
            if count > left {
                left_out += stack.cut(left);
            }
            left -= count.min(left);
            if stack.count() > 0 {
                workers.push(OfWorker {
                    id: kept.uid.to_string(),
                    program: kept.program.clone(),
                    stack,
                });
            }
        })?;
        Ok(Stacks { head: self.head("stack"), left_out, workers })
    }
}

/// Keeps threads of which a frame passes, as they are, and tasks that pass.
fn pick(stack: &mut Stack, filter: &Filter, kept: &Kept) {
    let passes = |frame: &Frame, thread: Option<&str>| {
        filter.test(&Open { frame, thread, kept }) == Some(true)
    };
    stack.threads.retain(|thread| {
        let name = Some(thread.name.as_str());
        thread.frames.iter().any(|frame| passes(frame, name))
    });
    stack.tasks.retain(|task| passes(task, None));
}

impl Subject for Open<'_> {
    #[expect(clippy::cast_precision_loss, reason = "104 days are exact")]
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Name => Value::Text(self.frame.name.as_str().into()),
            Field::Module => Value::Text(self.frame.module.as_str().into()),
            Field::File => Value::Text(self.frame.file.as_str().into()),
            Field::Kind => Value::Text(self.frame.kind.into()),
            Field::Thread => self.thread.map_or(Value::Nothing, |name| Value::Text(name.into())),
            Field::Process => Value::Text(self.kept.program.as_str().into()),
            Field::Pid => Value::Number(f64::from(self.kept.pid)),
            Field::Host => Value::Text(self.kept.host.as_str().into()),
            Field::Dur => Value::Number(self.frame.age_ns as f64),
            _ => Value::Foreign,
        }
    }

    fn tag(&self, key: &str) -> Value<'_> {
        let mut tags = self.frame.tags.iter();
        let found = tags.find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map_or(Value::Nothing, |(_, value)| match value.parse() {
            Ok(number) => Value::Number(number),
            Err(_not_a_number) => Value::Text(value.as_str().into()),
        })
    }
}
