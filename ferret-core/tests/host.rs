//! What recording may not do to the process it is in. Each case is this test binary again, playing
//! a part that a variable names, since what is at stake is the process's own: its signals, its
//! children, its stderr.
#![cfg(all(feature = "record", feature = "read", not(feature = "off")))]
#![expect(unsafe_code, reason = "fork has no safe face")]

use ferret::event::LogEntry;
use ferret::log::{ReadOptions, Tail};
use ferret::{Options, profile};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

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
    // Where the machine stands still for so long, they all wait: but not each time.
    let waits_alone = |_| program("span beside a start", folder.path()).status().unwrap().success();
    assert!((0..3).any(waits_alone));
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

/// A daemon closes every descriptor, and what it opens next gets our numbers. redb wrote into it.
#[test]
fn a_program_that_closes_all_descriptors_keeps_its_files_and_its_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let run = program("close all", folder.path()).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.success(), "{said}");
    let lines: Vec<_> = said.lines().collect();
    assert!(matches!(lines[..], [line] if line.contains("had its descriptors closed")), "{said}");
    let mut log = Tail::open(&path, &ReadOptions::default()).unwrap();
    assert!(!log.info().repaired, "it ended cleanly");
    let entries = log.poll(usize::MAX).unwrap();
    assert_eq!(log.damage(), (&[][..], 0));
    let begun = entries.iter().filter(|e| matches!(e.what, LogEntry::SpanStart { .. })).count();
    assert_eq!(begun, 20, "those before, and those after");
    assert!(matches!(entries.last().unwrap().what, LogEntry::ProcessEnd(_)));
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
        "close all" => close_all(),
        "only spans" => work(),
        other => panic!("no part: {other}"),
    }
}

#[profile]
fn work() {}

/// Records, closes what it does not know, opens files of its own, and records on.
fn close_all() {
    let session = Options::new("run.redb").start().expect("it records");
    (0..10).for_each(|_| work());
    assert!(session.flush(PATIENCE));
    // SAFETY: nothing of this test has a file open but the three that every program has.
    assert_eq!(unsafe { libc::close_range(3, libc::c_uint::MAX, 0) }, 0);
    let folder = tempfile::tempdir().expect("a folder");
    let own = |number: u32| {
        let path = folder.path().join(number.to_string());
        let file = std::fs::File::options().read(true).write(true).create_new(true).open(path);
        let mut file = file.expect("a file");
        file.write_all(b"the program's own").expect("it is written");
        file
    };
    let files: Vec<_> = (0..8).map(own).collect();
    (0..10).for_each(|_| work());
    assert!(session.flush(PATIENCE));
    // A child closes what the log holds, and nothing else.
    let child = in_child(|| {
        work();
        assert!(files.iter().all(|file| file.metadata().is_ok()));
    });
    assert_eq!(child.code(), Some(0));
    drop(session);
    for (number, file) in files.iter().enumerate() {
        assert_eq!(file.metadata().expect("it is open").len(), 17);
        let path = folder.path().join(number.to_string());
        let text = std::fs::read_to_string(path).expect("it is there");
        assert_eq!(text, "the program's own");
    }
}

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
