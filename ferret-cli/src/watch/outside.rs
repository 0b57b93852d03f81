//! Processes of this machine as the system sees them: one that is stopped or starved says nothing
//! of itself any more.

use super::memory_limit;
use crate::child::start_ticks;
use crate::tui::board::{self, Board};
use ferret::event::{LogIndex, LogTime};
use std::collections::BTreeMap;
use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

/// Between two looks, ns: CPU is taken over that time.
const LOOK_NS: u64 = 1_000_000_000;

/// The system, and when it was asked last.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// None where it cannot be asked, and before it was.
    system: Option<System>,
    looked: LogTime,
    /// Processes that were seen at the last look: of another there is no CPU yet.
    seen: BTreeMap<Pid, u64>,
    /// The most memory each may have, as of when it was first seen.
    limits: BTreeMap<Pid, Option<u64>>,
}

impl Outside {
    /// Looks at the processes of a board, once a second.
    pub(super) fn look(&mut self, board: &mut Board, now: LogTime) {
        if now.since(self.looked) < LOOK_NS {
            return;
        }
        self.looked = now;
        if self.system.is_none() {
            // What cannot be read stays empty.
            self.system = System::new().ok();
        }
        let Some(system) = &mut self.system else { return };
        let found = (0..).map(LogIndex).zip(&board.logs).map(|(log, file)| {
            let start = board.processes.get(log).and_then(|process| process.start.as_deref());
            // Who holds the log's lock lives here; the kernel's start time tells it from another
            // of its number, in this pid namespace or in its own.
            let start = start.filter(|start| file.owned == Some(true) && start.start_ticks > 0)?;
            (start_ticks(start.pid) == start.start_ticks)
                .then(|| (Pid::from_u32(start.pid), start.start_ticks))
        });
        let found: Vec<Option<(Pid, u64)>> = found.collect();
        let pids: Vec<Pid> = found.iter().flatten().map(|(pid, _)| *pid).collect();
        let refresh = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, refresh);
        for (file, found) in board.logs.iter_mut().zip(&found) {
            file.outside = found.and_then(|(pid, ticks)| {
                let process = system.process(pid)?;
                let is_known = self.seen.get(&pid) == Some(&ticks);
                Some(board::Outside {
                    cpu_percent: is_known.then(|| f64::from(process.cpu_usage())),
                    rss_bytes: process.memory(),
                    suspended: process.status() == ProcessStatus::Stop,
                    memory_limit: *self
                        .limits
                        .entry(pid)
                        .or_insert_with(|| memory_limit::of(pid.as_u32())),
                })
            });
        }
        self.limits.retain(|pid, _| pids.contains(pid));
        self.seen = found.into_iter().flatten().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::script::{S, Script};

    /// A log that says it is of this process, or of one that began at another time.
    fn look(start: u64, owned: Option<bool>) -> [Option<board::Outside>; 2] {
        let mut script = Script::default();
        script.start_ticks = start;
        let mut script = script.process("me", std::process::id());
        let mut board = std::mem::take(&mut script.board);
        board.logs[0].owned = owned;
        let mut outside = Outside::default();
        [2 * S, 4 * S].map(|now| {
            outside.look(&mut board, LogTime(now));
            board.logs[0].outside
        })
    }

    #[test]
    fn a_process_of_this_machine_is_seen_and_no_other_under_its_number() {
        let me = start_ticks(std::process::id());
        let [first, second] = look(me, Some(true));
        assert!(first.is_some_and(|seen| seen.rss_bytes > 100_000 && seen.cpu_percent.is_none()));
        assert!(second.is_some_and(|seen| seen.cpu_percent.is_some() && !seen.suspended));
        assert_eq!(look(me + 1, Some(true)), [None, None]);
        assert_eq!(look(me, Some(false)), [None, None]);
        assert_eq!(look(me, None), [None, None]);
    }
}
