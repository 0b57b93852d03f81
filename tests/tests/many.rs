//! Very many of what a program usually has a few of: threads that come and go, recordings one after the
//! other. And a clock that is not the one on the wall.

use ferret::event::LogTime;
use ferret::log::{ReadOptions, Tail};
use ferret_tests::{
    Place, Talker, analysis, boot_time_ns, example, ferret, json, output, row, rows, until,
};
use std::process::Command;

const THREADS: u64 = 10_000;
/// What the whole program may take more, meanwhile: far less than a first chunk for each thread.
const MOST_KIB: u64 = 24 << 10;

fn fates(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fates"));
    command.args(arguments).env("FERRET_LOG", &place.log).env_remove("FERRET_RUN");
    command
}

#[test]
fn ten_thousand_threads_come_and_go_and_leave_their_spans_alone() {
    let place = Place::new();
    let mut program = Talker::start(&mut fates(&place, &["churn", &THREADS.to_string()]));
    let grown_kib: u64 = program.hear_until("it has seen them go", |line| line.parse().ok());
    assert!(grown_kib < MOST_KIB, "{grown_kib} KiB more");
    // They are gone, and the live view has none of them.
    let seen = until("all of them in the log", || {
        let seen = json(ferret().args(["watch", "--once", "--json"]).arg(&place.log));
        (seen["run"]["spans"] == THREADS + 1_000).then_some(seen)
    });
    assert_eq!(rows(&seen, "open").len(), 0, "{:#}", seen["open"]);
    program.say("seen");
    assert!(program.end().success());

    let report = analysis(&place.log);
    assert_eq!(row(&report, "functions", "visit")["calls"], THREADS);
    assert_eq!(report["run"]["dropped_spans"], 0);
    assert_eq!(report["processes"][0]["threads"], THREADS + 1);
    let checked = output(ferret().arg("check").arg(&place.log));
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
}

/// As many as a program that records for a moment every second makes in a quarter of an hour.
#[test]
fn a_thousand_recordings_leave_no_descriptor_mapping_or_thread_behind() {
    let place = Place::new();
    let ended = output(&mut fates(&place, &["sessions", "1000"]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let told: Vec<Vec<u64>> = ended
        .stdout
        .lines()
        .map(|line| {
            line.split_whitespace().map(|number| number.parse().expect("numbers")).collect()
        })
        .collect();
    let [routine, last] = told.as_slice() else { panic!("{}", ended.stdout) };
    assert_eq!(routine[0], last[0], "descriptors: {told:?}");
    // The heap grows by a mapping now and then.
    assert!(last[1] <= routine[1] + 20, "mappings: {told:?}");
    assert_eq!(routine[2], last[2], "threads: {told:?}");
    // The last run, and nine finished ones.
    assert_eq!(place.logs().len(), 10, "{:?}", place.logs());
}

/// Wall time may be set, forward and back, while a program runs: log time is read from another clock.
/// (Of that one's own jumps `record/clock.rs` has unit tests.)
#[test]
fn more_logs_than_a_shell_gives_descriptors_are_read_all_the_same() {
    let place = Place::new();
    for number in 0..20 {
        let log = place.folder().join(format!("{number}.redb"));
        let done = output(example("hello").env("FERRET_LOG", log));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    let with = |limit: &str, arguments: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit {limit} && exec \"$0\" {arguments}")]);
        output(shell.arg(ferret().get_program()).current_dir(place.folder()))
    };
    for arguments in ["analyze .", "watch . --once", "check .", "log .", "export . --format chrome"]
    {
        let done = with("-Sn 24", arguments);
        assert_eq!((done.code, &*done.stderr), (Some(0), ""), "{arguments}");
    }
    let done = with("-n 24", "analyze .");
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("raise the limit with `ulimit -n`"), "{}", done.stderr);
}

#[test]
fn log_time_is_that_of_the_boot_clock_alone() {
    let place = Place::new();
    let before = LogTime(boot_time_ns());
    assert_eq!(output(example("hello").env("FERRET_LOG", &place.log)).code, Some(0));
    let after = LogTime(boot_time_ns());
    let mut log = Tail::open(&place.log, &ReadOptions::default()).unwrap();
    let entries = log.poll(usize::MAX).unwrap();
    assert!(entries.len() > 10, "{entries:?}");
    for entry in entries {
        assert!((before..=after).contains(&entry.time), "{before:?} {entry:?} {after:?}");
    }
}
