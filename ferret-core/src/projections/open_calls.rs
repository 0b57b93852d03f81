//! The open spans of a function: how many there are, and for how long.

use super::live::{Live, LiveProcess};
use crate::event::{CallsiteInfo, LogIndex, LogTime, Names, PathId};
use std::collections::BTreeMap;

/// The spans of one function that have not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenFunction {
    /// How many there are.
    pub calls: u64,
    /// How long they have been open, together, ns; one that has its function above it counts for none.
    pub ns: u64,
}

impl Live {
    /// The functions that have open spans, each process being at its `moment`.
    pub fn open_functions<'n>(
        &self,
        names: impl Fn(LogIndex) -> &'n Names,
        moment: impl Fn(LogIndex) -> LogTime,
    ) -> BTreeMap<&'n CallsiteInfo, OpenFunction> {
        let mut open: BTreeMap<&CallsiteInfo, OpenFunction> = BTreeMap::new();
        let processes = (0..).map(LogIndex).map_while(|log| Some((log, self.process(log)?)));
        for (log, process) in processes {
            let (names, at) = (names(log), moment(log));
            for (path, since) in spans(process) {
                let Some(info) = names.callsite_info(path) else { continue };
                let function = open.entry(info).or_default();
                function.calls += 1;
                if is_outermost(names, path) {
                    function.ns = function.ns.saturating_add(at.since(since));
                }
            }
        }
        open
    }
}

/// The open spans of a process; a poll is none of its own, and a future that has not begun is none.
fn spans(process: &LiveProcess) -> impl Iterator<Item = (PathId, LogTime)> {
    let frames = process.threads().flat_map(|(_, thread)| &thread.frames);
    let frames = frames.filter(|frame| !frame.is_poll).map(|frame| (frame.path, frame.since));
    let tasks = process.tasks().filter(|(_, task)| task.begun);
    frames.chain(tasks.map(|(_, task)| (task.path, task.since)))
}

/// Whether the path's function is nowhere above it.
fn is_outermost(names: &Names, path: PathId) -> bool {
    let function = names.callsite_of(path);
    let mut at = path;
    // A path is numbered after its parent: a damaged log that says otherwise ends the climb.
    while let Some(info) = names.paths.get(&at).filter(|info| info.parent < at) {
        at = info.parent;
        if names.callsite_of(at) == function {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{ThreadId, ThreadInfo};
    use crate::projections::scenario::Scenario;

    #[test]
    fn recursion_counts_every_span_and_its_time_once() {
        let mut scenario = Scenario::default();
        for thread in [1, 2] {
            let info = ThreadInfo { name: String::new(), tid: thread, start: LogTime(0) };
            scenario.names.threads.insert(ThreadId(thread), info);
        }
        scenario.start(1, "run");
        scenario.now = 10;
        scenario.start(1, "walk");
        scenario.start(1, "walk");
        scenario.start_async(2, "fetch");
        scenario.now = 30;
        let mut live = Live::default();
        for entry in &scenario.entries {
            live.apply(LogIndex(0), &scenario.names, entry);
        }
        let open = live.open_functions(|_| &scenario.names, |_| LogTime(30));
        let seen = open.iter().map(|(info, open)| (&*info.name, open.calls, open.ns));
        let mut seen: Vec<_> = seen.collect();
        seen.sort_unstable();
        assert_eq!(seen, [("fetch", 1, 20), ("run", 1, 30), ("walk", 2, 20)]);
    }
}
