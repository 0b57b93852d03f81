//! One function's calls, told from all others.

use super::super::scenario::Scenario;
use super::*;
use crate::event::{CallsiteKind, TagValue};

const MS: u64 = 1_000_000;

/// A closeup of `name` in two processes that do the same.
fn closeup(scenario: &Scenario, name: &str) -> Closeup {
    let info = scenario.names.callsites.values().find(|info| info.name == name).unwrap();
    let mut closeup = Closeup::new(info.clone());
    for log in [LogIndex(0), LogIndex(1)] {
        for entry in &scenario.entries {
            closeup.apply(log, &scenario.names, entry);
        }
    }
    closeup
}

/// Reads of 1 to 80 ms from two places, among other calls; every tenth fails.
fn reads() -> Scenario {
    let mut scenario = Scenario::default();
    let key = scenario.callsite("chunk", CallsiteKind::Key);
    for place in ["load", "save"] {
        scenario.start(1, place);
        for step in 1..=40 {
            let span = scenario.start(1, "read");
            scenario.say(1, LogEntry::Tag { span, key, value: TagValue::Unsigned(step) });
            scenario.now += step * MS * if place == "save" { 2 } else { 1 };
            scenario.start(1, "check");
            scenario.end(1, Outcome::Ok);
            scenario.end(1, if step % 10 == 0 { Outcome::Err } else { Outcome::Ok });
        }
        scenario.end(1, Outcome::Ok);
    }
    scenario
}

#[test]
fn only_the_functions_own_calls_count_from_all_places_and_processes() {
    let scenario = reads();
    let closeup = closeup(&scenario, "read");
    let function = closeup.function().unwrap();
    let expect = scenario.ended.iter().filter(|span| span.functions.len() == 2);
    let expect: Vec<u64> = expect.map(|span| span.ns).collect();
    let sum: u64 = expect.iter().sum();
    assert_eq!((function.totals.calls, function.totals.errors), (160, 16));
    assert_eq!((function.totals.total_ns, function.totals.self_ns), (2 * sum, 2 * sum));
    let spread: u64 = closeup.spread().classes().iter().map(|class| class.count).sum();
    let (_, columns) = closeup.over_time().columns(LogTime(scenario.now), 10);
    let over_time: u64 = columns.iter().map(|column| column.calls).sum();
    assert_eq!((spread, over_time), (160, 160));
}

#[test]
fn the_latest_and_the_slowest_are_kept_with_what_they_said() {
    let closeup = closeup(&reads(), "read");
    let said = |call: &OneCall| call.said.tags[0].1.to_string();
    let latest: Vec<_> = closeup.latest().collect();
    assert_eq!(latest.len(), Closeup::LATEST);
    assert_eq!((said(latest[49]), latest[49].outcome), ("40".to_owned(), Outcome::Err));
    let slowest: Vec<_> = closeup.slowest().iter().map(|call| call.ns / MS).collect();
    assert_eq!(slowest, [80, 80, 78, 78, 76, 76, 74, 74, 72, 72]);
    assert_eq!(closeup.slowest()[0].log, LogIndex(0), "of equals the earlier one");
    assert_eq!(said(&closeup.slowest()[2]), "39");
}

#[test]
fn a_call_whose_end_was_not_seen_is_among_the_latest_alone() {
    let mut scenario = Scenario::default();
    scenario.start(1, "read");
    scenario.now += MS;
    scenario.end(1, Outcome::Unknown);
    let closeup = closeup(&scenario, "read");
    assert_eq!((closeup.latest().count(), closeup.slowest().len()), (2, 0));
    assert_eq!(closeup.function().unwrap().totals.unknown, 2);
    assert_eq!(closeup.spread().classes(), []);
}

#[test]
fn polls_of_an_async_function_count() {
    let mut scenario = Scenario::default();
    let span = scenario.start_async(1, "fetch");
    for _ in 0..3 {
        scenario.enter(1, span);
        scenario.now += MS;
        scenario.exit(1, span);
        scenario.now += 9 * MS;
    }
    scenario.end_async(1, span, Outcome::Cancelled);
    let function = closeup(&scenario, "fetch").function().unwrap();
    assert_eq!((function.totals.polls, function.busy_ns / MS, function.idle_ns / MS), (6, 6, 54));
    assert_eq!(function.totals.cancelled, 2);
}

#[test]
fn what_open_spans_say_is_kept_of_so_many() {
    let mut scenario = Scenario::default();
    for _ in 0..=Closeup::SAID {
        scenario.start(1, "read");
    }
    assert_eq!(closeup(&scenario, "read").said.len(), Closeup::SAID);
}
