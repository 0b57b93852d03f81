//! Shares of made-up processes in which a span costs 10 ns inside and 20 ns around it.

use super::*;
use crate::event::{CallsiteKind, PathId, Summary, summary_bucket};
use crate::projections::calls::GroupBy;
use crate::projections::scenario::Scenario;

const LOG: LogIndex = LogIndex(0);
const COST: SpanCost = SpanCost { inner_ps: 10_000, outer_ps: 20_000 };

/// Of each function its share, of those that `is_shown` leaves in and those it leaves out.
fn shares(scenario: &Scenario, is_shown: fn(&str) -> bool) -> Vec<(String, Option<f64>)> {
    let mut calls = Calls::new(GroupBy::Function);
    for entry in &scenario.entries {
        let name = match entry.what {
            LogEntry::SpanEnd { path, .. } | LogEntry::Exit { path, .. } => {
                scenario.names.span_name(path)
            }
            _ => "",
        };
        if name.is_empty() || is_shown(name) {
            calls.apply(LOG, &scenario.names, entry);
        } else {
            calls.pass_over(LOG, entry);
            calls.hide(LOG, &scenario.names, entry);
        }
    }
    let names = calls.functions().into_iter().map(|row| row.info.name);
    let mut shares: Vec<_> = names.zip(calls.overhead_percent(|_log| Some(COST))).collect();
    shares.sort_by(|a, b| a.0.cmp(&b.0));
    shares
}

#[track_caller]
fn check(scenario: &Scenario, expect: &[(&str, Option<f64>)]) {
    let expect: Vec<_> = expect.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect();
    assert_eq!(shares(scenario, |_name| true), expect);
    assert_eq!(shares(scenario, |name| name == "outer"), expect, "a filter changes nothing");
}

/// So many calls of so many ns from where the thread is, `between` ns apart.
fn calls(scenario: &mut Scenario, name: &str, count: u32, ns: u64, between: u64) {
    for _ in 0..count {
        scenario.start(1, name);
        scenario.now += ns;
        scenario.end(1, Outcome::Ok);
        scenario.now += between;
    }
}

#[test]
fn a_call_costs_its_function_and_its_caller() {
    let mut scenario = Scenario::default();
    scenario.start(1, "outer");
    calls(&mut scenario, "inner", 10, 40, 200);
    scenario.end(1, Outcome::Ok);
    // 10 of 40 ns; 10 + 10 × 20 of 2,000 ns.
    check(&scenario, &[("inner", Some(25.0)), ("outer", Some(10.5))]);
}

#[test]
fn the_calls_of_a_recursion_are_its_own() {
    let mut scenario = Scenario::default();
    for _ in 0..100 {
        scenario.start(1, "outer");
        scenario.now += 60;
    }
    for _ in 0..100 {
        scenario.end(1, Outcome::Ok);
    }
    // 100 × 10 + 99 × 20 of 6,000 ns, also where the recorder folds it into one path.
    let share = 2_980.0 / 60.0;
    let seen = shares(&scenario, |_name| true);
    assert!((seen[0].1.unwrap() - share).abs() < 1e-9, "{seen:?}");
}

#[test]
fn a_poll_costs_what_a_span_does() {
    let mut scenario = Scenario::default();
    let outer = scenario.start_async(1, "outer");
    for _ in 0..4 {
        scenario.enter(1, outer);
        scenario.now += 100;
        let inner = scenario.start_async(1, "inner");
        scenario.enter(1, inner);
        scenario.now += 50;
        scenario.exit(1, inner);
        scenario.end_async(1, inner, Outcome::Ok);
        scenario.exit(1, outer);
        scenario.now += 1_000;
    }
    scenario.end_async(1, outer, Outcome::Ok);
    check(&scenario, &[("inner", Some(20.0)), ("outer", Some(30.0))]);
}

/// A task that an accept loop spawned costs the executor that polls it, not the loop: the loop's
/// share was 100 however little it did.
#[test]
fn what_ran_elsewhere_costs_its_parent_nothing() {
    let mut scenario = Scenario::default();
    let outer = scenario.start_async(1, "outer");
    scenario.enter(1, outer);
    scenario.now += 1_000;
    let inner = scenario.start_async(1, "inner");
    scenario.exit(1, outer);
    scenario.enter(2, inner);
    scenario.now += 100;
    scenario.exit(2, inner);
    let Some(&LogEntry::Exit { path, .. }) = scenario.entries.last().map(|entry| &entry.what)
    else {
        panic!("the poll is the last entry");
    };
    let (count, busy_ns, longest_ns) = (999_999, 99_999_900, 100);
    scenario.say(2, LogEntry::Polls { span: inner, path, count, busy_ns, child_ns: 0, longest_ns });
    check(&scenario, &[("inner", Some(10.0)), ("outer", Some(1.0))]);
}

#[test]
fn of_what_ran_partly_elsewhere_a_part_is_charged() {
    let mut scenario = Scenario::default();
    let outer = scenario.start_async(1, "outer");
    scenario.enter(1, outer);
    scenario.now += 1_000;
    let inner = scenario.start_async(1, "inner");
    scenario.enter(1, inner);
    scenario.now += 100;
    scenario.exit(1, inner);
    scenario.exit(1, outer);
    for _ in 0..3 {
        scenario.enter(2, inner);
        scenario.now += 100;
        scenario.exit(2, inner);
    }
    // 10 of its poll, and a quarter of 4 × 20, of 1,000 ns.
    check(&scenario, &[("inner", Some(10.0)), ("outer", Some(3.0))]);
}

#[test]
fn there_is_no_more_than_all_of_it_and_nothing_of_nothing() {
    let mut scenario = Scenario::default();
    scenario.start(1, "outer");
    calls(&mut scenario, "inner", 5, 3, 0);
    scenario.end(1, Outcome::Ok);
    check(&scenario, &[("inner", Some(100.0)), ("outer", None)]);
}

/// Who counts them is the recorder: the program did with them what it does with any.
#[test]
fn calls_that_were_only_counted_cost_as_much_as_others() {
    let mut scenario = Scenario::default();
    calls(&mut scenario, "outer", 1, 100, 0);
    scenario.say(
        1,
        LogEntry::Summary(Box::new(Summary {
            path: PathId(1),
            calls: 99,
            total_ns: 9_900,
            min_ns: 100,
            max_ns: 100,
            histogram: vec![(summary_bucket(100), 99)],
            ..Summary::default()
        })),
    );
    check(&scenario, &[("outer", Some(10.0))]);
}

#[test]
fn a_process_that_does_not_tell_makes_its_functions_unknown() {
    let mut scenario = Scenario::default();
    calls(&mut scenario, "both", 1, 100, 0);
    let mut other = Scenario::default();
    let kind = CallsiteKind::Function;
    assert_eq!(other.callsite("both", kind), scenario.callsite("both", kind));
    calls(&mut other, "both", 1, 100, 0);
    let mut calls = Calls::new(GroupBy::Function);
    for (log, from) in [&scenario, &other].into_iter().enumerate() {
        for entry in &from.entries {
            calls.apply(LogIndex(log), &from.names, entry);
        }
    }
    assert_eq!(calls.overhead_percent(|_log| Some(COST)), [Some(10.0)]);
    assert_eq!(calls.overhead_percent(|log| (log == LOG).then_some(COST)), [None]);
}
