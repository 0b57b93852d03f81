//! What a reader of the whole run found out about one function, ready to be shown.

use super::super::wording::{self, Told};
use crate::format;
use ferret::event::{LogIndex, Names};
use ferret::projections::{Closeup, FunctionCalls, OneCall, OverTime, Processes, SpreadClass};

/// What is known of a function's calls.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    pub(super) function: Option<FunctionCalls>,
    pub(super) spread: Vec<SpreadClass>,
    pub(super) over_time: OverTime,
    /// The time of day at which that begins; blank where the log does not tell.
    pub(super) begins: String,
    /// The newest first.
    pub(super) latest: Vec<Told>,
    /// The longest first.
    pub(super) slowest: Vec<Told>,
    /// Entries read, of so many.
    read: u64,
    entries: u64,
}

impl Facts {
    /// What a closeup of the function tells, when so many entries are read of so many.
    pub(crate) fn of<'n>(
        closeup: &Closeup,
        names: impl Fn(LogIndex) -> &'n Names,
        processes: &Processes,
        (read, entries): (u64, u64),
    ) -> Self {
        let told = |call: &OneCall| told(call, names(call.log), processes);
        let begins = closeup.over_time().begins().map(|begins| {
            let first = processes.iter().next();
            wording::clock_time(first.and_then(|(_, process)| process.unix_ns(begins)))
        });
        Self {
            function: closeup.function(),
            spread: closeup.spread().classes(),
            over_time: closeup.over_time().clone(),
            begins: begins.unwrap_or_default(),
            latest: closeup.latest().rev().map(told).collect(),
            slowest: closeup.slowest().iter().map(told).collect(),
            read,
            entries,
        }
    }

    /// Of how much of the run it is.
    #[expect(clippy::cast_precision_loss, reason = "a share, for display")]
    pub(super) fn reach(&self) -> String {
        if self.read >= self.entries {
            return format!("of {} entries", format::count(self.read));
        }
        let percent = self.read as f64 * 100.0 / self.entries as f64;
        format!("of {percent:.0} % of the run so far")
    }
}

fn told(call: &OneCall, names: &Names, processes: &Processes) -> Told {
    let process = processes.get(call.log);
    let (outcome, mood) = wording::outcome(call.outcome);
    let thread = names.thread_name(call.thread);
    let start = process.and_then(|process| process.start.as_ref());
    let thread = match start.filter(|_| processes.iter().len() > 1) {
        Some(start) => format!("{} {thread}", start.pid),
        None => thread,
    };
    Told {
        time: wording::clock_time(process.and_then(|process| process.unix_ns(call.end))),
        name: String::new(),
        detail: wording::said(names, &call.said),
        took: format::duration(call.ns),
        outcome,
        thread,
        mood,
    }
}
