//! The call tree of each process of a run, with what is open: what `export` makes whole stacks of. What was open when the
//! part began that is asked for has all its time in it; how much of that was before is given beside it.

use super::build::LogFacts;
use super::fold::Fold;
use super::moments::Moments;
use super::reading::{Read, read};
use super::{AnalyzeArgs, GroupedBy, facts};
use crate::chosen::Chosen;
use crate::passing::open_at_work;
use crate::stop::Stop;
use ferret::event::{LogIndex, LogTime, Opened};
use ferret::log::{LogError, Run, Snapshot};
use ferret::projections::{CallTree, Calls, Live, OpenCall};
use std::collections::BTreeMap;

/// The trees of all processes.
#[derive(Debug)]
pub(crate) struct Trees {
    /// What they are of.
    pub(crate) calls: Calls,
    /// In the order of the logs.
    pub(crate) processes: Vec<ProcessCalls>,
    /// How long after the run's start what counts begins, ns.
    pub(crate) after_start_ns: u64,
    /// Spans that were not recorded.
    pub(crate) dropped: u64,
}

/// What one process called.
#[derive(Debug)]
pub(crate) struct ProcessCalls {
    /// What is open has the time that it has been at work by itself.
    pub(crate) tree: CallTree,
    /// The last moment that counts.
    pub(crate) end: LogTime,
    /// What was open at the first moment that counts had been at work by itself so long before, ns: by its place in
    /// the tree.
    pub(crate) before_ns: BTreeMap<usize, u64>,
}

/// Reads them, on all cores, or as far as a signal lets it. A failure in the middle is given back beside what was read.
///
/// # Errors
///
/// The part cannot be told.
pub(crate) fn trees(
    run: &mut Run,
    chosen: &Chosen,
    stop: &Stop,
) -> anyhow::Result<(Trees, Option<LogError>)> {
    let Read { fold, unread, mut failure, .. } = read(run, &args(chosen), stop)?;
    let before = open_before(run, &fold).unwrap_or_else(|error| {
        failure.get_or_insert(error);
        Vec::new()
    });
    Ok((Trees::of(fold, &before, &facts(run, &unread), ferret::log::now()), failure))
}

/// What was open at the first moment that counts.
fn open_before(run: &mut Run, fold: &Fold) -> Result<Vec<OpenCall>, LogError> {
    let mut all = Vec::new();
    for log in (0..run.logs().len()).map(LogIndex) {
        let (Some(since), Some(tail)) = (fold.window.since(log), run.log_mut(log)) else {
            continue;
        };
        let Snapshot { threads, tasks, .. } = tail.snapshot_at(since)?;
        let stacks = threads.into_iter().map(|(thread, stack, _)| (thread, stack)).collect();
        let (mut live, names) = (Live::default(), tail.names());
        live.resume(log, names, &Opened::Anew { missed: 0, stacks, tasks });
        let known = (&live, &fold.processes);
        all.extend(open_at_work(fold.filter.as_ref(), known, names, (log, since)));
    }
    Ok(all)
}

/// No durations are asked for: one row of them a process is the least.
fn args(chosen: &Chosen) -> AnalyzeArgs {
    let (by, chosen) = (GroupedBy::Process, chosen.clone());
    AnalyzeArgs { by, chosen, ..AnalyzeArgs::default() }
}

impl Trees {
    fn of(fold: Fold, before: &[OpenCall], logs: &[LogFacts<'_>], now: LogTime) -> Self {
        let moments = Moments::new(&fold, logs, now);
        let after_start_ns = moments.after_start_ns(&fold);
        let Fold { mut calls, live, processes, filter, .. } = fold;
        let tree = |(index, facts): (usize, &LogFacts<'_>)| {
            let (log, names) = (LogIndex(index), facts.names);
            let at = moments.of(log).at;
            let open = open_at_work(filter.as_ref(), (&live, &processes), names, (log, at));
            for call in &open {
                calls.know(log, names, call.path);
            }
            let tree = CallTree::of_process(&calls, log, &open);
            let mut before_ns = BTreeMap::<usize, u64>::new();
            for call in before.iter().filter(|call| call.log == log) {
                // One that has ended since and does not pass is nowhere in it.
                if let Some(node) = tree.node_of(&calls, log, call.path) {
                    *before_ns.entry(node).or_default() += call.age_ns;
                }
            }
            ProcessCalls { tree, end: at, before_ns }
        };
        let trees = logs.iter().enumerate().map(tree).collect();
        let dropped = processes.iter().map(|(_, process)| process.dropped).sum();
        Self { calls, processes: trees, after_start_ns, dropped }
    }
}

#[cfg(test)]
impl Trees {
    /// Of a made-up run, entry by entry.
    pub(crate) fn of_script(script: &crate::tui::script::Script, chosen: &Chosen) -> Self {
        use super::reading::begin;
        use ferret::event::{Entry, LogEntry, Offset, ProcessUid, RunId};

        let mut first: Vec<(LogIndex, Entry)> = Vec::new();
        script.each(|log, _, entry| {
            if matches!(entry.what, LogEntry::ProcessStart(_)) {
                first.push((log, entry.clone()));
            }
        });
        let mut fold = begin(&args(chosen), &first).unwrap();
        script.each(|log, names, entry| fold.apply(log, names, entry));
        script.look(|scene| {
            let names = scene.names.iter().copied().enumerate();
            let facts = names.map(|(index, names)| LogFacts {
                path: std::path::PathBuf::default(),
                uid: ProcessUid(0),
                run: RunId(0),
                bytes: 0,
                length: 0,
                first_offset: Offset(0),
                next_offset: Offset(0),
                first_time: first[index].1.time,
                findings: crate::death::Findings::default(),
                lost: crate::reach::Lost::head(0),
                damaged: false,
                unread: 0,
                owned: scene.board.logs[index].owned,
                names,
            });
            Self::of(fold, &[], &facts.collect::<Vec<_>>(), scene.now)
        })
    }
}
