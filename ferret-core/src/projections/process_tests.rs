//! Tests of the process rows.

use super::*;
use crate::event::{EndKind, MetricSample, Offset, PathId, SpanId, ThreadId};

const S: u64 = 1_000_000_000;

fn at(time_ns: u64, what: LogEntry) -> Entry {
    Entry { offset: Offset(0), time: LogTime(time_ns), thread: ThreadId(1), what }
}

fn ended(time_ns: u64, outcome: Outcome) -> Entry {
    let what = LogEntry::SpanEnd {
        span: SpanId::default(),
        path: PathId(1),
        start: LogTime(0),
        child_ns: 0,
        outcome,
        out_of_order: false,
    };
    at(time_ns, what)
}

fn started(time_ns: u64) -> Entry {
    let start =
        ProcessStart { pid: 7, exe: "/usr/bin/cast".into(), unix_ns: 50, ..Default::default() };
    at(time_ns, LogEntry::ProcessStart(Box::new(start)))
}

fn fold(entries: &[Entry]) -> Process {
    let mut processes = Processes::default();
    for entry in entries {
        processes.apply(LogIndex(0), entry);
    }
    processes.get(LogIndex(0)).unwrap().clone()
}

#[test]
fn the_rate_is_that_of_the_last_two_seconds() {
    let entries: Vec<_> = (0..1_000).map(|n| ended(10 * S + n * S / 100, Outcome::Ok)).collect();
    let process = fold(&entries);
    let rate = process.spans_per_second(LogTime(20 * S - 1));
    assert!((99.0..=101.0).contains(&rate), "{rate}");
    assert!(process.spans_per_second(LogTime(30 * S)).abs() < f64::EPSILON);
}

#[test]
fn the_rate_of_a_young_process_is_not_diluted_by_time_before_it() {
    let entries = [started(10 * S), ended(10 * S + 1, Outcome::Ok)];
    let rate = fold(&entries).spans_per_second(LogTime(10 * S + S / 2));
    assert!((rate - 2.0).abs() < 0.01, "{rate}");
}

#[test]
fn outcomes_are_counted() {
    let outcomes =
        [Outcome::Ok, Outcome::Err, Outcome::Panicked, Outcome::Cancelled, Outcome::Unknown];
    let spans = fold(&outcomes.map(|outcome| ended(1, outcome))).spans;
    let each = (spans.ended, spans.errors, spans.panics, spans.cancelled, spans.unknown);
    assert_eq!(each, (5, 1, 1, 1, 1));
}

#[test]
fn a_silent_process_is_stalled_even_before_its_first_report() {
    let process = fold(&[started(S)]);
    assert_eq!(process.state(Some(true), LogTime(2 * S)), ProcessState::Running);
    assert_eq!(process.state(Some(true), LogTime(5 * S)), ProcessState::Stalled);
    let process = fold(&[started(S), at(4 * S, LogEntry::Metric(Box::default()))]);
    assert_eq!(process.state(Some(true), LogTime(5 * S)), ProcessState::Running);
}

#[test]
fn a_process_that_died_lived_until_its_flight_buffer_says() {
    let lost = LogEntry::ProcessEnd(ProcessEnd { how: EndKind::Lost });
    let exit = LogEntry::ProcessExit(ProcessExit::Signal(9));
    let died = at(9 * S, lost);
    let process = fold(&[started(S), ended(3 * S, Outcome::Ok), died, at(900 * S, exit)]);
    let state = process.state(Some(false), LogTime(1_000 * S));
    assert_eq!(state, ProcessState::Crashed);
    assert_eq!(process.known_until(state, LogTime(1_000 * S)), LogTime(9 * S));
}

#[test]
fn a_killed_process_lived_until_its_parent_saw_it_dead() {
    let exit = LogEntry::ProcessExit(ProcessExit::Signal(9));
    let killed = fold(&[started(1), ended(2, Outcome::Ok), at(60 * S, exit.clone())]);
    assert_eq!(killed.last_heard(), LogTime(60 * S));
    let goodbye = LogEntry::ProcessEnd(ProcessEnd { how: EndKind::Exited(Some(0)) });
    let exited = fold(&[started(1), at(3, goodbye), at(60 * S, exit)]);
    assert_eq!(exited.last_heard(), LogTime(3));
}

#[test]
fn log_time_becomes_wall_time_by_the_start() {
    let process = fold(&[started(S)]);
    assert_eq!(process.unix_ns(LogTime(S + 7)), Some(57));
    assert_eq!(process.unix_ns(LogTime(S - 7)), Some(43));
    assert_eq!(process.name(), "cast");
}

#[test]
fn a_process_is_quiet_since_its_last_span_progress_or_use_of_cpu() {
    let cpu = |second: u64, percent: f64| {
        let sample = MetricSample { cpu_percent: Some(percent), ..MetricSample::default() };
        at(second * S, LogEntry::Metric(Box::new(sample)))
    };
    let quiet = |more: Entry| fold(&[started(S), ended(2 * S, Outcome::Ok), more]).quiet_since();
    let progress = LogEntry::Progress { span: None, done: 1, total: 2 };
    assert_eq!(fold(&[started(S)]).quiet_since(), Some(LogTime(S)));
    assert_eq!(quiet(cpu(9, 0.4)), Some(LogTime(2 * S)), "what records takes as much");
    assert_eq!(quiet(cpu(9, 1.5)), Some(LogTime(2 * S)), "once is nothing");
    let twice = [started(S), cpu(8, 1.5), cpu(9, 1.5), cpu(10, 0.4), cpu(11, 1.5)];
    assert_eq!(fold(&twice).quiet_since(), Some(LogTime(9 * S)));
    assert_eq!(quiet(at(9 * S, progress)), Some(LogTime(9 * S)));
    assert_eq!(quiet(ended(9 * S, Outcome::Err)), Some(LogTime(9 * S)));
}

#[test]
fn a_process_that_is_read_from_the_end_is_not_taken_for_stalled_or_idle() {
    let mut processes = Processes::default();
    processes.apply(LogIndex(0), &started(S));
    let state = |processes: &Processes, second: u64| {
        processes.get(LogIndex(0)).unwrap().state(Some(true), LogTime(second * S))
    };
    assert_eq!(state(&processes, 900), ProcessState::Stalled);
    processes.begin_at(LogIndex(0), LogTime(899 * S));
    assert_eq!(state(&processes, 900), ProcessState::Running);
    assert_eq!(state(&processes, 903), ProcessState::Stalled, "nothing came");
    let quiet = processes.get(LogIndex(0)).unwrap().quiet_since();
    assert_eq!(quiet, Some(LogTime(899 * S)));
}
