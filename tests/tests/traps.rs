//! A host that catches signals itself goes on doing so, whenever it began to, and whether its recording
//! handles signals or not.

use ferret_tests::{Place, Talker, analysis, row, rows, until};
use rustix::process::Signal;
use std::process::Command;

#[track_caller]
fn check(arguments: &[&str]) {
    let place = Place::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_traps"));
    command.args(arguments).env("FERRET_LOG", &place.log).env_remove("FERRET_RUN");
    let mut host = Talker::start(&mut command);
    host.hear_until("it listens", |line| (line == "ready").then_some(()));
    let signals = [(Signal::TERM, 15), (Signal::HUP, 1), (Signal::INT, 2)];
    for ((signal, number), so_far) in signals.into_iter().zip(1..) {
        host.signal(signal);
        assert_eq!(host.hear(), Some(format!("caught {number}")), "{arguments:?}");
        // So that the recorder has looked: the next comes when it has done what it does about this one.
        if so_far < 3 {
            until("what the host does about it, in the log", || {
                let report = analysis(&place.log);
                let mut functions = rows(&report, "functions").iter();
                functions.any(|row| row["name"] == "react" && row["calls"] == so_far).then_some(())
            });
        }
    }
    assert_eq!(host.wait().code(), Some(7), "{arguments:?}: it ends itself");

    // It was recorded to its end, which was its own.
    let report = analysis(&place.log);
    let process = &report["processes"][0];
    assert_eq!(process["signal"], serde_json::Value::Null, "{arguments:?}: {process:#}");
    assert_eq!(row(&report, "functions", "react")["calls"], 3, "{arguments:?}");
    assert_eq!(row(&report, "functions", "serve")["calls"], 1, "{arguments:?}");
    assert_eq!(report["run"]["open_spans"], 0, "{arguments:?}");
}

#[test]
fn that_began_before_its_recording() {
    check(&["before"]);
}

#[test]
fn that_began_before_its_recording_which_handles_signals() {
    check(&["before", "handled"]);
}

#[test]
fn that_began_after_its_recording() {
    check(&["after"]);
}

/// The host's handler calls the one that it found, as those of `signal-hook` and `tokio` do. The
/// recording took that for a signal which nobody else caught, and ended.
#[test]
fn that_began_after_its_recording_which_handles_signals() {
    check(&["after", "handled"]);
}
