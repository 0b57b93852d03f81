//! The log of a program that was killed is found by its file, whatever it is called by then; and only that one.

use ferret::log::{ReadOptions, Tail};
use ferret::{Salvage, WhyLeft};
use ferret_tests::{Place, Steady, counted, ferret, output};
use std::fs;
use std::path::Path;

const STEADY: &str = env!("CARGO_BIN_EXE_steady");

/// Runs some spans into `log` and is killed; how many they were.
fn killed(log: &Path) -> u64 {
    let mut program = Steady::start(STEADY, log);
    // As fast as it can: much of that is not committed yet.
    let spans = program.run(100, 0).spans;
    program.kill();
    spans
}

/// Spans that the log tells of, as recorded or as lost.
fn told(log: &Path) -> u64 {
    let (spans, dropped) = counted(log);
    spans + dropped
}

fn tail(log: &Path) -> Tail {
    Tail::open(log, &ReadOptions::default()).expect("the log can be opened")
}

#[test]
fn one_that_was_moved_is_saved_where_it_is() {
    let place = Place::new();
    let spans = killed(&place.log);
    let folder = place.folder().join("elsewhere");
    fs::create_dir(&folder).unwrap();
    let moved = folder.join("kept.redb");
    fs::rename(&place.log, &moved).unwrap();
    let link = place.folder().join("latest.redb");
    std::os::unix::fs::symlink(&moved, &link).unwrap();
    let said = output(ferret().arg("analyze").arg(&link));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("were still in memory"), "{}", said.stderr);
    assert_eq!(told(&moved), spans);
}

#[test]
fn a_copy_is_left_alone_and_the_original_is_not() {
    let place = Place::new();
    let spans = killed(&place.log);
    let copy = place.folder().join("copy.redb");
    fs::copy(&place.log, &copy).unwrap();
    assert_eq!(ferret::salvage(&tail(&copy)).unwrap(), Salvage::Left(WhyLeft::Copy));
    assert!(matches!(ferret::salvage(&tail(&place.log)).unwrap(), Salvage::Salvaged { .. }));
    assert_eq!(ferret::salvage(&tail(&place.log)).unwrap(), Salvage::Ended);
    assert_eq!(told(&place.log), spans);
}

/// A program that is started again has the name of the one that was killed: what that left behind was written into
/// the log of the new one.
#[test]
fn what_the_last_run_left_is_not_given_to_the_next() {
    let place = Place::new();
    let first = killed(&place.log);
    let old = tail(&place.log);
    let mut next = Steady::start(STEADY, &place.log);
    let before = next.run(50, 1_000).spans;
    assert!(matches!(ferret::salvage(&old).unwrap(), Salvage::Salvaged { .. }));
    assert_eq!(ferret::salvage(&tail(&place.log)).unwrap(), Salvage::Alive);
    assert!(next.end().0.success());
    assert_eq!(told(&place.log), before);
    let moved = place.logs().into_iter().map(|name| place.folder().join(name));
    let moved = moved.into_iter().find(|log| *log != place.log).expect("the old run's log");
    assert_eq!(told(&moved), first);
}
