//! What a log must hold, told by the program that wrote it.

use super::read_all;
use crate::event::{Entry, LogEntry, ThreadId};
use crate::log::testing::Program;
use crate::log::{ReadOptions, Tail, schema};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

/// The log's entries, read without writing to it.
pub(super) fn entries_of(path: &Path) -> Vec<Entry> {
    read_all(
        &mut Tail::open(path, &ReadOptions { read_only: true, ..ReadOptions::default() }).unwrap(),
        usize::MAX,
    )
}

/// Holds the log against its program: its entries are the first that were told, and the watermark of
/// each thread is where they end. Returns how many there are.
pub(super) fn check_holds(path: &Path, program: &Program, case: impl Debug) -> u64 {
    let mut tail =
        Tail::open(path, &ReadOptions { read_only: true, ..ReadOptions::default() }).unwrap();
    let entries = read_all(&mut tail, usize::MAX);
    let mut expected = BTreeMap::new();
    if let Some((start, told)) = entries.split_first() {
        assert!(matches!(start.what, LogEntry::ProcessStart(_)), "{case:?}");
        assert_eq!(told, &program.told[..told.len()], "{case:?}");
    }
    // Each entry is an event of its own in these programs.
    for entry in &entries {
        *expected.entry(entry.thread).or_insert(0) += 1;
    }
    assert_eq!(committed(&mut tail), expected, "{case:?}");
    entries.len() as u64
}

/// The position up to which each thread's events are said to be in.
fn committed(tail: &mut Tail) -> BTreeMap<ThreadId, u64> {
    let (source, path) = tail.source();
    let rows = source.read(path, |txn| {
        let mut rows = BTreeMap::new();
        for row in txn.open_table(schema::THREADS)?.range::<u32>(..)? {
            let (id, value) = row?;
            rows.insert(ThreadId(id.value()), value.value().0);
        }
        Ok(rows)
    });
    rows.unwrap()
}
