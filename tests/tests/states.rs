//! The states that a process can be in, as the two commands that tell it tell it. All but `unknown`: that is
//! of a log where nobody can be asked who holds its lock, and there redb does not open it either.

use ferret_tests::{Place, Talker, analysis, example, ferret, json, output, until};
use rustix::process::Signal;
use serde_json::Value;

/// What `watch` and `analyze` say of the one process.
fn told(place: &Place) -> [Value; 2] {
    let watched = json(ferret().args(["watch", "--once", "--json"]).arg(&place.log));
    [watched, analysis(&place.log)].map(|report| report["processes"][0].clone())
}

#[track_caller]
fn check(place: &Place, state: &str, exit_code: &Value, signal: &Value) {
    for process in told(place) {
        let found = (&process["state"], &process["exit_code"], &process["signal"]);
        assert_eq!(found, (&state.into(), exit_code, signal), "{process:#}");
    }
}

/// A program that waits for what it is told, and has said so in its log.
fn stuck(place: &Place) -> Talker {
    let mut program = Talker::start(example("stuck").env("FERRET_LOG", &place.log));
    program.say("get stuck");
    program.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
    until("its log", || place.log.exists().then_some(()));
    program
}

#[test]
fn running() {
    let place = Place::new();
    let _program = stuck(&place);
    check(&place, "running", &Value::Null, &Value::Null);
}

/// Stopped, in the sense of a shell: alive, and silent.
#[test]
fn stalled() {
    let place = Place::new();
    let program = stuck(&place);
    // Not in the middle of a commit, which would leave readers waiting: those come when something is to
    // be said, and every second with its metrics.
    until("a stop between two commits", || {
        program.signal(Signal::STOP);
        let seen = output(ferret().args(["watch", "--once", "--json"]).arg(&place.log));
        if seen.code != Some(0) {
            program.signal(Signal::CONT);
        }
        (seen.code == Some(0)).then_some(())
    });
    until("that it is missed", || (told(&place)[0]["state"] == "stalled").then_some(()));
    check(&place, "stalled", &Value::Null, &Value::Null);
    program.signal(Signal::CONT);
    until("a sign of life", || (told(&place)[0]["state"] == "running").then_some(()));
}

#[test]
fn exited() {
    let place = Place::new();
    assert_eq!(output(example("hello").env("FERRET_LOG", &place.log)).code, Some(0));
    check(&place, "exited", &0.into(), &Value::Null);
}

#[test]
fn failed() {
    let place = Place::new();
    assert_eq!(output(example("exits").arg("3").env("FERRET_LOG", &place.log)).code, Some(3));
    check(&place, "failed", &3.into(), &Value::Null);
}

/// With a recording that handles signals, and beneath `ferret run`, which sees what it was.
#[test]
fn stopped() {
    for (signal, number) in [(Signal::TERM, 15), (Signal::INT, 2), (Signal::HUP, 1)] {
        let place = Place::new();
        let mut server = Talker::start(example("signals").env("FERRET_LOG", &place.log));
        server.hear_until("it serves", |line| (line == "serving").then_some(()));
        server.signal(signal);
        server.wait();
        check(&place, "stopped", &Value::Null, &number.into());
    }
    let place = Place::new();
    let mut run = ferret();
    run.arg("run").arg("--log").arg(&place.log).args(["--", "sh", "-c", "exec \"$0\""]);
    run.arg(example("stuck").get_program());
    let mut run = Talker::start(&mut run);
    run.say("get stuck");
    run.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
    run.signal(Signal::TERM);
    assert_eq!(run.wait().code(), Some(128 + 15));
    check(&place, "stopped", &Value::Null, &15.into());
}

#[test]
fn crashed() {
    let place = Place::new();
    let program = stuck(&place);
    program.signal(Signal::KILL);
    program.wait();
    check(&place, "crashed", &Value::Null, &Value::Null);
}
