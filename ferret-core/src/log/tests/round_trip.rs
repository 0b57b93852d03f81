//! Entries → commits → a tail: the same entries, beside the writer and after it.

use super::{open, place, read_all};
use crate::event::{
    EndKind, Frame, LogEntry, LogTime, Offset, Outcome, ProcessEnd, Sink, ThreadId,
};
use crate::log::testing::{Act, Program, acts, process};
use crate::log::{Durability, Place, ReadOptions, Run, Snapshot, Writer};
use proptest::prelude::*;
use std::time::Duration;

/// Writes what the acts say, a commit after every `every`; reads beside the writer, and again when
/// it has ended.
fn check(acts: &[Act], every: usize, at_once: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
    let mut program = Program::new(Offset(1));
    let mut tail = open(&path);
    let mut live = read_all(&mut tail, at_once);
    assert!(matches!(live[0].what, LogEntry::ProcessStart(_)));
    for chunk in acts.chunks(every) {
        for act in chunk {
            program.act(act, &mut writer);
        }
        program.report_silence(&mut writer);
        writer.commit(program.time).unwrap();
        live.extend(read_all(&mut tail, at_once));
        assert_eq!(&live[1..], program.told);
        for entry in &program.told {
            if let LogEntry::SpanStart { path, .. } = entry.what {
                assert_eq!(tail.names().span_name(path), format!("function_{}", path.0));
            }
        }
        let snapshot = tail.snapshot().unwrap();
        let open: Vec<_> = snapshot.threads.iter().map(|(id, stack, _)| (*id, stack)).collect();
        let expected: Vec<_> =
            program.open().into_iter().map(|(id, stack)| (id, stack.keyframe())).collect();
        for ((id, stack), (expected_id, expected)) in open.iter().zip(&expected) {
            assert_eq!(id, expected_id);
            assert_eq!(stack.depth(), expected.depth());
            assert_eq!(stack.top(), expected.top());
        }
        assert_eq!(open.len(), expected.len());
    }
    let end = ProcessEnd { how: EndKind::Closed };
    writer.finish(end, program.time, Duration::from_secs(1)).unwrap();
    live.extend(read_all(&mut tail, at_once));
    assert_eq!(tail.owned(), Some(false));
    let mut after = open(&path);
    assert!(!after.info().repaired);
    assert_eq!(read_all(&mut after, 1_000_000), live);
    let middle = Offset(live.len() as u64 / 2);
    after.seek(middle);
    assert_eq!(read_all(&mut after, at_once), live[live.len() / 2..]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_tail_gives_what_was_committed(
        acts in acts(3_000),
        every in 1..2_000_usize,
        at_once in 1..3_000_usize,
    ) {
        check(&acts, every.max(acts.len() / 20), at_once);
    }
}

#[test]
fn blocks_of_every_class_come_back() {
    let mut acts = Vec::new();
    for spans in [10_u32, 700, 1_500, 3_000, 6_000, 13_000, 60_000] {
        for number in 0..spans {
            acts.push(Act::Wait(number * 31));
            acts.push(Act::Start(u8::try_from(number % 200).unwrap()));
            acts.push(Act::End(Outcome::Ok));
        }
    }
    check(&acts, 50_000, 5_000);
}

#[test]
fn a_log_that_survives_power_loss_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let place = Place { durability: Durability::Power, ..place(&path) };
    let mut writer = Writer::create(&place, process(1), LogTime(1)).unwrap();
    let mut program = Program::new(Offset(1));
    for _ in 0..3 {
        program.act(&Act::Start(1), &mut writer);
        writer.commit(program.time).unwrap();
    }
    assert_eq!(read_all(&mut open(&path), 100)[1..], program.told);
}

#[test]
fn a_run_of_one_log_is_that_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
    let mut program = Program::new(Offset(1));
    for act in [Act::Start(1), Act::Wait(900), Act::End(Outcome::Ok)] {
        program.act(&act, &mut writer);
    }
    writer.commit(program.time).unwrap();
    let mut run = Run::open(&[path], &ReadOptions::default()).unwrap();
    let entries: Vec<_> = run.poll(100).unwrap().into_iter().map(|(_, entry)| entry).collect();
    assert_eq!(&entries[1..], program.told);
    assert_eq!(run.logs()[0].owned(), Some(true));
    assert!(!run.replaced());
}

#[test]
fn the_last_entry_need_not_be_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
    let mut program = Program::new(Offset(1));
    for act in [Act::Start(1), Act::Wait(900), Act::End(Outcome::Ok), Act::Back(500), Act::Mark] {
        program.act(&act, &mut writer);
        writer.commit(program.time).unwrap();
    }
    let latest = program.told.iter().map(|entry| entry.time).max().unwrap();
    assert!(program.told.last().unwrap().time < latest);
    assert_eq!(open(&path).last_time().unwrap(), latest);
}

/// The threads with an open frame, and their innermost frames.
fn open_frames(program: &Program) -> Vec<(ThreadId, usize, Option<Frame>)> {
    let open = program.open().into_iter();
    open.map(|(id, stack)| (id, stack.depth(), stack.top().copied())).collect()
}

#[test]
fn the_stacks_of_any_past_second_are_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
    let mut program = Program::new(Offset(1));
    let mut seconds = Vec::new();
    for second in 0..200_u8 {
        // Thread 1 opens a frame and stays silent from the tenth second on; the others are busy.
        let thread = if second < 10 { second % 2 } else { 1 + second % 2 };
        program.act(&Act::Switch(thread), &mut writer);
        program.act(&Act::Start(second), &mut writer);
        program.act(&Act::Wait(1_000 * 31), &mut writer);
        if second % 3 != 0 {
            program.act(&Act::End(Outcome::Ok), &mut writer);
        }
        if second == 12 {
            program.act(&Act::Switch(0), &mut writer);
            program.act(&Act::Silent, &mut writer);
        }
        program.time = program.time.after(1_100_000_000);
        writer.commit(program.time).unwrap();
        seconds.push((program.time, open_frames(&program)));
    }
    let mut tail = open(&path);
    let frames = |snapshot: Snapshot| -> Vec<_> {
        let threads = snapshot.threads.into_iter();
        threads.map(|(id, stack, _)| (id, stack.depth(), stack.top().copied())).collect()
    };
    for (time, expected) in &seconds {
        assert_eq!(&frames(tail.snapshot_before(time.after(5)).unwrap()), expected, "{time:?}");
        // The next second begins with an entry at that very moment.
        let then = LogTime(time.0 - 1);
        assert_eq!(&frames(tail.snapshot_at(then).unwrap()), expected, "{time:?}");
    }
    assert_eq!(frames(tail.snapshot_before(LogTime(5)).unwrap()), []);
    assert_eq!(frames(tail.snapshot_at(LogTime(5)).unwrap()), []);
    assert_eq!(frames(tail.snapshot().unwrap()), seconds.last().unwrap().1);
}
