//! Calls beside a plain computation over the list of spans.

use super::*;
use crate::event::{CallsiteKind, LogTime, Position};
use crate::event::{Summary, summary_bucket};
use crate::projections::scenario::Scenario;
use proptest::prelude::*;
use std::collections::BTreeMap;

const LOG: LogIndex = LogIndex(0);

fn counted(scenario: &Scenario, group: GroupBy) -> Calls {
    let mut calls = Calls::new(group);
    for entry in &scenario.entries {
        calls.apply(LOG, &scenario.names, entry);
    }
    calls
}

fn function(calls: &Calls, name: &str) -> FunctionCalls {
    calls.functions().into_iter().find(|row| row.info.name == name).unwrap()
}

/// One step of a random program: which thread, what it does, how much time passes after it.
type Step = (u32, Option<usize>, u64, Outcome);

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        6 => Just(Outcome::Ok),
        1 => Just(Outcome::Err),
        1 => Just(Outcome::Panicked),
        1 => Just(Outcome::Cancelled),
        1 => Just(Outcome::Unknown),
    ];
    (1..4_u32, prop::option::of(0..4_usize), 0..1_000_u64, outcome)
}

fn run(steps: &[Step]) -> Scenario {
    let mut scenario = Scenario::default();
    for (thread, call, passes, outcome) in steps {
        match call {
            Some(function) => drop(scenario.start(*thread, ["a", "b", "c", "d"][*function])),
            None if scenario.path(*thread) != PathId::ROOT => scenario.end(*thread, *outcome),
            None => {}
        }
        scenario.now += passes;
    }
    scenario
}

/// What the spans of one function add up to, by looking at each.
fn plain(scenario: &Scenario, row: &FunctionCalls) -> Totals {
    let id = scenario.names.callsites.iter().find(|(_, info)| **info == row.info);
    let id = *id.unwrap().0;
    let mut totals = Totals::default();
    for span in scenario.ended.iter().filter(|span| span.functions.last() == Some(&id)) {
        if span.outcome == Outcome::Unknown {
            totals.unknown += 1;
            continue;
        }
        totals.calls += 1;
        totals.errors += u64::from(span.outcome == Outcome::Err);
        totals.panics += u64::from(span.outcome == Outcome::Panicked);
        totals.cancelled += u64::from(span.outcome == Outcome::Cancelled);
        totals.self_ns += span.self_ns;
        let above = &span.functions[..span.functions.len() - 1];
        totals.total_ns += if above.contains(&id) { 0 } else { span.ns };
    }
    totals
}

proptest! {
    #[test]
    fn functions_add_up_like_a_plain_walk_over_the_spans(
        steps in prop::collection::vec(step(), 0..200)
    ) {
        let scenario = run(&steps);
        let rows = counted(&scenario, GroupBy::Function).functions();
        for row in &rows {
            prop_assert_eq!(row.totals, plain(&scenario, row), "{}", row.info.name);
            prop_assert_eq!(row.busy_ns, row.totals.total_ns);
        }
        let seen: u64 = rows.iter().map(|row| row.totals.calls + row.totals.unknown).sum();
        prop_assert_eq!(seen, scenario.ended.len() as u64);
    }

    #[test]
    fn threads_add_up_like_a_plain_walk_over_the_spans(
        steps in prop::collection::vec(step(), 0..200)
    ) {
        let scenario = run(&steps);
        for row in counted(&scenario, GroupBy::Thread).threads() {
            let of_thread = scenario.ended.iter().filter(|span| Some(span.thread) == row.thread);
            let known: Vec<_> = of_thread.filter(|s| s.outcome != Outcome::Unknown).collect();
            prop_assert_eq!(row.totals.calls, known.len() as u64);
            let self_ns: u64 = known.iter().map(|span| span.self_ns).sum();
            prop_assert_eq!(row.totals.self_ns, self_ns);
            let longest = row.durations.map(|durations| durations.max_ns);
            prop_assert_eq!(longest, known.iter().map(|span| span.ns).max());
        }
    }
}

#[test]
fn recursion_counts_once_in_total_and_each_time_in_self() {
    let mut scenario = Scenario::default();
    for _ in 0..100 {
        scenario.start(1, "fib");
        scenario.now += 10;
    }
    for _ in 0..100 {
        scenario.end(1, Outcome::Ok);
    }
    let fib = function(&counted(&scenario, GroupBy::Function), "fib");
    assert_eq!((fib.totals.calls, fib.totals.total_ns, fib.totals.self_ns), (100, 1_000, 1_000));
    assert_eq!(fib.durations.unwrap().p50_ns, 500);
}

#[test]
fn an_async_function_takes_from_start_to_end_and_is_busy_in_its_polls() {
    let mut scenario = Scenario::default();
    let task = scenario.start_async(1, "fetch");
    scenario.enter(1, task);
    scenario.now = 5;
    scenario.start(1, "parse");
    scenario.now = 8;
    scenario.end(1, Outcome::Ok);
    scenario.exit(1, task);
    scenario.now = 100;
    scenario.enter(2, task);
    scenario.now = 107;
    scenario.exit(2, task);
    scenario.end_async(2, task, Outcome::Err);
    let calls = counted(&scenario, GroupBy::Thread);
    let fetch = function(&calls, "fetch");
    assert_eq!((fetch.totals.calls, fetch.totals.errors), (1, 1));
    assert_eq!((fetch.totals.total_ns, fetch.busy_ns, fetch.totals.self_ns), (107, 15, 12));
    assert_eq!((fetch.totals.polls, fetch.idle_ns, fetch.totals.longest_poll_ns), (2, 92, 8));
    let at_work: Vec<_> = calls.threads().iter().map(|row| row.totals.self_ns).collect();
    assert_eq!(at_work, [8, 7]);
}

#[test]
fn merged_polls_are_work_of_their_span() {
    let mut scenario = Scenario::default();
    let span = scenario.start_async(1, "wait");
    let path = PathId(1);
    scenario
        .say(1, LogEntry::Polls { span, path, count: 9, busy_ns: 90, child_ns: 0, longest_ns: 20 });
    scenario
        .say(1, LogEntry::Polls { span, path, count: 1, busy_ns: 9, child_ns: 0, longest_ns: 9 });
    let wait = function(&counted(&scenario, GroupBy::Function), "wait");
    assert_eq!((wait.totals.polls, wait.totals.longest_poll_ns), (10, 20));
    assert_eq!((wait.is_async, wait.idle_ns), (true, 0), "it has not ended");
    assert_eq!((wait.totals.calls, wait.busy_ns, wait.totals.self_ns), (0, 99, 99));
    assert_eq!(wait.durations, None, "no call, no percentile");
}

/// A random run of a few tasks on three threads; in the end all end if `finish`.
fn run_tasks(steps: &[Step], finish: bool) -> (Scenario, BTreeMap<SpanId, (u64, Option<u64>)>) {
    let mut scenario = Scenario::default();
    let mut open = Vec::new();
    // Each task: time in polls, and from start to end.
    let mut plain = BTreeMap::new();
    for (thread, what, passes, outcome) in steps {
        match what {
            Some(0) => {
                let span = scenario.start_async(*thread, "task");
                open.push((span, scenario.now));
                plain.insert(span, (0, None));
            }
            Some(_) if !open.is_empty() => {
                let (span, _) = open[usize::try_from(*passes).unwrap() % open.len()];
                scenario.enter(*thread, span);
                scenario.now += passes;
                scenario.exit(*thread, span);
                plain.get_mut(&span).unwrap().0 += passes;
            }
            None if !open.is_empty() && *passes < 300 => {
                let (span, start) = open.remove(0);
                // A task is not cut off by a loss in the thread that polls it.
                let outcome = if *outcome == Outcome::Unknown { Outcome::Ok } else { *outcome };
                scenario.end_async(*thread, span, outcome);
                plain.get_mut(&span).unwrap().1 = Some(scenario.now - start);
            }
            _ => {}
        }
        scenario.now += passes;
    }
    for (span, start) in open.into_iter().filter(|_| finish) {
        scenario.end_async(1, span, Outcome::Ok);
        plain.get_mut(&span).unwrap().1 = Some(scenario.now - start);
    }
    (scenario, plain)
}

proptest! {
    #[test]
    fn tasks_that_ended_waited_from_start_to_end_less_their_polls(
        steps in prop::collection::vec(step(), 0..100)
    ) {
        let (scenario, plain) = run_tasks(&steps, false);
        let ended = |of: &(u64, Option<u64>)| of.1.map(|ns| ns - of.0);
        let idle_ns: u64 = plain.values().filter_map(ended).sum();
        let rows = counted(&scenario, GroupBy::Function).functions();
        prop_assert_eq!(rows.first().map_or(0, |row| row.idle_ns), idle_ns);
    }

    /// A span's start is in the log before its polls; where these ended on another thread than it
    /// did, they may come after its end.
    #[test]
    fn what_tasks_waited_for_does_not_depend_on_the_order_of_threads(
        steps in prop::collection::vec(step(), 0..100),
        last in 1..4_u32,
    ) {
        let (scenario, _) = run_tasks(&steps, true);
        let mut other = Calls::default();
        let (early, late): (Vec<_>, Vec<_>) = scenario.entries.iter().partition(|entry| {
            entry.thread != ThreadId(last) || !matches!(entry.what, LogEntry::Exit { .. })
        });
        for entry in early.into_iter().chain(late) {
            other.apply(LOG, &scenario.names, entry);
        }
        prop_assert_eq!(other.functions(), counted(&scenario, GroupBy::Function).functions());
    }
}

#[test]
fn a_poll_that_is_read_after_its_span_ended_is_no_time_waited() {
    let mut scenario = Scenario::default();
    let task = scenario.start_async(1, "fetch");
    scenario.enter(1, task);
    scenario.now = 8;
    scenario.exit(1, task);
    scenario.now = 20;
    scenario.end_async(2, task, Outcome::Cancelled);
    let exit = scenario.entries.remove(2);
    scenario.entries.push(exit);
    let fetch = function(&counted(&scenario, GroupBy::Function), "fetch");
    assert_eq!((fetch.totals.total_ns, fetch.busy_ns, fetch.idle_ns), (20, 8, 12));
}

#[test]
fn polls_that_do_not_count_are_no_time_waited_of_a_span_that_does() {
    let mut scenario = Scenario::default();
    let task = scenario.start_async(1, "fetch");
    scenario.enter(1, task);
    scenario.now = 8;
    scenario.exit(1, task);
    scenario.now = 20;
    scenario.end_async(2, task, Outcome::Ok);
    let mut calls = Calls::default();
    let (end, before) = scenario.entries.split_last().unwrap();
    for entry in before {
        calls.pass_over(LOG, entry);
    }
    calls.apply(LOG, &scenario.names, end);
    let fetch = function(&calls, "fetch");
    assert_eq!((fetch.totals.total_ns, fetch.busy_ns, fetch.idle_ns), (20, 0, 12));
}

#[test]
fn a_future_that_is_dropped_unpolled_was_a_call_that_took_no_time() {
    let mut scenario = Scenario::default();
    let span = scenario.start_async(1, "never");
    let path = PathId(1);
    scenario.entries.clear();
    scenario.say(1, LogEntry::Created { span, parent: None, path });
    scenario.now = 50;
    let (start, child_ns, outcome) = (LogTime(50), 0, Outcome::Cancelled);
    let out_of_order = false;
    scenario.say(1, LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order });
    let never = function(&counted(&scenario, GroupBy::Function), "never");
    assert_eq!((never.totals.calls, never.totals.cancelled, never.totals.polls), (1, 1, 0));
    assert_eq!((never.totals.total_ns, never.busy_ns, never.idle_ns), (0, 0, 0));
}

#[test]
fn lost_spans_are_counted_under_the_function_that_called_them() {
    let mut scenario = Scenario::default();
    scenario.start(1, "work");
    scenario.now = 100;
    scenario.lose(1, 7, 60);
    scenario.end(1, Outcome::Ok);
    scenario.lose(1, 2, 5);
    scenario.start(1, "rest");
    scenario.lose(1, 4, 0);
    let calls = counted(&scenario, GroupBy::Function);
    let work = function(&calls, "work");
    assert_eq!((work.totals.dropped, work.totals.self_ns, work.totals.total_ns), (7, 40, 100));
    assert_eq!(calls.dropped(LOG), 13);
    assert_eq!(function(&calls, "rest").totals.dropped, 4, "though it has not ended");
}

#[test]
fn counted_calls_are_calls() {
    let mut scenario = Scenario::default();
    scenario.start(1, "hot");
    let path = scenario.path(1);
    let histogram = vec![(summary_bucket(10), 1_000)];
    let summary = Summary {
        cancelled: 0,
        path,
        calls: 1_000,
        errors: 7,
        panics: 1,
        total_ns: 10_000,
        child_ns: 4_000,
        min_ns: 10,
        max_ns: 10,
        histogram,
    };
    scenario.say(1, LogEntry::Summary(Box::new(summary)));
    let hot = function(&counted(&scenario, GroupBy::Function), "hot");
    assert_eq!((hot.totals.calls, hot.totals.sampled), (1_000, 1_000));
    assert_eq!((hot.totals.total_ns, hot.totals.self_ns), (10_000, 6_000));
    assert_eq!((hot.totals.errors, hot.totals.panics), (7, 1));
    assert_eq!(hot.durations.unwrap().p99_ns, 10);
}

#[test]
fn functions_of_several_processes_are_one_where_all_but_their_ids_agree() {
    let mut calls = Calls::default();
    let mut first = Scenario::default();
    first.callsite("unrelated", CallsiteKind::Function);
    let mut second = Scenario::default();
    for (log, scenario) in [&mut first, &mut second].into_iter().enumerate() {
        scenario.start(1, "load");
        scenario.now = 10;
        scenario.end(1, Outcome::Ok);
        for info in scenario.names.callsites.values_mut() {
            info.line = 1;
        }
        for entry in &scenario.entries {
            calls.apply(LogIndex(log), &scenario.names, entry);
        }
    }
    let rows = calls.functions();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].totals.calls, rows[0].totals.total_ns), (2, 20));
    let by_process: Vec<_> = calls.processes().iter().map(|row| row.totals.calls).collect();
    assert_eq!(by_process, [1, 1]);
}

#[test]
fn paths_the_log_never_named_share_one_row() {
    let mut scenario = Scenario::default();
    for path in 1..1_000 {
        let span = SpanId { thread: ThreadId(1), start: Position(path) };
        let path = PathId(u32::MAX - u32::try_from(path).unwrap());
        let (start, child_ns, outcome) = (LogTime(0), 0, Outcome::Ok);
        let out_of_order = false;
        scenario.say(1, LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order });
    }
    let calls = counted(&scenario, GroupBy::Function);
    assert_eq!(function(&calls, "?").totals.calls, 999);
    assert_eq!(calls.logs[0].paths.len(), 1);
}
