//! What recording may not do to the process it is in. Each case is this test binary again, playing
//! a part that a variable names, since what is at stake is the process's own: its signals, its
//! children, its stderr.
#![cfg(all(feature = "record", feature = "read", not(feature = "off")))]
#![expect(unsafe_code, reason = "fork has no safe face")]

use ferret::event::LogEntry;
use ferret::log::{ReadOptions, Tail};
use ferret::{Options, profile};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const PART: &str = "FERRET_TEST_PART";

/// The program that plays `part`, with a log in `folder`.
fn program(part: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args(["--exact", "plays_its_part", "--nocapture"])
        .env(PART, part)
        .env("FERRET_LOG", folder.join("run.redb"))
        .stdout(Stdio::null());
    command
}

#[track_caller]
fn check(part: &str, expect: impl FnOnce(ExitStatus) -> bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let status = program(part, folder.path()).status().expect("it starts");
    assert!(expect(status), "{part}: {status}");
}

/// The first Ctrl-C after the session's end did nothing.
#[test]
fn signals_mean_what_they_did_when_the_session_has_ended() {
    check("signal after the end", |status| status.signal() == Some(libc::SIGTERM));
}

/// A child had the parent's handlers, and nobody to look at what they note.
#[test]
fn signals_mean_what_they_did_in_a_forked_child() {
    check("signal in a child", |status| status.success());
}

#[test]
fn a_forked_child_keeps_its_files_and_records_into_a_log_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    assert!(program("record in a child", folder.path()).status().unwrap().success());
    let logs = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(logs, 2, "the parent's and the child's");
}

/// A thread's first span waited for another thread that was starting the recording, which waits for
/// the folder's lock.
#[test]
fn a_span_does_not_wait_for_a_start_that_waits() {
    let folder = tempfile::tempdir().unwrap();
    let held = std::fs::File::open(folder.path()).unwrap();
    held.lock().unwrap();
    assert!(program("span beside a start", folder.path()).status().unwrap().success());
}

/// All threads but the one that started the recording lost their first spans.
#[test]
fn threads_that_begin_together_lose_no_first_span() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        assert!(program("begin together", folder.path()).status().unwrap().success());
        let mut log = Tail::open(&folder.path().join("run.redb"), &ReadOptions::default()).unwrap();
        let entries = log.poll(usize::MAX).unwrap();
        let begun = entries.iter().filter(|e| matches!(e.what, LogEntry::SpanStart { .. })).count();
        assert_eq!(begun, 8);
    }
}

/// `eprintln!` panics where stderr is gone: in the host's thread, at its first span.
#[test]
fn a_recording_that_cannot_start_panics_nowhere_though_nobody_reads_stderr() {
    let nowhere = Path::new("/proc/no such folder");
    let mut child = program("only spans", nowhere).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn plays_its_part() {
    let Ok(part) = std::env::var(PART) else { return };
    let options = Options { handle_signals: true, ..Options::new("run.redb") };
    match part.as_str() {
        "signal after the end" => {
            drop(options.start().unwrap());
            ask_to_end();
        }
        "signal in a child" => {
            let session = options.start().unwrap();
            assert_eq!(in_child(ask_to_end).signal(), Some(libc::SIGTERM));
            drop(session);
        }
        "record in a child" => {
            let session = options.start().unwrap();
            let file = std::fs::File::open("/dev/null").unwrap();
            let recorded = in_child(|| {
                work();
                file.metadata().unwrap();
            });
            assert_eq!(recorded.code(), Some(0));
            drop(session);
        }
        "span beside a start" => {
            let threads: Vec<_> =
                (0..4).map(|_| std::thread::Builder::new().spawn(longest_span).unwrap()).collect();
            let longest = threads.into_iter().map(|thread| thread.join().unwrap());
            let waited = longest.filter(|longest| *longest > Duration::from_millis(700)).count();
            assert_eq!(waited, 1, "the one that starts the recording");
        }
        "begin together" => {
            let together = std::sync::Barrier::new(8);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        together.wait();
                        work();
                    });
                }
            });
        }
        "only spans" => work(),
        other => panic!("no part: {other}"),
    }
}

#[profile]
fn work() {}

/// Runs spans for a second; gives what the longest took.
#[expect(clippy::disallowed_methods, reason = "times spans")]
fn longest_span() -> Duration {
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    while start.elapsed() < Duration::from_secs(1) {
        let began = Instant::now();
        work();
        longest = longest.max(began.elapsed());
    }
    longest
}

/// Sends SIGTERM to this process and survives it for a second at most.
fn ask_to_end() {
    let (own, signal) = (rustix::process::getpid(), rustix::process::Signal::TERM);
    rustix::process::kill_process(own, signal).expect("a signal is sent");
    std::thread::sleep(Duration::from_secs(1));
}

/// What becomes of a forked child that does this and ends.
fn in_child(does: impl FnOnce()) -> ExitStatus {
    // SAFETY: the child does what a program may do: Ferret's hooks have to cope.
    let child = unsafe { libc::fork() };
    if child == 0 {
        does();
        std::process::exit(0);
    }
    let mut status = 0;
    // SAFETY: waits for a child of ours, and writes where it may.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    ExitStatus::from_raw(status)
}
