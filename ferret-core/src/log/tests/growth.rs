//! A reader of somebody else's that never lets go.

use super::place;
use crate::event::{
    Commit, Offset, OpenTask, Outcome, PathId, Position, Sink, SpanId, TagValue, TaskLife, ThreadId,
};
use crate::log::testing::{Act, Program, process};
use crate::log::{Limits, Place, ReadOptions, Tail, Writer, check};
use redb::{ConcurrencyMode, ReadOnlyDatabase, ReadTransaction, ReadableDatabase};
use std::fs::OpenOptions;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const MIB: u64 = 1 << 20;

/// Opens the log as any program may, and begins a transaction.
fn pin(path: &Path) -> (ReadOnlyDatabase, ReadTransaction) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let database = redb::Builder::new()
        .set_concurrency_mode(ConcurrencyMode::SingleWriter)
        .open_read_only_with_backend(redb::backends::FileBackend::new(file).unwrap())
        .unwrap();
    let txn = database.begin_read().unwrap();
    (database, txn)
}

/// So many commits of a few spans; how many bytes more the file takes after each.
fn commits(writer: &mut Writer, program: &mut Program, count: u64) -> u64 {
    let allocated = |writer: &Writer| std::fs::metadata(writer.path()).unwrap().blocks() * 512;
    let before = allocated(writer);
    for _ in 0..count {
        for path in 0..5 {
            program.act(&Act::Start(path), writer);
            program.act(&Act::Wait(25_000), writer);
            program.act(&Act::End(Outcome::Ok), writer);
        }
        assert_eq!(writer.commit(program.time).unwrap(), Commit::Done);
    }
    (allocated(writer) - before) / count
}

#[test]
fn rows_of_tasks_are_no_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut program = Program::new(Offset(1));
    let mut writer = Writer::create(&place(&path), process(1), program.time).unwrap();
    for commit in 0..40 {
        for number in 0..400 {
            let span = SpanId { thread: ThreadId(1), start: Position(commit * 400 + number) };
            let life = TaskLife::Begun(program.time);
            writer.keep_task(&OpenTask { span, path: PathId(1), parent: None, life });
        }
        writer.kept_tasks();
        let grown = commits(&mut writer, &mut program, 1);
        assert_eq!((writer.rest_ns(), writer.news()), (0, None), "{grown} bytes a commit");
    }
}

#[test]
fn commits_are_a_second_apart_while_a_reader_does_not_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut program = Program::new(Offset(1));
    let mut writer = Writer::create(&place(&path), process(1), program.time).unwrap();
    let grown = commits(&mut writer, &mut program, 60);
    assert_eq!((writer.rest_ns(), writer.news()), (0, None), "{grown} bytes a commit");

    // One of our own lets go after each look.
    let mut tail: Tail = super::open(&path);
    for _ in 0..20 {
        super::read_all(&mut tail, 1_000);
        commits(&mut writer, &mut program, 3);
    }
    assert_eq!(writer.rest_ns(), 0, "our own reader");

    let pinned = pin(&path);
    let grown = commits(&mut writer, &mut program, 40);
    assert_eq!(writer.rest_ns(), 1_000_000_000, "{grown} bytes a commit");
    assert!(writer.news().unwrap().contains("does not let go"));
    // What it has is what was there when it began; and others see what is new.
    super::read_all(&mut tail, 1_000);
    assert_eq!(tail.info().next_offset, Offset(program.told.len() as u64 + 1));

    drop(pinned);
    let grown = commits(&mut writer, &mut program, 12);
    assert_eq!((writer.rest_ns(), writer.news()), (0, None), "{grown} bytes a commit");
}

/// What a program told in so many commits, each of so many spans and 50 ms later than the one before; how
/// many of them were written, and how large the file was at most.
fn told(writer: &mut Writer, program: &mut Program, commits: u32, spans: u32) -> (usize, u64) {
    let (mut written, mut most) = (0, 0);
    for commit in 0..commits {
        if commit % 20 == 0 {
            writer.kept_tasks();
        }
        for _ in 0..spans {
            program.act(&Act::Start(3), writer);
            program.act(&Act::Tag(TagValue::Text("a hundred bytes ".repeat(6))), writer);
            program.act(&Act::End(Outcome::Ok), writer);
        }
        program.time = program.time.after(50_000_000);
        program.report_silence(writer);
        written += usize::from(writer.commit(program.time).is_ok_and(|done| done == Commit::Done));
        most = most.max(std::fs::metadata(Writer::path(writer)).unwrap().blocks() * 512);
    }
    (written, most)
}

/// Under a reader that did not let go the file grew without bound, whatever it was to keep to.
#[test]
fn a_log_that_may_take_no_more_waits_until_a_reader_lets_go() {
    for (limit, spans) in [(MIB, 1), (MIB, 50), (4 * MIB, 300), (16 * MIB, 200)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.redb");
        let limits = Limits { max_bytes: Some(limit), ..Limits::default() };
        let mut program = Program::new(Offset(1));
        let place = Place { limits, ..place(&path) };
        let mut writer = Writer::create(&place, process(1), program.time).unwrap();
        told(&mut writer, &mut program, 1_000, spans);

        let pinned = pin(&path);
        let mut tail = super::open(&path);
        let (mut written, mut most, mut stopped) = (0, 0, None);
        while stopped.is_none() {
            let more = told(&mut writer, &mut program, 20, spans);
            (written, most) = (written + more.0, most.max(more.1));
            stopped = writer.commit(program.time).err();
        }
        let stopped = stopped.unwrap().to_string();
        assert!(stopped.contains("may, and a program that reads it does not let go"), "{stopped}");
        // An eighth of what the file may take waits, at most.
        let waits = u32::try_from(limit).unwrap() / 1_000 / spans;
        let (more, still) = told(&mut writer, &mut program, waits.min(300), spans);
        assert!(
            more == 0 && most.max(still) <= limit + limit / 10,
            "{written}: {most} {still} of {limit}"
        );
        super::read_all(&mut tail, 1_000);
        assert!(check(&path, &ReadOptions::default()).unwrap().is_sound());

        drop(pinned);
        let (written, most) = told(&mut writer, &mut program, 100, spans);
        assert_eq!(written, 100);
        assert!(most <= limit + limit / 10, "then {most} of {limit}");
        let entries = super::read_all(&mut tail, 1_000);
        let kept = entries.iter().filter(|entry| entry.offset >= tail.info().first_offset);
        let kept: Vec<_> = kept.cloned().collect();
        assert!(program.told.ends_with(&kept) && kept.len() > 100, "{} entries", kept.len());
        assert!(check(&path, &ReadOptions::default()).unwrap().is_sound());
    }
}

/// A reader that lets go some time is waited for, and nothing is said of it.
#[test]
fn without_a_limit_and_behind_a_slow_reader_nothing_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut program = Program::new(Offset(1));
    let mut writer = Writer::create(&place(&path), process(1), program.time).unwrap();
    let pinned = pin(&path);
    assert_eq!(told(&mut writer, &mut program, 100, 10).0, 100, "without a limit");
    drop((pinned, writer, folder));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut program = Program::new(Offset(1));
    let limits = Limits { max_bytes: Some(MIB), ..Limits::default() };
    let place = Place { limits, ..place(&path) };
    let mut writer = Writer::create(&place, process(2), program.time).unwrap();
    told(&mut writer, &mut program, 1_000, 10);
    for _ in 0..20 {
        let pinned = pin(&path);
        for _ in 0..10 {
            told(&mut writer, &mut program, 1, 10);
            assert!(writer.commit(program.time).is_ok());
        }
        drop(pinned);
        assert_eq!(told(&mut writer, &mut program, 10, 10).0, 10);
    }
}
