//! The rules, as they are once a file of them has been read: what is asked, of whom, and how it is told. How the
//! file is written is in [`mod@file`]; what its mistakes are called in [`fault`].

mod asks;
mod authorities;
mod condition;
mod fault;
mod file;
mod missing;
mod secret;
mod sink;
mod table;
mod threshold;
mod yaml;

pub(super) use authorities::Authorities;
pub(super) use fault::near;
pub(super) use file::read;
pub(super) use secret::Secret;
pub(super) use sink::{
    CommandSink, Form, Shape, SinkKind, SinkRule, SmtpSink, Tls, WebhookSink, check_url,
    is_header_value, is_loopback,
};
pub(super) use yaml::is_yaml;

pub(crate) use crate::fleet::Severity;

use super::metric::Metric;
use crate::analyze::Clause;
use crate::filter::{Field, Filter};

/// A file of rules.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(super) rules: Vec<Rule>,
    /// Where messages go; never empty.
    pub(super) sinks: Vec<SinkRule>,
}

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(super) name: String,
    pub(super) asks: Asks,
    pub(super) severity: Severity,
    /// Of which workers it is asked; of all if there is none.
    pub(super) workers: Option<Filter>,
    /// It must hold for so long before it is told, ns.
    pub(super) for_ns: u64,
    /// It must not hold for so long before it is over, ns.
    pub(super) resolve_after_ns: u64,
    /// What was told is told again only after so long, ns.
    pub(super) cooldown_ns: u64,
    /// A worker younger than this is not asked, ns.
    pub(super) grace_ns: u64,
    /// Whether its end is told.
    pub(super) tells_end: bool,
    /// Where it is told, as indexes of [`Rules::sinks`].
    pub(super) sinks: Vec<usize>,
}

/// What a rule asks.
#[derive(Clone, Debug)]
pub(crate) enum Asks {
    /// A metric, against a value.
    Threshold(Box<Threshold>),
    /// That a worker came to one of these states.
    Happens(Vec<Event>),
    /// No report from a living worker for so long, ns.
    NoHeartbeat(u64),
    /// A living worker did nothing for so long, ns: no span began or ended, and it took hardly any CPU.
    NoWork(u64),
    /// An open span that says how far it is said nothing new for so long, ns.
    NoProgress(u64, Option<Filter>),
    /// A span has been open for so long, ns.
    Open(u64, Option<Filter>),
}

/// A metric against a value.
#[derive(Clone, Debug)]
pub(crate) struct Threshold {
    pub(super) clause: Clause,
    pub(super) metric: Metric,
    pub(super) value: f64,
    /// What it has to get past, to be over; the value itself if there is none.
    pub(super) clear: Option<f64>,
    /// The time over which it is counted, ns.
    pub(super) window_ns: u64,
    /// Fewer calls say nothing.
    pub(super) min_calls: u64,
    /// Of each worker by itself; else of all together.
    pub(super) per_worker: bool,
}

/// What happens to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    Started,
    Exited,
    Failed,
    Stopped,
    Crashed,
    /// Its log is not there any more, and it had not ended.
    Vanished,
}

impl Event {
    pub(super) const ALL: [(&'static str, Self); 6] = [
        ("started", Self::Started),
        ("exited", Self::Exited),
        ("failed", Self::Failed),
        ("stopped", Self::Stopped),
        ("crashed", Self::Crashed),
        ("vanished", Self::Vanished),
    ];
}

impl Rule {
    /// The time over which it counts the calls of functions, ns.
    pub(super) fn function_window_ns(&self) -> Option<u64> {
        match &self.asks {
            Asks::Threshold(threshold) if threshold.metric.is_of_functions() => {
                Some(threshold.window_ns)
            }
            Asks::Threshold(_)
            | Asks::Happens(_)
            | Asks::NoHeartbeat(_)
            | Asks::NoWork(_)
            | Asks::NoProgress(..)
            | Asks::Open(..) => None,
        }
    }

    /// From which age on it wants to know of open spans, ns.
    pub(super) fn open_from_ns(&self) -> Option<u64> {
        if let Asks::Open(ns, _) = self.asks { Some(ns) } else { None }
    }

    /// Whether it wants to know of spans that say how far they are.
    pub(super) fn wants_progress(&self) -> bool {
        matches!(self.asks, Asks::NoProgress(..))
    }
}

/// What a filter on workers can ask about.
pub(super) const OF_WORKERS: &[Field] = &[
    Field::Name,
    Field::Process,
    Field::Pid,
    Field::Host,
    Field::File,
    Field::State,
    Field::Cpu,
    Field::Rss,
    Field::Wall,
];

/// What a filter on open spans can ask about.
pub(super) const OF_OPEN_SPANS: &[Field] = &[
    Field::Name,
    Field::Module,
    Field::File,
    Field::Kind,
    Field::Thread,
    Field::Process,
    Field::Pid,
    Field::Host,
    Field::Tag,
    Field::Dur,
];

/// What a filter on functions can ask about.
pub(super) const OF_FUNCTIONS: &[Field] = &[
    Field::Name,
    Field::Module,
    Field::File,
    Field::Kind,
    Field::Calls,
    Field::Errors,
    Field::Panics,
    Field::Cancelled,
    Field::Total,
    Field::Mean,
    Field::P50,
    Field::P90,
    Field::P95,
    Field::P99,
    Field::Max,
    Field::ErrorPercent,
];

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
