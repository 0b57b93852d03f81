//! `--critical-path`: what determined when a span ended, across threads and tasks.
//!
//! The log is looked at three times, on all cores: for the longest span that is asked for; for the spans below it,
//! those left out that are too short to matter; and for whose children they say they are. Spans of one thread lie in
//! each other, so only what was handed to another thread, or is async, says so in an entry of its own.

mod collect;

use super::slowest::began;
use super::{stack, thread_name};
use crate::analyze::SpanSubject;
use crate::analyze::build::{LogFacts, hundredths};
use crate::analyze::fold::Fold;
use crate::analyze::moments::Moments;
use crate::analyze::rows::percent;
use crate::filter::{Filter, FilterError};
pub(in crate::analyze) use collect::Core;
use collect::{Frame, Kind, overlap_ns, steps};
use ferret::event::{EndedSpan, LogIndex, LogTime, Names, Part};
use ferret::projections::{Link, Slowest, Step, critical_path};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::str::FromStr;

/// A span below the chosen one that took less than this part of it is time of its caller.
const SHORTEST: u64 = 2_000;

/// What determined when a span ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CriticalPath {
    /// The span, with the process and the thread that ended it.
    pub(crate) name: String,
    pub(crate) process: String,
    pub(crate) span: String,
    pub(crate) thread: String,
    pub(crate) start: Option<String>,
    pub(crate) start_ns: u64,
    pub(crate) duration_ns: u64,
    pub(crate) stack: Vec<String>,
    /// Spans that took less are time of their callers.
    pub(crate) shortest_ns: u64,
    /// From its start to its end, without gaps.
    pub(crate) links: Vec<PathLink>,
}

/// A stretch of the path: for so long this span ran, or waited, by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PathLink {
    pub(crate) name: String,
    pub(crate) span: String,
    /// The thread that ended it.
    pub(crate) thread: String,
    /// How many spans above it are on the path.
    pub(crate) depth: usize,
    /// From the start of the chosen span.
    pub(crate) at_ns: u64,
    pub(crate) own_ns: u64,
    /// Of the chosen span.
    pub(crate) percent: f64,
    /// Of an async span, how much of that it was in no poll; null of any other.
    pub(crate) waits_ns: Option<u64>,
}

/// Of what span the path is asked for: the longest that passes, or that there is.
#[derive(Clone, Debug)]
pub(crate) struct Wanted(pub(super) Option<Filter>);

impl FromStr for Wanted {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Ok(Self(if text.is_empty() { None } else { Some(text.parse()?) }))
    }
}

/// What was found.
#[derive(Debug)]
pub(in crate::analyze) struct Found {
    log: LogIndex,
    root: EndedSpan,
    shortest_ns: u64,
    steps: Vec<Step<Frame>>,
    links: Vec<Link>,
    polls: Vec<Frame>,
}

/// Finds the path of the longest span that passes both filters. `look` shows all parts of the run to what it is
/// given, and gives what each core has made of them; it is called three times.
///
/// # Errors
///
/// Those of `look`.
pub(in crate::analyze) fn find<E>(
    fold: &Fold,
    names: &[&Names],
    wanted: Option<&Filter>,
    look: impl Fn(&(dyn Fn(&mut Core, LogIndex, Part<'_>) + Sync)) -> Result<Vec<Core>, E>,
) -> Result<Option<Found>, E> {
    let cores = look(&|core, log, part| {
        let Some(names) = names.get(log.0) else { return };
        core.longest(log, part, |span| {
            let within = fold.window.since(log).is_none_or(|since| span.end >= since)
                && fold.window.until(log).is_none_or(|until| span.end <= until);
            let subject = SpanSubject::of(names, &fold.processes, log, span, None);
            let passes =
                |filter: Option<&Filter>| filter.is_none_or(|filter| filter.allows(&subject));
            within && passes(fold.filter.as_ref()) && passes(wanted)
        });
    })?;
    let mut longest = Slowest::new(1);
    for core in cores {
        longest.merge(core.longest);
    }
    let Some(root) = longest.into_sorted().into_iter().next() else { return Ok(None) };
    let (log, root) = (root.log, root.ended);
    let Some(names) = names.get(log.0) else { return Ok(None) };
    let below = collect::below(names, root.path);
    let shortest_ns = (root.ns() / SHORTEST).max(1);
    let cores = look(&|core, of, part| {
        if of == log {
            core.collect(names, &below, &root, shortest_ns, part);
        }
    })?;
    let shortest_ns = cores.iter().map(|core| core.shortest_ns).max().unwrap_or(0).max(shortest_ns);
    let mut frames: Vec<Frame> = cores.into_iter().flat_map(|core| core.frames).collect();
    frames.retain(|frame| frame.ns() >= shortest_ns);
    let spans: BTreeSet<_> = frames.iter().map(|frame| frame.span).collect();
    let cores = look(&|core, of, part| {
        if of == log {
            core.parents(&spans, part);
        }
    })?;
    let parents = cores.into_iter().flat_map(|core| core.parents).collect();
    let steps = steps(&root, &frames, &parents);
    let links = critical_path(&steps, 0);
    let mut polls: Vec<Frame> =
        frames.into_iter().filter(|frame| frame.kind == Kind::Poll).collect();
    polls.sort_by_key(|poll| (poll.span, poll.start));
    Ok(Some(Found { log, root, shortest_ns, steps, links, polls }))
}

/// It, for the document; empty if there is none.
pub(super) fn path(
    fold: &Fold,
    logs: &[LogFacts<'_>],
    moments: &Moments,
    found: Option<&Found>,
) -> CriticalPath {
    let known = found.and_then(|found| Some((found, logs.get(found.log.0)?)));
    let Some((found, facts)) = known else { return CriticalPath::default() };
    let (names, root) = (facts.names, &found.root);
    let (start, start_ns) = began(fold, moments, found.log, root.start);
    let link = |link: &Link| {
        let step = &found.steps[link.step];
        let own_ns = link.to.since(link.from);
        Some(PathLink {
            name: names.span_name(step.what.path).to_owned(),
            span: step.span.to_string(),
            thread: thread_name(names, step.what.thread),
            depth: link.depth,
            at_ns: link.from.since(root.start),
            own_ns,
            percent: hundredths(percent(own_ns, root.ns())),
            waits_ns: (step.what.kind == Kind::Async).then(|| {
                own_ns.saturating_sub(overlap_ns(&found.polls, step.span, (link.from, link.to)))
            }),
        })
    };
    CriticalPath {
        name: names.span_name(root.path).to_owned(),
        process: facts.uid.to_string(),
        span: root.span.to_string(),
        thread: thread_name(names, root.thread),
        start,
        start_ns,
        duration_ns: root.ns(),
        stack: stack(names, root.path),
        shortest_ns: found.shortest_ns,
        links: found.links.iter().filter_map(link).collect(),
    }
}

/// From one moment to another.
type Stretch = (LogTime, LogTime);
