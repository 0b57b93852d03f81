//! What happened to workers between two ticks: they started, ended in this way or that, vanished. Each is seen once,
//! and what was over before anybody looked is not news.

use super::rules::Event;
use super::watched::WorkerNow;
use crate::format;
use ferret::event::{ProcessState, ProcessUid};
use signal_hook::low_level::signal_name;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The workers as they were last seen.
#[derive(Debug, Default)]
pub(super) struct Workers {
    known: BTreeMap<ProcessUid, Known>,
    /// Those that are not there any more, and since when, ns.
    former: VecDeque<(u64, WorkerNow)>,
    /// Those that are not there any more and had ended: that was told, should their logs come back.
    over: BTreeSet<ProcessUid>,
}

/// A worker.
#[derive(Debug)]
struct Known {
    last: WorkerNow,
    /// It was seen at work.
    was_present: bool,
    has_ended: bool,
    /// It was crashed at the last tick, and how was not known: its parent may still say.
    is_settling: bool,
}

/// Workers that are remembered when they are gone, whose calls are in windows still: of programs that come and go.
const FORMER: usize = 10_000;
/// Workers of which it is remembered that they had ended.
const OVER: usize = 100_000;

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) struct Happened {
    pub(super) what: Event,
    pub(super) worker: WorkerNow,
    /// Unix time, ns.
    pub(super) at_ns: u64,
}

impl Workers {
    /// Takes the workers as they are now; what happened to them since `began_ns`, when the looking began.
    pub(super) fn see(
        &mut self,
        now_ns: u64,
        began_ns: u64,
        workers: &[WorkerNow],
    ) -> Vec<Happened> {
        let mut happened = Vec::new();
        for worker in workers {
            let is_new = !self.known.contains_key(&worker.uid);
            let known = self.known.entry(worker.uid).or_insert_with(|| Known {
                last: worker.clone(),
                was_present: false,
                has_ended: self.over.remove(&worker.uid),
                is_settling: false,
            });
            if is_new && !known.has_ended && worker.started_ns >= began_ns {
                let (what, at_ns) = (Event::Started, worker.started_ns);
                happened.push(Happened { what, worker: worker.clone(), at_ns });
            }
            known.was_present |= worker.is_present();
            if let Some(what) = known.ends(worker) {
                let at_ns = worker.ended_ns.unwrap_or(now_ns);
                if known.was_present || at_ns >= began_ns {
                    happened.push(Happened { what, worker: worker.clone(), at_ns });
                }
            }
            known.last = worker.clone();
        }
        let there: BTreeSet<_> = workers.iter().map(|worker| worker.uid).collect();
        let is_gone = |uid: &ProcessUid| !there.contains(uid);
        let gone: Vec<_> = self.known.keys().copied().filter(is_gone).collect();
        for known in gone.iter().filter_map(|uid| self.known.remove(uid)) {
            if self.former.len() == FORMER {
                self.former.pop_front();
            }
            self.former.push_back((now_ns, known.last.clone()));
            if known.has_ended {
                // Which of too many is not remembered does not matter.
                if self.over.len() == OVER {
                    self.over.pop_first();
                }
                self.over.insert(known.last.uid);
            }
            if known.was_present && !known.has_ended {
                let (what, worker) = (Event::Vanished, known.last);
                happened.push(Happened { what, worker, at_ns: now_ns });
            }
        }
        happened
    }

    /// Workers that are not there any more.
    pub(super) fn former(&self) -> impl Iterator<Item = &WorkerNow> {
        let came_back = |worker: &&WorkerNow| !self.known.contains_key(&worker.uid);
        self.former.iter().map(|(_, worker)| worker).filter(came_back)
    }

    /// Forgets those that are gone since before then, ns.
    pub(super) fn forget(&mut self, before_ns: u64) {
        while self.former.front().is_some_and(|(at_ns, _)| *at_ns < before_ns) {
            self.former.pop_front();
        }
    }

    /// Whether a worker is dead, and how it died is told at the next tick.
    pub(super) fn is_settling(&self, uid: ProcessUid) -> bool {
        self.known.get(&uid).is_some_and(|known| known.is_settling && !known.has_ended)
    }

    /// Why nothing more is to be expected of a worker; none of one that works.
    pub(super) fn why_over(&self, uid: ProcessUid) -> Option<String> {
        match self.known.get(&uid) {
            None => Some("its worker is not there any more".to_owned()),
            Some(known) if known.has_ended => Some(format!("its worker {}", ending(&known.last))),
            Some(_) => None,
        }
    }
}

impl Known {
    /// Whether it has ended since it was last seen, and how.
    fn ends(&mut self, worker: &WorkerNow) -> Option<Event> {
        let what = match worker.state {
            ProcessState::Running | ProcessState::Stalled | ProcessState::Unknown => {
                self.is_settling = false;
                return None;
            }
            ProcessState::Exited => Event::Exited,
            ProcessState::Failed => Event::Failed,
            ProcessState::Stopped => Event::Stopped,
            ProcessState::Crashed => Event::Crashed,
        };
        if self.has_ended {
            return None;
        }
        let may_be_told = worker.signal.is_some() || std::mem::replace(&mut self.is_settling, true);
        if what == Event::Crashed && !may_be_told {
            return None;
        }
        self.has_ended = true;
        Some(what)
    }
}

impl Happened {
    /// What is told of it.
    pub(super) fn text(&self) -> String {
        match self.what {
            Event::Started => format!("started on {}", self.worker.host),
            Event::Vanished => {
                "vanished: its log is not there any more, and it had not ended".to_owned()
            }
            Event::Exited | Event::Failed | Event::Stopped | Event::Crashed => ending(&self.worker),
        }
    }
}

/// How a worker ended: each way has words of its own.
pub(super) fn ending(worker: &WorkerNow) -> String {
    let after = format!("after {}", format::age(worker.uptime_ns));
    match worker.state {
        ProcessState::Exited => format!("exited cleanly {after}"),
        ProcessState::Failed => match worker.exit_code {
            Some(code) => format!("failed with exit code {code} {after}"),
            None => format!("failed {after}"),
        },
        ProcessState::Stopped => {
            let name = worker.signal.and_then(signal_name).unwrap_or("a signal");
            format!("was stopped by {name} {after}")
        }
        ProcessState::Crashed => {
            let how = worker.death.as_deref().unwrap_or("died without a word");
            format!("crashed {after}: {how}")
        }
        ProcessState::Running | ProcessState::Stalled | ProcessState::Unknown => {
            worker.state.to_string()
        }
    }
}
