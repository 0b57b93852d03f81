//! Power loss: a log whose file lost any part of what was not synced. At durability `power` what a
//! commit reported is there. At `process` nothing is promised but the truth: an error, or entries
//! that were told.

use super::oracle::check_holds;
use super::place;
use crate::event::{
    EndKind, Entry, LogEntry, LogTime, Offset, Outcome, ProcessEnd, Sink, ThreadId,
};
use crate::log::faults::next_random;
use crate::log::journal::{self, Lost, Step, keeping, lose};
use crate::log::testing::{Act, Program, process};
use crate::log::{Durability, LogError, Place, ReadOptions, Tail, Writer, block, check, scavenge};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Writes a log of some commits, small and large; returns what was done to its file, and what must
/// be in it. `closes`: it ends cleanly.
fn written(durability: Durability, closes: bool) -> (Vec<Step>, Program) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { durability, ..place(&folder.path().join("run.redb")) };
    let mut program = Program::new(Offset(1));
    let steps = keeping(|| {
        let mut writer = Writer::create(&place, process(1), LogTime(1)).unwrap();
        let report = |program: &Program| {
            journal::note(|| Step::Reported(program.told.len() as u64 + 1));
        };
        report(&program);
        for spans in [1_u32, 30, 2, 700, 1, 200, 50, 1_500, 3, 1, 400, 1] {
            for number in 0..spans {
                program.act(&Act::Switch(u8::try_from(number % 3).unwrap()), &mut writer);
                program.act(&Act::Wait(number * 977), &mut writer);
                program.act(&Act::Start(u8::try_from(number % 150).unwrap()), &mut writer);
                if !number.is_multiple_of(50) {
                    program.act(&Act::End(Outcome::Ok), &mut writer);
                }
            }
            program.act(&Act::Silent, &mut writer);
            program.time = program.time.after(400_000_000);
            writer.commit(program.time).unwrap();
            report(&program);
        }
        if closes {
            let end = ProcessEnd { how: EndKind::Closed };
            writer.finish(end, program.time, Duration::from_secs(1)).unwrap();
        }
    });
    (steps, program)
}

/// Cuts the power at so many random moments.
fn at_random(steps: &[Step], moments: u64, mut check: impl FnMut(&Path, &Lost, u64)) {
    let folder = tempfile::tempdir().unwrap();
    let moments = std::env::var("FERRET_TEST_LOSSES").map_or(moments, |text| text.parse().unwrap());
    for seed in 0..moments {
        let mut random = seed;
        let behind = 1 + usize::try_from(next_random(&mut random)).unwrap() % steps.len();
        // Of a log that is never synced the kernel has written some by itself, in its own time.
        let recent = usize::try_from(next_random(&mut random)).unwrap() % 60;
        let is_synced = steps.iter().any(|step| matches!(step, Step::Sync));
        let synced = if is_synced { 0 } else { behind.saturating_sub(recent) };
        let lost = lose(&steps[..behind], synced, &mut random);
        let path = folder.path().join("run.redb");
        fs::write(&path, &lost.file).unwrap();
        check(&path, &lost, seed);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn what_a_commit_reported_at_durability_power_survives_any_loss() {
    let (steps, program) = written(Durability::Power, false);
    let mut compared = 0;
    at_random(&steps, 300, |path, lost, seed| {
        if lost.reported == 0 {
            // Its creation was not over: there may be nothing yet.
            return;
        }
        let there = check_holds(path, &program, seed);
        assert!(there >= lost.reported, "{seed}: {there} of {} entries", lost.reported);
        compared += 1;
        if seed.is_multiple_of(8) {
            // In memory and in the file, its recovery is the same.
            let report = check(path, &ReadOptions::default()).unwrap();
            assert!(report.is_sound(), "{seed}");
            assert_eq!(report.entries, there, "{seed}");
        }
    });
    assert!(compared > 0);
}

/// Reads what is there; whether all of it seemed sound, and which entries.
fn read(path: &Path) -> Result<(Tail, Vec<Entry>, bool), LogError> {
    let mut tail = Tail::open(path, &ReadOptions { read_only: true, ..ReadOptions::default() })?;
    let mut entries = Vec::new();
    loop {
        let more = tail.poll(100_000)?;
        if more.is_empty() {
            let is_sound = tail.damage().1 == 0;
            return Ok((tail, entries, is_sound));
        }
        entries.extend(more);
    }
}

/// Each entry is what was told at its offset.
fn check_true(entries: &[Entry], program: &Program, seed: u64) {
    let mut next = Offset(0);
    for entry in entries {
        assert!(entry.offset >= next, "{seed}: {} again", entry.offset.0);
        next = entry.offset.plus(1);
        match usize::try_from(entry.offset.0).unwrap().checked_sub(1) {
            None => assert!(matches!(entry.what, LogEntry::ProcessStart(_)), "{seed}"),
            Some(at) if at == program.told.len() => {
                assert!(matches!(entry.what, LogEntry::ProcessEnd(_)), "{seed}");
            }
            Some(at) => assert_eq!(*entry, program.told[at], "{seed}"),
        }
    }
}

/// How deep each thread's stack is behind so many entries.
fn depths(program: &Program, next: Offset) -> BTreeMap<ThreadId, usize> {
    let mut depths = BTreeMap::new();
    for entry in program.told.iter().take_while(|entry| entry.offset < next) {
        let depth = depths.entry(entry.thread).or_insert(0_usize);
        #[expect(clippy::wildcard_enum_match_arm, reason = "the program tells only these")]
        match entry.what {
            LogEntry::SpanStart { .. } => *depth += 1,
            LogEntry::SpanEnd { .. } => *depth -= 1,
            _ => {}
        }
    }
    depths.retain(|_, depth| *depth > 0);
    depths
}

/// Where in the file a block begins whose every byte is as it should be: what can be had.
fn whole_blocks(file: &[u8]) -> BTreeMap<Offset, u64> {
    let begins = |at: &usize| file[*at..].starts_with(&block::MAGIC);
    (0..file.len())
        .filter(begins)
        .filter_map(|at| block::verify(&file[at..]).ok())
        .map(|(header, _)| (header.first, u64::from(header.count)))
        .collect()
}

fn check_truth(closes: bool) {
    let (steps, program) = written(Durability::Process, closes);
    assert!(!steps.iter().any(|step| matches!(step, Step::Sync)), "nothing waits for a disk");
    let (mut whole, mut partial, mut refused) = (0, 0, 0);
    at_random(&steps, 300, |path, lost, seed| {
        match read(path) {
            Ok((mut tail, entries, is_sound)) => {
                check_true(&entries, &program, seed);
                let snapshot = tail.snapshot().unwrap();
                for (id, stack, _) in &snapshot.threads {
                    let told = depths(&program, snapshot.next).get(id).copied();
                    assert!(!is_sound || Some(stack.depth()) == told, "{seed}: {id:?}");
                }
                if is_sound {
                    whole += 1;
                    assert_eq!(entries.len() as u64, tail.info().next_offset.0, "{seed}");
                } else {
                    partial += 1;
                }
            }
            Err(error) => {
                refused += 1;
                let is_said = matches!(error, LogError::Damaged { .. } | LogError::NotALog { .. });
                assert!(is_said, "{seed}: {error:?}");
            }
        }
        // Looking for blocks byte by byte takes a while in a program that is not optimised.
        if !seed.is_multiple_of(4) {
            return;
        }
        let out = path.with_extension("saved");
        let found = whole_blocks(&lost.file);
        if found.is_empty() {
            assert!(scavenge(path, &out).is_err(), "{seed}");
            return;
        }
        let saved = scavenge(path, &out).unwrap();
        assert_eq!(saved.blocks, found.len() as u64, "{seed}");
        assert_eq!(saved.entries, found.values().sum::<u64>(), "{seed}");
        let (_, entries, _) = read(&out).unwrap();
        check_true(&entries, &program, seed);
        assert_eq!(entries.len() as u64, saved.entries, "{seed}");
        fs::remove_file(&out).unwrap();
    });
    assert!(refused > 0 && whole > 0, "{whole} whole, {partial} in part, {refused} refused");
    println!("{whole} whole, {partial} in part, {refused} refused");
}

#[test]
fn a_loss_at_durability_process_never_shows_what_was_not_told() {
    check_truth(false);
}

/// A file closed cleanly says that it needs no repair, and the disk may lack what it refers to.
#[test]
fn a_loss_behind_a_clean_end_never_shows_what_was_not_told() {
    check_truth(true);
}

/// A page of the tree that holds an older page, and a whole one: pages are used again, and the disk
/// lacks the last use. Nothing that a reader looks at by itself contradicts it.
#[test]
fn a_page_that_is_out_of_date_is_found_out() {
    let (steps, program) = written(Durability::Process, true);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let pages = |steps: &[Step]| -> Vec<(usize, Vec<u8>)> {
        let page = |(number, step): (usize, &Step)| match step {
            Step::Write(_, data) if data.len() == 4_096 => Some((number, data.clone())),
            Step::Write(..) | Step::Length(_) | Step::Sync | Step::Reported(_) => None,
        };
        steps.iter().enumerate().filter_map(page).collect()
    };
    let mut steps = steps;
    let pages = pages(&steps);
    let (mut lied, mut found) = (0, 0);
    for (at, (number, page)) in pages.iter().enumerate().skip(pages.len() - 16) {
        for (_, older) in pages[..at].iter().rev().take(8).filter(|(_, older)| older != page) {
            let Step::Write(_, data) = &mut steps[*number] else { unreachable!() };
            data.clone_from(older);
            fs::write(&path, lose(&steps, steps.len(), &mut 0).file).unwrap();
            let Ok((mut tail, entries, is_sound)) = read(&path) else { continue };
            check_true(&entries, &program, *number as u64);
            let Ok(snapshot) = tail.snapshot() else { continue };
            let threads = snapshot.threads.iter();
            let open: BTreeMap<_, _> = threads.map(|(id, stack, _)| (*id, stack.depth())).collect();
            let is_whole =
                entries.len() == program.told.len() + 2 && open == depths(&program, snapshot.next);
            found += usize::from(!is_sound);
            lied += usize::from(is_sound && !is_whole);
        }
        let Step::Write(_, data) = &mut steps[*number] else { unreachable!() };
        data.clone_from(page);
    }
    assert_eq!(lied, 0, "and {found} were found out");
    assert!(found > 0);
}
