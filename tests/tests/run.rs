//! `ferret run`: the command's output, exit code and signals stay its own.

use ferret_tests::{Output, Place, Talker, Terminal, analysis, example, ferret, output, row};
use rustix::process::Signal;
use std::ffi::OsStr;
use std::process::Command;

fn run(place: &Place, options: &[&str], command: &[&OsStr]) -> Command {
    let mut run = ferret();
    run.arg("run").arg("--log").arg(&place.log).args(options).arg("--").args(command);
    run
}

/// Runs a command line by `sh`, with `$0` one of the examples.
#[track_caller]
fn check(script: &str, program: &str, code: i32) -> (Place, Output) {
    let place = Place::new();
    let program = example(program);
    let command = ["sh", "-c", script].map(OsStr::new);
    let answer = output(&mut run(&place, &[], &[&command[..], &[program.get_program()]].concat()));
    assert_eq!(answer.code, Some(code), "{script}: {}", answer.stderr);
    (place, answer)
}

#[test]
fn the_commands_exit_code_is_passed_on() {
    check("exec \"$0\"", "hello", 0);
    check("exec \"$0\" 3", "exits", 3);
    check("exec \"$0\"", "panics", 101);
    check("kill -TERM $$", "hello", 143);
    check("kill -KILL $$", "hello", 137);
}

#[test]
fn a_command_that_cannot_be_started_has_a_code_of_its_own() {
    for (command, code, says) in [
        ("/nonexistent/command", 127, "not found"),
        ("/", 126, "cannot be executed"),
        ("/etc/hostname", 126, "cannot be executed"),
    ] {
        let place = Place::new();
        let answer = output(&mut run(&place, &[], &[OsStr::new(command)]));
        assert_eq!(answer.code, Some(code), "{command}: {}", answer.stderr);
        assert!(answer.stderr.contains(says), "{command}: {}", answer.stderr);
        assert!(!place.log.exists());
    }
}

#[test]
fn a_failure_of_ferret_itself_is_125() {
    let no_folder = output(ferret().args(["run", "--log", "/nonexistent/run.redb", "--", "true"]));
    assert_eq!(no_folder.code, Some(125), "{}", no_folder.stderr);
    let no_command = output(ferret().arg("run"));
    assert_eq!(no_command.code, Some(125), "{}", no_command.stderr);
    let place = Place::new();
    let no_tmux = output(&mut run(&place, &["--split"], &[OsStr::new("true")]));
    assert_eq!(no_tmux.code, Some(125), "{}", no_tmux.stderr);
    assert!(no_tmux.stderr.contains("tmux"), "{}", no_tmux.stderr);
}

#[test]
fn the_commands_output_is_its_own_and_the_summary_goes_to_stderr() {
    let alone = output(&mut example("hello"));
    let (place, answer) = check("exec \"$0\"", "hello", 0);
    assert_eq!(answer.stdout, alone.stdout);
    for word in ["greet", "compose", "ferret analyze"] {
        assert!(answer.stderr.contains(word), "no {word} in: {}", answer.stderr);
    }
    assert_eq!(row(&analysis(&place.log), "functions", "compose")["calls"], 4);
}

#[test]
fn what_only_a_parent_knows_is_in_the_log() {
    let place = Place::new();
    let exits = example("exits");
    let answer = output(&mut run(&place, &[], &[exits.get_program(), OsStr::new("3")]));
    assert_eq!(answer.code, Some(3));
    let entries = output(ferret().arg("log").arg(&place.log)).stdout;
    assert!(entries.contains("PROCESS_EXIT"), "{entries}");

    let killed = Place::new();
    let stuck = example("stuck");
    let mut running = Talker::start(&mut run(&killed, &[], &[stuck.get_program()]));
    running.hear_until("it listens", |line| (line == "ready").then_some(()));
    running.say("get stuck");
    running.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
    running.signal(Signal::TERM);
    assert_eq!(running.wait().code(), Some(143), "SIGTERM is passed on");
    let process = &analysis(&killed.log)["processes"][0];
    assert_eq!((&process["state"], &process["signal"]), (&"stopped".into(), &15.into()));
}

#[test]
fn a_command_that_runs_no_profiled_function_is_told_why_that_may_be() {
    let place = Place::new();
    let answer = output(&mut run(&place, &[], &[OsStr::new("true")]));
    assert_eq!(answer.code, Some(0));
    assert!(answer.stderr.contains("no profiled function ran"), "{}", answer.stderr);
    assert!(answer.stderr.contains("#[profile]"), "{}", answer.stderr);
}

#[test]
fn a_relative_log_is_found_by_a_command_that_changes_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let hello = example("hello");
    let answer = output(
        ferret()
            .current_dir(folder.path())
            .args(["run", "--log", "here.redb", "--", "sh", "-c", "cd / && exec \"$0\""])
            .arg(hello.get_program()),
    );
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(row(&analysis(&folder.path().join("here.redb")), "functions", "greet")["calls"], 1);
}

#[test]
fn a_status_line_a_second_goes_to_stderr_with_plain() {
    let place = Place::new();
    let stuck = example("stuck");
    let mut terminal = Terminal::start(&run(&place, &["--plain"], &[stuck.get_program()]));
    terminal.see("it listens", |screen| screen.contains("ready").then_some(()));
    terminal.press("get stuck\r");
    terminal.see("what it is stuck in", |screen| {
        let mut status = screen.lines().filter(|line| line.starts_with("ferret: "));
        status.any(|line| line.contains("wait_for_a_word")).then_some(())
    });
    terminal.press("\u{4}");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn ctrl_c_ends_the_command_and_ferret_says_what_it_did() {
    let place = Place::new();
    let signals = example("signals");
    let mut terminal = Terminal::start(&run(&place, &[], &[signals.get_program()]));
    terminal.see("it serves", |screen| screen.contains("serving").then_some(()));
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), 130);
    terminal.see("the summary", |screen| screen.contains("request").then_some(()));
    assert_eq!(analysis(&place.log)["processes"][0]["state"], "stopped");
}

#[test]
fn a_signal_that_ferret_was_told_to_ignore_is_ignored_by_the_command_too() {
    let place = Place::new();
    let command = ["sh", "-c", "kill -HUP $$; echo still here"].map(OsStr::new);
    let run = run(&place, &[], &command);
    let mut nohup = Command::new("nohup");
    nohup.arg(run.get_program()).args(run.get_args());
    let answer = output(&mut nohup);
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), "still here\n"));
}
