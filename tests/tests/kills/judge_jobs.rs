//! Compares what tasks left in the log with their ledger. What they did is spread over the threads that
//! polled them, so it is counted, task by task and turn by turn, and not one sequence.

use crate::judge::Verdict;
use crate::logs::Log;
use ferret::event::{LogEntry, Outcome, SpanId, TagValue};
use ferret_tests::ledger::{Job, Ledger, MAX_JOBS};
use ferret_tests::nothing_is_lost;
use std::collections::{BTreeMap, BTreeSet};

/// What the log says of one task.
#[derive(Debug, Default)]
struct Task {
    /// Its number, once tagged.
    number: Option<u64>,
    started: u64,
    entered: u64,
    exited: u64,
    polls: u64,
    ends: Vec<Outcome>,
    /// Turns that began in it, and whether each has ended; and those that were tagged.
    turns: BTreeMap<SpanId, u64>,
    tagged: BTreeSet<u64>,
}

/// Compares all tasks.
///
/// # Errors
///
/// There is a task, or something that a task did, which the ledger does not have.
pub(crate) fn jobs(log: &Log, ledger: &Ledger) -> Result<Verdict, String> {
    let tasks = collect(log)?;
    let mut verdict = Verdict::default();
    let mut by_number = BTreeMap::new();
    let mut unnamed = 0;
    for (span, task) in &tasks {
        let Some(number) = task.number else {
            // Killed between its making and its tag, it never ran. Where threads' last events may be
            // missing it can be that of the one that made it they are, and not of one that polled it.
            unnamed += 1;
            if task.started + task.entered > 0 && nothing_is_lost() {
                return Err(format!("{span} ran, and has no number: {task:?}"));
            }
            continue;
        };
        if by_number.insert(number, task).is_some() {
            return Err(format!("job {number} was made twice"));
        }
    }
    if unnamed > 1 && nothing_is_lost() {
        return Err(format!("{unnamed} jobs have no number, and one thread makes them"));
    }
    for number in 0..MAX_JOBS {
        let job = ledger.job(number);
        let found = by_number.remove(&(number as u64));
        verdict += match found {
            Some(task) => compare(task, job).map_err(|what| {
                format!("job {number}: {what}: {task:?}, and the ledger says {job:?}")
            })?,
            // Its making and its tag.
            None if job.made.is_sure() => {
                Verdict { compared: 0, missing: 2 + 3 * job.turns.done() }
            }
            None => Verdict::default(),
        };
    }
    match by_number.pop_first() {
        Some((number, _)) => Err(format!("there is no job {number}")),
        None => Ok(verdict),
    }
}

fn compare(task: &Task, job: Job<'_>) -> Result<Verdict, String> {
    if !job.made.is_possible() {
        return Err("it was not made".to_owned());
    }
    let (done, begun) = (job.turns.done(), job.turns.begun());
    let (turns, tags) = (task.turns.len() as u64, task.tagged.len() as u64);
    let ended = task.turns.values().sum::<u64>();
    for (what, count) in [("turns", turns), ("tags", tags), ("ends of turns", ended)] {
        if count > begun {
            return Err(format!("{count} {what}"));
        }
    }
    if task.turns.values().any(|ends| *ends > 1) || task.started > 1 || task.ends.len() > 1 {
        return Err("something happened twice".to_owned());
    }
    // Turns follow each other, though on several threads.
    if nothing_is_lost() && tags > 0 && task.tagged.last() != Some(&(tags - 1)) {
        return Err("a turn in the middle is missing".to_owned());
    }
    // The last poll of one that completes, and of one that has been polled and says nothing, has no
    // turn. A poll that was not seen to end may still be running.
    let polled = task.polls + task.entered;
    if polled > begun + 1 || task.exited > task.entered {
        return Err(format!("{polled} polls, of which {} ended", task.exited));
    }
    let mut missing = 0;
    for count in [turns, tags, ended, polled] {
        missing += done.saturating_sub(count);
    }
    if done > 0 {
        missing += 1 - task.started.min(1);
    }
    match task.ends.first() {
        None if job.ended.is_sure() => missing += 1,
        Some(_) if !job.ended.is_possible() => return Err("it has not ended".to_owned()),
        Some(outcome) if *outcome != expected(task) => return Err(format!("it ended {outcome:?}")),
        Some(_) | None => {}
    }
    let compared = 2 + task.started + turns + tags + ended + task.entered + task.exited;
    Ok(Verdict { compared: compared + task.ends.len() as u64, missing })
}

/// Every third is given up in the middle.
fn expected(task: &Task) -> Outcome {
    if task.number.is_some_and(|number| number % 3 == 1) { Outcome::Cancelled } else { Outcome::Ok }
}

/// What the log says of all tasks. Those that poll one are several threads: what tells of it may come
/// before its making.
fn collect(log: &Log) -> Result<BTreeMap<SpanId, Task>, String> {
    let mut collected = Collected::default();
    for entry in &log.entries {
        collected.add(log, &entry.what)?;
    }
    Ok(collected.tasks)
}

#[derive(Debug, Default)]
struct Collected {
    tasks: BTreeMap<SpanId, Task>,
    /// Each turn's task.
    turns: BTreeMap<SpanId, SpanId>,
    /// Below which all of them are made.
    root: Option<SpanId>,
}

impl Collected {
    #[expect(clippy::wildcard_enum_match_arm, reason = "of the many kinds a few are of tasks")]
    fn add(&mut self, log: &Log, what: &LogEntry) -> Result<(), String> {
        match what {
            LogEntry::SpanStart { span, path, parent, .. } => {
                self.started(log.names.span_name(*path), *span, *parent)?;
            }
            LogEntry::SpanEnd { span, outcome, .. } => match self.turns.get(span) {
                Some(task) => *self.task(*task).turns.entry(*span).or_default() += 1,
                None => self.task(*span).ends.push(*outcome),
            },
            LogEntry::Created { span, .. } => drop(self.task(*span)),
            LogEntry::Enter { span, .. } => self.task(*span).entered += 1,
            LogEntry::Exit { span, .. } => self.task(*span).exited += 1,
            LogEntry::Polls { span, count, .. } => self.task(*span).polls += count,
            LogEntry::Tag { span, key, value: TagValue::Unsigned(value) } => {
                self.tagged(log.names.callsite_name(*key), *span, *value)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn task(&mut self, span: SpanId) -> &mut Task {
        self.tasks.entry(span).or_default()
    }

    fn started(&mut self, name: &str, span: SpanId, parent: Option<SpanId>) -> Result<(), String> {
        match (name, parent) {
            ("root", None) if self.root.is_none() => self.root = Some(span),
            ("job", Some(_)) if parent == self.root => self.task(span).started += 1,
            ("turn", Some(task)) => {
                if self.turns.insert(span, task).is_some() {
                    return Err(format!("the turn {span} began twice"));
                }
                self.task(task).turns.insert(span, 0);
            }
            _ => return Err(format!("nobody opens {name} below {parent:?}")),
        }
        Ok(())
    }

    fn tagged(&mut self, key: &str, span: SpanId, value: u64) -> Result<(), String> {
        match (key, self.turns.get(&span).copied()) {
            ("number", None) => self.task(span).number = Some(value),
            // Of its bits, those above are its job's number.
            ("turn", Some(task)) if self.task(task).tagged.insert(value & 0xffff) => {}
            _ => return Err(format!("nobody tags {span} with {key} {value:#x}")),
        }
        Ok(())
    }
}
