//! Files that are not what a writer left: readers say so, and read what they can.

use super::{open, place, read_all};
use crate::event::{EndKind, LogEntry, LogTime, Offset, Outcome, ProcessEnd, Sink};
use crate::log::cursor::BlockCursor;
use crate::log::faults::next_random;
use crate::log::testing::{Act, Encoder, Program, process};
use crate::log::{Integrity, LogError, ReadOptions, Tail, Writer, check, scavenge};
use crate::log::{block, schema};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A log of a few blocks that ended cleanly.
fn small_log(folder: &Path) -> (PathBuf, Program) {
    let path = folder.join("run.redb");
    let mut writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
    let mut program = Program::new(Offset(1));
    for round in 0..6_u32 {
        for number in 0..400 {
            program.act(&Act::Start(u8::try_from(number % 9).unwrap()), &mut writer);
            program.act(&Act::Wait(number * 31), &mut writer);
            if number % 7 != 0 {
                program.act(&Act::End(Outcome::Ok), &mut writer);
            }
        }
        program.act(&Act::Switch(u8::try_from(round % 3).unwrap()), &mut writer);
        program.time = program.time.after(600_000_000);
        writer.commit(program.time).unwrap();
    }
    // As SIGKILL would leave it: copied between two commits.
    fs::copy(&path, folder.join("killed.redb")).unwrap();
    let end = ProcessEnd { how: EndKind::Closed };
    writer.finish(end, program.time, Duration::from_secs(1)).unwrap();
    (path, program)
}

fn error_of(path: &Path) -> LogError {
    Tail::open(path, &ReadOptions::default()).unwrap_err()
}

#[test]
fn what_is_no_log_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    assert!(matches!(error_of(&folder.path().join("none")), LogError::NotFound { .. }));
    assert!(matches!(error_of(folder.path()), LogError::NotALog { .. }));
    let long = "x".repeat(100_000);
    for path in [file("empty", b""), file("text", b"hello"), file("long", long.as_bytes())] {
        let error = error_of(&path);
        assert!(matches!(error, LogError::NotALog { .. }), "{error:?}");
    }
    let other = folder.path().join("other.redb");
    let database = redb::Database::create(&other).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(redb::TableDefinition::<u32, u32>::new("theirs")).unwrap();
    txn.commit().unwrap();
    drop(database);
    let error = error_of(&other);
    assert!(matches!(error, LogError::NotALog { .. }), "{error:?}");
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = small_log(folder.path());
    let database = redb::Database::open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    let newer = 99_u32.to_le_bytes();
    txn.open_table(schema::META).unwrap().insert(schema::META_FORMAT, newer.as_slice()).unwrap();
    txn.commit().unwrap();
    drop(database);
    let error = error_of(&path);
    assert!(
        matches!(error, LogError::NewerFormat { found: 99, supported: schema::FORMAT, .. }),
        "{error:?}"
    );
}

#[test]
fn a_damaged_block_is_skipped_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (path, program) = small_log(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    let magic = crate::log::block::MAGIC;
    let mut tail = open(&path);
    let all = read_all(&mut tail, usize::MAX);
    // Each of six rounds tells as much, and its commit begins a block.
    let second = Offset(1 + program.told.len() as u64 / 6);
    let mut hit = Vec::new();
    for at in 0..bytes.len() - 100 {
        if bytes[at..].starts_with(&magic) && bytes[at + 16..at + 24] == second.0.to_le_bytes() {
            hit.push(at);
        }
    }
    assert!(!hit.is_empty(), "no block begins at {second:?}");
    for at in hit {
        bytes[at + 80] ^= 1;
    }
    fs::write(&path, &bytes).unwrap();
    let mut tail = open(&path);
    let mut rest = Vec::new();
    loop {
        let more = tail.poll(10_000).unwrap();
        if more.is_empty() {
            break;
        }
        rest.extend(more);
    }
    let (damages, count) = tail.damage();
    assert_eq!(count, 2, "{damages:?}");
    assert_eq!(tail.info().integrity, Integrity::Broken);
    assert_eq!(damages[1].offset, second);
    assert!(rest.len() < all.len());
    assert!(rest.iter().all(|entry| all[usize::try_from(entry.offset.0).unwrap()] == *entry));
    assert_eq!(rest.last(), all.last());
    assert!(!check(&path, &ReadOptions::default()).unwrap().is_sound());
}

#[test]
fn a_log_without_its_tree_is_scavenged() {
    let folder = tempfile::tempdir().unwrap();
    let (path, program) = small_log(folder.path());
    let all = read_all(&mut open(&path), usize::MAX);
    let mut bytes = fs::read(&path).unwrap();
    bytes[..4096].fill(0);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(error_of(&path), LogError::NotALog { .. } | LogError::Damaged { .. }));
    let out = folder.path().join("saved.redb");
    let saved = scavenge(&path, &out).unwrap();
    assert_eq!(saved.entries, all.len() as u64);
    let mut tail = open(&out);
    assert_eq!(read_all(&mut tail, usize::MAX), all);
    assert_eq!(tail.info().uid, process(1).uid);
    for entry in &program.told {
        if let LogEntry::SpanStart { path, .. } = entry.what {
            assert_eq!(tail.names().span_name(path), format!("function_{}", path.0));
        }
    }
    assert_eq!(tail.snapshot().unwrap().threads.len(), program.open().len());
}

/// The fuzzer's: a block of the last offset there is went on behind it, from 0 again.
#[test]
fn offsets_do_not_begin_again_behind_the_last() {
    let mut program = Program::new(Offset(0));
    let mut encoder = Encoder::new(Offset(0));
    for _ in 0..8 {
        program.act(&Act::Mark, &mut encoder);
    }
    encoder.seal();
    let (segments, bytes) = encoder.sealed();
    let mut block = block::pack(segments, bytes).remove(0).1;
    let first = Offset(u64::MAX - 1);
    block[16..24].copy_from_slice(&first.0.to_le_bytes());
    block[24..28].copy_from_slice(&1_u32.to_le_bytes());
    let checksum = block::checksum_of(&block[..48], &block[block::HEADER_BYTES..]);
    block[48..block::HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
    let mut entries = Vec::new();
    let mut cursor = BlockCursor::new(first, block, first).unwrap();
    assert!(cursor.next_entries(&mut entries, |_, _, _| {}).is_err());
    assert_eq!(entries, []);
}

#[test]
fn every_block_that_is_whole_is_scavenged_from_noise() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = small_log(folder.path());
    let all = read_all(&mut open(&path), usize::MAX);
    let bytes = fs::read(&path).unwrap();
    let mut random = 3;
    let mut noise: Vec<u8> =
        (0..bytes.len()).map(|_| next_random(&mut random).to_le_bytes()[0]).collect();
    for at in 0..bytes.len() {
        if bytes[at..].starts_with(&block::MAGIC)
            && let Ok((header, _)) = block::verify(&bytes[at..])
        {
            let end = at + block::HEADER_BYTES + header.length as usize;
            noise[at..end].copy_from_slice(&bytes[at..end]);
        }
    }
    fs::write(&path, &noise).unwrap();
    assert!(matches!(error_of(&path), LogError::NotALog { .. }));
    let out = folder.path().join("saved.redb");
    assert_eq!(scavenge(&path, &out).unwrap().entries, all.len() as u64);
    assert_eq!(read_all(&mut open(&out), usize::MAX), all);
}

/// Opens and reads whatever is there; says what it came to.
fn read_whatever(path: &Path, options: ReadOptions) -> Result<usize, LogError> {
    let mut tail = Tail::open(path, &options)?;
    let mut count = 0;
    loop {
        let entries = tail.poll(10_000)?;
        if entries.is_empty() {
            tail.snapshot()?;
            check(path, &options)?;
            return Ok(count);
        }
        count += entries.len();
        assert!(count < 1_000_000, "more entries than bytes");
    }
}

/// Damages a log at `places` pseudo-random places, one at a time, in several ways.
fn mutate(places: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = small_log(folder.path());
    let originals =
        [path.clone(), folder.path().join("killed.redb")].map(|path| fs::read(path).unwrap());
    let (mut fine, mut refused) = (0, 0);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..places {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        let mut bytes = originals[usize::try_from(random >> 40 & 1).unwrap()].clone();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        let at = usize::try_from(random >> 20).unwrap() % used;
        // The header and the first pages are where most of the tree is.
        let at = if number % 3 == 0 { at % 4_608 } else { at };
        match number % 4 {
            0 => bytes[at] ^= 1 << (random % 8),
            1 => bytes[at] = 0xff,
            2 => bytes[at..].iter_mut().take(64).for_each(|byte| *byte = 0),
            _ => bytes.truncate(at),
        }
        fs::write(&path, &bytes).unwrap();
        let options = ReadOptions { read_only: number % 2 == 0, ..ReadOptions::default() };
        match read_whatever(&path, options) {
            Ok(_) => fine += 1,
            Err(_) => refused += 1,
        }
        fs::remove_file(&path).unwrap();
    }
    assert!(fine > 0 && refused > 0, "{fine} could be read, {refused} were refused");
}

#[test]
fn damage_anywhere_gives_entries_or_an_error() {
    // redb's own messages would hide the test's.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !crate::log::panics_are_damage() {
            hook(info);
        }
    }));
    let places = std::env::var("FERRET_TEST_MUTATIONS").map(|text| text.parse().unwrap());
    mutate(places.unwrap_or(400));
}

/// A reader once went round and round in a tree whose keys a flipped bit had put out of order.
#[test]
fn a_tree_out_of_order_ends_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut writer = Writer::create(&place(&path), process(1), LogTime(1)).unwrap();
    let mut program = Program::new(Offset(1));
    for _ in 0..8 {
        program.act(&Act::Mark, &mut writer);
        writer.commit(program.time).unwrap();
    }
    drop(writer);
    // Eight small blocks, whose keys stand one behind the other in a page.
    let original = fs::read(&path).unwrap();
    let mut refused = 0;
    for (number, key) in (0..6).flat_map(|number| [0, 1, 4, 6, u64::MAX].map(|key| (number, key))) {
        let keys: Vec<u8> = (1..7_u64).flat_map(u64::to_le_bytes).collect();
        let (mut bytes, mut hits) = (original.clone(), 0);
        for at in 0..bytes.len() - keys.len() {
            if bytes[at..].starts_with(&keys) {
                bytes[at + 8 * number..][..8].copy_from_slice(&key.to_le_bytes());
                hits += 1;
            }
        }
        assert!(hits > 0, "the keys were not found");
        fs::write(&path, &bytes).unwrap();
        match check(&path, &ReadOptions { read_only: true, ..ReadOptions::default() }) {
            Ok(report) => assert_eq!(report.is_sound(), key == number as u64 + 1),
            Err(error) => {
                assert!(error.is_damage(), "{error:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "no walk met keys out of order");
}
