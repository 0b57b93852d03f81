//! What rules are shown of a worker, out of its log's fold.

use super::alerts::Wants;
use super::watched::{CounterNow, OpenNow, WorkerNow};
use crate::analyze;
use crate::fleet::{Folded, WallClock};
use ferret::event::{LogTime, Names, PathId, ProcessState, SpanId};
use ferret::log::Tail;
use ferret::projections::{LiveProcess, Said};

/// Open spans of a worker that rules are shown, those that have been open longest.
const OPEN: usize = 10_000;

/// What a worker is at `now`. `owned` is whether a process holds its log. None before its first entry.
pub(crate) fn worker_now(
    folded: &Folded,
    tail: &Tail,
    owned: Option<bool>,
    clock: WallClock,
    now: LogTime,
    wants: Wants,
) -> Option<WorkerNow> {
    let (info, names) = (tail.info(), tail.names());
    let process = folded.process()?;
    let state = process.state(owned, now);
    let began = process.began().unwrap_or_default();
    let has_ended = !state.is_live() && state != ProcessState::Unknown;
    let moment = if has_ended { process.last_heard() } else { now };
    let is_present = state.is_present(process.last_heard(), now);
    // What it said last is not what it is, once it says nothing any more.
    let sample = process.last_sample.filter(|_| is_present).unwrap_or_default();
    let since = |at: Option<LogTime>| at.filter(|_| !has_ended).map(|at| now.since(at));
    let live = folded.live();
    let (exit_code, signal) = folded.how_it_ended();
    let path = info.path.file_name().unwrap_or_default();
    Some(WorkerNow {
        uid: info.uid,
        program: process.name(),
        pid: info.pid,
        host: info.host.clone(),
        log: path.to_string_lossy().into_owned(),
        state,
        started_ns: clock.unix_ns(began),
        ended_ns: has_ended.then(|| clock.unix_ns(process.last_heard())),
        uptime_ns: moment.since(began),
        heard_ns: since(process.last_metric.or(folded.known_from()).or(Some(began))),
        idle_ns: since(folded.idle_since()),
        quiet_ns: since(process.quiet_since()),
        cpu_percent: sample.cpu_percent,
        rss_bytes: sample.rss_bytes,
        threads: sample.threads,
        open_spans: live.map_or(0, |live| live.open_spans() as u64),
        open_tasks: live.map_or(0, |live| (live.tasks().len() - live.unpolled()) as u64),
        spans_per_second: if is_present { process.spans_per_second(now) } else { 0.0 },
        spans: process.spans.ended,
        errors: process.spans.errors,
        panics: process.spans.panics,
        dropped: process.dropped,
        exit_code,
        signal,
        death: folded
            .death(state)
            .map(|death| format!("{} ({})", death.how(), death.facts().join("; "))),
        counters: counters(folded, names),
        open: live.map_or_else(Vec::new, |live| open(live, names, now, wants)),
    })
}

fn counters(folded: &Folded, names: &Names) -> Vec<CounterNow> {
    let counter = |(key, value, is_gauge)| CounterNow {
        name: names.callsite_name(key).to_owned(),
        value,
        is_gauge,
    };
    folded.counters().map(counter).collect()
}

/// The open spans that rules ask about.
fn open(live: &LiveProcess, names: &Names, now: LogTime, wants: Wants) -> Vec<OpenNow> {
    if !wants.any() {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut add =
        |span: SpanId, path: PathId, since: LogTime, said: &Said, thread: Option<String>| {
            let age_ns = now.since(since);
            if !wants.wants(age_ns, said.progress.is_some()) || all.len() == OPEN {
                return;
            }
            let info = names.callsite_info(path);
            all.push(OpenNow {
                span,
                name: names.span_name(path).to_owned(),
                module: info.map_or_else(String::new, |info| info.module.clone()),
                file: info.map_or_else(String::new, |info| info.file.clone()),
                kind: info.map_or("?", |info| analyze::kind(info.kind)),
                thread,
                age_ns,
                tags: said
                    .tags
                    .iter()
                    .map(|(key, value)| (names.callsite_name(*key).to_owned(), value.clone()))
                    .collect(),
                progress: said.progress,
            });
        };
    for (id, thread) in live.threads() {
        for frame in thread.frames.iter().filter(|frame| !frame.is_poll) {
            let name = Some(names.thread_name(id));
            add(frame.span, frame.path, frame.since, &frame.said, name);
        }
    }
    for (span, task) in live.tasks().filter(|(_, task)| task.begun) {
        let thread = task.polled.map(|(thread, _)| names.thread_name(thread));
        add(span, task.path, task.since, &task.said, thread);
    }
    all
}
