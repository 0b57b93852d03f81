//! Reports beside the tables: each answers one question about a run, in a file of its own. This file
//! says which is asked for, folds what it needs, and puts it into the document.

mod callers;
mod concurrency;
mod critical;
mod errors;
mod slowest;
mod tasks;

pub(super) use callers::Caller;
pub(super) use concurrency::{Concurrency, outermost};
#[cfg(test)]
pub(super) use critical::{Core, find};
pub(super) use critical::{CriticalPath, PathLink};
pub(super) use errors::ErrorRow;
pub(super) use slowest::Slow;
pub(super) use tasks::Task;

use super::build::LogFacts;
use super::fold::Fold;
use super::moments::Moments;
use super::open::OpenSpan;
use super::second_look::each_part;
use super::subject::SpanSubject;
use super::{AnalyzeArgs, GroupedBy};
use crate::filter::Filter;
use anyhow::{Context as _, bail};
use clap::Args;
use concurrency::Busy;
use critical::{Found, Wanted};
use ferret::event::{
    EndedSpan, Entry, LogEntry, LogIndex, Names, Opened, Outcome, PathId, Spans, ThreadId,
};
use ferret::log::{Run, Tail};
use ferret::projections::{Failures, Said, Slowest, Tasks};
use serde::{Deserialize, Serialize};

/// The reports: one at a time.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "report", multiple = false, conflicts_with_all = ["by", "tree"])]
pub(crate) struct ReportArgs {
    /// Show each function with who calls it, most self time first
    #[arg(long)]
    pub(super) bottom_up: bool,
    /// Show the slowest single spans, with their stack and tags
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) slowest: Option<u16>,
    /// Show what failed: panics, errors and cancelled futures, by place
    #[arg(long)]
    pub(super) errors: bool,
    /// Show what determined when a span ended, across threads and tasks: the longest one [that passes]
    #[arg(long, value_name = "FILTER", require_equals = true, num_args = 0..=1, default_missing_value = "")]
    pub(super) critical_path: Option<Wanted>,
    /// Show how many threads, tasks and stages were at work, over time
    #[arg(long)]
    pub(super) concurrency: bool,
}

/// What the reports add to the document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reports {
    /// With `--bottom-up`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) callers: Option<Vec<Caller>>,
    /// With `--by task`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tasks: Option<Vec<Task>>,
    /// With `--slowest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) slowest: Option<Vec<Slow>>,
    /// With `--errors`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) errors: Option<Vec<ErrorRow>>,
    /// With `--critical-path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) critical_path: Option<CriticalPath>,
    /// With `--concurrency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) concurrency: Option<Concurrency>,
}

/// What is folded for them, as far as one is asked for.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) slowest: Option<Slowest>,
    failures: Option<Failures>,
    tasks: Option<Tasks>,
    busy: Option<Busy>,
    asks_critical: bool,
    pub(super) critical: Option<Found>,
    asks_callers: bool,
}

impl ReportArgs {
    /// Whether one is asked for.
    pub(super) fn is_asked(&self) -> bool {
        self.bottom_up || self.unsorted().is_some()
    }

    /// Refuses a filter that asks what the report does not know.
    pub(super) fn check(&self, filter: Option<&Filter>) -> anyhow::Result<()> {
        let Some(Wanted(wanted)) = &self.critical_path else { return Ok(()) };
        if [wanted.as_ref(), filter].into_iter().flatten().any(Filter::asks_tags) {
            bail!(
                "--critical-path does not know the tags of spans: choose by name, dur, thread or outcome"
            );
        }
        Ok(())
    }

    /// The option that asks for a report that has no `--sort`; none if none does.
    pub(super) fn unsorted(&self) -> Option<&'static str> {
        match self {
            Self { slowest: Some(_), .. } => Some("--slowest"),
            Self { errors: true, .. } => Some("--errors"),
            Self { critical_path: Some(_), .. } => Some("--critical-path"),
            Self { concurrency: true, .. } => Some("--concurrency"),
            _ => None,
        }
    }
}

/// Finds what only a second look at the run tells, at so many entries of it.
///
/// # Errors
///
/// It cannot be read once more.
pub(super) fn look_closer(
    fold: &mut Fold,
    run: &Run,
    reach: Option<u64>,
    args: &AnalyzeArgs,
) -> anyhow::Result<()> {
    slowest::said_by_slowest(fold, run, reach).context("reading the log once more, for tags")?;
    let Some(Wanted(wanted)) = &args.report.critical_path else { return Ok(()) };
    let names: Vec<&Names> = run.logs().iter().map(Tail::names).collect();
    let found = critical::find(fold, &names, wanted.as_ref(), |see| each_part(run, reach, see))
        .context("reading the log once more, for the critical path")?;
    fold.report.critical = found;
    Ok(())
}

impl Folded {
    pub(super) fn new(args: &AnalyzeArgs) -> Self {
        Self {
            slowest: args.report.slowest.map(|most| Slowest::new(usize::from(most))),
            failures: args.report.errors.then(Failures::default),
            tasks: (args.by == GroupedBy::Task).then(Tasks::default),
            busy: args.report.concurrency.then(Busy::default),
            asks_critical: args.report.critical_path.is_some(),
            critical: None,
            asks_callers: args.report.bottom_up,
        }
    }

    /// Whether what spans said is looked up, where that is known.
    pub(super) fn asks_said(&self) -> bool {
        self.slowest.is_some() || self.failures.is_some()
    }

    /// Whether, of the spans that ended in a part, those that lie in no other are needed in order.
    pub(super) fn asks_outermost(&self) -> bool {
        self.busy.is_some()
    }

    pub(super) fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        if let Some(tasks) = &mut self.tasks {
            tasks.resume(log, names, opened);
        }
    }
}

impl Fold {
    /// Takes the next part of `log`, whose spans are counted elsewhere, before anything else does.
    pub(super) fn report_spans(&mut self, log: LogIndex, names: &Names, spans: &Spans<'_>) {
        if self.report.failures.is_some() {
            let since = self.window.since(log);
            let counts = |span: &&EndedSpan| {
                span.outcome != Outcome::Ok && since.is_none_or(|since| span.end >= since)
            };
            for span in spans.ended.iter().filter(counts) {
                let said = self.live.process(log).and_then(|live| live.said_by(span.span));
                let subject = SpanSubject::of(names, &self.processes, log, span, said);
                let filter = self.filter.as_ref();
                if let Some(failures) = &mut self.report.failures
                    && filter.is_none_or(|filter| filter.allows(&subject))
                {
                    failures.add(log, names, span, said);
                }
            }
        }
        if let Some(busy) = &mut self.report.busy {
            let began = (self.window.since(log), self.processes.get(log));
            busy.spans(spans, self.live.process(log), began);
        }
    }

    /// Takes the next entry, behind all others; `counts` if it passes window and filter.
    pub(super) fn report(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        (counts, said): (bool, Option<&Said>),
    ) {
        if let Some(tasks) = &mut self.report.tasks {
            tasks.apply(log, names, entry, counts);
        }
        if let Some(busy) = &mut self.report.busy {
            let began = (self.window.since(log), self.processes.get(log));
            busy.entry(names, entry, self.live.process(log), began);
        }
        if let Some(failures) = &mut self.report.failures {
            failures.hear(log, names, entry);
        }
        if !counts {
            return;
        }
        if let (Some(failures), LogEntry::Summary(summary)) =
            (&mut self.report.failures, &entry.what)
        {
            failures.summarize(log, entry.time, summary);
        }
        let Some(span) = EndedSpan::of(entry) else { return };
        if let Some(busy) = self.report.busy.as_mut().filter(|_| self.filter.is_some()) {
            busy.passing(&span, (self.window.since(log), self.processes.get(log)));
        }
        if let Some(failures) = &mut self.report.failures {
            failures.add(log, names, &span, said);
        }
        if let Some(slowest) = &mut self.report.slowest {
            slowest.offer(log, &span, || said.cloned());
        }
    }
}

/// The reports of what was folded.
pub(super) fn reports(
    fold: &mut Fold,
    logs: &[LogFacts<'_>],
    open: &[OpenSpan],
    moments: &Moments,
) -> Reports {
    Reports {
        callers: fold.report.asks_callers.then(|| callers::callers(fold)),
        slowest: fold
            .report
            .slowest
            .take()
            .map(|all| slowest::rows(fold, logs, open, moments, all)),
        errors: fold.report.failures.as_ref().map(|all| errors::rows(fold, logs, all)),
        tasks: fold.report.tasks.as_ref().map(|all| tasks::rows(fold, logs, moments, all)),
        critical_path: fold
            .report
            .asks_critical
            .then(|| critical::path(fold, logs, moments, fold.report.critical.as_ref())),
        concurrency: fold.report.busy.as_ref().map(|busy| busy.report(fold, logs, open, moments)),
    }
}

/// The names of a path, from the outermost function to its own.
fn stack(names: &Names, path: PathId) -> Vec<String> {
    let mut stack = Vec::new();
    let mut at = path;
    // A path is numbered after its parent: a damaged log that says otherwise ends the climb.
    while let Some(info) = names.paths.get(&at) {
        stack.push(names.span_name(at).to_owned());
        if info.parent >= at {
            break;
        }
        at = info.parent;
    }
    stack.reverse();
    stack
}

/// The name of a thread.
fn thread_name(names: &Names, id: ThreadId) -> String {
    if id == ThreadId::RECORDER { "several".to_owned() } else { names.thread_name(id) }
}

/// Tags as key and value.
fn tags(names: &Names, said: Option<&Said>) -> Vec<Tag> {
    let said = said.map(|said| said.tags.as_slice()).unwrap_or_default();
    let tag = |(key, value): &(ferret::event::CallsiteId, ferret::event::TagValue)| Tag {
        key: names.callsite_name(*key).to_owned(),
        value: value.clone(),
    };
    said.iter().map(tag).collect()
}

/// What a span said about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: ferret::event::TagValue,
}
