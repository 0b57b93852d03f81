//! The numbers for who counts on by himself: Prometheus, and the health check.

use super::super::question::{Scope, WorkerId};
use super::super::serving::{
    Check, FunctionNumbers, Refusal, Snapshot, State, Status, WorkerNumbers,
};
use super::{Asked, unreadable};
use crate::fleet::{CallsRow, Function, Level, Slot, Troubles};
use std::collections::BTreeMap;

/// The numbers of this moment.
///
/// # Errors
///
/// The store cannot be read.
pub(crate) fn numbers(asked: &Asked<'_>) -> Result<Snapshot, Refusal> {
    let sums = asked.sums()?;
    let mut workers = Vec::new();
    asked.each_worker(&Scope::default(), |worker| {
        let (state, alive) = asked.state(worker);
        let numbers = asked.numbers(worker, alive, &sums);
        let process = worker.process();
        let heard = process.and_then(|process| process.last_metric).filter(|_| alive);
        let state = State::ALL.iter().find(|(name, _)| *name == state);
        workers.push(WorkerNumbers {
            id: WorkerId(worker.kept.uid),
            program: worker.kept.program.clone(),
            pid: worker.kept.pid,
            host: worker.kept.host.clone(),
            state: state.map_or(State::Unknown, |(_, state)| *state),
            started_ms: worker.kept.started_ms,
            heard_ns: heard.map(|at| asked.now.since(at)),
            idle_ns: worker.idle_ns(asked.now).filter(|_| alive),
            cpu_percent: numbers.cpu_percent,
            rss_bytes: numbers.rss_bytes,
            threads: numbers.threads.map(u64::from),
            open_spans: numbers.open_spans,
            open_tasks: numbers.open_tasks,
            spans: numbers.spans,
            errors: numbers.errors,
            panics: numbers.panics,
            cancelled: numbers.cancelled,
            dropped: numbers.dropped,
        });
    })?;
    let checks = checks(asked);
    Ok(Snapshot { now_ms: asked.now_ms, workers, functions: functions(asked)?, checks })
}

/// What functions came to since the logs began; functions of one name are one.
fn functions(asked: &Asked<'_>) -> Result<Vec<FunctionNumbers>, Refusal> {
    let store = &asked.shared.store;
    let mut all: BTreeMap<(String, String, String), CallsRow> = BTreeMap::new();
    for (number, Function { program, info }) in
        store.functions().map_err(|error| unreadable(&error))?
    {
        let sum = all.entry((program, info.module, info.name)).or_default();
        let see = |_, _, row: &CallsRow| sum.add(row);
        store
            .calls(Level::All, number, (Slot(0), Slot(0)), see)
            .map_err(|error| unreadable(&error))?;
    }
    let all = all.into_iter().filter(|(_, sum)| !sum.is_empty());
    Ok(all
        .map(|((program, module, name), sum)| FunctionNumbers {
            program,
            module,
            name,
            calls: sum.calls,
            errors: sum.errors,
            panics: sum.panics,
            cancelled: sum.cancelled,
            total_ns: sum.total_ns,
        })
        .collect())
}

/// What is well and what is not, also when the store cannot be read.
pub(crate) fn checks(asked: &Asked<'_>) -> Vec<Check> {
    let Troubles { mut logs, past, missing, empty, store, has_looked, has_failed } =
        asked.shared.troubles.lock().clone();
    logs.extend(past.into_values());
    let (mut read, mut behind) = (0, 0);
    let mut damaged = Vec::new();
    for worker in asked.shared.workers.lock().values() {
        let damage = worker.damage.clone().filter(|_| !worker.is_gone);
        damaged.extend(damage.map(|damage| (worker.kept.log.clone(), damage)));
        read += usize::from(worker.tail().is_some());
        behind += usize::from(worker.gap().is_some());
    }
    let check = |name: &str, status, text| Check { name: name.to_owned(), status, text };
    let of_logs = if has_failed {
        let text = "a fault of the server's own: nothing new is read; start it anew, and tell us what stderr says";
        check("logs", Status::Unhealthy, text.to_owned())
    } else if let Some((path, why)) = logs.iter().next() {
        let more =
            if logs.len() > 1 { format!(", and {} more", logs.len() - 1) } else { String::new() };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        check("logs", Status::Degraded, format!("{name} cannot be read: {why}{more}"))
    } else if !has_looked {
        check("logs", Status::Degraded, "the logs are being opened".to_owned())
    } else if !missing.is_empty() {
        let names = missing.iter().map(|path| path.display().to_string());
        let names = names.collect::<Vec<_>>().join(", ");
        check("logs", Status::Degraded, format!("not there yet: {names}"))
    } else if let Some(why) = empty.into_values().next() {
        check("logs", Status::Degraded, why)
    } else if let Some((path, damage)) = damaged.first() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        check("logs", Status::Degraded, format!("{name} is {damage}"))
    } else {
        check("logs", Status::Healthy, of_logs_read(asked, read))
    };
    let of_store = match store {
        Some(why) => check("store", Status::Unhealthy, format!("the history is not kept: {why}")),
        None if asked.shared.store.is_in_memory() => {
            let text = "the history is kept in memory alone, and made anew at the next start";
            check("store", Status::Degraded, text.to_owned())
        }
        None => check("store", Status::Healthy, "the history is kept".to_owned()),
    };
    let text = match behind {
        0 => "the logs are in the history as far as they go".to_owned(),
        1 => "the past of 1 log is being read".to_owned(),
        _ => format!("the past of {behind} logs is being read"),
    };
    let of_history = check("history", Status::Healthy, text);
    if asked.is_frozen { vec![of_logs, of_history] } else { vec![of_logs, of_store, of_history] }
}

/// How many logs are open. A file has what was in them.
fn of_logs_read(asked: &Asked<'_>, open: usize) -> String {
    let (many, what) = if asked.is_frozen {
        (asked.shared.workers.lock().len(), "read")
    } else {
        (open, "followed")
    };
    format!("{} {what}", if many == 1 { "1 log is".to_owned() } else { format!("{many} logs are") })
}
