//! The words for what is known, shared by the screen, the plain lines and the snapshot.

use super::board::Scene;
use crate::{entry_line, format};
use ferret::event::{
    EndKind, LogIndex, LogTime, Names, Outcome, ProcessExit, ProcessState, ThreadId,
};
use ferret::projections::{Ended, Happening, News, Process, Said, StageState};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How well something went; a screen gives each a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Plain,
    Good,
    Warn,
    Bad,
}

/// One happening, worded: what, how often, how long, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) time: String,
    pub(crate) name: String,
    /// Tags, progress, counts.
    pub(crate) detail: String,
    /// A duration; empty where nothing took time.
    pub(crate) took: String,
    /// How it ended; empty if well.
    pub(crate) outcome: &'static str,
    pub(crate) thread: String,
    pub(crate) mood: Mood,
}

/// `podcast`, or `podcast 4711` where several processes are shown.
pub(crate) fn process_name(process: &Process, several: bool) -> String {
    match &process.start {
        Some(start) if several => format!("{} {}", process.name(), start.pid),
        _ => process.name(),
    }
}

/// What became of a process: `running`, `exited with code 3`, `killed by SIGKILL`.
pub(crate) fn state(process: &Process, state: ProcessState, now: LogTime) -> String {
    let code = |code: i32| format!("exited with code {code}");
    let signal = |signal: i32| {
        let name = entry_line::signal(signal);
        let verb = if state == ProcessState::Stopped { "stopped" } else { "killed" };
        format!("{verb} by {name}")
    };
    match (process.exit, process.end.map(|end| end.how)) {
        (Some(ProcessExit::Code(n)), _) | (None, Some(EndKind::Exited(Some(n)))) => code(n),
        (Some(ProcessExit::Signal(n)), _) | (None, Some(EndKind::Signal(n))) => signal(n),
        (None, Some(EndKind::Exited(None))) => "exited".to_owned(),
        (None, Some(EndKind::Closed)) => "ended its recording".to_owned(),
        (None, Some(EndKind::Lost)) => "crashed".to_owned(),
        (None, None) => match state {
            ProcessState::Stalled => {
                let silent = process.last_metric.or(process.began());
                let silent = silent.map_or(0, |last| now.since(last));
                format!("stalled: silent for {}", seconds(silent))
            }
            ProcessState::Unknown => "state unknown: not visible from here".to_owned(),
            ProcessState::Running
            | ProcessState::Exited
            | ProcessState::Failed
            | ProcessState::Stopped
            | ProcessState::Crashed => state.to_string(),
        },
    }
}

/// A length of time in whole seconds: `24 s`, `2m 05s`.
pub(crate) fn seconds(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    if seconds < 60 { format!("{seconds} s") } else { format::age(ns) }
}

/// The mood of a state.
pub(crate) fn mood(state: ProcessState) -> Mood {
    match state {
        ProcessState::Running => Mood::Good,
        ProcessState::Exited => Mood::Plain,
        ProcessState::Stalled | ProcessState::Stopped | ProcessState::Unknown => Mood::Warn,
        ProcessState::Failed | ProcessState::Crashed => Mood::Bad,
    }
}

/// What a span said: `3/10  episode=42`.
pub(crate) fn said(names: &Names, said: &Said) -> String {
    let progress = said.progress.map(|(done, total)| progress(done, total));
    let tags =
        said.tags.iter().map(|(key, value)| format!("{}={value}", names.callsite_name(*key)));
    progress.into_iter().chain(tags).collect::<Vec<_>>().join("  ")
}

/// `3/10`, or `3` where the total is not known; bytes and the like are shortened, `5.36M/5.36M`.
pub(crate) fn progress(done: u64, total: u64) -> String {
    let done = format::short_count(done);
    if total == 0 { done } else { format!("{done}/{}", format::short_count(total)) }
}

/// How a stage stands.
pub(crate) fn stage_state(state: StageState) -> (&'static str, Mood) {
    match state {
        StageState::Running => ("running", Mood::Good),
        StageState::Unfinished => ("unfinished", Mood::Bad),
        StageState::Failed => ("failed", Mood::Bad),
        StageState::Cancelled => ("cancelled", Mood::Warn),
        StageState::Done => ("done", Mood::Plain),
        StageState::Unknown => ("unknown", Mood::Warn),
    }
}

/// A happening in words.
pub(crate) fn told(scene: &Scene, row: &Happening) -> Told {
    let names = scene.names(row.log);
    let thread = thread(scene, row);
    // Rows stand in order of their beginning, and spans that share one go on joining it.
    let time = if let News::Spans(ended) = &row.what { ended.first_end } else { row.time };
    let blank = Told {
        time: time_of_day(scene, row.log, time),
        name: String::new(),
        detail: String::new(),
        took: String::new(),
        outcome: "",
        thread,
        mood: Mood::Plain,
    };
    let process = scene.process(row.log).map(|process| process_name(process, true));
    let process = process.unwrap_or_else(|| "a process".to_owned());
    let (name, mood) = match &row.what {
        News::Spans(ended) => return spans(names, ended, blank),
        News::Mark { callsite } => (format!("◆ {}", names.callsite_name(*callsite)), Mood::Good),
        News::ProcessStart => (format!("{process} started"), Mood::Good),
        News::ProcessEnd(_) | News::ProcessExit(_) => {
            let ended = scene.process(row.log).map(|process| {
                let end = scene.state(row.log);
                (state(process, end, scene.now), mood(end))
            });
            let (how, mood) = ended.unwrap_or_else(|| ("ended".to_owned(), Mood::Warn));
            (format!("{process} {how}"), mood)
        }
        News::Dropped { spans } => {
            (format!("{} spans were not recorded", format::count(*spans)), Mood::Bad)
        }
        News::Clock { jump_ns } => {
            let by = format::duration(jump_ns.unsigned_abs());
            (
                format!("the clock jumped {} by {by}", if *jump_ns < 0 { "back" } else { "ahead" }),
                Mood::Warn,
            )
        }
    };
    Told { name, mood, ..blank }
}

/// Where it happened; with the pid where several processes are shown.
fn thread(scene: &Scene, row: &Happening) -> String {
    let thread = match row.thread {
        Some(ThreadId::RECORDER) => return String::new(),
        Some(id) => scene.names(row.log).thread_name(id),
        None => "several".to_owned(),
    };
    let start = scene.process(row.log).and_then(|process| process.start.as_ref());
    match start.filter(|_| scene.board.processes.iter().len() > 1) {
        Some(start) => format!("{} {thread}", start.pid),
        None => thread,
    }
}

fn spans(names: &Names, ended: &Ended, blank: Told) -> Told {
    let (outcome, mood) = outcome(ended.outcome);
    let name = names.span_name(ended.path).to_owned();
    if ended.count == 1 {
        let detail = said(names, &ended.said);
        let took = format::duration(ended.total_ns);
        return Told { name, detail, took, outcome, mood, ..blank };
    }
    let mean = format::duration(ended.total_ns / ended.count);
    // As in a table: counted, of which a sample was recorded.
    let mark = if ended.sampled > 0 { "~" } else { "" };
    let longest = format::duration(ended.longest_ns);
    Told {
        name: format!("{name} ×{}{mark}", format::count(ended.count)),
        detail: format!("mean {mean}  max {longest}"),
        took: format::duration(ended.total_ns),
        outcome,
        mood,
        ..blank
    }
}

/// How spans ended; empty if well.
pub(crate) fn outcome(outcome: Outcome) -> (&'static str, Mood) {
    match outcome {
        Outcome::Ok => ("", Mood::Plain),
        Outcome::Err => ("err", Mood::Bad),
        Outcome::Panicked => ("panicked", Mood::Bad),
        Outcome::Cancelled => ("cancelled", Mood::Warn),
        Outcome::Unknown => ("unknown", Mood::Warn),
    }
}

/// Wall time of day here, to the millisecond; blanks where the log does not tell wall time.
pub(crate) fn time_of_day(scene: &Scene, log: LogIndex, time: LogTime) -> String {
    clock_time(scene.process(log).and_then(|process| process.unix_ns(time)))
}

/// The same of ns since the Unix epoch, if they are known.
pub(crate) fn clock_time(wall: Option<u64>) -> String {
    let stamp = wall.and_then(|ns| Timestamp::from_nanosecond(i128::from(ns)).ok());
    stamp.map_or_else(
        || " ".repeat(12),
        |stamp| stamp.to_zoned(zone()).strftime("%H:%M:%S%.3f").to_string(),
    )
}

/// The same to the microsecond; empty where the log does not tell wall time.
pub(crate) fn exact_time_of_day(scene: &Scene, log: LogIndex, time: LogTime) -> String {
    let wall = scene.process(log).and_then(|process| process.unix_ns(time));
    let stamp = wall.and_then(|ns| Timestamp::from_nanosecond(i128::from(ns)).ok());
    let stamp = stamp.map(|stamp| stamp.to_zoned(zone()).strftime("%H:%M:%S%.6f").to_string());
    stamp.unwrap_or_default()
}

/// This machine's time zone; in tests UTC, so that they read the same everywhere.
fn zone() -> TimeZone {
    if cfg!(test) { TimeZone::UTC } else { TimeZone::system() }
}
