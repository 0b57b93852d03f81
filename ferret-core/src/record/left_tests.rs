//! What a dead process left behind, read from its flight buffer: all of it, whatever is in it, and nobody else's.

#[path = "left_tests/format_1.rs"]
mod format_1;

use super::*;
use crate::event::{
    Commit, LogEntry, OpenTask, Outcome, PathId, PathInfo, ProcessStart, SpanId, ThreadInfo,
    ThreadStack,
};
use crate::options::Overflow;
use crate::record::flight::{self, Peek, path_of};
use crate::record::tests::{INNER, KEY, List, OUTER, TASK, TURN};
use crate::record::{Key, TaskSpan, enter, tag, values};
use crate::value::TagValueRef;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};

/// A buffer that a program has written, and no recorder has read; gone when dropped.
struct Buffer(ProcessUid);

impl Buffer {
    fn of(uid: u128, program: impl FnOnce() + Send + 'static) -> Self {
        let _turn = TURN.lock();
        values::begin(true);
        let uid = ProcessUid(uid << 64 | u128::from(std::process::id()));
        let process = crate::record::identity::process_start();
        let process = ProcessStart { uid, ..process };
        let engine = Engine::new(Overflow::Drop, Flight::new(&process, 1 << 20).unwrap());
        assert!(!engine.arena.flight().is_unshared(), "these tests need /dev/shm");
        engine.arena.flight().set_values(true);
        engine.switch_on();
        ClockMap::calibrate().pairs().for_each(|pair| engine.arena.flight().tell_clock(pair));
        std::thread::Builder::new()
            .name("worker".to_owned())
            .spawn(program)
            .unwrap()
            .join()
            .unwrap();
        engine.switch_off();
        Self(uid)
    }

    fn file(&self) -> File {
        File::options().read(true).write(true).open(path_of(self.0)).unwrap()
    }

    fn fold(&self) -> io::Result<List> {
        self.fold_into(List::default())
    }

    fn fold_into<S: Sink>(&self, sink: S) -> io::Result<S> {
        Ok(Left::by(self.0)?.fold_into(sink, Known::default(), LogTime(u64::MAX / 2)).0)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        flight::remove(self.0);
    }
}

/// A sink that believes anything.
struct Entries(usize);

#[rustfmt::skip]
impl Sink for Entries {
    fn callsite(&mut self, _: CallsiteId, _: &CallsiteInfo) {}
    fn path(&mut self, _: PathId, _: PathInfo) {}
    fn thread(&mut self, _: ThreadId, _: &ThreadInfo) {}
    fn entry(&mut self, _: ThreadId, _: Position, _: &ThreadStack, _: LogTime, _: &LogEntry) { self.0 += 1; }
    fn drained(&mut self, _: ThreadId, _: Position) {}
    fn resume(&mut self, _: ThreadId, _: Option<&Resume>) {}
    fn silent(&mut self, _: ThreadId, _: &ThreadStack) {}
    fn keep_task(&mut self, _: &OpenTask) {}
    fn forget_task(&mut self, _: SpanId) {}
    fn kept_tasks(&mut self) {}
    fn pending_bytes(&self) -> usize { 0 }
    fn is_empty(&self) -> bool { true }
    fn commit(&mut self, _: LogTime) -> io::Result<Commit> { Ok(Commit::Busy) }
}

fn work() {
    let outer = enter(&OUTER);
    tag(Key::here(&KEY), TagValueRef::Text("a value"));
    for _ in 0..500 {
        enter(&INNER).finish(Outcome::Ok);
    }
    let mut task = TaskSpan::start(&TASK);
    drop(task.enter());
    std::mem::forget(task);
    std::mem::forget(outer);
}

#[test]
fn everything_published_is_there_and_what_was_open_is_open() {
    check_work(&Buffer::of(1, work).fold().unwrap());
}

/// All that `work` does is there.
#[track_caller]
fn check_work(list: &List) {
    let count = |wanted: fn(&LogEntry) -> bool| list.count(wanted);
    assert_eq!(count(|what| matches!(what, LogEntry::SpanStart { .. })), 502);
    assert_eq!(count(|what| matches!(what, LogEntry::SpanEnd { outcome: Outcome::Ok, .. })), 500);
    assert_eq!(count(|what| matches!(what, LogEntry::Tag { .. })), 1);
    assert_eq!(count(|what| matches!(what, LogEntry::Polls { count: 1, .. })), 1);
    let thread = list.names().threads.values().next().unwrap();
    assert_eq!(thread.name, "worker");
    let names: Vec<_> = list.names().callsites.values().map(|site| site.name.clone()).collect();
    assert!(
        ["outer", "inner", "task", "key"].iter().all(|name| names.iter().any(|n| n == name)),
        "{names:?}"
    );
}

/// Any bytes: no panic, and no more entries than there are events.
#[test]
fn a_buffer_that_was_written_over_gives_what_it_gives() {
    let buffer = Buffer::of(2, work);
    let file = buffer.file();
    let length = file.metadata().unwrap().len();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut folded = 0;
    for _ in 0..500 {
        // Where something is: the header, the clock, the names, the first chunks.
        let near = [24, 4096, 20_000, 12_288 + 600, (1 << 20) + 20_000, 5 << 20];
        let from = [0, 4096, 12_288, 1 << 20, 5 << 20, 0];
        let which = usize::try_from(next() % 6).unwrap();
        let at = (from[which] + next() % near[which]) % (length - 8);
        let bytes = if next() % 3 == 0 { u64::MAX } else { next() };
        let count = usize::try_from(1 + next() % 8).unwrap();
        let mut before = [0; 8];
        file.read_exact_at(&mut before, at).unwrap();
        file.write_all_at(&bytes.to_ne_bytes()[..count], at).unwrap();
        if let Ok(Entries(entries)) = buffer.fold_into(Entries(0)) {
            folded += usize::from(entries > 100);
            assert!(entries < 100_000);
        }
        // Damage adds up, but not where it makes all the rest unreadable.
        if which < 2 || next() % 4 > 0 {
            file.write_all_at(&before, at).unwrap();
        }
    }
    assert!(folded > 100, "only {folded} were read");
}

#[test]
fn a_buffer_of_somebody_else_is_not_read() {
    let buffer = Buffer::of(3, work);
    let path = path_of(buffer.0);
    let kind = || buffer.fold().map(drop).unwrap_err().kind();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert_eq!(kind(), io::ErrorKind::PermissionDenied, "others may have written it");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let elsewhere = path.with_extension("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    assert_eq!(kind(), io::ErrorKind::NotFound);
    symlink(&elsewhere, &path).unwrap();
    assert!(buffer.fold().is_err(), "a link is not followed");
    fs::remove_file(&path).unwrap();
    fs::rename(&elsewhere, &path).unwrap();
    assert!(buffer.fold().is_ok());
    buffer.file().set_len(1 << 20).unwrap();
    assert_eq!(kind(), io::ErrorKind::InvalidData, "it is shorter than it says");
}

/// A thread whose next chunk did not outlive the process: what comes behind refers to what is missing.
#[test]
fn behind_a_missing_chunk_nothing_is_read() {
    let buffer = Buffer::of(4, || {
        let _outer = enter(&OUTER);
        for _ in 0..20_000 {
            enter(&INNER).finish(Outcome::Ok);
        }
    });
    let whole = buffer.fold().unwrap().entries.len();
    assert!(whole > 40_000);
    let file = buffer.file();
    let large = (5_u64 << 20..file.metadata().unwrap().len()).step_by(64 << 10);
    let second = large.into_iter().find(|at| {
        let mut head = [0; 12];
        file.read_exact_at(&mut head, *at).unwrap();
        head[4..8] != [0; 4] && head[8..12] == 2_u32.to_ne_bytes()
    });
    file.write_all_at(&[0; 4], second.unwrap() + 4).unwrap();
    let cut = buffer.fold().unwrap().entries.len();
    assert!(cut < 10_000 && cut > 4_000, "{cut} of {whole}");
}

/// The fuzzer's: what two threads had not said, and the number of a thread's last chunk, went beyond their ranges.
#[test]
fn numbers_at_the_end_of_their_range_are_read() {
    let span = || enter(&INNER).finish(Outcome::Ok);
    let buffer = Buffer::of(5, move || {
        span();
        std::thread::Builder::new().spawn(span).unwrap().join().unwrap();
    });
    let (file, first) = (buffer.file(), 1 << 20);
    let fold =
        |known| Left::by(buffer.0).unwrap().fold_into(Entries(0), known, LogTime(u64::MAX / 2));
    for chunk in [first, first + 4096] {
        file.write_all_at(&u64::MAX.to_ne_bytes(), chunk + 24).unwrap();
    }
    let (Entries(whole), unsaid) = fold(Known::default());
    assert_eq!(unsaid, u64::MAX);
    file.write_all_at(&u32::MAX.to_ne_bytes(), first + 8).unwrap();
    let known = Known { threads: vec![(ThreadId(1), Position(0), None)], ..Known::default() };
    let (Entries(of_another), _) = fold(known);
    assert!(of_another > 0 && of_another < whole, "{of_another} of {whole}");
}

/// One that never had a log is taken away once its process has been silent for a minute.
#[test]
fn what_nobody_will_ask_for_is_taken_away() {
    for (uid, silent_seconds, is_swept) in [(11, 1, false), (12, 100, true)] {
        let buffer = Buffer::of(uid, work);
        let silent = silent_seconds * 1_000_000_000;
        let heard = crate::record::clock::now().0.saturating_sub(silent);
        for pair in 0..2 {
            buffer.file().write_all_at(&heard.to_ne_bytes(), 4096 + pair * 16 + 8).unwrap();
        }
        flight::sweep();
        assert_eq!(!path_of(buffer.0).exists(), is_swept, "silent for {silent_seconds} s");
    }
}

#[test]
fn a_process_that_reads_the_clock_is_alive() {
    let buffer = Buffer::of(13, work);
    assert!(Peek::at(buffer.0).unwrap().is_alive(), "the tests' own process");
    let long_ago = crate::record::clock::now().0 - 3_000_000_000;
    for pair in 0..2 {
        buffer.file().write_all_at(&long_ago.to_ne_bytes(), 4096 + pair * 16 + 8).unwrap();
    }
    assert!(!Peek::at(buffer.0).unwrap().is_alive(), "as after exec");
}
