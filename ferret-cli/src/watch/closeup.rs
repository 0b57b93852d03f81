//! Reads the run for one function, as long as the page about it is open.

use super::scan::Study;
use crate::tui::details::Facts;
use ferret::event::{CallsiteInfo, Entry, LogIndex, LogTime, Names, Opened};
use ferret::log::Run;
use ferret::projections::{Closeup, Processes};

/// A function's calls, and the processes they were in.
#[derive(Debug)]
pub(super) struct OneFunction {
    closeup: Closeup,
    processes: Processes,
    /// Of what comes later nothing counts.
    until: LogTime,
    /// Entries up to then.
    applied: u64,
}

impl OneFunction {
    pub(super) fn new(of: CallsiteInfo, until: LogTime) -> Self {
        let (closeup, processes) = (Closeup::new(of), Processes::default());
        Self { closeup, processes, until, applied: 0 }
    }
}

impl Study for OneFunction {
    type Found = Facts;

    const FOLLOWS: bool = true;

    fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        if entry.time > self.until {
            return;
        }
        self.applied += 1;
        self.processes.apply(log, entry);
        self.closeup.apply(log, names, entry);
    }

    // What is open is the screen's own knowledge.
    fn resume(&mut self, _: LogIndex, _: &Names, _: &Opened) {}

    fn found(&mut self, run: &Run, (read, entries): (u64, u64)) -> Facts {
        // At the end it is of all up to that moment.
        let is_all = read >= entries;
        let entries = if is_all { (self.applied, self.applied) } else { (read, entries) };
        let names = |log: LogIndex| run.logs()[log.0].names();
        Facts::of(&self.closeup, names, &self.processes, entries)
    }
}
