//! An annotated program that nobody records is the program without annotations: it says what it
//! says, and leaves nothing behind.

use ferret_tests::{Place, example, output};
use std::process::Command;

const GREETING: &str = "Hello, Ada!\nHello, Grace!\nGood day, Edsger!\nGood day, Barbara!\n";

/// Runs an example in an empty folder, which stands for every other that it could write to, and
/// expects what it prints.
#[track_caller]
fn check(program: &mut Command, stdout: &str) {
    let place = Place::new();
    program.current_dir(place.folder());
    for variable in ["HOME", "TMPDIR", "XDG_RUNTIME_DIR"] {
        program.env(variable, place.folder());
    }
    let ended = output(program);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{program:?}");
    assert_eq!(ended.stdout, stdout, "{program:?}");
    let left = std::fs::read_dir(place.folder()).expect("the folder can be listed");
    assert_eq!(left.count(), 0, "{program:?} has left something");
}

#[test]
fn a_program_without_a_log_prints_its_own_and_leaves_no_file() {
    check(&mut example("hello"), GREETING);
}

/// Counters, gauges, progress, marks and tags are nothing by themselves either.
#[test]
fn so_does_one_that_counts() {
    check(&mut example("counters"), "870\n");
}

#[test]
fn an_empty_name_of_a_log_is_none() {
    check(example("hello").env("FERRET_LOG", ""), GREETING);
}
