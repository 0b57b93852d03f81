//! Rules on the calls that made-up workers make.

use super::tests::{engine, line};
use super::*;
use crate::alert::alerts::Alerts;
use crate::alert::made_up::{BEGIN, SECOND, worker};
use crate::alert::rules;
use ferret::event::{
    CallsiteId, CallsiteInfo, CallsiteKind, Entry, LogEntry, LogTime, Offset, Outcome, PathId,
    PathInfo, Position, SpanId, ThreadId,
};

fn names() -> Names {
    let mut names = Names::default();
    for (id, name) in [(1, "read"), (2, "read_one")] {
        let info = CallsiteInfo {
            name: name.to_owned(),
            module: "pipeline".to_owned(),
            file: "src/lib.rs".to_owned(),
            line: id,
            kind: CallsiteKind::Function,
        };
        names.callsites.insert(CallsiteId(id), info);
        let path = PathInfo { parent: PathId::ROOT, callsite: CallsiteId(id) };
        names.paths.insert(PathId(id), path);
    }
    names
}

/// A call that ended just before the tick of that second.
fn call(path: u32, second: u64, ms: u64, outcome: Outcome) -> Entry {
    let end = LogTime(second * SECOND - 50_000_000);
    Entry {
        offset: Offset(1),
        time: end,
        thread: ThreadId(1),
        what: LogEntry::SpanEnd {
            span: SpanId { thread: ThreadId(1), start: Position(1) },
            path: PathId(path),
            start: LogTime(end.0 - ms * 1_000_000),
            child_ns: 0,
            outcome,
            out_of_order: false,
        },
    }
}

/// As [`check`], of two workers: each calls `read` once a second and for as long as is said.
#[track_caller]
fn check_calls(
    rule: &str,
    seconds: u64,
    call_of: impl Fn(u64, u32) -> Option<Entry>,
    expect: &[&str],
) {
    let mut engine = engine(&format!("[[rule]]\nname = \"r\"\n{rule}"));
    let names = names();
    let clock = WallClock::at(LogTime(0), BEGIN * SECOND);
    let mut told = Vec::new();
    for second in 1..seconds {
        for number in [1, 2] {
            if let Some(entry) = call_of(second, number) {
                let uid = ProcessUid(u128::from(number));
                engine.see(uid, clock, &names, Part::Other(&entry));
            }
        }
        let workers = [worker(1, second), worker(2, second)];
        let notices = engine.tick((BEGIN + second) * SECOND, &workers);
        told.extend(notices.iter().map(|notice| line(second, notice)));
    }
    assert_eq!(told, expect, "{rule}");
}

#[test]
fn percentiles_are_of_the_window_and_of_all_workers_or_of_each() {
    let calls = |second, number| {
        let is_slow = number == 2 && (5..8).contains(&second);
        Some(call(1, second, if is_slow { 500 } else { 2 }, Outcome::Ok))
    };
    check_calls(
        "when = \"read.p95 > 100ms\"\nwindow = \"5s\"",
        20,
        calls,
        &[
            "5 firing read: p95 in the last 5.0 s is 500 ms (> 100 ms), of 10 calls",
            "12 resolved read: p95 in the last 5.0 s is 2.00 ms, of 10 calls; it lasted 7.0 s",
        ],
    );
    check_calls("when = \"read.p50 > 100ms\"\nwindow = \"5s\"", 20, calls, &[]);
    check_calls(
        "when = \"read.p50 > 100ms\"\nwindow = \"5s\"\nper = \"worker\"\nresolved = false",
        20,
        calls,
        &["7 firing read of pipeline 2: p50 in the last 5.0 s is 500 ms (> 100 ms), of 5 calls"],
    );
    check_calls("when = \"read.p95 > 1ms\"\nwindow = \"5s\"\nmin_calls = 11", 20, calls, &[]);
}

#[test]
fn a_whole_name_means_that_function_though_it_is_not_called() {
    let calls = |second, number| (number == 1).then(|| call(2, second, 900, Outcome::Ok));
    // `read` itself was called once, long ago.
    let both = |second, number| {
        let read = (number == 2 && second == 1).then(|| call(1, second, 1, Outcome::Ok));
        read.or_else(|| calls(second, number))
    };
    check_calls("when = \"read.p95 > 100ms\"\nwindow = \"3s\"", 20, both, &[]);
    let told = ["1 firing read_one: p95 in the last 3.0 s is 900 ms (> 100 ms), of 1 calls"];
    check_calls("when = \"read.p95 > 100ms\"\nwindow = \"3s\"", 20, calls, &told);
}

#[test]
fn an_error_rate_needs_calls_to_be_one() {
    let calls = |second: u64, number| {
        let outcome = if second.is_multiple_of(2) { Outcome::Err } else { Outcome::Ok };
        (number == 1).then(|| call(1, second, 1, outcome))
    };
    check_calls(
        "when = \"any.error_percent > 20%\"\nmin_calls = 6\nresolved = false",
        20,
        calls,
        &["6 firing read: error_percent in the last 1m 00s is 50.0 % (> 20.0 %), of 6 calls"],
    );
}

#[test]
fn calls_that_stopped_are_told_of_a_function_that_was_called() {
    let calls =
        |second: u64, number| (number == 1 && second < 4).then(|| call(1, second, 1, Outcome::Ok));
    check_calls(
        "when = \"read.calls < 1\"\nwindow = \"3s\"",
        20,
        calls,
        &["6 firing read: calls in the last 3.0 s is 0 (< 1), of 0 calls"],
    );
}

/// As when it was moved away and back.
#[test]
fn a_log_that_is_read_once_more_counts_once() {
    let text = "[[rule]]\nname = \"r\"\nwhen = \"read.calls > 0\"";
    let mut alerts = Alerts::of_the_past(rules::read(text).unwrap());
    let (names, clock) = (names(), WallClock::at(LogTime(0), BEGIN * SECOND));
    let mut told = Vec::new();
    for (second, offset) in [(1, 1), (1, 2), (1, 1), (1, 2), (2, 3)] {
        let entry = Entry { offset: Offset(offset), ..call(1, second, 2, Outcome::Ok) };
        alerts.see_part(ProcessUid(1), clock, &names, Part::Other(&entry));
    }
    for second in 1..4 {
        let notices = alerts.tick((BEGIN + second) * SECOND, &[worker(1, second)]);
        told.extend(notices.iter().map(|notice| line(second, notice)));
    }
    assert_eq!(told, ["1 firing read: calls in the last 1m 00s is 3 (> 0), of 3 calls"]);
}
