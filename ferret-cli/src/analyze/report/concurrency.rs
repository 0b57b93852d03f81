//! `--concurrency`: how many threads, tasks and stages were at work at a time.
//!
//! A thread is at work while a span is open on it. Of the spans that end in a part of a log only those
//! that lie in no other one of it are needed for that; with what was open before, they tell when the thread
//! had none.

use crate::analyze::build::{LogFacts, hundredths};
use crate::analyze::fold::Fold;
use crate::analyze::moments::Moments;
use crate::analyze::open::OpenSpan;
use crate::filter::{Field, Subject, Value};
use ferret::event::{EndedSpan, Entry, LogEntry, LogIndex, LogTime, Names, Spans, ThreadId};
use ferret::projections::{Curve, LiveProcess, Process};
use serde::{Deserialize, Serialize};

/// Slices of the document. A terminal shows as many as it has room for.
pub(in crate::analyze) const SLICES: usize = 480;

/// What was at work, over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Concurrency {
    /// How long a slice is.
    pub(crate) slice_ns: f64,
    /// Threads that were in a span, on average, in each slice.
    pub(crate) threads: Vec<f64>,
    /// Async spans that were open, on average.
    pub(crate) async_spans: Vec<f64>,
    /// With `--filter`: spans that pass it and ended, on average, of one in another too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) passing: Option<Vec<f64>>,
    /// CPU of all processes, percent of one core; null where there are no readings.
    pub(crate) cpu_percent: Vec<Option<f64>>,
    /// Of each stage, how many of its spans were open, in the order in which stages began.
    pub(crate) stages: Vec<StageCurve>,
}

/// A stage over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageCurve {
    pub(crate) name: String,
    pub(crate) open: Vec<f64>,
}

/// What is folded for it. Times are wall time, so that processes lie beside each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Busy {
    threads: Curve,
    tasks: Curve,
    passing: Curve,
}

/// From when on things count, and the process they are of.
type Began<'a> = (Option<LogTime>, Option<&'a Process>);

impl Busy {
    /// Takes a part, before `live` does.
    pub(super) fn spans(
        &mut self,
        spans: &Spans<'_>,
        live: Option<&LiveProcess>,
        began: Began<'_>,
    ) {
        let depth = depth(live, spans.stretch.thread);
        if depth > spans.stretch.closed as usize {
            return;
        }
        outermost(spans, |span| self.threads((span.start, span.end), began));
    }

    /// Takes an entry, behind `live`.
    pub(super) fn entry(
        &mut self,
        names: &Names,
        entry: &Entry,
        live: Option<&LiveProcess>,
        began: Began<'_>,
    ) {
        let end = entry.time;
        match &entry.what {
            LogEntry::SpanEnd { path, .. } => {
                let Some(span) = EndedSpan::of(entry) else { return };
                let info = names.callsite_info(*path);
                if info.is_some_and(|info| info.kind.is_async()) {
                    self.tasks((span.start, end), began);
                } else if depth(live, entry.thread) == 0 {
                    self.threads((span.start, end), began);
                }
            }
            LogEntry::Exit { busy_ns, .. } | LogEntry::Polls { busy_ns, .. }
                if depth(live, entry.thread) == 0 =>
            {
                let start = LogTime(end.0.saturating_sub(*busy_ns));
                self.threads((start, end), began);
            }
            _ => {}
        }
    }

    /// A span ended that passes the filter.
    pub(super) fn passing(&mut self, span: &EndedSpan, began: Began<'_>) {
        add(&mut self.passing, (span.start, span.end), began);
    }

    /// What went on until the end of the run.
    pub(super) fn report(
        &self,
        fold: &Fold,
        logs: &[LogFacts<'_>],
        open: &[OpenSpan],
        moments: &Moments,
    ) -> Concurrency {
        let start = i128::from(moments.start_unix_ns.unwrap_or(0));
        let start = start + i128::from(moments.after_start_ns(fold));
        let end = start + i128::from(moments.duration_ns);
        let mut all = self.clone();
        for span in open.iter().filter(|span| span.row.begun) {
            let at = moments.of(span.log).at;
            let since = LogTime(at.0.saturating_sub(span.row.age_ns));
            let began = began(fold, span.log);
            if span.row.task.is_some() {
                all.tasks((since, at), began);
            } else if span.row.depth == 0 {
                all.threads((since, at), began);
            }
        }
        let stages = stages(fold, open, moments).into_iter();
        let stages =
            stages.map(|(name, curve)| StageCurve { name, open: means(&curve, start, end) });
        Concurrency {
            slice_ns: float(moments.duration_ns) / float(SLICES as u64),
            threads: means(&all.threads, start, end),
            async_spans: means(&all.tasks, start, end),
            passing: fold.filter.is_some().then(|| means(&all.passing, start, end)),
            cpu_percent: (0..SLICES)
                .map(|slice| cpu(fold, logs.len(), moments, (start, end), slice))
                .collect(),
            stages: stages.collect(),
        }
    }

    fn threads(&mut self, span: (LogTime, LogTime), began: Began<'_>) {
        add(&mut self.threads, span, began);
    }

    fn tasks(&mut self, span: (LogTime, LogTime), began: Began<'_>) {
        add(&mut self.tasks, span, began);
    }
}

/// Shows spans of a part that lie in no other one of it, the last first.
pub(in crate::analyze) fn outermost(spans: &Spans<'_>, mut each: impl FnMut(&EndedSpan)) {
    let until = spans.opened.first().map_or(LogTime(u64::MAX), |frame| frame.since);
    let mut inner = LogTime(u64::MAX);
    for span in spans.ended.iter().rev() {
        if span.end <= until && span.end <= inner {
            each(span);
            inner = span.start;
        }
    }
}

pub(super) fn began(fold: &Fold, log: LogIndex) -> Began<'_> {
    (fold.window.since(log), fold.processes.get(log))
}

fn add(curve: &mut Curve, (start, end): (LogTime, LogTime), (since, process): Began<'_>) {
    let Some(process) = process else { return };
    let wall = |at: LogTime| process.unix_ns(at).map(i128::from);
    let first = process.began().and_then(wall);
    let start = since.map_or(start, |since| since.max(start));
    if let (Some(first), Some(start), Some(end)) = (first, wall(start), wall(end)) {
        curve.add(first, start, end);
    }
}

/// Spans open on a thread.
fn depth(live: Option<&LiveProcess>, thread: ThreadId) -> usize {
    let thread = live.and_then(|live| live.thread(thread));
    thread.map_or(0, |thread| thread.hidden as usize + thread.frames.len())
}

fn stages(fold: &Fold, open: &[OpenSpan], moments: &Moments) -> Vec<(String, Curve)> {
    let mut stages: Vec<(String, Curve)> = Vec::new();
    let mut add_to = |name: &str, log: LogIndex, span: (LogTime, LogTime)| {
        let index = stages.iter().position(|(known, _)| known == name).unwrap_or(stages.len());
        if index == stages.len() {
            stages.push((name.to_owned(), Curve::default()));
        }
        add(&mut stages[index].1, span, began(fold, log));
    };
    // Of these is known only what they are called.
    let is_asked =
        |name: &str| fold.filter.as_ref().is_none_or(|filter| filter.allows(&&Named(name)));
    for (log, name, start, end) in fold.stages.intervals().filter(|(_, name, ..)| is_asked(name)) {
        add_to(name, log, (start, end));
    }
    for (log, stage) in fold.stages.open() {
        if open.iter().any(|span| span.log == log && span.span == stage.span) {
            add_to(fold.stages.name(stage.stage), log, (stage.start, moments.of(log).at));
        }
    }
    stages.sort_by_key(|(_, curve)| curve.first());
    stages
}

/// A stage by its name.
struct Named<'a>(&'a str);

impl Subject for &Named<'_> {
    fn value(&self, field: Field) -> Value<'_> {
        if field == Field::Name { Value::Text(self.0.into()) } else { Value::Foreign }
    }
}

fn cpu(
    fold: &Fold,
    logs: usize,
    moments: &Moments,
    (start, end): (i128, i128),
    slice: usize,
) -> Option<f64> {
    let at = |slice: usize| start + (end - start) * slice as i128 / SLICES as i128;
    let of = |log: LogIndex| {
        let process = fold.processes.get(log)?;
        let began = process.began()?;
        let wall = i128::from(process.unix_ns(began)?);
        let time = |at: i128| {
            let since = (at - wall).max(0);
            began.after(u64::try_from(since).unwrap_or(u64::MAX)).min(moments.of(log).at)
        };
        let (from, to) = (time(at(slice)), time(at(slice + 1)));
        let usage = (to > from).then(|| fold.stages.process_usage(log, from, to))?;
        let share = float(to.since(from)) * float(SLICES as u64) / float(moments.duration_ns);
        usage.avg_cpu_percent.map(|cpu| cpu * share.min(1.0))
    };
    (0..logs).map(LogIndex).filter_map(of).map(hundredths).reduce(|sum, cpu| sum + cpu)
}

fn means(curve: &Curve, start: i128, end: i128) -> Vec<f64> {
    curve.means(start, end, SLICES).into_iter().map(hundredths).collect()
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53 exact: 104 days")]
fn float(ns: u64) -> f64 {
    ns as f64
}
