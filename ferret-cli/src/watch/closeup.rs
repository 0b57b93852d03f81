//! Reads the run for one function, as long as the page about it is open.

use super::scan::Study;
use crate::tui::details::Facts;
use ferret::event::{CallsiteInfo, Entry, LogIndex, Names, Opened};
use ferret::log::Run;
use ferret::projections::{Closeup, Processes};

/// A function's calls, and the processes they were in.
#[derive(Debug)]
pub(super) struct OneFunction {
    closeup: Closeup,
    processes: Processes,
}

impl OneFunction {
    pub(super) fn new(of: CallsiteInfo) -> Self {
        Self { closeup: Closeup::new(of), processes: Processes::default() }
    }
}

impl Study for OneFunction {
    type Found = Facts;

    const FOLLOWS: bool = true;

    fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.processes.apply(log, entry);
        self.closeup.apply(log, names, entry);
    }

    // What is open is the screen's own knowledge.
    fn resume(&mut self, _: LogIndex, _: &Names, _: &Opened) {}

    fn found(&mut self, run: &Run, entries: (u64, u64)) -> Facts {
        let names = |log: LogIndex| run.logs()[log.0].names();
        Facts::of(&self.closeup, names, &self.processes, entries)
    }
}
