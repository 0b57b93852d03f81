//! A log ends cleanly however its program ends, with nothing in the program that sees to it.

use ferret_tests::{Place, Talker, analysis, example, names, output, row, until};
use rustix::process::Signal;
use std::process::Command;

/// Runs a program recording and looks at how its log says it ended.
#[track_caller]
fn check(program: &mut Command, code: i32, state: &str, open: &[&str]) -> serde_json::Value {
    let place = Place::new();
    let ended = output(program.env("FERRET_LOG", &place.log));
    assert_eq!(ended.code, Some(code), "{}", ended.stderr);
    assert!(!ended.stderr.contains("ferret:"), "ferret spoke in the host: {}", ended.stderr);
    let report = analysis(&place.log);
    let process = &report["processes"][0];
    assert_eq!(process["state"], state, "{process}");
    assert_eq!(process["exit_code"], code, "{process}");
    assert_eq!(report["logs"][0]["salvaged_entries"], 0, "it ended by itself");
    assert_eq!(names(&report, "open"), open);
    report
}

#[test]
fn a_return_from_main_is_a_clean_end() {
    let report = check(&mut example("hello"), 0, "exited", &[]);
    assert_eq!(row(&report, "functions", "compose")["calls"], 4);
    assert_eq!(row(&report, "functions", "greet")["calls"], 1);
}

#[test]
fn process_exit_is_a_clean_end_that_says_what_was_open() {
    check(example("exits").arg("3"), 3, "failed", &["main_loop", "give_up"]);
}

#[test]
fn a_panic_is_a_clean_end_and_counted_where_it_unwound() {
    let report = check(&mut example("panics"), 101, "failed", &[]);
    for function in ["outer", "inner"] {
        assert_eq!(row(&report, "functions", function)["panics"], 2, "{function}");
    }
    // 100 / 5, and 100 / 1 and 100 / 2, went well.
    assert_eq!(row(&report, "functions", "inner")["calls"], 5);
}

#[test]
fn a_handled_signal_is_a_clean_end_and_still_ends_the_program() {
    for (signal, number) in [(Signal::TERM, 15), (Signal::INT, 2), (Signal::HUP, 1)] {
        let place = Place::new();
        let mut server = Talker::start(example("signals").env("FERRET_LOG", &place.log));
        server.hear_until("it serves", |line| (line == "serving").then_some(()));
        server.signal(signal);
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&server.wait()), Some(number));
        let report = analysis(&place.log);
        assert_eq!(report["processes"][0]["state"], "stopped");
        assert_eq!(report["processes"][0]["signal"], number);
        assert_eq!(report["logs"][0]["salvaged_entries"], 0, "it ended by itself");
    }
}

#[test]
fn cancelled_futures_and_failed_ones_are_told_apart() {
    let report = check(&mut example("tasks"), 0, "exited", &[]);
    assert_eq!(row(&report, "functions", "patience")["cancelled"], 1);
    let fetch = row(&report, "functions", "fetch");
    assert_eq!((&fetch["calls"], &fetch["errors"]), (&4.into(), &1.into()));
}

#[test]
fn a_killed_program_leaves_a_log_that_opens_and_says_what_was_open() {
    let place = Place::new();
    let mut program = Talker::start(example("stuck").env("FERRET_LOG", &place.log));
    program.hear_until("it listens", |line| (line == "ready").then_some(()));
    program.say("get stuck");
    program.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
    until("the open span in the log", || {
        let report = analysis(&place.log);
        names(&report, "open").contains(&"wait_for_a_word").then_some(())
    });
    program.signal(Signal::KILL);
    program.wait();

    let report = analysis(&place.log);
    assert_eq!(report["processes"][0]["state"], "crashed");
    assert_eq!(names(&report, "open"), ["serve", "wait_for_a_word"]);
    let again = analysis(&place.log);
    assert_eq!(again["functions"], report["functions"], "repairing changed nothing");
}
