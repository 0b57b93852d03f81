//! Asks a rule's question of the workers there are: one finding a subject.

use super::metric::{Metric, OfFleet, OfWorker};
use super::notice::Who;
use super::rules::{Asks, Rule, Threshold};
use super::subject::{Finding, Holding};
use super::watched::{CounterNow, OpenNow, OpenOf, WorkerNow};
use super::window::{FunctionRow, Windows};
use crate::filter::{Filter, Op};
use crate::format;
use ferret::event::{ProcessUid, SpanId};
use std::collections::{BTreeMap, VecDeque};

/// What a rule remembers from one tick to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Counts that grow.
    growth: BTreeMap<(ProcessUid, String), Growth>,
    /// How far spans were, and since when, ns.
    progress: BTreeMap<(ProcessUid, SpanId), (u64, u64)>,
}

/// A count as it was at some moments, the oldest first: as far back as the window goes.
#[derive(Debug, Default)]
struct Growth(VecDeque<(u64, f64)>);

/// The moment that is asked about.
#[derive(Clone, Copy)]
pub(super) struct Now<'a> {
    pub(super) ns: u64,
    /// When the asking began, ns: the fleet is as old as that.
    pub(super) began_ns: u64,
    /// What happened before is no news, ns.
    pub(super) news_from_ns: u64,
    pub(super) workers: &'a [WorkerNow],
    /// Those that were there not long ago: what their functions did counts as long as its window goes.
    pub(super) former: &'a [&'a WorkerNow],
    /// More than one host: then it is said which.
    pub(super) has_hosts: bool,
}

/// A growth is looked at in so many parts of its window.
const PARTS: u64 = 30;

impl Growth {
    /// Takes the count of a worker as it is now; how much it grew in the window.
    fn of(&mut self, worker: &WorkerNow, value: f64, window_ns: u64, now: Now<'_>) -> f64 {
        let now_ns = now.ns;
        let is_young = worker.started_ns >= now.news_from_ns.max(now_ns.saturating_sub(window_ns));
        if self.0.is_empty() && is_young {
            // What it counted before the first look counts, too.
            self.0.push_back((worker.started_ns.min(now_ns), 0.0));
        }
        let is_new =
            self.0.back().is_none_or(|(at, _)| now_ns.saturating_sub(*at) >= window_ns / PARTS);
        if is_new {
            self.0.push_back((now_ns, value));
        }
        // The last that is as old as the window stays: from it on it is counted.
        while self.0.get(1).is_some_and(|(at, _)| now_ns.saturating_sub(*at) >= window_ns) {
            self.0.pop_front();
        }
        self.0.front().map_or(0.0, |(_, then)| value - then)
    }
}

/// The findings of a rule that asks something of workers; none of one that waits for something to happen.
pub(super) fn findings(
    rule: &Rule,
    memory: &mut Memory,
    windows: Option<&Windows>,
    now: Now<'_>,
) -> Vec<Finding> {
    let is_grown = |worker: &&WorkerNow| worker.uptime_ns >= rule.grace_ns;
    let is_chosen = |worker: &&WorkerNow| {
        rule.workers.as_ref().is_none_or(|filter| filter.test(*worker) == Some(true))
    };
    let chosen: Vec<_> = now.workers.iter().filter(is_chosen).filter(is_grown).collect();
    let present = || chosen.iter().copied().filter(|worker| worker.is_present());
    match &rule.asks {
        Asks::Happens(_) => Vec::new(),
        Asks::Threshold(threshold) => match &threshold.metric {
            Metric::Function(_) => {
                let former = now.former.iter().copied();
                let former = former.filter(is_chosen).filter(is_grown);
                let chosen: Vec<_> = chosen.iter().copied().chain(former).collect();
                of_functions(threshold, windows, &chosen, now)
            }
            Metric::Fleet(metric) => of_fleet(rule, threshold, *metric, &chosen, now),
            Metric::Worker(metric) => {
                let one = |worker| of_worker(threshold, *metric, memory, worker, now);
                present().filter_map(one).collect()
            }
            Metric::Counter(name) => present()
                .filter_map(|worker| of_counter(threshold, name, memory, worker, now))
                .collect(),
        },
        Asks::NoHeartbeat(ns) => chosen
            .iter()
            .filter(|worker| !worker.has_ended())
            .filter_map(|worker| {
                let heard_ns = worker.heard_ns?;
                let text = format!("nothing was heard of it for {}", format::age(heard_ns));
                Some(finding(worker, now, heard_ns >= *ns, text))
            })
            .collect(),
        Asks::NoWork(ns) => present()
            .filter_map(|worker| {
                let quiet_ns = worker.quiet_ns?;
                let text = format!("it has done nothing for {}", format::age(quiet_ns));
                Some(finding(worker, now, quiet_ns >= *ns, text))
            })
            .collect(),
        Asks::Open(ns, spans) => {
            present().flat_map(|worker| open(*ns, spans.as_ref(), worker, now)).collect()
        }
        Asks::NoProgress(ns, spans) => {
            let chosen: Vec<_> = present().collect();
            no_progress(*ns, spans.as_ref(), memory, &chosen, now)
        }
    }
}

fn title(worker: &WorkerNow, now: Now<'_>) -> String {
    if now.has_hosts { format!("{} on {}", worker.title(), worker.host) } else { worker.title() }
}

/// A finding of a worker as a whole.
fn finding(worker: &WorkerNow, now: Now<'_>, holds: bool, text: String) -> Finding {
    Finding {
        key: (Some(worker.uid), String::new()),
        title: title(worker, now),
        who: Some(Who::of(worker)),
        holding: if holds { Holding::Yes } else { Holding::No },
        text,
    }
}

impl Threshold {
    fn holding(&self, value: f64) -> Holding {
        let op = self.clause.op;
        match self.clear {
            _ if op.holds(value, self.value) => Holding::Yes,
            Some(clear) if op.holds(value, clear) => Holding::Between,
            Some(_) | None => Holding::No,
        }
    }

    fn says(&self, value: f64) -> String {
        let op = match self.clause.op {
            Op::Equal => "=",
            Op::NotEqual => "≠",
            Op::Less => "<",
            Op::AtMost => "≤",
            Op::More => ">",
            Op::AtLeast => "≥",
        };
        let show = |value| self.metric.show(value);
        let holds = self.clause.op.holds(value, self.value);
        let limit = if holds { format!(" ({op} {})", show(self.value)) } else { String::new() };
        format!("{}{limit}", show(value))
    }

    fn lately(&self) -> String {
        format!("in the last {}", format::age(self.window_ns))
    }
}

fn of_worker(
    threshold: &Threshold,
    metric: OfWorker,
    memory: &mut Memory,
    worker: &WorkerNow,
    now: Now<'_>,
) -> Option<Finding> {
    let mut value = metric.of(worker)?;
    let mut lately = String::new();
    if metric.grows() {
        let growth = memory.growth.entry((worker.uid, String::new())).or_default();
        value = growth.of(worker, value, threshold.window_ns, now);
        lately = format!(" {}", threshold.lately());
    }
    let name = threshold.metric.name();
    let text = format!("{name}{lately} is {}", threshold.says(value));
    let holding = threshold.holding(value);
    Some(Finding { holding, ..finding(worker, now, false, text) })
}

fn of_counter(
    threshold: &Threshold,
    name: &str,
    memory: &mut Memory,
    worker: &WorkerNow,
    now: Now<'_>,
) -> Option<Finding> {
    let Some(counter) = worker.counters.iter().find(|it| it.name == name) else {
        // It has not been counted yet: what it begins with is growth.
        let growth = memory.growth.entry((worker.uid, name.to_owned())).or_default();
        growth.of(worker, 0.0, threshold.window_ns, now);
        return None;
    };
    let &CounterNow { mut value, is_gauge, .. } = counter;
    let mut lately = String::new();
    if !is_gauge {
        let growth = memory.growth.entry((worker.uid, name.to_owned())).or_default();
        value = growth.of(worker, value, threshold.window_ns, now);
        lately = format!(" {}", threshold.lately());
    }
    let text = format!("{name}{lately} is {}", threshold.says(value));
    let holding = threshold.holding(value);
    Some(Finding { holding, ..finding(worker, now, false, text) })
}

fn of_fleet(
    rule: &Rule,
    threshold: &Threshold,
    metric: OfFleet,
    chosen: &[&WorkerNow],
    now: Now<'_>,
) -> Vec<Finding> {
    if now.ns.saturating_sub(now.began_ns) < rule.grace_ns {
        return Vec::new();
    }
    let present = || chosen.iter().filter(|worker| worker.is_present());
    #[expect(clippy::cast_precision_loss, reason = "a few thousand workers at most")]
    let value = match metric {
        OfFleet::Alive => present().count() as f64,
        OfFleet::Sum(metric) => present().filter_map(|worker| metric.of(worker)).sum(),
    };
    let text = format!("{} is {}", threshold.metric.name(), threshold.says(value));
    let title = match &rule.workers {
        Some(filter) => format!("workers {filter}"),
        None => "all workers".to_owned(),
    };
    let (key, holding) = ((None, String::new()), threshold.holding(value));
    vec![Finding { key, title, who: None, holding, text }]
}

fn of_functions(
    threshold: &Threshold,
    windows: Option<&Windows>,
    chosen: &[&WorkerNow],
    now: Now<'_>,
) -> Vec<Finding> {
    let (Some(windows), Metric::Function(metric)) = (windows, &threshold.metric) else {
        return Vec::new();
    };
    let uids: Vec<_> = chosen.iter().map(|worker| worker.uid).collect();
    let rows = windows.rows(now.ns, &uids, threshold.per_worker);
    let named: Vec<(&str, FunctionRow<'_>)> =
        rows.into_iter().map(|row| (row.info.name.as_str(), row)).collect();
    let selected = threshold.clause.select(&named);
    let finding = |index: usize| {
        let (name, FunctionRow { info, worker, sums }) = &named[index];
        let worker = worker.and_then(|uid| chosen.iter().find(|one| one.uid == uid));
        let value = metric.of(sums, windows.length_ns(now.ns));
        let value = value.filter(|_| sums.calls >= threshold.min_calls || metric.counts_none());
        let (metric, lately) = (threshold.metric.name(), threshold.lately());
        let calls = format::count(sums.calls);
        let text = match value {
            Some(value) => {
                format!("{metric} {lately} is {}, of {calls} calls", threshold.says(value))
            }
            None => format!("there were {calls} calls {lately}"),
        };
        Finding {
            key: (
                worker.map(|worker| worker.uid),
                format!("{}::{name}:{}", info.module, info.line),
            ),
            title: worker
                .map_or((*name).to_owned(), |worker| format!("{name} of {}", title(worker, now))),
            who: worker.map(|worker| Who::of(worker)),
            holding: value.map_or(Holding::No, |value| threshold.holding(value)),
            text,
        }
    };
    selected.into_iter().map(finding).collect()
}

/// Which open spans of a worker pass a filter.
fn passing<'a>(
    worker: &'a WorkerNow,
    spans: Option<&'a Filter>,
) -> impl Iterator<Item = &'a OpenNow> {
    let passes = move |open: &OpenNow| {
        spans.is_none_or(|filter| filter.test(&OpenOf(worker, open)) == Some(true))
    };
    worker.open.iter().filter(move |open| passes(open))
}

/// The spans that are too old, those of a function together.
fn open(ns: u64, spans: Option<&Filter>, worker: &WorkerNow, now: Now<'_>) -> Vec<Finding> {
    let old =
        passing(worker, spans).filter(|open| open.age_ns >= ns).map(|open| (open, open.age_ns));
    worst_of_each(old, worker, now, |open, age_ns| {
        let thread = open.thread.as_ref().map(|thread| format!(" in {thread}"));
        let thread = thread.unwrap_or_default();
        format!("it has been open for {}{thread}{}", format::age(age_ns), tags(open))
    })
}

fn no_progress(
    ns: u64,
    spans: Option<&Filter>,
    memory: &mut Memory,
    chosen: &[&WorkerNow],
    now: Now<'_>,
) -> Vec<Finding> {
    let (mut seen, mut findings) = (BTreeMap::new(), Vec::new());
    for worker in chosen {
        let mut stuck = Vec::new();
        for open in passing(worker, spans) {
            let Some((done, _)) = open.progress else { continue };
            let key = (worker.uid, open.span);
            let before = memory.progress.get(&key).filter(|(then, _)| *then == done);
            let since_ns = before.map_or(now.ns, |(_, since_ns)| *since_ns);
            seen.insert(key, (done, since_ns));
            let still_ns = now.ns.saturating_sub(since_ns);
            if still_ns >= ns {
                stuck.push((open, still_ns));
            }
        }
        findings.extend(worst_of_each(stuck.into_iter(), worker, now, |open, still_ns| {
            let (done, total) = open.progress.unwrap_or_default();
            let of = if total > 0 { format!("/{total}") } else { String::new() };
            format!("it has been at {done}{of} for {}{}", format::age(still_ns), tags(open))
        }));
    }
    memory.progress = seen;
    findings
}

/// Of the spans of each function the one with the largest number, and how many more there are.
fn worst_of_each<'a>(
    spans: impl Iterator<Item = (&'a OpenNow, u64)>,
    worker: &WorkerNow,
    now: Now<'_>,
    text: impl Fn(&OpenNow, u64) -> String,
) -> Vec<Finding> {
    let mut worst: BTreeMap<(&str, &str), (&OpenNow, u64, u64)> = BTreeMap::new();
    for (open, ns) in spans {
        let one = worst.entry((&open.module, &open.name)).or_insert((open, ns, 0));
        let more = one.2 + 1;
        *one = if ns > one.1 { (open, ns, more) } else { (one.0, one.1, more) };
    }
    let finding = |((module, name), (open, ns, all)): ((&str, &str), (&OpenNow, u64, u64))| {
        let more = if all > 1 { format!(", and {} more of it", all - 1) } else { String::new() };
        Finding {
            key: (Some(worker.uid), format!("{module}::{name}")),
            title: format!("{name} of {}", title(worker, now)),
            ..finding(worker, now, true, format!("{}{more}", text(open, ns)))
        }
    };
    worst.into_iter().map(finding).collect()
}

fn tags(open: &OpenNow) -> String {
    let tags: Vec<_> = open.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if tags.is_empty() { String::new() } else { format!(" ({})", tags.join(" ")) }
}

impl Memory {
    /// Forgets the workers that are not there any more.
    pub(super) fn keep(&mut self, is_kept: impl Fn(ProcessUid) -> bool) {
        self.growth.retain(|(uid, _), _| is_kept(*uid));
        self.progress.retain(|(uid, _), _| is_kept(*uid));
    }
}
