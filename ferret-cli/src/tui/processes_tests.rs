//! Which process is a zombie, and what is said of one that is silent.

use super::super::script::{MS, S, Script};
use super::*;
use ferret::event::EndKind;

/// State, CPU, memory and idle time of the only process.
fn check(script: &Script, expect: [&str; 4]) {
    script.look(|scene| {
        let cells = cells(scene, LogIndex(0), 60 * S);
        assert_eq!(cells.len(), COLUMNS.len());
        assert_eq!([2, 3, 4, 8].map(|index| cells[index].text.trim()), expect);
    });
}

/// A process that has read something, and waits for the next with `cpu` percent.
fn waiting(seconds: u64, cpu: f64) -> Script {
    let mut script = Script::default().process("reader", 7).call(1, "read", MS);
    for _ in 0..seconds {
        script = script.wait(S).metric(cpu, 40, 3);
    }
    script
}

#[test]
fn one_that_does_nothing_for_long_is_a_zombie() {
    check(&waiting(59, 0.3), ["running", "0 %", "40.0 MiB", "59.0 s"]);
    check(&waiting(60, 0.3), ["running, zombie", "0 %", "40.0 MiB", "1m 00s"]);
}

#[test]
fn one_that_uses_cpu_or_tells_of_progress_is_none() {
    check(&waiting(90, 5.0), ["running", "5 %", "40.0 MiB", "0.0 s"]);
    let script = waiting(90, 0.3).progress(1, 3, 10);
    check(&script, ["running", "0 %", "40.0 MiB", "0.0 s"]);
}

#[test]
fn a_worker_that_runs_a_span_is_none_however_long() {
    let mut script = Script::default().process("worker", 7).start(1, "wait_for_job");
    script = script.wait(3_600 * S).metric(0.0, 40, 3);
    check(&script, ["running", "0 %", "40.0 MiB", "–"]);
    let mut script = Script::default().process("worker", 7).task(1, "wait_for_job");
    script = script.wait(3_600 * S).metric(0.0, 40, 3);
    check(&script, ["running", "0 %", "40.0 MiB", "–"]);
}

#[test]
fn one_that_is_stopped_shows_what_the_system_tells_of_it() {
    let mut script = waiting(2, 5.0).wait(8 * S);
    check(&script, ["stalled", "–", "–", "8.0 s"]);
    let outside = Outside {
        cpu_percent: Some(0.0),
        rss_bytes: 44 << 20,
        suspended: true,
        memory_limit: None,
    };
    script.board.logs[0].outside = Some(outside);
    check(&script, ["stalled, suspended", "0 %*", "44.0 MiB*", "8.0 s"]);
    script.look(|scene| assert_eq!(note(scene, true), "1 of 1 running  * read from outside"));
}

#[test]
fn one_that_ended_has_how_and_uses_nothing() {
    let script = waiting(1, 5.0).ends(EndKind::Exited(Some(3))).wait(90 * S);
    check(&script, ["failed, code 3", "–", "–", "–"]);
    let script = waiting(1, 5.0).ends(EndKind::Signal(15)).wait(90 * S);
    check(&script, ["stopped, SIGTERM", "–", "–", "–"]);
}

#[test]
fn those_that_live_stand_before_those_that_ended() {
    let mut script = Script::default().process("first", 1).wait(S).ends(EndKind::Closed);
    script = script.process("second", 2).wait(S).process("third", 3);
    assert_eq!(script.look(|scene| order(scene, None)), [1, 2, 0].map(LogIndex));
}
