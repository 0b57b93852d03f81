//! Bringing the logs of dead processes to their end before they are read, and saying so: each log once.

use crate::exit::say;
use crate::format;
use ferret::event::{LogTime, ProcessUid};
use ferret::log::{LogInfo, ReadOptions, Run, Tail};
use ferret::{Salvage, WhyLeft};
use std::collections::{BTreeMap, BTreeSet};

/// A log that cannot be written now is tried again after so long, ns.
const AGAIN_NS: u64 = 10_000_000_000;

/// Which logs have been looked at, by their processes: the numbers of files come again.
#[derive(Debug, Default)]
pub(crate) struct Salvager {
    seen: BTreeSet<ProcessUid>,
    /// Those that are to be tried again, and when.
    later: BTreeMap<ProcessUid, LogTime>,
}

impl Salvager {
    /// Looks at the logs of `run` whose processes are gone and have not said how; gives a sentence about each that
    /// was not looked at before.
    pub(crate) fn look(&mut self, run: &Run, options: ReadOptions) -> Vec<String> {
        run.logs().iter().filter_map(|tail| self.look_at(tail, options)).collect()
    }

    /// Looks at one log whose process is gone and has not said how.
    pub(crate) fn look_at(&mut self, tail: &Tail, options: ReadOptions) -> Option<String> {
        let info = tail.info();
        if tail.owned() != Some(false) || self.seen.contains(&info.uid) {
            return None;
        }
        if options.read_only {
            self.seen.insert(info.uid);
            let is_unsaid = !info.is_ended || info.repaired;
            return is_unsaid.then(|| sentence(info, None));
        }
        let is_again = self.later.get(&info.uid).copied();
        if is_again.is_some_and(|at| ferret::log::now() < at) {
            return None;
        }
        let (said, is_done) = match ferret::salvage(tail) {
            // One that begins, or is being ended by another: at the next look.
            Ok(Salvage::Alive) => return None,
            // Perhaps what its process left behind was still to be taken away.
            Ok(Salvage::Ended) => (info.repaired.then(|| sentence(info, None)), true),
            Ok(what @ Salvage::Left(WhyLeft::NotWritable)) => {
                (Some(sentence(info, Some(what))), false)
            }
            Ok(what) => (Some(sentence(info, Some(what))), true),
            Err(error) => (
                Some(format!("{error}; what its process left behind in memory stays there")),
                false,
            ),
        };
        if is_done {
            self.seen.insert(info.uid);
            return said;
        }
        self.later.insert(info.uid, ferret::log::now().after(AGAIN_NS));
        said.filter(|_| is_again.is_none())
    }
}

/// As [`Salvager::look`], on stderr, for those who look once.
pub(crate) fn look_once(run: &Run, options: ReadOptions) {
    Salvager::default().look(run, options).iter().for_each(say);
}

fn sentence(info: &LogInfo, what: Option<Salvage>) -> String {
    let (path, pid) = (info.path.display(), info.pid);
    let repaired = if info.repaired { "its log is repaired" } else { "its log can be read" };
    let rest = match what {
        Some(Salvage::Salvaged { entries: 0 }) => "nothing is missing".to_owned(),
        Some(Salvage::Salvaged { entries }) => {
            let noun = if entries == 1 { "entry" } else { "entries" };
            format!("{} {noun} that were still in memory are in it now", format::count(entries))
        }
        Some(Salvage::Left(why)) => missing(why).to_owned(),
        Some(Salvage::Alive | Salvage::Ended) | None => String::new(),
    };
    let and = if rest.is_empty() { "" } else { "; " };
    format!("{path}: process {pid} ended without closing its log; {repaired}{and}{rest}")
}

fn missing(why: WhyLeft) -> &'static str {
    match why {
        WhyLeft::NotVisible => {
            "what it did in its last moments may be missing: nothing it left in memory is to be seen from here (it \
             had no /dev/shm, or ran in another container)"
        }
        WhyLeft::OtherBoot => {
            "what it did in its last moments may be missing: the machine was started anew since"
        }
        WhyLeft::Copy => {
            "what it did in its last moments may be missing: this is a copy, and what it left in memory belongs to \
             the original"
        }
        WhyLeft::Unreadable => {
            "what it did in its last moments may be missing: what it left in memory is not to be read, or not by \
             this user"
        }
        WhyLeft::NotWritable => {
            "what it left in memory stays there: the log cannot be written, so open it once where it can"
        }
    }
}
