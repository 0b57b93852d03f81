//! Where there is little shared memory, or none: the program runs as ever, one line says what a kill would cost, and
//! a log that nothing can be saved for is left as it is.

use ferret_tests::{Place, Steady, counted, ferret, on_disk_of, output, until};
use std::path::Path;
use std::process::Command;

const STEADY: &str = env!("CARGO_BIN_EXE_steady");

/// Has `disk` in the place of `/dev/shm`, for the test's own mount namespace.
fn instead_of_shared_memory(disk: &Path, options: &str) {
    for arguments in [
        vec!["--bind".as_ref(), disk.as_os_str(), "/dev/shm".as_ref()],
        vec!["-o".as_ref(), options.as_ref(), "/dev/shm".as_ref()],
    ] {
        let status = Command::new("mount").args(arguments).status().expect("mount starts");
        assert!(status.success(), "{status}");
    }
}

/// A store into a page that the file system has no room for would end the program by SIGBUS.
#[test]
fn in_little_shared_memory_a_program_runs_as_ever() {
    on_disk_of(1, "in_little_shared_memory_a_program_runs_as_ever", |disk| {
        instead_of_shared_memory(disk, "remount,bind,rw");
        let place = Place::new();
        let mut program = Steady::start(STEADY, &place.log);
        // The chunks that go round are a megabyte.
        let mut ran = 0;
        until("a word about it", || {
            ran = program.run(50, 100_000).spans;
            (!program.said().is_empty()).then_some(())
        });
        assert!(program.said()[0].contains("/dev/shm"), "{:?}", program.said());
        let all = program.run(50, 100_000).spans;
        assert!(all > ran);
        // The end itself waits for a fifth of a second only.
        let told = || {
            let (spans, dropped) = counted(&place.log);
            spans + dropped
        };
        until("all of it to be read", || (told() >= all).then_some(()));
        assert!(program.end().0.success());
        assert_eq!(told(), all);
    });
}

/// What was not committed is lost, and nothing else; and that is said.
#[test]
fn without_shared_memory_a_kill_costs_the_last_tick() {
    on_disk_of(1, "without_shared_memory_a_kill_costs_the_last_tick", |disk| {
        instead_of_shared_memory(disk, "remount,bind,ro");
        let place = Place::new();
        let mut program = Steady::start(STEADY, &place.log);
        let ran = program.run(500, 50_000).spans;
        until("a word about it", || (!program.said().is_empty()).then_some(()));
        assert!(program.said()[0].contains("/dev/shm"), "{:?}", program.said());
        program.kill();
        let told = output(ferret().arg("analyze").arg(&place.log));
        assert!(told.stderr.contains("may be missing"), "{}", told.stderr);
        assert!(told.stdout.contains("crashed"), "{}", told.stdout);
        let (spans, dropped) = counted(&place.log);
        assert!(spans + dropped > ran / 2 && spans <= ran + 1, "{spans} of {ran}");
        assert_eq!(output(ferret().arg("check").arg(&place.log)).code, Some(0));
    });
}
