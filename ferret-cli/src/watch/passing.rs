//! The calls of a run that pass a filter, read beside the screen: as a table's figures, and as a
//! picture of what was called from where.

use super::scan::{self, Study};
use crate::flamegraph::{Flamegraph, Node};
use crate::format;
use crate::passing::Passing;
use crate::tui::functions::Costs;
use ferret::event::{Entry, LogIndex, Names, Opened};
use ferret::log::{self, Run};

/// What calls cost that pass, for the table of functions.
#[derive(Debug)]
pub(super) struct Counted(pub(super) Passing);

impl Study for Counted {
    type Found = Costs;

    const FOLLOWS: bool = true;

    fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.0.apply(log, names, entry);
    }

    fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        self.0.resume(log, names, opened);
    }

    fn found(&mut self, _: &Run, (read, entries): (u64, u64)) -> Costs {
        Costs::of(&self.0.calls, scan::share(read, entries))
    }
}

/// The call tree of what passes, to be drawn.
#[derive(Debug)]
pub(super) struct Picture {
    passing: Passing,
    program: String,
    /// How the run is at the moment of the picture: `running  24 s`.
    about: String,
}

impl Picture {
    pub(super) fn new(passing: Passing, program: String, about: String) -> Self {
        Self { passing: passing.and_open(), program, about }
    }
}

impl Study for Picture {
    type Found = Flamegraph;

    const FOLLOWS: bool = false;

    fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.passing.apply(log, names, entry);
    }

    fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        self.passing.resume(log, names, opened);
    }

    fn found(&mut self, run: &Run, _: (u64, u64)) -> Flamegraph {
        let logs = run.logs().iter().map(|tail| (tail.names(), ferret::is_alive(tail)));
        let roots = self.passing.roots(&logs.collect::<Vec<_>>(), log::now());
        let all_ns = roots.iter().map(Node::width_ns).fold(0, u64::saturating_add);
        let filter = match &self.passing.filter {
            Some(filter) => format!("; only {filter}"),
            None => String::new(),
        };
        Flamegraph {
            title: self.program.clone(),
            subtitle: format!(
                "{}; {} in profiled functions, all threads together; green: has not ended{filter}",
                self.about,
                format::duration(all_ns)
            ),
            roots,
        }
    }
}
