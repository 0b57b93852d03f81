//! Other processes: this test binary again, playing a part that a variable names.

use super::place;
use crate::event::{EndKind, Offset, Outcome, ProcessEnd, RunId, Sink};
use crate::log::testing::{Act, Program, process};
use crate::log::{Writer, now};
use redb::StorageBackend;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

const PART: &str = "FERRET_TEST_PART";
const PATH: &str = "FERRET_TEST_PATH";
const TOKEN: &str = "FERRET_TEST_TOKEN";
const UID: &str = "FERRET_TEST_UID";
const KEEP: &str = "FERRET_TEST_KEEP";
/// Before what a child says, among what the test harness prints.
const SAYS: &str = "child says ";

/// A child that plays a part. It goes on when its standard input says a line, and is killed when
/// this is dropped.
pub(super) struct Player {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Player {
    pub(super) fn start(part: &str, path: &Path, token: Option<RunId>, keep: usize) -> Self {
        let uid = u64::from(std::process::id()) << 32 | next_number();
        // The shell passes on that SIGXFSZ is ignored: a file that may not grow is an error then.
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "log::tests::child::plays_its_part", "--nocapture"])
            .env(PART, part)
            .env(PATH, path)
            .env(KEEP, keep.to_string())
            // The high half goes into file names.
            .env(UID, (u128::from(uid) << 64 | 7).rotate_left(32).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(token) = token {
            command.env(TOKEN, token.0.to_string());
        }
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next thing the child says.
    pub(super) fn hear(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the child ended");
            if let Some((_, said)) = line.split_once(SAYS) {
                return said.trim_end().to_owned();
            }
        }
    }

    /// Lets the child go on.
    pub(super) fn go_on(&mut self) {
        writeln!(self.child.stdin.as_mut().unwrap()).unwrap();
    }

    /// SIGKILL.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets the child go on to its end.
    pub(super) fn end(mut self) {
        self.go_on();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn next_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn say(what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{SAYS}{what}").unwrap();
    out.flush().unwrap();
}

fn wait() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Not a test by itself: what a child runs.
#[test]
fn plays_its_part() {
    let Some(part) = variable(PART) else { return };
    let path = PathBuf::from(variable(PATH).unwrap());
    match part.as_str() {
        "once" => once(&path),
        "hammer" => hammer(&path),
        "hold the header" => hold_header(&path),
        "fill the disk" => fill_disk(&path),
        other => panic!("no such part: {other}"),
    }
}

fn create(path: &Path) -> Writer {
    let mut place = place(path);
    place.join = variable(TOKEN).map(|token| RunId(token.parse().unwrap()));
    place.keep_families = variable(KEEP).unwrap().parse().unwrap();
    let uid = variable(UID).unwrap().parse().unwrap();
    Writer::create(&place, process(uid), now()).unwrap()
}

/// Creates its log, says where, and ends it when told to.
fn once(path: &Path) {
    let writer = create(path);
    say(writer.path().display());
    wait();
    writer.finish(ProcessEnd { how: EndKind::Closed }, now(), Duration::from_secs(1)).unwrap();
}

/// Commits as fast as it can until it is killed: on thread 1, spans one after another.
fn hammer(path: &Path) {
    let mut writer = create(path);
    say(writer.path().display());
    let mut program = Program::new(Offset(1));
    for round in 0_u32.. {
        for number in 0..(1 << (round % 12)) {
            program.act(&Act::Start(u8::try_from(number % 20).unwrap()), &mut writer);
            program.act(&Act::Wait(number * 31), &mut writer);
            program.act(&Act::End(Outcome::Ok), &mut writer);
        }
        program.told.clear();
        writer.commit(program.time).unwrap();
    }
}

/// Holds the lock that a reader's `begin_read` takes, as one that is stopped inside it does.
fn hold_header(path: &Path) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let backend = redb::backends::FileBackend::new(file).unwrap();
    assert!(backend.try_lock_shared_range(Bound::Included(0), Bound::Excluded(320)).unwrap());
    say("held");
    wait();
}

/// Commits until its files may not grow, says so, and goes on when they may again.
fn fill_disk(path: &Path) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let mut writer = create(path);
    let mut program = Program::new(Offset(1));
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: Some(3 << 20), maximum }).unwrap();
    let mut failures = 0;
    while failures < 3 {
        for number in 0..2_000 {
            program.act(&Act::Start(1), &mut writer);
            program.act(&Act::Wait(number), &mut writer);
            program.act(&Act::End(Outcome::Ok), &mut writer);
        }
        program.time = program.time.after(100_000_000);
        if writer.commit(program.time).is_err() {
            failures += 1;
        }
        assert!(program.told.len() < 10_000_000);
    }
    setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
    while writer.commit(program.time).is_err() {
        program.time = program.time.after(1_000_000_000);
    }
    assert!(writer.is_empty());
    say(program.told.len());
    wait();
    writer.finish(ProcessEnd { how: EndKind::Closed }, now(), Duration::from_secs(1)).unwrap();
}
