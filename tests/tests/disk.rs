//! Where a log cannot be written, or is taken away: the program goes on, one line says what is the
//! matter, and what was lost is counted.

use ferret_tests::{
    Place, Ran, Steady, Talker, ballast, counted, example, ferret, on_disk_of, output, until,
};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

const STEADY: &str = env!("CARGO_BIN_EXE_steady");

/// The log can be read, and nothing in it is damaged.
#[track_caller]
fn is_sound(log: &Path) {
    let checked = output(ferret().arg("check").arg(log));
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
}

/// Recording costs about what it did, as far as a program without optimizations can tell, on a machine
/// that does other things: a span that waited for the disk would cost a thousand times as much.
#[track_caller]
fn is_undisturbed(usual: Ran, now: Ran) {
    let most = usual.span_ps * 3 + 2_000_000;
    assert!(now.span_ps < most, "a span cost {} ps, and now {}", usual.span_ps, now.span_ps);
}

/// Runs spans until the disk is full, and the program has said so.
fn fill(program: &mut Steady) {
    until("the full disk", || {
        program.run(100, 0);
        (!program.said().is_empty()).then_some(())
    });
}

#[test]
fn a_full_disk_stops_nobody_and_what_is_lost_is_counted() {
    on_disk_of(80, "a_full_disk_stops_nobody_and_what_is_lost_is_counted", |disk| {
        let (log, ballast) = (disk.join("run.redb"), ballast(disk, 76));
        let mut program = Steady::start(STEADY, &log);
        let usual = program.run(500, 100_000);
        fill(&mut program);
        // More than the batch and the chunks hold.
        let before = program.run(0, 0).spans;
        let lost = |program: &mut Steady| program.run(500, 0).spans > before + 600_000;
        until("a loss", || lost(&mut program).then_some(()));
        is_undisturbed(usual, program.run(500, 100_000));
        is_sound(&log);
        std::fs::remove_file(ballast).unwrap();
        until("recording to go on", || (program.said().len() > 1).then_some(()));
        let all = program.run(200, 100_000);
        is_undisturbed(usual, all);
        let (status, said) = program.end();
        assert!(status.success());
        let [full, over] = &said[..] else { panic!("{said:?}") };
        assert!(full.contains("the log cannot be written: No space left on device"), "{full}");
        assert!(over.contains("can be written again"), "{over}");
        is_sound(&log);
        let (recorded, dropped) = counted(&log);
        assert!(dropped > 0, "all {recorded} were kept");
        assert_eq!(recorded + dropped, all.spans, "{dropped} dropped");
    });
}

#[test]
fn a_program_that_ends_on_a_full_disk_leaves_a_log_that_can_be_read() {
    on_disk_of(8, "a_program_that_ends_on_a_full_disk_leaves_a_log_that_can_be_read", |disk| {
        for kills in [false, true] {
            let log = disk.join(format!("{kills}.redb"));
            let room = ballast(disk, 4);
            let mut program = Steady::start(STEADY, &log);
            fill(&mut program);
            let spans = program.run(10, 1_000).spans;
            if kills {
                program.kill();
            } else {
                let (status, said) = program.end();
                assert!(status.success());
                assert_eq!(said.len(), 1, "{said:?}");
            }
            let (recorded, dropped) = counted(&log);
            assert!(recorded > 0 && recorded + dropped <= spans, "{recorded} and {dropped}");
            is_sound(&log);
            std::fs::remove_file(room).unwrap();
            std::fs::remove_file(log).unwrap();
        }
    });
}

/// It saw what had been there when it began, and nothing more: a log that its process could not write, and
/// that was not to be repaired either, had been recovered in memory.
#[test]
fn who_attaches_while_the_disk_is_full_follows_when_there_is_room_again() {
    on_disk_of(
        40,
        "who_attaches_while_the_disk_is_full_follows_when_there_is_room_again",
        |disk| {
            for how in [&["--read-only"][..], &[]] {
                let (log, ballast) = (disk.join("run.redb"), ballast(disk, 36));
                let mut program = Steady::start(STEADY, &log);
                fill(&mut program);
                let mut readers = [&["log", "--follow"], &["watch", "--plain"]].map(|what| {
                    let mut reader = Talker::start(ferret().args(what).args(how).arg(&log));
                    reader.hear_until("what is there", |line| line.contains("noted").then_some(()));
                    reader
                });
                program.run(500, 1_000);
                std::fs::remove_file(ballast).unwrap();
                until("recording to go on", || (program.said().len() > 1).then_some(()));
                let spans = program.run(500, 1_000).spans;
                let (status, _) = program.end();
                assert!(status.success());
                let [follows, watches] = &mut readers;
                follows.hear_until("the end", |line| line.contains("PROCESS_END").then_some(()));
                watches.hear_until("the end", |line| line.contains("exited").then_some(()));
                let (recorded, dropped) = counted(&log);
                assert_eq!(recorded + dropped, spans);
                is_sound(&log);
                std::fs::remove_file(log).unwrap();
            }
        },
    );
}

/// A place where no log can be: the program does what it does, and one line says why it is not
/// recorded.
#[track_caller]
fn is_refused(program: &mut Command, log: &Path, why: &str) {
    let expected = output(&mut example("hello"));
    let run = output(program.env("FERRET_LOG", log));
    assert_eq!((run.code, &run.stdout), (Some(0), &expected.stdout), "{}", run.stderr);
    let lines: Vec<_> = run.stderr.lines().collect();
    let [line] = lines[..] else { panic!("{}", run.stderr) };
    assert!(line.starts_with("ferret: not recording: ") && line.contains(why), "{line}");
}

#[test]
fn where_no_log_can_be_the_program_runs_and_is_told_why() {
    let place = Place::new();
    let folder = place.folder();
    is_refused(&mut example("hello"), folder, "is not a log");
    is_refused(&mut example("hello"), &folder.join("missing/run.redb"), "No such file");

    let (letter, link) = (folder.join("letter"), folder.join("link.redb"));
    std::fs::write(&letter, "not a log").unwrap();
    is_refused(&mut example("hello"), &letter, "is not a log");
    std::os::unix::fs::symlink(&letter, &link).unwrap();
    is_refused(&mut example("hello"), &link, "is a symbolic link");
    assert_eq!(std::fs::read_to_string(&letter).unwrap(), "not a log");

    let closed = folder.join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o555)).unwrap();
    let mut program = example("hello");
    if std::fs::metadata(folder).unwrap().uid() == 0 {
        // Who may write everywhere becomes somebody who may not, and can read what it runs.
        let copy = folder.join("hello");
        std::fs::copy(program.get_program(), &copy).unwrap();
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
        program = Command::new(copy);
        program.uid(65_534).gid(65_534);
    }
    is_refused(&mut program, &closed.join("run.redb"), "Permission denied");
    assert_eq!(std::fs::read_dir(&closed).unwrap().count(), 0);
}

#[test]
fn where_nothing_may_be_written_the_program_runs_and_is_told_why() {
    on_disk_of(1, "where_nothing_may_be_written_the_program_runs_and_is_told_why", |disk| {
        let options = ["-o", "remount,ro"];
        let mounted = Command::new("mount").args(options).arg(disk).status().unwrap();
        assert!(mounted.success());
        is_refused(&mut example("hello"), &disk.join("run.redb"), "Read-only file system");
    });
}

#[test]
fn a_log_is_its_owners_alone() {
    let place = Place::new();
    output(example("hello").env("FERRET_LOG", &place.log));
    assert_eq!(std::fs::metadata(&place.log).unwrap().mode() & 0o777, 0o600);
}

/// Everything went into a file that nobody could find; into a truncated one, until redb panicked.
#[test]
fn a_log_that_is_taken_away_is_followed_by_another() {
    for (what, truncates) in [("was removed", false), ("was truncated", true)] {
        let place = Place::new();
        let mut program = Steady::start(STEADY, &place.log);
        let before = program.run(100, 10_000).spans;
        until("the first spans in the log", || (counted(&place.log).0 == before).then_some(()));
        if truncates {
            std::fs::File::create(&place.log).unwrap();
        } else {
            std::fs::remove_file(&place.log).unwrap();
        }
        until("another log", || {
            program.run(50, 10_000);
            (!program.said().is_empty()).then_some(())
        });
        let all = program.run(0, 0).spans;
        let (status, said) = program.end();
        assert!(status.success());
        assert!(matches!(&said[..], [line] if line.contains(what)), "{said:?}");
        is_sound(&place.log);
        let (recorded, dropped) = counted(&place.log);
        assert_eq!(dropped, 0);
        // What was committed in the last second before it was looked at again went with the first.
        assert!(recorded > 0 && recorded <= all - before, "{recorded} of {all}");
    }
}
