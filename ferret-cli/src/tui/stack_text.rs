//! The rows of the live panel in words.

use super::board::Scene;
use super::stack::{Key, Place, Row, What};
use super::wording::{self, Mood};
use crate::format;
use ferret::event::{LogIndex, LogTime, PathId, SpanId, ThreadId};
use ferret::projections::{LiveProcess, LiveThread, Measure, Process, Task};

/// A row in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowText {
    pub(crate) name: String,
    /// What more there is to say, less important than the name.
    pub(crate) detail: String,
    /// What stands on the right: an age, a use of the machine.
    pub(crate) right: String,
    pub(crate) weight: Weight,
    pub(crate) mood: Mood,
}

/// How much a row matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A process.
    Head,
    /// A thread or a task.
    Group,
    /// A span that waits for what it called.
    Outer,
    /// The span that runs.
    Inner,
    /// Said for completeness.
    Faint,
}

impl RowText {
    fn new(weight: Weight, name: impl Into<String>) -> Self {
        let (detail, right) = (String::new(), String::new());
        Self { name: name.into(), detail, right, weight, mood: Mood::Plain }
    }
}

/// Words a row.
pub(crate) fn text(scene: &Scene, row: &Row) -> RowText {
    match row.key {
        Key::Process(log) => process(scene, log),
        Key::Ended => ended(&row.what),
        Key::Thread(log, _)
        | Key::Alike(log, ..)
        | Key::Frame(log, ..)
        | Key::Gap(log, _)
        | Key::Idle(log)
        | Key::Task(log, _)
        | Key::AlikeTasks(log, ..)
        | Key::Quiet(log) => in_process(scene, log, row),
    }
}

fn ended(what: &What) -> RowText {
    let What::Ended { count } = what else { return RowText::new(Weight::Faint, "") };
    RowText::new(Weight::Faint, format!("{count} processes ended"))
}

fn process(scene: &Scene, log: LogIndex) -> RowText {
    let Some(process) = scene.process(log) else { return RowText::new(Weight::Head, "?") };
    let state = scene.state(log);
    let mut text = RowText::new(Weight::Head, wording::process_name(process, true));
    text.detail = wording::state(process, state, scene.now);
    if let Some(death) = scene.board.death(log, scene.now) {
        text.detail = format!("{} · {}", text.detail, death.facts().join(" · "));
    }
    text.mood = wording::mood(state);
    text.right = if state.is_live() {
        usage(scene, log)
    } else {
        let lived = process.began().map(|began| process.last_heard().since(began));
        lived.map(format::duration).unwrap_or_default()
    };
    text
}

/// CPU and memory of one process now.
pub(super) fn usage(scene: &Scene, log: LogIndex) -> String {
    let value = |measure| scene.board.metrics.series(log)?.current(measure, scene.now);
    let all = [Measure::Cpu, Measure::Rss].map(|measure| Some(amount(measure, value(measure)?)));
    all.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// A reading with its unit.
pub(crate) fn amount(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Cpu => format!("{value:.0} %"),
        Measure::Rss => format::bytes(whole(value)),
        Measure::Threads | Measure::OpenSpans | Measure::OpenTasks => format::count(whole(value)),
    }
}

/// A reading of bytes or things.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "such readings are whole, not negative, and below 2^53"
)]
pub(crate) fn whole(value: f64) -> u64 {
    value as u64
}

fn in_process(scene: &Scene, log: LogIndex, row: &Row) -> RowText {
    let known = scene.board.live.process(log).zip(scene.process(log));
    let Some((live, process)) = known else { return RowText::new(Weight::Faint, "") };
    let names = scene.names(log);
    let moment = scene.moment(log);
    match (row.key, row.what) {
        (Key::Thread(_, id), _) => RowText::new(Weight::Group, names.thread_name(id)),
        (_, What::Alike { count, oldest }) => {
            let name = format!("{} and {} more", names.thread_name(oldest), count - 1);
            let mut text = RowText::new(Weight::Group, name);
            text.detail.push_str("same stack");
            text
        }
        (Key::Frame(_, id, _), What::Frame { index, innermost }) => match live.thread(id) {
            Some(thread) => frame(scene, log, live, (thread, index), innermost, moment),
            None => RowText::new(Weight::Faint, ""),
        },
        (_, What::Gap { count }) => {
            RowText::new(Weight::Faint, format!("… {} frames …", format::count(count as u64)))
        }
        (_, What::Idle { count }) => {
            let threads = if count == 1 { "thread" } else { "threads" };
            RowText::new(Weight::Faint, format!("{} idle {threads}", format::count(count as u64)))
        }
        (Key::Task(_, span), What::Task(place)) => match live.task(span) {
            Some(open) => task(scene, log, live, (open, place), moment),
            None => RowText::new(Weight::Faint, ""),
        },
        (_, What::AlikeTasks { .. }) => alike_tasks(scene, log, live, &row.what),
        _ => RowText::new(Weight::Faint, quiet(scene, log, live, process)),
    }
}

fn quiet(scene: &Scene, log: LogIndex, live: &LiveProcess, process: &Process) -> &'static str {
    if live.open_spans() + live.unpolled() > 0 {
        return "no open span passes the filter";
    }
    match (scene.state(log).is_live(), process.spans.started) {
        (true, 0) => "no span yet: no #[profile] function has run",
        (true, _) => "no span is open",
        (false, 0) => "no span was recorded",
        (false, _) => "no span was open at the end",
    }
}

fn frame(
    scene: &Scene,
    log: LogIndex,
    live: &LiveProcess,
    (thread, index): (&LiveThread, usize),
    innermost: bool,
    moment: LogTime,
) -> RowText {
    let Some(frame) = thread.frames.get(index) else { return RowText::new(Weight::Faint, "") };
    let names = scene.names(log);
    let weight = if innermost { Weight::Inner } else { Weight::Outer };
    let mut text = RowText::new(weight, names.span_name(frame.path));
    let task = live.task(frame.span).filter(|_| frame.is_poll);
    let said = wording::said(names, task.map_or(&frame.said, |task| &task.said));
    let parent = live.parent_of(thread, index);
    let elsewhere = parent.span.filter(|_| parent.is_elsewhere);
    text.detail = join([said, under(scene, log, live, (frame.path, elsewhere))]);
    text.right = format::age(moment.since(task.map_or(frame.since, |task| task.since)));
    if !scene.state(log).is_live() {
        // It never ended: that is what the user came to see.
        text.mood = Mood::Bad;
    }
    text
}

/// Whose child a span is, where the rows do not show it.
fn under(
    scene: &Scene,
    log: LogIndex,
    live: &LiveProcess,
    (path, parent): (PathId, Option<SpanId>),
) -> String {
    let names = scene.names(log);
    let Some(name) = live.parent_name(names, path, parent) else { return String::new() };
    // In a log that has lost its beginning, the parent's may have been there.
    let is_whole = scene.process(log).is_some_and(|process| process.start.is_some());
    let has_ended = is_whole && parent.is_some_and(|parent| live.path_of(parent).is_none());
    format!("under {name}{}", if has_ended { ", which ended" } else { "" })
}

/// Pieces of a detail, as far as there are.
fn join<const N: usize>(pieces: [String; N]) -> String {
    let pieces: Vec<String> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
    pieces.join("  ")
}

fn task(
    scene: &Scene,
    log: LogIndex,
    live: &LiveProcess,
    (task, place): (&Task, Place),
    moment: LogTime,
) -> RowText {
    let names = scene.names(log);
    let name = names.span_name(task.path);
    let mut text = match place {
        Place::Below => RowText::new(Weight::Outer, name),
        Place::Alone | Place::InGroup => RowText::new(Weight::Group, format!("task {name}")),
    };
    let waits = || format::age(moment.since(task.waits_since));
    let what = match task.polled {
        Some((thread, _)) => format!("runs on {}", names.thread_name(thread)),
        None if task.begun => format!("waits {}", waits()),
        None => format!("not polled yet {}", waits()),
    };
    let parent = task.parent.filter(|_| place == Place::Alone);
    let under = under(scene, log, live, (task.path, parent));
    text.detail = join([wording::said(names, &task.said), what, under]);
    text.right = format::age(moment.since(task.since));
    text
}

fn alike_tasks(scene: &Scene, log: LogIndex, live: &LiveProcess, what: &What) -> RowText {
    let What::AlikeTasks { count, polled, unpolled, oldest, place } = *what else {
        return RowText::new(Weight::Faint, "");
    };
    let Some(first) = live.task(oldest) else { return RowText::new(Weight::Faint, "") };
    let names = scene.names(log);
    let number = |count: usize| format::count(count as u64);
    let name = format!("{} ×{}", names.span_name(first.path), number(count));
    let mut text = match place {
        Place::Below => RowText::new(Weight::Outer, name),
        Place::Alone | Place::InGroup => RowText::new(Weight::Group, format!("task {name}")),
    };
    let mut what = vec![
        format!("{} run", number(polled)),
        format!("{} wait", number(count - polled - unpolled)),
    ];
    if unpolled > 0 {
        what.push(format!("{} not polled yet", number(unpolled)));
    }
    let parent = first.parent.filter(|_| place == Place::Alone);
    let under = live.parent_name(names, first.path, parent).map(|name| format!("under {name}"));
    text.detail = join([what.join(", "), under.unwrap_or_default()]);
    text.right = format::age(scene.moment(log).since(first.since));
    text
}

/// What is open, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenNow {
    pub(crate) spans: usize,
    /// Threads that have a span open.
    pub(crate) threads: usize,
    /// Async spans, and futures that have not been polled yet.
    pub(crate) tasks: usize,
}

/// What is open now in all processes.
pub(crate) fn open_now(scene: &Scene) -> OpenNow {
    let logs = scene.board.processes.iter().map(|(log, _)| log);
    let live = logs.filter_map(|log| scene.board.live.process(log));
    live.fold(OpenNow::default(), |now, process| {
        let busy = process
            .threads()
            .filter(|(id, thread)| *id != ThreadId::RECORDER && !thread.frames.is_empty());
        OpenNow {
            spans: now.spans + process.open_spans(),
            threads: now.threads + busy.count(),
            tasks: now.tasks + process.tasks().len(),
        }
    })
}
