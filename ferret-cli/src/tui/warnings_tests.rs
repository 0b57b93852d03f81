//! What looks wrong, and what does not.

use super::super::script::{MS, S, Script, podcast};
use super::*;
use ferret::event::EndKind;

/// Kind, what was seen, and where to look, of each warning.
fn check(script: &Script, expect: &[(Kind, &str, &str)]) {
    script.look(|scene| {
        let found: Vec<_> = scene.warnings.iter().collect();
        let found: Vec<_> = found.iter().map(|w| (w.kind, &*w.what, &*w.look)).collect();
        assert_eq!(found, expect);
    });
}

/// A server whose queries take 10 to 29 ms.
fn server() -> Script {
    let mut script =
        Script::default().process("server", 7).thread(2, "worker-1").metric(50.0, 40, 3);
    script = script.start(2, "serve");
    for number in 0..20 {
        script = script.call(2, "query", (10 + number) * MS);
    }
    script
}

#[test]
fn a_program_at_work_is_not_warned_of() {
    check(&podcast(), &[]);
    check(&server().start(2, "query").wait(900 * MS), &[]);
}

#[test]
fn a_span_that_is_open_much_longer_than_its_like_is_overdue() {
    let script = server().start(2, "query").start(2, "send").wait(2 * S).metric(50.0, 40, 3);
    let what = "query is open for 2.0 s, 99 of 100 took 29.0 ms at most";
    check(&script, &[(Kind::Overdue, what, "worker-1: serve › query  src/main.rs:2")]);
    check(&script.ends(EndKind::Lost), &[]);
}

#[test]
fn what_is_usual_is_not_known_of_few_calls() {
    let script = Script::default().process("server", 7).metric(50.0, 40, 3).call(1, "query", MS);
    check(&script.start(1, "query").wait(2 * S).metric(50.0, 40, 3), &[]);
}

#[test]
fn a_limit_of_the_users_own_is_kept_whatever_is_usual() {
    let mut script = Script::default().process("server", 7).metric(50.0, 40, 3).start(1, "load");
    script.limits.open_ns = Some(5 * S);
    let script = script.wait(4 * S).metric(50.0, 40, 3);
    check(&script, &[]);
    let script = script.wait(S).metric(50.0, 40, 3);
    check(&script, &[(Kind::Overdue, "load is open for 5.0 s", "main: load  src/main.rs:1")]);
}

#[test]
fn of_several_that_are_overdue_the_first_is_told_and_all_are_counted() {
    let mut script = server().thread(3, "worker-2").start(3, "serve");
    script = script.start(2, "query").wait(S).start(3, "query").wait(2 * S).metric(50.0, 40, 3);
    let what = "query ×2 is open for 3.0 s, 99 of 100 took 29.0 ms at most";
    check(&script, &[(Kind::Overdue, what, "worker-1: serve › query  src/main.rs:2")]);
}

/// Two threads, each with something open, and nothing moves for so many seconds.
fn two_that_wait(seconds: u64, cpu: f64) -> Script {
    let mut script = Script::default().process("bank", 7).thread(2, "b").metric(40.0, 40, 3);
    script =
        script.start(1, "transfer").start(1, "lock_to").start(2, "transfer").start(2, "lock_from");
    for _ in 0..seconds {
        script = script.wait(S).metric(cpu, 40, 3);
    }
    script
}

#[test]
fn spans_that_are_open_while_nothing_moves_may_be_a_deadlock() {
    check(&two_that_wait(9, 0.2), &[]);
    check(&two_that_wait(12, 5.0), &[]);
    let what = "nothing has moved for 12.0 s and no CPU is used: it waits, or is deadlocked";
    let look = "main: lock_to · b: lock_from";
    check(&two_that_wait(12, 0.2), &[(Kind::Stuck, what, look)]);
}

#[test]
fn a_process_that_reports_nothing_is_told_of_first() {
    let script = two_that_wait(12, 0.2).wait(4 * S);
    let look = "it is starved of CPU, swapped out, or stopped; its threads may go on: view 5";
    check(&script, &[(Kind::Silent, "nothing has been heard for 4.0 s", look)]);
}

#[test]
fn lost_spans_and_jumps_of_the_clock_are_told() {
    let script = podcast().dropped(1, 1_234).jump(-1_500_000_000);
    let found =
        script.look(|scene| scene.warnings.iter().map(|w| w.what.clone()).collect::<Vec<_>>());
    assert_eq!(found[0], "1,234 spans were lost: the recorder had no room for them");
    assert!(found[1].starts_with("the clock jumped back by 1.50 s at "), "{found:?}");
    assert_eq!(found.len(), 2);
    let mut later = script;
    for _ in 0..61 {
        later = later.wait(S).metric(90.0, 242, 6);
    }
    assert_eq!(later.look(|scene| scene.warnings.len()), 1, "the clock is forgotten");
}

#[test]
fn a_poll_that_goes_on_keeps_others_waiting() {
    let script = Script::default().process("async", 7).thread(2, "tokio-1").metric(99.0, 40, 3);
    let script = script.create(1, "handle").first_poll(2).start(2, "compute").wait(900 * MS);
    check(&script, &[]);
    let script = script.wait(600 * MS);
    let what = "a poll of handle goes on for 1.5 s: what waits for tokio-1 does so meanwhile";
    let look = "handle  src/main.rs:1, innermost compute for 1.5 s";
    check(&script, &[(Kind::Blocks, what, look)]);
}

#[test]
fn memory_that_grows_is_told_with_the_time_to_its_limit() {
    let mut script = Script::default().process("leaks", 7).start(1, "serve");
    for second in 0..100_u32 {
        script = script.wait(S).metric(30.0, 100 + u64::from(second) * 2, 3);
    }
    let what = "memory has grown for 1m 39s, by 2.01 MiB/s: 298 MiB now";
    let look = "which functions keep it is told by ferret's feature `alloc`";
    check(&script, &[(Kind::Grows, what, look)]);
    let outside = super::super::board::Outside {
        memory_limit: Some(1 << 30),
        ..super::super::board::Outside::default()
    };
    script.board.logs[0].outside = Some(outside);
    let script = script.heap(None, 260_000, 260_000).heap(Some("cache_put"), 250_000, 250_000);
    let what =
        "memory has grown for 1m 39s, by 2.01 MiB/s: 298 MiB now, 6m 00s to the limit of 1.00 GiB";
    check(&script, &[(Kind::Grows, what, "most of it is cache_put's: 244 MiB")]);
}

#[test]
fn of_several_processes_the_one_is_named() {
    let script = two_that_wait(12, 0.2).process("other", 8).start(1, "work").metric(80.0, 40, 3);
    script.look(|scene| {
        assert!(
            scene.warnings[0].what.starts_with("bank 7: nothing has moved"),
            "{:?}",
            scene.warnings
        );
    });
}
