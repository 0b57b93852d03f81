//! Input that cannot be read: one sentence that says what to do, an exit code that is not zero, and
//! nothing damaged.

use ferret_tests::{Place, example, ferret, output};
use std::fs;
use std::path::Path;

/// Runs every command that reads a log on `path`.
#[track_caller]
fn check(path: &Path, code: i32, says: &str) {
    let before = fs::read(path).ok();
    for command in [
        &["analyze"][..],
        &["analyze", "--json"],
        &["log"],
        &["log", "--follow"],
        &["check"],
        &["watch", "--once"],
        &["watch", "--once", "--json"],
    ] {
        // `watch` waits for a log that is not there yet.
        if command[0] == "watch" && !path.exists() {
            continue;
        }
        let answer = output(ferret().args(command).arg(path));
        assert_eq!(answer.code, Some(code), "{command:?}: {}", answer.stderr);
        let sentences = answer.stderr.lines();
        assert!(sentences.clone().count() <= 2, "{command:?}: {}", answer.stderr);
        for sentence in sentences {
            assert!(sentence.starts_with("ferret: "), "{command:?}: {}", answer.stderr);
        }
        assert!(answer.stderr.contains(says), "{command:?}: {}", answer.stderr);
        assert_eq!(fs::read(path).ok(), before, "{command:?} changed the file");
    }
}

/// A finished log.
fn finished() -> Place {
    let place = Place::new();
    assert_eq!(output(example("hello").env("FERRET_LOG", &place.log)).code, Some(0));
    place
}

#[test]
fn a_missing_file() {
    let place = Place::new();
    check(&place.log, 2, "run.redb");
}

#[test]
fn a_file_that_is_no_log() {
    let place = Place::new();
    fs::write(&place.log, "Dear diary,\n".repeat(1_000)).unwrap();
    check(&place.log, 2, "not a ferret log");
}

#[test]
fn an_empty_file() {
    let place = Place::new();
    fs::write(&place.log, "").unwrap();
    check(&place.log, 2, "not a ferret log");
}

#[test]
fn a_folder_without_logs() {
    let place = Place::new();
    check(place.folder(), 2, "no log");
}

#[test]
fn a_truncated_log() {
    let place = finished();
    let bytes = fs::read(&place.log).unwrap();
    // A tenth of it is in use, and that is at the front.
    fs::write(&place.log, &bytes[..24 << 10]).unwrap();
    check(&place.log, 3, "damaged");
}

#[test]
fn a_log_of_a_newer_format() {
    let place = finished();
    let table: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("meta");
    let database = redb::Builder::new()
        .set_concurrency_mode(redb::ConcurrencyMode::SingleWriter)
        .open(&place.log)
        .unwrap();
    let transaction = database.begin_write().unwrap();
    let newer = 4_000_u32.to_le_bytes();
    transaction.open_table(table).unwrap().insert("format", newer.as_slice()).unwrap();
    transaction.commit().unwrap();
    database.close().unwrap();
    check(&place.log, 2, "format 4000");
}

#[test]
fn a_log_is_not_changed_by_being_read() {
    let place = finished();
    let before = fs::read(&place.log).unwrap();
    for command in ["analyze", "log", "check"] {
        let answer = output(ferret().arg(command).arg(&place.log));
        assert_eq!(answer.code, Some(0), "{command}: {}", answer.stderr);
        assert_eq!(fs::read(&place.log).unwrap(), before, "{command} changed the log");
    }
}
