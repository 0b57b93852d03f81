//! What others call: rules at work with their sinks. Parts of logs and workers go in, messages come out and are
//! delivered, and what the rules say now can be asked for.

use super::engine::{Engine, RuleState};
use super::notice::{FORMAT, Notice};
use super::rules::{Rule, Rules, Severity};
use super::sinks::{SinkReport, Sinks};
use super::subject::State;
use super::watched::WorkerNow;
use crate::fleet::WallClock;
use ferret::event::{Entry, Names, Part, ProcessUid};
use serde::Serialize;
use std::time::Duration;

/// Rules at work.
#[derive(Debug)]
pub(crate) struct Alerts {
    engine: Engine,
    /// None where messages are only wanted back.
    sinks: Option<Sinks>,
}

/// Which open spans rules ask about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// Those that are as old as this, ns.
    from_ns: Option<u64>,
    /// Those that say how far they are.
    progress: bool,
}

impl Wants {
    /// Whether any rule asks about open spans.
    pub(crate) fn any(self) -> bool {
        self.from_ns.is_some() || self.progress
    }

    /// Whether any asks about one of this age.
    pub(crate) fn wants(self, age_ns: u64, says_progress: bool) -> bool {
        self.from_ns.is_some_and(|from_ns| age_ns >= from_ns) || (self.progress && says_progress)
    }
}

/// What the rules say now, as `/api/alerts` of `ferret serve` answers it.
#[derive(Debug, Serialize)]
pub(crate) struct AlertsReport {
    format: u32,
    kind: &'static str,
    now_ms: u64,
    rules: Vec<RuleReport>,
    sinks: Vec<SinkReport>,
    /// Functions that were too many for rules to know of.
    functions_left_out: u64,
}

#[derive(Debug, Serialize)]
struct RuleReport {
    name: String,
    /// What it asks.
    condition: String,
    severity: Severity,
    state: &'static str,
    subjects: Vec<SubjectReport>,
    left_out: u64,
}

#[derive(Debug, Serialize)]
struct SubjectReport {
    subject: String,
    /// `ok`, `pending`, `firing`; `happened` of what is over as soon as it is there.
    state: &'static str,
    since_ms: u64,
    text: String,
}

/// Subjects of a rule that are told of.
const SUBJECTS: usize = 100;

impl Alerts {
    /// Begins, and starts the sinks.
    ///
    /// # Errors
    ///
    /// A sink cannot start: what it needs from the environment or a file is not there.
    pub(crate) fn new(rules: Rules) -> anyhow::Result<Self> {
        let sinks = Some(Sinks::start(&rules.sinks)?);
        Ok(Self { engine: Engine::new(rules.rules), sinks })
    }

    /// Begins without sinks, on logs of the past: all that happened in them is news.
    pub(crate) fn of_the_past(rules: Rules) -> Self {
        Self { engine: Engine::of_the_past(rules.rules), sinks: None }
    }

    /// Which open spans are to be in [`WorkerNow::open`].
    pub(crate) fn wants(&self) -> Wants {
        let rules = || self.engine.rules.iter().map(|state| &state.rule);
        Wants {
            from_ns: rules().filter_map(Rule::open_from_ns).min(),
            progress: rules().any(Rule::wants_progress),
        }
    }

    /// Takes the next part of a worker's log; if the log is read once more, what was counted is not. Calls that ended
    /// before the longest window count for nothing.
    pub(crate) fn see_part(
        &mut self,
        worker: ProcessUid,
        clock: WallClock,
        names: &Names,
        part: Part<'_>,
    ) {
        if self.engine.is_next(worker, part) {
            self.engine.see(worker, clock, names, part);
        }
    }

    /// Takes an entry of a log whose entries come in the order of their times, each once.
    pub(super) fn see_past(
        &mut self,
        worker: ProcessUid,
        clock: WallClock,
        names: &Names,
        entry: &Entry,
    ) {
        self.engine.see(worker, clock, names, Part::Other(entry));
    }

    /// Looks at the workers as they are now, which is about once a second. Gives the messages, which are on their way
    /// to their sinks.
    pub(crate) fn tick(&mut self, now_ns: u64, workers: &[WorkerNow]) -> Vec<Notice> {
        let notices = self.engine.tick(now_ns, workers);
        self.send(&notices);
        notices
    }

    /// Tells what waits to be told together with more.
    pub(crate) fn finish(&mut self, now_ns: u64) -> Vec<Notice> {
        let notices = self.engine.finish(now_ns);
        self.send(&notices);
        notices
    }

    /// Lets the sinks deliver what they have, for so long at most; how they did.
    pub(crate) fn stop(self, within: Duration) -> Vec<SinkReport> {
        self.sinks.map_or_else(Vec::new, |sinks| sinks.stop(within))
    }

    /// What the rules say now, and how the sinks do.
    pub(crate) fn report(&self, now_ns: u64) -> AlertsReport {
        AlertsReport {
            format: FORMAT,
            kind: "alerts",
            now_ms: now_ns / 1_000_000,
            rules: self.engine.rules.iter().map(RuleReport::of).collect(),
            sinks: self.sinks.as_ref().map_or_else(Vec::new, Sinks::reports),
            functions_left_out: self.engine.functions_left_out(),
        }
    }

    /// How the sinks do.
    pub(crate) fn sinks(&self) -> Vec<SinkReport> {
        self.sinks.as_ref().map_or_else(Vec::new, Sinks::reports)
    }

    fn send(&self, notices: &[Notice]) {
        if let Some(sinks) = &self.sinks {
            for notice in notices {
                sinks.send(notice);
            }
        }
    }
}

impl RuleReport {
    fn of(state: &RuleState) -> Self {
        let mut live: Vec<_> =
            state.subjects.values().filter(|subject| subject.state() != State::Ok).collect();
        // Those that fire first, and of them the oldest.
        live.sort_by_key(|subject| (std::cmp::Reverse(subject.state()), subject.since_ns()));
        let worst = live.first().map_or(State::Ok, |subject| subject.state());
        let left_out = state.left_out + live.len().saturating_sub(SUBJECTS) as u64;
        let live = live.into_iter().take(SUBJECTS).map(|subject| SubjectReport {
            subject: crate::text::cut(&subject.title, 120),
            state: subject.state().name(),
            since_ms: subject.since_ns().unwrap_or(0) / 1_000_000,
            text: crate::text::cut(&subject.text, 400),
        });
        let happened = state.lately.iter().rev().map(|line| SubjectReport {
            subject: line.subject.clone(),
            state: "happened",
            since_ms: line.since_ms,
            text: line.text.clone(),
        });
        Self {
            name: state.rule.name.clone(),
            condition: state.rule.condition(),
            severity: state.rule.severity,
            state: worst.name(),
            subjects: live.chain(happened).collect(),
            left_out,
        }
    }
}

#[cfg(test)]
#[path = "alerts_tests.rs"]
mod tests;
