//! `--slowest`: the slowest single spans.
//!
//! The spans are chosen while they are counted, on all cores, where what they said is not known: tags are
//! entries of their own, and come before. So the log is read once more, on all cores too, for the tags of
//! the chosen ones alone. (Keeping the tags of all open spans on the way was rejected: only the order of
//! entries tells which are open, and entries in order cost twenty times as much.)

use super::{Tag, stack, tags, thread_name};
use crate::analyze::build::{LogFacts, rfc3339};
use crate::analyze::fold::Fold;
use crate::analyze::moments::Moments;
use crate::analyze::name_of;
use crate::analyze::open::OpenSpan;
use crate::analyze::second_look::each_part;
use ferret::event::{CallsiteId, LogEntry, LogIndex, LogTime, Offset, Part, SpanId, TagValue};
use ferret::log::{LogError, Run};
use ferret::projections::{Said, SlowSpan, Slowest};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// One of the slowest spans.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slow {
    pub(crate) name: String,
    /// The process's uid.
    pub(crate) process: String,
    pub(crate) span: String,
    /// The thread that ended it; null while an async span waits.
    pub(crate) thread: Option<String>,
    /// Wall time, RFC 3339, and from the start of the run.
    pub(crate) start: Option<String>,
    pub(crate) start_ns: u64,
    pub(crate) duration_ns: u64,
    /// Null of an async span, and of one that is open.
    pub(crate) self_ns: Option<u64>,
    /// ok, err, panicked, cancelled or open
    pub(crate) outcome: String,
    pub(crate) tags: Vec<Tag>,
    /// The functions from the outermost to its own.
    pub(crate) stack: Vec<String>,
}

/// A tag, with its place in the log.
type Told = (Offset, CallsiteId, TagValue);

/// Looks up what the chosen spans said.
///
/// # Errors
///
/// The log cannot be read once more.
pub(in crate::analyze) fn said_by_slowest(
    fold: &mut Fold,
    run: &Run,
    reach: Option<u64>,
) -> Result<(), LogError> {
    let Some(slowest) = fold.report.slowest.take() else { return Ok(()) };
    let most = slowest.most();
    let mut spans = slowest.into_sorted();
    let mut wanted: BTreeMap<(LogIndex, SpanId), Vec<Told>> = spans
        .iter()
        .filter(|span| span.said.is_none())
        .map(|span| ((span.log, span.ended.span), Vec::new()))
        .collect();
    if !wanted.is_empty() {
        let seen = each_part(run, reach, |seen: &mut Vec<_>, log, part| {
            if let Part::Other(entry) = part
                && let LogEntry::Tag { span, key, value } = &entry.what
                && wanted.contains_key(&(log, *span))
            {
                seen.push(((log, *span), (entry.offset, *key, value.clone())));
            }
        })?;
        for (span, tag) in seen.into_iter().flatten() {
            wanted.entry(span).or_default().push(tag);
        }
    }
    for span in &mut spans {
        let Some(mut all) = wanted.remove(&(span.log, span.ended.span)) else { continue };
        all.sort_by_key(|(offset, ..)| *offset);
        let mut said = Said::default();
        for (_, key, value) in &all {
            said.tag(*key, value);
        }
        span.said = Some(said);
    }
    let mut said = Slowest::new(most);
    for span in spans {
        said.add(span);
    }
    fold.report.slowest = Some(said);
    Ok(())
}

/// The rows, those that are open among them.
pub(super) fn rows(
    fold: &Fold,
    logs: &[LogFacts<'_>],
    open: &[OpenSpan],
    moments: &Moments,
    slowest: Slowest,
) -> Vec<Slow> {
    let most = slowest.most();
    let mut rows: Vec<Slow> = slowest
        .into_sorted()
        .iter()
        .filter_map(|span| Some(ended(fold, logs.get(span.log.0)?, moments, span)))
        .collect();
    let still = open.iter().filter(|span| span.row.begun);
    rows.extend(still.filter_map(|span| still_open(fold, logs.get(span.log.0)?, moments, span)));
    rows.sort_by_key(|row| Reverse(row.duration_ns));
    rows.truncate(most);
    rows
}

fn ended(fold: &Fold, facts: &LogFacts<'_>, moments: &Moments, slow: &SlowSpan) -> Slow {
    let (names, span) = (facts.names, &slow.ended);
    let is_async = names.callsite_info(span.path).is_some_and(|info| info.kind.is_async());
    let (start, start_ns) = began(fold, moments, slow.log, span.start);
    Slow {
        name: names.span_name(span.path).to_owned(),
        process: facts.uid.to_string(),
        span: span.span.to_string(),
        thread: Some(thread_name(names, span.thread)),
        start,
        start_ns,
        duration_ns: span.ns(),
        self_ns: (!is_async).then(|| span.ns().saturating_sub(span.child_ns)),
        outcome: name_of(span.outcome).to_owned(),
        tags: tags(names, slow.said.as_ref()),
        stack: stack(names, span.path),
    }
}

fn still_open(
    fold: &Fold,
    facts: &LogFacts<'_>,
    moments: &Moments,
    open: &OpenSpan,
) -> Option<Slow> {
    let (names, row) = (facts.names, &open.row);
    let at = moments.of(open.log).at;
    let (start, start_ns) = began(fold, moments, open.log, LogTime(at.0.checked_sub(row.age_ns)?));
    let said = fold.live.process(open.log).and_then(|live| live.said_by(open.span));
    Some(Slow {
        name: row.name.clone(),
        process: row.process.clone(),
        span: row.span.clone(),
        thread: row.thread.clone(),
        start,
        start_ns,
        duration_ns: row.age_ns,
        self_ns: None,
        outcome: "open".to_owned(),
        tags: tags(names, said),
        stack: stack(names, open.path),
    })
}

/// When something was, in wall time and from the start of the run.
pub(super) fn began(
    fold: &Fold,
    moments: &Moments,
    log: LogIndex,
    at: LogTime,
) -> (Option<String>, u64) {
    let unix_ns = fold.processes.get(log).and_then(|process| process.unix_ns(at));
    let since = unix_ns.zip(moments.start_unix_ns).map_or(0, |(at, run)| at.saturating_sub(run));
    (unix_ns.map(rfc3339), since)
}
