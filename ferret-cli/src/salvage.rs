//! Bringing the logs of dead processes to their end before they are read, and saying so: each log once.

use crate::exit::say;
use crate::format;
use ferret::log::{LogInfo, ReadOptions, Run, Tail};
use ferret::{Salvage, WhyLeft};
use std::collections::BTreeSet;

/// Which logs have been looked at.
#[derive(Debug, Default)]
pub(crate) struct Salvager {
    seen: BTreeSet<(u64, u64)>,
}

impl Salvager {
    /// Looks at the logs of `run` whose processes are gone and have not said how; gives a sentence about each that
    /// was not looked at before.
    pub(crate) fn look(&mut self, run: &Run, options: ReadOptions) -> Vec<String> {
        run.logs().iter().filter_map(|tail| self.look_at(tail, options)).collect()
    }

    fn look_at(&mut self, tail: &Tail, options: ReadOptions) -> Option<String> {
        let info = tail.info();
        let is_dead = !info.is_ended && tail.owned() == Some(false);
        // Who brought it to its end may have died before the rest was taken away.
        let may_have_more = info.is_ended && info.salvaged_entries > 0 && !options.read_only;
        let is_due = is_dead || info.repaired || may_have_more;
        if !is_due || !self.seen.insert(tail.identity()) {
            return None;
        }
        if !may_have_more && (!is_dead || options.read_only) {
            return Some(sentence(info, None));
        }
        match ferret::salvage(&info.path) {
            Ok(Salvage::Alive) => {
                // One that begins, or is being ended by another: later.
                self.seen.remove(&tail.identity());
                None
            }
            Ok(Salvage::Ended) => info.repaired.then(|| sentence(info, None)),
            Ok(what) => Some(sentence(info, Some(what))),
            Err(error) => {
                Some(format!("{error}; what its process left behind in memory stays there"))
            }
        }
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
