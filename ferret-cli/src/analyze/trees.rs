//! The call tree of each process of a run, with what is open: what `export` makes whole stacks of.

use super::build::LogFacts;
use super::fold::Fold;
use super::moments::Moments;
use super::reading::{Read, read};
use super::{AnalyzeArgs, GroupedBy, facts};
use crate::chosen::Chosen;
use crate::passing::open_at_work;
use crate::stop::Stop;
use ferret::event::{LogIndex, LogTime};
use ferret::log::{LogError, Run};
use ferret::projections::{CallTree, Calls};

/// The trees of all processes.
#[derive(Debug)]
pub(crate) struct Trees {
    /// What they are of.
    pub(crate) calls: Calls,
    /// In the order of the logs, with the last moment of each process that counts. What is open has the time that it
    /// has been at work by itself.
    pub(crate) processes: Vec<(CallTree, LogTime)>,
    /// Spans that were not recorded.
    pub(crate) dropped: u64,
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
    let Read { fold, unread, failure, .. } = read(run, &args(chosen), stop)?;
    Ok((Trees::of(fold, &facts(run, &unread), ferret::log::now()), failure))
}

/// No durations are asked for: one row of them a process is the least.
fn args(chosen: &Chosen) -> AnalyzeArgs {
    let (by, chosen) = (GroupedBy::Process, chosen.clone());
    AnalyzeArgs { by, chosen, ..AnalyzeArgs::default() }
}

impl Trees {
    fn of(fold: Fold, logs: &[LogFacts<'_>], now: LogTime) -> Self {
        let moments = Moments::new(&fold, logs, now);
        let Fold { mut calls, live, processes, filter, .. } = fold;
        let tree = |(index, facts): (usize, &LogFacts<'_>)| {
            let (log, names) = (LogIndex(index), facts.names);
            let at = moments.of(log).at;
            let open = open_at_work(filter.as_ref(), (&live, &processes), names, (log, at));
            for call in &open {
                calls.know(log, names, call.path);
            }
            (CallTree::of_process(&calls, log, &open), at)
        };
        let trees = logs.iter().enumerate().map(tree).collect();
        let dropped = processes.iter().map(|(_, process)| process.dropped).sum();
        Self { calls, processes: trees, dropped }
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
            Self::of(fold, &facts.collect::<Vec<_>>(), scene.now)
        })
    }
}
