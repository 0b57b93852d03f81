//! Stages: when they ran, what was used meanwhile, how far they are.

use super::*;
use crate::event::{MetricSample, Position, ProcessStart, SpanId, ThreadId};
use crate::projections::scenario::Scenario;

const SECOND: u64 = 1_000_000_000;

fn folded(scenarios: &[&Scenario]) -> Stages {
    let mut stages = Stages::default();
    for (index, scenario) in scenarios.iter().enumerate() {
        for entry in &scenario.entries {
            stages.apply(LogIndex(index), &scenario.names, entry);
        }
    }
    stages
}

fn report(scenario: &Scenario, live: bool) -> StageReport {
    folded(&[scenario]).report(|_| LogMoment { at: LogTime(scenario.now), live })
}

fn sample(scenario: &mut Scenario, cpu_ns: u64, rss_bytes: u64) {
    let (cpu_ns, rss_bytes) = (Some(cpu_ns), Some(rss_bytes));
    let sample = MetricSample { cpu_ns, rss_bytes, ..MetricSample::default() };
    scenario.say(0, LogEntry::Metric(Box::new(sample)));
}

fn progress(scenario: &mut Scenario, thread: u32, span: SpanId, done: u64) {
    scenario.say(thread, LogEntry::Progress { span: Some(span), done, total: 10 });
}

#[test]
fn a_stage_has_the_cpu_and_the_peak_of_its_own_time() {
    let mut scenario = Scenario::default();
    sample(&mut scenario, 0, 100);
    scenario.start(1, "Download");
    scenario.now = 2 * SECOND;
    sample(&mut scenario, SECOND / 5, 300);
    scenario.end(1, Outcome::Ok);
    scenario.start(1, "Transcribe");
    scenario.now = 6 * SECOND;
    sample(&mut scenario, SECOND / 5 + 8 * SECOND, 900);
    scenario.end(1, Outcome::Ok);
    let report = report(&scenario, false);
    let seen: Vec<_> = report
        .stages
        .iter()
        .map(|s| (s.info.name.as_str(), s.wall_ns, s.peak_rss_bytes, s.avg_cpu_percent, s.shared))
        .collect();
    assert_eq!(
        seen,
        [
            ("Download", 2 * SECOND, Some(300), Some(10.0), false),
            ("Transcribe", 4 * SECOND, Some(900), Some(200.0), false),
        ]
    );
    assert_eq!((report.total.wall_ns, report.total.peak_rss_bytes), (6 * SECOND, Some(900)));
    let cpu = report.total.avg_cpu_percent.unwrap();
    assert!((cpu - 820.0 / 6.0).abs() < 1e-6, "{cpu}");
}

#[test]
fn wall_time_is_the_union_and_stages_that_overlap_share() {
    let mut scenario = Scenario::default();
    scenario.start(1, "Load");
    scenario.now = 10;
    scenario.start(2, "Load");
    scenario.now = 20;
    scenario.end(1, Outcome::Ok);
    scenario.now = 30;
    scenario.start(1, "Score");
    scenario.now = 40;
    scenario.end(2, Outcome::Ok);
    scenario.now = 50;
    scenario.end(1, Outcome::Ok);
    scenario.start(1, "Save");
    scenario.now = 60;
    scenario.end(1, Outcome::Ok);
    let report = report(&scenario, false);
    let seen: Vec<_> = report.stages.iter().map(|s| (s.calls, s.wall_ns, s.shared)).collect();
    assert_eq!(seen, [(2, 40, true), (1, 20, true), (1, 10, false)]);
    assert_eq!(report.total.wall_ns, 60);
}

#[test]
fn an_open_stage_runs_until_now_or_was_left_unfinished() {
    let mut scenario = Scenario::default();
    scenario.start(1, "Train");
    scenario.now = 70;
    let running = report(&scenario, true);
    assert_eq!((running.stages[0].state, running.stages[0].wall_ns), (StageState::Running, 70));
    assert_eq!(report(&scenario, false).stages[0].state, StageState::Unfinished);
}

#[test]
fn the_last_end_says_how_a_stage_stands() {
    for (outcome, expect) in [
        (Outcome::Ok, StageState::Done),
        (Outcome::Err, StageState::Failed),
        (Outcome::Panicked, StageState::Failed),
        (Outcome::Cancelled, StageState::Cancelled),
        (Outcome::Unknown, StageState::Unknown),
    ] {
        let mut scenario = Scenario::default();
        scenario.start(1, "Train");
        scenario.end(1, Outcome::Ok);
        scenario.now = 5;
        scenario.start(1, "Train");
        scenario.end(1, outcome);
        assert_eq!(report(&scenario, false).stages[0].state, expect);
    }
}

#[test]
fn progress_from_deep_below_is_the_stages() {
    let mut scenario = Scenario::default();
    scenario.start(1, "Encode");
    scenario.start(1, "frame");
    let deep = scenario.start(1, "block");
    progress(&mut scenario, 1, deep, 3);
    let open: Vec<_> = folded(&[&scenario]).open().map(|(_, open)| open.progress).collect();
    assert_eq!(open, [Some(Progress { done: 3, total: 10 })]);
    (0..3).for_each(|_| scenario.end(1, Outcome::Ok));
    let after = report(&scenario, false).stages[0].progress;
    assert_eq!(after, Some(Progress { done: 3, total: 10 }), "it keeps what it reached");
}

#[test]
fn progress_that_another_thread_reports_of_a_span_is_that_ones_stages() {
    let mut scenario = Scenario::default();
    scenario.start(1, "Encode");
    let frame = scenario.start(1, "frame");
    scenario.start(2, "worker");
    progress(&mut scenario, 2, frame, 3);
    let open: Vec<_> = folded(&[&scenario]).open().map(|(_, open)| open.progress).collect();
    assert_eq!(open, [Some(Progress { done: 3, total: 10 })]);
}

#[test]
fn progress_of_a_task_that_moved_to_another_thread_is_its_stages() {
    let mut scenario = Scenario::default();
    let stage = scenario.start_async(1, "Crawl");
    scenario.enter(1, stage);
    let fetch = scenario.start_async(1, "fetch");
    scenario.exit(1, stage);
    scenario.enter(2, fetch);
    let parse = scenario.start(2, "parse");
    progress(&mut scenario, 2, parse, 4);
    assert_eq!(report(&scenario, true).stages[0].progress, Some(Progress { done: 4, total: 10 }));
}

/// Its progress went to the stage that was open where it had started.
#[test]
fn progress_of_a_task_outside_is_no_stages() {
    let mut scenario = Scenario::default();
    let fetch = scenario.start_async(1, "fetch");
    scenario.enter(1, fetch);
    scenario.exit(1, fetch);
    let stage = scenario.start_async(1, "Crawl");
    scenario.enter(1, stage);
    progress(&mut scenario, 1, fetch, 3);
    scenario.enter(2, fetch);
    progress(&mut scenario, 2, fetch, 4);
    let parse = scenario.start(2, "parse");
    progress(&mut scenario, 2, parse, 5);
    assert_eq!(report(&scenario, true).stages[0].progress, None);
    let done = Some(Progress { done: 6, total: 10 });
    progress(&mut scenario, 1, stage, 6);
    scenario.end(2, Outcome::Ok);
    scenario.exit(2, fetch);
    scenario.end_async(2, fetch, Outcome::Ok);
    assert_eq!(report(&scenario, true).stages[0].progress, done);
}

/// As where a stage drives an executor that others gave their tasks to.
#[test]
fn a_task_outside_that_a_stage_polls_is_outside_until_the_poll_ends() {
    let mut scenario = Scenario::default();
    let fetch = scenario.start_async(2, "fetch");
    scenario.start(1, "Crawl");
    scenario.enter(1, fetch);
    let parse = scenario.start(1, "parse");
    progress(&mut scenario, 1, parse, 3);
    scenario.say(1, LogEntry::Progress { span: None, done: 4, total: 10 });
    assert_eq!(report(&scenario, true).stages[0].progress, None);
    scenario.end(1, Outcome::Ok);
    scenario.exit(1, fetch);
    scenario.say(1, LogEntry::Progress { span: None, done: 5, total: 10 });
    let done = Some(Progress { done: 5, total: 10 });
    assert_eq!(report(&scenario, true).stages[0].progress, done);
}

#[test]
fn open_calls_of_a_stage_progress_together() {
    let mut scenario = Scenario::default();
    for thread in 1..4 {
        let span = scenario.start(thread, "Encode");
        progress(&mut scenario, thread, span, u64::from(thread));
    }
    assert_eq!(report(&scenario, true).stages[0].progress, Some(Progress { done: 6, total: 30 }));
}

#[test]
fn one_stage_in_two_processes_is_one_row_on_one_time_line() {
    let process = |boot: &str, unix_ns: u64, at: u64| {
        let mut scenario = Scenario::default();
        scenario.now = at;
        let (boot_id, start) = (boot.to_owned(), ProcessStart::default());
        scenario
            .say(0, LogEntry::ProcessStart(Box::new(ProcessStart { boot_id, unix_ns, ..start })));
        scenario.start(1, "Encode");
        scenario.now += 100;
        scenario.end(1, Outcome::Ok);
        scenario
    };
    let wall = |a: &Scenario, b: &Scenario| {
        let report = folded(&[a, b]).report(|_| LogMoment { at: LogTime(0), live: false });
        assert_eq!(report.stages.len(), 1);
        assert_eq!((report.stages[0].calls, report.stages[0].shared), (2, false));
        report.stages[0].wall_ns
    };
    let first = process("boot", 1_000, 0);
    assert_eq!(wall(&first, &process("boot", 7_777, 50)), 150, "one clock: log time counts");
    assert_eq!(wall(&first, &process("other", 1_020, 5_000)), 120, "two clocks: wall time does");
}

#[test]
fn a_thread_that_ended_is_in_no_stage() {
    let mut scenario = Scenario::default();
    scenario.start(1, "Encode");
    scenario.say(1, LogEntry::ThreadEnd);
    let elsewhere = SpanId { thread: ThreadId(1), start: Position(99) };
    progress(&mut scenario, 1, elsewhere, 5);
    let stage = &report(&scenario, false).stages[0];
    assert_eq!((stage.open, stage.progress), (1, None));
}

#[test]
fn what_lies_before_the_beginning_is_left_out() {
    let mut scenario = Scenario::default();
    for _ in 0..2 {
        scenario.start(1, "Encode");
        scenario.now += 100;
        scenario.end(1, Outcome::Ok);
    }
    scenario.start(1, "Save");
    scenario.now += 100;
    let mut stages = Stages::default();
    stages.begin_at(LogIndex(0), LogTime(150));
    for entry in &scenario.entries {
        stages.apply(LogIndex(0), &scenario.names, entry);
    }
    let report = stages.report(|_| LogMoment { at: LogTime(scenario.now), live: true });
    let seen: Vec<_> = report.stages.iter().map(|stage| (stage.calls, stage.wall_ns)).collect();
    assert_eq!(seen, [(1, 50), (0, 100)]);
}

#[test]
fn a_stage_tells_its_pace_and_when_it_will_be_done() {
    let mut scenario = Scenario::default();
    let span = scenario.start(1, "Score");
    scenario.now = 2 * SECOND;
    progress(&mut scenario, 1, span, 4);
    scenario.now = 3 * SECOND;
    let running = &report(&scenario, true).stages[0];
    // Six are left, at two a second, and the next may be half a second overdue.
    assert_eq!((running.per_second, running.left_ns), (Some(2.0), Some(2_500_000_000)));
    let dead = &report(&scenario, false).stages[0];
    assert_eq!(dead.left_ns, None);
    progress(&mut scenario, 1, span, 10);
    scenario.now = 5 * SECOND;
    scenario.end(1, Outcome::Ok);
    let done = &report(&scenario, true).stages[0];
    assert_eq!((done.per_second, done.left_ns), (Some(2.0), None));
}
