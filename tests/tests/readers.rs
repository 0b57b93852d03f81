//! Readers that are many, slow, stopped, or never let go: the program that is read does not notice,
//! and where it cannot write, what is lost is counted.

use ferret_tests::{Place, Ran, Steady, Talker, analysis, ferret, output, until};
use redb::backends::FileBackend;
use redb::{ConcurrencyMode, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, StorageBackend};
use rustix::process::Signal;
use std::fs::{File, OpenOptions};
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const STEADY: &str = env!("CARGO_BIN_EXE_steady");
const RATE: u32 = 100_000;

fn open(log: &Path) -> File {
    OpenOptions::new().read(true).write(true).open(log).expect("a log")
}

/// Opens the log as any program may, and begins a transaction.
fn pin(log: &Path) -> (ReadOnlyDatabase, ReadTransaction) {
    let database = redb::Builder::new()
        .set_concurrency_mode(ConcurrencyMode::SingleWriter)
        .open_read_only_with_backend(FileBackend::new(open(log)).expect("a log"))
        .expect("a log beside its writer");
    let pinned = database.begin_read().expect("a transaction");
    (database, pinned)
}

/// What the file takes on the disk, bytes.
fn allocated(log: &Path) -> u64 {
    std::fs::metadata(log).expect("a log").blocks() * 512
}

fn recorded(log: &Path) -> (u64, u64) {
    let report = analysis(log);
    let count = |what| report["run"][what].as_u64().expect("a count");
    (count("spans"), count("dropped_spans"))
}

/// Bounds for a machine that does other things at the same time. A span that waited for a reader
/// would cost a thousand times as much.
#[track_caller]
fn is_undisturbed(usual: Ran, now: Ran) {
    let most = usual.span_ps * 3 + 2_000_000;
    assert!(now.span_ps < most, "a span cost {} ps, and now {}", usual.span_ps, now.span_ps);
}

/// Ends the program; every span is in its log, or said to be lost.
#[track_caller]
fn all_is_told(mut program: Steady, log: &Path) -> (u64, Vec<String>) {
    let spans = program.run(0, 0).spans;
    let (status, said) = program.end();
    assert!(status.success());
    let (calls, dropped) = recorded(log);
    assert_eq!(calls + dropped, spans, "{dropped} dropped");
    (dropped, said)
}

#[test]
fn twenty_readers_of_whom_some_are_stopped_cost_the_program_nothing() {
    let place = Place::new();
    let mut program = Steady::start(STEADY, &place.log);
    let usual = program.run(500, RATE);
    until("the log", || place.log.exists().then_some(()));
    let mut readers: Vec<_> = (0..20)
        .map(|number| {
            let mut command = ferret();
            match number % 2 {
                0 => command.args(["watch", "--plain"]).arg(&place.log),
                _ => command.args(["log", "--follow"]).arg(&place.log),
            };
            Talker::start(&mut command)
        })
        .collect();
    for reader in &mut readers {
        reader.hear_until("what it reads", |_| Some(()));
    }
    is_undisturbed(usual, program.run(1_000, RATE));
    for reader in readers.iter().step_by(3) {
        reader.signal(Signal::STOP);
    }
    is_undisturbed(usual, program.run(1_000, RATE));
    // Commits go on beside those who are stopped outside the lock; one that happens to be inside it
    // is let out.
    let before = program.run(100, RATE).spans;
    for reader in readers.iter().step_by(3) {
        reader.signal(Signal::CONT);
    }
    until("what came meanwhile", || (recorded(&place.log).0 >= before).then_some(()));
    drop(readers);
    let (dropped, said) = all_is_told(program, &place.log);
    assert_eq!(dropped, 0);
    assert!(said.len() <= 1, "at most that a reader did not let go: {said:?}");
}

/// A reader that is stopped inside redb's lock, for certain.
#[test]
fn a_reader_stopped_inside_the_lock_costs_spans_and_they_are_counted() {
    let place = Place::new();
    let mut program = Steady::start(STEADY, &place.log);
    let usual = program.run(500, RATE);
    let reader = FileBackend::new(open(&place.log)).unwrap();
    let header = (Bound::Included(0), Bound::Excluded(320));
    until("the lock", || reader.try_lock_range(header.0, header.1).unwrap().then_some(()));
    // What the batch and the chunks hold, and more.
    let before = program.run(0, 0).spans;
    until("more than can be held", || (program.run(500, 0).spans - before > 600_000).then_some(()));
    is_undisturbed(usual, program.run(500, RATE));
    reader.unlock_range(header.0, header.1).unwrap();
    let after = program.run(500, RATE);
    is_undisturbed(usual, after);
    until("what was held", || (recorded(&place.log).1 > 0).then_some(()));
    let (dropped, said) = all_is_told(program, &place.log);
    assert!(dropped > 0);
    assert_eq!(said, [""; 0]);
}

/// Every commit took twenty kilobytes more, for nothing.
#[test]
fn a_reader_that_never_lets_go_does_not_make_the_file_grow() {
    let place = Place::new();
    let mut program = Steady::start(STEADY, &place.log);
    let usual = program.run(200, 1_000);
    until("the log", || place.log.exists().then_some(()));
    let pinned = pin(&place.log);
    until("that it is seen", || {
        program.run(200, 1_000);
        (!program.said().is_empty()).then_some(())
    });
    let before = allocated(&place.log);
    is_undisturbed(usual, program.run(4_000, 1_000));
    let grown = allocated(&place.log) - before;
    assert!(grown < 600_000, "{grown} bytes in four seconds, for 4,000 spans");
    drop(pinned);
    let (dropped, said) = all_is_told(program, &place.log);
    assert_eq!(dropped, 0);
    assert!(matches!(&said[..], [line] if line.contains("does not let go")), "{said:?}");
}

/// The file grew past any limit, by all that was written.
#[test]
fn a_log_that_may_take_no_more_stops_while_a_reader_does_not_let_go() {
    const LIMIT: u64 = 2 << 20;
    for ends in [false, true] {
        let place = Place::new();
        let limit = [("FERRET_MAX_BYTES", "2MiB")];
        let mut program = Steady::start_with(STEADY, &place.log, &limit);
        let usual = program.run(500, RATE);
        until("a log that is full", || {
            program.run(500, RATE);
            (allocated(&place.log) > LIMIT * 8 / 10).then_some(())
        });
        let pinned = pin(&place.log);
        until("that it is said", || {
            is_undisturbed(usual, program.run(500, RATE));
            program.said().iter().any(|line| line.contains("bytes that it may")).then_some(())
        });
        if ends {
            let (status, said) = program.end();
            assert!(status.success());
            let full = said.iter().filter(|line| line.contains("cannot be written"));
            assert_eq!(full.count(), 1, "{said:?}");
            assert!(said.len() <= 2, "and that a reader does not let go: {said:?}");
            assert!(allocated(&place.log) <= LIMIT + LIMIT / 10, "{}", allocated(&place.log));
            // What waited is in memory that outlives the program: whoever opens the log next saves it.
            let report = analysis(&place.log);
            assert_eq!(report["processes"][0]["state"], "exited", "{report}");
            assert_eq!(report["logs"][0]["partial"], true, "{report}");
            continue;
        }
        let before = program.run(0, 0).spans;
        let lost = |program: &mut Steady| program.run(500, 0).spans > before + 700_000;
        until("more than can be held", || lost(&mut program).then_some(()));
        is_undisturbed(usual, program.run(500, RATE));
        assert!(allocated(&place.log) <= LIMIT + LIMIT / 10, "{}", allocated(&place.log));
        assert_eq!(recorded(&place.log).1, 0, "it can be read, and nothing new is there");
        drop(pinned);
        until("recording to go on", || {
            program.run(100, RATE);
            program.said().iter().any(|line| line.contains("written again")).then_some(())
        });
        program.run(500, RATE);
        let (status, _) = program.end();
        assert!(status.success());
        assert!(recorded(&place.log).1 > 0, "what was lost is counted");
        assert_eq!(output(ferret().arg("check").arg(&place.log)).code, Some(0));
    }
}
