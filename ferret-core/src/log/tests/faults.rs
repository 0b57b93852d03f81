//! A log whose storage fails, at every single call that a commit makes: every lock, length, read,
//! write and sync.

use super::oracle::{check_holds, entries_of};
use super::{open, place, read_all};
use crate::event::{Commit, EndKind, LogTime, Offset, Outcome, ProcessEnd, Sink};
use crate::log::faults::{Fault, Plan, When, failing, working};
use crate::log::testing::{Act, Program, process};
use crate::log::{Durability, Place, ReadOptions, Writer, check};
use std::fs;
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

/// What another process would find now, if this one died.
fn check_so_far(path: &Path, program: &Program, plan: Plan) {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    check_holds(&copy, program, plan);
    fs::remove_file(&copy).unwrap();
}

/// Writes a log through the plan, in so many commits; returns how many calls failed. Whatever does,
/// the log holds every entry once in the end, and needs no repair.
fn check_plan(durability: Durability, plan: Plan, commits: u32, path: &Path) -> u32 {
    let place = Place { durability, ..place(path) };
    let mut writer = Writer::create(&place, process(1), LogTime(1)).unwrap();
    let mut program = Program::new(Offset(1));
    tell(&mut program, &mut writer, 50);
    assert_eq!(writer.commit(program.time).unwrap(), Commit::Done);
    tell(&mut program, &mut writer, 300);
    let mut now = program.time;
    let failed = failing(plan, || {
        for _ in 0..commits {
            let done = writer.commit(now).is_ok_and(|commit| commit == Commit::Done);
            assert!(!done || writer.is_empty(), "{plan:?}");
            if !done {
                working(|| check_so_far(path, &program, plan));
            }
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
    assert!(check(path, &ReadOptions::default()).unwrap().is_sound(), "{plan:?}");
    fs::remove_file(path).unwrap();
    failed
}

fn check_every_call(durability: Durability, fault: Fault) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    for when in [When::Once as fn(u32) -> When, When::From] {
        let mut after = 0;
        while check_plan(durability, Plan { fault, when: when(after) }, 2, &path) > 0 {
            after += 1;
        }
        assert!(after > 12, "two commits are more than {after} calls");
    }
}

#[test]
fn no_entry_is_lost_or_doubled_where_the_storage_refuses() {
    check_every_call(Durability::Process, Fault::Refused);
}

#[test]
fn no_entry_is_lost_or_doubled_where_the_storage_refuses_to_sync() {
    check_every_call(Durability::Power, Fault::Refused);
}

#[test]
fn no_entry_is_lost_or_doubled_where_it_refuses_what_it_did() {
    check_every_call(Durability::Process, Fault::DoneAndRefused);
}

#[test]
fn no_entry_is_lost_or_doubled_where_it_refuses_what_it_did_and_synced() {
    check_every_call(Durability::Power, Fault::DoneAndRefused);
}

#[test]
fn no_entry_is_lost_or_doubled_where_redb_panics() {
    check_every_call(Durability::Process, Fault::Panics);
}

#[test]
fn no_entry_is_lost_or_doubled_where_calls_fail_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut failed = 0;
    for seed in 0..24_u32 {
        let fault = [Fault::Refused, Fault::DoneAndRefused, Fault::Panics][(seed % 3) as usize];
        let durability = [Durability::Process, Durability::Power][(seed % 2) as usize];
        // A reopen and a commit are some fifty calls: some pass, and most do not.
        let when = When::Randomly(20 + 10 * (seed % 5), u64::from(seed));
        failed += check_plan(durability, Plan { fault, when }, 12, &path);
    }
    assert!(failed > 100, "{failed} calls failed");
}

/// The last commit, and the closing behind it: what was committed before is there, and what is there
/// is true.
#[test]
fn an_end_that_fails_leaves_a_log_to_be_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    for fault in [Fault::Refused, Fault::DoneAndRefused, Fault::Panics] {
        for after in 0.. {
            let mut writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
            let mut program = Program::new(Offset(1));
            tell(&mut program, &mut writer, 50);
            assert_eq!(writer.commit(program.time).unwrap(), Commit::Done);
            let committed = program.told.len();
            tell(&mut program, &mut writer, 50);
            let plan = Plan { fault, when: When::From(after) };
            let end = ProcessEnd { how: EndKind::Closed };
            let mut result = Ok(());
            let failed = failing(plan, || {
                result = writer.finish(end, program.time, Duration::from_millis(1));
            });
            let told = entries_of(&path);
            assert!(told.len() > committed, "{plan:?}");
            let read = told.len().min(program.told.len() + 1);
            assert_eq!(told[1..read], program.told[..read - 1], "{plan:?}");
            assert!(result.is_err() || told.len() == program.told.len() + 2, "{plan:?}");
            fs::remove_file(&path).unwrap();
            if failed == 0 {
                break;
            }
        }
    }
}

/// A recording that cannot begin leaves no log, or one that can be read; and no file in the way of
/// the next.
#[test]
fn a_log_that_cannot_be_created_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    for fault in [Fault::Refused, Fault::DoneAndRefused, Fault::Panics] {
        for after in 0.. {
            let plan = Plan { fault, when: When::From(after) };
            let mut created = None;
            let failed = failing(plan, || {
                created = Some(Writer::create(&place(&path), process(1), LogTime(1)));
            });
            let is_there = path.exists();
            assert!(is_there || created.as_ref().is_some_and(Result::is_err), "{plan:?}");
            assert!(failed > 0 || created.as_ref().is_some_and(Result::is_ok));
            drop(created);
            if is_there {
                assert!(entries_of(&path).len() <= 1, "{plan:?}");
            }
            let mut next = Writer::create(&place(&path), process(2), LogTime(1)).unwrap();
            assert_eq!(next.path(), path);
            assert_eq!(next.commit(LogTime(2)).unwrap(), Commit::Done);
            drop(next);
            for file in fs::read_dir(folder.path()).unwrap() {
                let file = file.unwrap().path();
                assert_ne!(file.extension().unwrap(), "tmp", "{plan:?}");
                fs::remove_file(file).unwrap();
            }
            if failed == 0 {
                break;
            }
        }
    }
}
