//! A log whose storage fails, at every single change that a commit makes.

use super::{open, place, read_all};
use crate::event::{Commit, EndKind, LogTime, Offset, Outcome, ProcessEnd, Sink};
use crate::log::faults::{Fault, Plan, failing};
use crate::log::testing::{Act, Program, process};
use crate::log::{Durability, Place, Writer};
use std::path::Path;
use std::time::Duration;

/// Longer than the writer ever waits before it tries to reopen.
const PAUSE_NS: u64 = 11_000_000_000;

fn tell(program: &mut Program, writer: &mut Writer, spans: u32) {
    for number in 0..spans {
        program.act(&Act::Switch(u8::try_from(number % 3).unwrap()), writer);
        program.act(&Act::Wait(number * 977), writer);
        program.act(&Act::Start(u8::try_from(number % 7).unwrap()), writer);
        if !number.is_multiple_of(5) {
            program.act(&Act::End(Outcome::Ok), writer);
        }
    }
    program.act(&Act::Silent, writer);
}

/// Writes a log through the plan; false if nothing failed. Whatever does, the log holds every entry
/// once in the end, and needs no repair.
fn check(durability: Durability, plan: Plan, path: &Path) -> bool {
    let place = Place { durability, ..place(path) };
    let mut writer = Writer::create(&place, process(1), LogTime(1)).unwrap();
    let mut program = Program::new(Offset(1));
    tell(&mut program, &mut writer, 50);
    assert_eq!(writer.commit(program.time).unwrap(), Commit::Done);
    tell(&mut program, &mut writer, 300);
    let mut now = program.time;
    let failed = failing(plan, || {
        for _ in 0..3 {
            // Told by what the log holds in the end.
            let _done: bool = writer.commit(now).is_ok();
            now = now.after(PAUSE_NS);
            tell(&mut program, &mut writer, 20);
        }
    });
    assert_eq!(writer.commit(now).unwrap(), Commit::Done, "{plan:?}");
    assert!(writer.is_empty());
    tell(&mut program, &mut writer, 20);
    let end = ProcessEnd { how: EndKind::Closed };
    writer.finish(end, now, Duration::from_secs(1)).unwrap();

    let mut tail = open(path);
    assert!(!tail.info().repaired, "{plan:?}");
    let read = read_all(&mut tail, 100_000);
    assert_eq!(read[1..read.len() - 1], program.told, "{plan:?}");
    let told: Vec<_> = program.open().iter().map(|(id, stack)| (*id, stack.depth())).collect();
    let snapshot = tail.snapshot().unwrap();
    let seen: Vec<_> = snapshot.threads.iter().map(|(id, stack, _)| (*id, stack.depth())).collect();
    assert_eq!(seen, told, "{plan:?}");
    failed
}

fn check_all(fault: Fault) {
    let folder = tempfile::tempdir().unwrap();
    for durability in [Durability::Process, Durability::Power] {
        for lasts in [false, true] {
            let mut after = 0;
            let at = |after| folder.path().join(format!("{durability:?}-{lasts}-{after}.redb"));
            while check(durability, Plan { fault, after, lasts }, &at(after)) {
                after += 1;
            }
            assert!(after > 5, "a commit is more than {after} changes");
        }
    }
}

#[test]
fn no_entry_is_lost_or_doubled_where_the_storage_refuses() {
    check_all(Fault::Refused);
}

#[test]
fn no_entry_is_lost_or_doubled_where_it_refuses_what_it_did() {
    check_all(Fault::DoneAndRefused);
}

#[test]
fn no_entry_is_lost_or_doubled_where_redb_panics() {
    check_all(Fault::Panics);
}
