//! The last good run of the same name, read once beside the screen when a stage of the present one runs: how
//! long it then took, and what is left of it.

use crate::analyze::{GoodRun, good_run_before};
use crate::tui::board::Board;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};

/// What is known of that run.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// None until it is looked for.
    found: Option<Arc<OnceLock<GoodRun>>>,
    /// What looks for it.
    reading: Option<JoinHandle<()>>,
}

impl Before {
    /// It; none while it is not known, and where there is none.
    pub(super) fn found(&self) -> Option<&GoodRun> {
        self.found.as_ref()?.get()
    }

    /// Begins to look for it, once it is of use. Where the system refuses a thread, there is none.
    pub(super) fn look(&mut self, paths: &[PathBuf], board: &Board) {
        let [path] = paths else { return };
        if self.found.is_some() || board.stages.open().next().is_none() {
            return;
        }
        let mut starts = board.processes.iter().filter_map(|(_, process)| process.start.as_ref());
        let Some(exe) = starts.next().map(|start| start.exe.clone()) else { return };
        let found = Arc::new(OnceLock::new());
        self.found = Some(Arc::clone(&found));
        let path = path.clone();
        let reading = Builder::new().name("ferret-before".to_owned()).spawn(move || {
            if let Some(run) = good_run_before(&path, &exe) {
                // Nobody else sets it.
                found.set(run).ok();
            }
        });
        self.reading = reading.ok();
    }

    /// Waits until it is found, or known not to be there: for who looks once.
    pub(super) fn wait(&mut self) {
        // One that panicked has found nothing.
        self.reading.take().map(JoinHandle::join).transpose().ok();
    }
}
