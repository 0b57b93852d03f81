//! The states that a process can be in, as the two commands that tell it tell it.

use ferret::event::{LogTime, ProcessStart};
use ferret::log::{Durability, Limits, Writer};
use ferret_tests::{Place, Talker, analysis, example, ferret, json, on_disk_of, output, until};
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::process::Command;

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

fn this_host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
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

/// Stops it, in the sense of a shell. Not in the middle of a commit, which would leave readers waiting: those come
/// when something is to be said, and every second with its metrics.
fn stop(program: &Talker, place: &Place) {
    until("a stop between two commits", || {
        program.signal(Signal::STOP);
        let seen = output(ferret().args(["watch", "--once", "--json"]).arg(&place.log));
        if seen.code != Some(0) {
            program.signal(Signal::CONT);
        }
        (seen.code == Some(0)).then_some(())
    });
}

/// Alive, and silent.
#[test]
fn stalled() {
    let place = Place::new();
    let program = stuck(&place);
    stop(&program, &place);
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

/// Nobody holds its lock, and yet it lives: that of the original.
#[test]
fn unknown_in_a_copy() {
    let place = Place::new();
    let program = stuck(&place);
    stop(&program, &place);
    let copied = Place::new();
    fs::copy(&place.log, &copied.log).unwrap();
    check(&copied, "unknown", &Value::Null, &Value::Null);
    let checked = output(ferret().arg("check").arg(&copied.log));
    assert!(checked.stdout.contains("unknown"), "{}", checked.stdout);
    program.signal(Signal::CONT);
    until("a sign of life", || (told(&place)[0]["state"] == "running").then_some(()));
    // How the original ends says nothing of what the copy was of either.
    program.signal(Signal::KILL);
    program.wait();
    check(&place, "crashed", &Value::Null, &Value::Null);
    check(&copied, "unknown", &Value::Null, &Value::Null);
}

/// A process that has a `/dev/shm` of its own: as long as it lives its lock says so. What it left behind is not to be
/// seen, and how it ended lies there.
#[test]
fn unknown_in_another_container() {
    on_disk_of(1, "unknown_in_another_container", |_| {
        let place = Place::new();
        let elsewhere = r#"mount -t tmpfs -o size=64m ferret-test /dev/shm && exec "$0""#;
        let mut command = Command::new("unshare");
        command.args(["-m", "/bin/sh", "-c", elsewhere]).arg(example("stuck").get_program());
        let mut program = Talker::start(command.env("FERRET_LOG", &place.log));
        program.say("get stuck");
        program.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
        until("its log", || place.log.exists().then_some(()));
        check(&place, "running", &Value::Null, &Value::Null);
        program.signal(Signal::KILL);
        program.wait();
        check(&place, "unknown", &Value::Null, &Value::Null);
        let analyzed = output(ferret().arg("analyze").arg(&place.log));
        assert!(analyzed.stderr.contains("another container"), "{}", analyzed.stderr);
        let report = analysis(&place.log);
        assert_eq!(report["logs"][0]["salvaged_entries"], 0, "nothing is written: {report:#}");
    });
}

/// The log of another machine, which may go on there.
#[test]
fn unknown_on_another_machine() {
    let hosts = [("elsewhere".to_owned(), "unknown"), (this_host(), "crashed")];
    for (host, state) in hosts {
        let place = Place::new();
        let boot_id = "00000000-0000-0000-0000-000000000000".to_owned();
        let start = ProcessStart { host, boot_id, ..ProcessStart::default() };
        let log = ferret::log::Place {
            path: place.log.clone(),
            join: None,
            keep_families: 10,
            durability: Durability::Process,
            limits: Limits::default(),
            outlived: true,
            unsaved: |_folder| ferret::log::Unsaved::new(),
        };
        drop(Writer::create(&log, start, LogTime(1)).unwrap());
        check(&place, state, &Value::Null, &Value::Null);
    }
}
