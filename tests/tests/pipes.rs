//! A reader that has had enough closes the pipe: that is no error.

use ferret_tests::{Place, example, ferret, output};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

#[test]
fn a_closed_pipe_ends_every_command_quietly() {
    let place = Place::new();
    // Together more than a pipe holds.
    for _ in 0..10 {
        assert_eq!(output(example("workers").env("FERRET_LOG", &place.log)).code, Some(0));
    }
    let folder = place.folder().to_str().expect("UTF-8").to_owned();
    for command in [
        &["log", &folder][..],
        &["log", "--json", &folder],
        &["analyze", "--json", &folder],
        &["check", &folder],
        &["export", "--format", "chrome", &folder],
        &["export", "--format", "speedscope", &folder],
        &["export", "--format", "folded", &folder],
        &["export", "--format", "flamegraph", &folder],
        &["export", "--format", "jsonl", &folder],
        &["export", "--format", "csv", &folder],
        &["completions", "bash"],
        &["man"],
        &["--help"],
    ] {
        let mut program = ferret()
            .args(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let mut stdout = BufReader::new(program.stdout.take().unwrap());
        stdout.read_line(&mut first).unwrap();
        drop(stdout);
        let mut said = String::new();
        program.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let code = program.wait().unwrap().code();
        assert_eq!((code, said.as_str()), (Some(0), ""), "{command:?}, after {first:?}");
    }
}

#[test]
fn a_gate_is_told_by_the_exit_code_however_little_is_read() {
    let place = Place::new();
    assert_eq!(output(example("workers").env("FERRET_LOG", &place.log)).code, Some(0));
    let log = place.log.to_str().expect("UTF-8");
    for command in [&["analyze", log][..], &["diff", log, log]] {
        let mut program = ferret()
            .args(command)
            .args(["--fail-if", "any.calls > 0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(program.stdout.take());
        assert_eq!(program.wait().unwrap().code(), Some(1), "{command:?}");
    }
}
