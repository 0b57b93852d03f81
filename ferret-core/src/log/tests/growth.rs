//! A reader of somebody else's that never lets go.

use super::place;
use crate::event::{Commit, Offset, Outcome, Sink};
use crate::log::testing::{Act, Program, process};
use crate::log::{Tail, Writer};
use redb::{ConcurrencyMode, ReadOnlyDatabase, ReadTransaction, ReadableDatabase};
use std::fs::OpenOptions;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

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
