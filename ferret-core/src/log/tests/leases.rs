//! Reading in short transactions: the same is read however short they are, and on a large log none is
//! long.

use super::{open, place, read_all};
use crate::event::{
    CallsiteId, CallsiteInfo, CallsiteKind, Commit, LogEntry, LogTime, Names, Offset, PathId,
    PathInfo, Position, Sink, SpanId, ThreadId, ThreadInfo, ThreadStack,
};
use crate::log::lease::in_tests::{measured, without};
use crate::log::testing::{Act, Program, acts, process};
use crate::log::{CheckReport, ReadOptions, Snapshot, Tail, Writer, check};
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;

/// All that can be read of a log.
#[derive(Debug, PartialEq)]
struct Read {
    entries: Vec<crate::event::Entry>,
    names: Names,
    snapshot: Snapshot,
    before: Snapshot,
    check: CheckReport,
}

fn read(path: &Path, time: LogTime) -> Read {
    let mut tail = open(path);
    Read {
        entries: read_all(&mut tail, 1_000),
        names: tail.names().clone(),
        snapshot: tail.snapshot().unwrap(),
        before: tail.snapshot_before(time).unwrap(),
        check: check(path, &ReadOptions::default()).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_same_is_read_in_transactions_that_do_one_thing_each(
        acts in acts(400),
        every in 1..60_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.redb");
        let mut writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
        let mut program = Program::new(Offset(1));
        // A tail that was there before is told of names as they come.
        let mut beside = open(&path);
        let start = program.time;
        for chunk in acts.chunks(every) {
            for act in chunk {
                program.act(act, &mut writer);
            }
            program.act(&Act::Wait(u32::MAX), &mut writer);
            program.report_silence(&mut writer);
            prop_assert_eq!(writer.commit(program.time).unwrap(), Commit::Done);
            without(|| read_all(&mut beside, 1_000));
        }
        let middle = LogTime(start.0.midpoint(program.time.0));
        let expected = read(&path, middle);
        prop_assert_eq!(beside.names(), &expected.names);
        prop_assert_eq!(without(|| read(&path, middle)), expected);
    }
}

const MANY: u32 = 30_000;

/// A program of very many threads that are all in a span of their own, and silent since.
fn write_much(writer: &mut Writer) {
    let (mut stack, nothing) = (ThreadStack::default(), ThreadStack::default());
    for id in 1..=MANY {
        let (thread, callsite, path) = (ThreadId(id), CallsiteId(id), PathId(id));
        let time = LogTime(u64::from(id) * 10_000_000);
        let name = format!("a_function_with_a_name_of_usual_length_{id}");
        let (module, file) = ("program::of::modules".to_owned(), "src/of/modules.rs".to_owned());
        let info = CallsiteInfo { name, module, file, line: id, kind: CallsiteKind::Function };
        writer.callsite(callsite, &info);
        writer.path(path, PathInfo { parent: PathId::ROOT, callsite });
        writer.thread(thread, &ThreadInfo { name: format!("worker-{id}"), tid: id, start: time });
        let span = SpanId { thread, start: Position(0) };
        let start = LogEntry::SpanStart { span, path, parent: None, is_async: false };
        writer.entry(thread, Position(0), &nothing, time, &start);
        stack.push(span, path, time);
        if id.is_multiple_of(1_000) {
            assert_eq!(writer.commit(time).unwrap(), Commit::Done);
        }
        writer.silent(thread, &stack);
        stack.close(span, time);
    }
    let time = LogTime(u64::from(MANY) * 10_000_000);
    assert_eq!(writer.commit(time).unwrap(), Commit::Done);
}

/// An attaching `watch` read a hundred thousand names in one transaction.
#[test]
fn no_transaction_is_long_though_the_log_is_large() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
    write_much(&mut writer);
    let mut tail: Option<Tail> = None;
    let mut check = |what: &str, least: usize, read: &mut dyn FnMut(&mut Option<Tail>)| {
        let (turns, longest) = measured(|| read(&mut tail));
        assert!(turns >= least, "{what} took {turns} transactions");
        assert!(longest < Duration::from_millis(100), "{what}: {longest:?} in one of {turns}");
    };
    let many = MANY as usize;
    check("attaching", 3, &mut |tail| {
        let names = tail.insert(open(&path)).names();
        let counts = [names.callsites.len(), names.paths.len(), names.threads.len()];
        assert_eq!(counts, [many; 3]);
    });
    check("reading", 1, &mut |tail| {
        assert_eq!(read_all(tail.as_mut().unwrap(), 10_000).len(), many + 1);
    });
    check("looking who is where", 3, &mut |tail| {
        let snapshot = tail.as_mut().unwrap().snapshot().unwrap();
        assert_eq!(snapshot.threads.len(), many);
    });
    check("looking who was where", 3, &mut |tail| {
        let before = tail.as_mut().unwrap().snapshot_before(LogTime(u64::MAX)).unwrap();
        assert!(before.threads.len() > many / 2, "{}", before.threads.len());
    });
    check("checking", 4, &mut |_| {
        let report = super::super::check(&path, &ReadOptions::default()).unwrap();
        assert!(report.is_sound());
    });
}
