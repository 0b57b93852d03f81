//! A log that is removed, moved, replaced or truncated while it is written: another begins, and has
//! all that the first had not.

use super::{open, place, read_all};
use crate::event::{
    Commit, EndKind, Entry, LogEntry, LogTime, Offset, Outcome, ProcessEnd, ProcessStart, Sink,
};
use crate::log::testing::{Act, Program, process};
use crate::log::{ReadOptions, Writer, check};
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

const SECOND_NS: u64 = 1_000_000_000;

/// A writer, the program that it records, and how much of that the first log has.
struct Written {
    folder: tempfile::TempDir,
    path: PathBuf,
    writer: Writer,
    program: Program,
}

impl Written {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.redb");
        let program = Program::new(Offset(1));
        let writer = Writer::create(&place(&path), process(1), program.time).unwrap();
        let mut written = Self { folder, path, writer, program };
        written.tell(40);
        assert_eq!(written.commit().unwrap(), Commit::Done);
        written
    }

    /// Spans on three threads; some stay open.
    fn tell(&mut self, spans: u32) {
        for number in 0..spans {
            let acts = [
                Act::Switch(u8::try_from(number % 3).unwrap()),
                Act::Wait(number * 977),
                Act::Start(u8::try_from(number % 7).unwrap()),
            ];
            for act in &acts {
                self.program.act(act, &mut self.writer);
            }
            if !number.is_multiple_of(9) {
                self.program.act(&Act::End(Outcome::Ok), &mut self.writer);
            }
        }
    }

    /// Commits a second later, as a recorder does.
    fn commit(&mut self) -> std::io::Result<Commit> {
        self.program.time = self.program.time.after(SECOND_NS);
        match self.writer.commit(self.program.time) {
            Ok(Commit::Anew) => {
                self.program.tell_again(&mut self.writer);
                assert_eq!(self.writer.commit(self.program.time).unwrap(), Commit::Done);
                self.writer.leave(self.program.time);
                Ok(Commit::Anew)
            }
            other => other,
        }
    }

    /// Ends it; expects in the log at its name all that was told from the `first` entry on.
    fn check(mut self, first: usize) -> (tempfile::TempDir, Vec<Entry>) {
        self.tell(5);
        assert_eq!(self.commit().unwrap(), Commit::Done);
        let Self { folder, path, writer, program } = self;
        assert_eq!(writer.path(), path);
        let mut beside = open(&path);
        let snapshot = beside.snapshot().unwrap();
        let seen = snapshot.threads.iter().map(|(id, stack, _)| (*id, stack.depth()));
        let told: Vec<_> = program.open().iter().map(|(id, stack)| (*id, stack.depth())).collect();
        assert_eq!(seen.collect::<Vec<_>>(), told);
        let end = ProcessEnd { how: EndKind::Closed };
        writer.finish(end, program.time, Duration::from_secs(1)).unwrap();

        let mut tail = open(&path);
        assert!(!tail.info().repaired);
        assert_eq!(tail.info().first_offset, Offset(first as u64));
        let read = read_all(&mut tail, 10_000);
        let (start, rest) = read.split_first().unwrap();
        let (end, rest) = rest.split_last().unwrap();
        assert_eq!(rest, &program.told[first..]);
        let LogEntry::ProcessStart(started) = &start.what else { panic!("{start:?}") };
        let since_ns = start.time.since(LogTime(1_000_000_000_000));
        let unix_ns = process(1).unix_ns + since_ns;
        assert_eq!(**started, ProcessStart { unix_ns, ..process(1) });
        assert!(matches!(end.what, LogEntry::ProcessEnd(_)));
        for entry in rest {
            if let LogEntry::SpanStart { path, .. } | LogEntry::SpanEnd { path, .. } = entry.what {
                assert_eq!(tail.names().span_name(path), format!("function_{}", path.0));
            }
            assert!(tail.names().threads.contains_key(&entry.thread), "{entry:?}");
        }
        assert!(check(&path, &ReadOptions::default()).unwrap().is_sound());
        (folder, read)
    }
}

fn news(written: &mut Written) -> String {
    let news = written.writer.news().unwrap();
    assert_eq!(written.writer.news(), None, "said once");
    news
}

#[test]
fn a_log_that_is_removed_is_followed_by_another() {
    let mut written = Written::new();
    let had = written.program.told.len();
    let mut reader = open(&written.path);
    read_all(&mut reader, 10_000);
    written.tell(30);
    fs::remove_file(&written.path).unwrap();
    assert_eq!(written.commit().unwrap(), Commit::Anew);
    assert!(news(&mut written).contains("was removed: recording goes on in a new log"));
    // Whoever reads the first sees its end.
    let last = read_all(&mut reader, 10_000);
    assert!(matches!(last[..], [Entry { what: LogEntry::ProcessEnd(_), .. }]), "{last:?}");
    assert_eq!(reader.owned(), Some(false));
    let (folder, _) = written.check(had);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
}

/// As those do who keep yesterday's log.
#[test]
fn a_log_that_is_moved_ends_there_and_another_begins() {
    let mut written = Written::new();
    let had = written.program.told.len();
    written.tell(30);
    let moved = written.folder.path().join("yesterday.redb");
    fs::rename(&written.path, &moved).unwrap();
    assert_eq!(written.commit().unwrap(), Commit::Anew);
    let told = written.program.told.clone();
    let (_folder, _) = written.check(had);
    let mut first = open(&moved);
    assert!(!first.info().repaired);
    let read = read_all(&mut first, 10_000);
    assert_eq!(read[1..=had], told[..had]);
    assert!(matches!(read[had + 1].what, LogEntry::ProcessEnd(_)));
    assert_eq!(read.len(), had + 2);
}

#[test]
fn a_log_that_another_replaces_moves_that_away() {
    let mut written = Written::new();
    let had = written.program.told.len();
    let copy = written.folder.path().join("copy");
    fs::copy(&written.path, &copy).unwrap();
    fs::rename(&copy, &written.path).unwrap();
    assert_eq!(written.commit().unwrap(), Commit::Anew);
    assert!(news(&mut written).contains("was replaced by another file"));
    let (folder, _) = written.check(had);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the copy and the new one");
}

/// redb wrote on as if nothing had happened, and panicked some seconds later.
#[test]
fn a_log_that_is_truncated_is_followed_by_another() {
    for length in [0, 5_000] {
        let mut written = Written::new();
        let had = written.program.told.len();
        written.tell(30);
        let file = OpenOptions::new().write(true).open(&written.path).unwrap();
        file.set_len(length).unwrap();
        assert_eq!(written.commit().unwrap(), Commit::Anew);
        assert_eq!(file.metadata().unwrap().len(), length, "nothing is written into it");
        assert!(news(&mut written).contains("was truncated"));
        written.check(had);
    }
}

#[test]
fn a_file_that_is_no_log_is_left_alone_until_it_is_gone() {
    let mut written = Written::new();
    let had = written.program.told.len();
    fs::remove_file(&written.path).unwrap();
    fs::write(&written.path, "a letter").unwrap();
    for _ in 0..3 {
        written.tell(30);
        let error = written.commit().unwrap_err().to_string();
        assert!(error.contains("was replaced by another file"), "{error}");
        written.program.time = written.program.time.after(20 * SECOND_NS);
    }
    assert_eq!(fs::read_to_string(&written.path).unwrap(), "a letter");
    fs::remove_file(&written.path).unwrap();
    assert_eq!(written.commit().unwrap(), Commit::Anew);
    written.check(had);
}

/// A program may change its root: the name leads nowhere, and nothing is lost.
#[test]
fn where_no_other_can_begin_it_goes_on_in_a_file_that_has_a_name() {
    let mut written = Written::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("kept.redb");
    fs::rename(&written.path, &moved).unwrap();
    fs::remove_dir(written.folder.path()).unwrap();
    for round in 0..3 {
        written.tell(30);
        assert_eq!(written.commit().unwrap(), Commit::Done);
        assert_eq!(written.writer.news().is_some(), round == 0, "said once");
        written.program.time = written.program.time.after(20 * SECOND_NS);
    }
    fs::create_dir(written.folder.path()).unwrap();
    let had = written.program.told.len();
    written.tell(30);
    assert_eq!(written.commit().unwrap(), Commit::Anew);
    assert_eq!(read_all(&mut open(&moved), 10_000).len(), had + 2);
    written.check(had);
}

/// What the end finds lost stays lost; there is nobody to tell names again.
#[test]
fn an_end_takes_a_log_without_a_name_as_it_is() {
    let written = Written::new();
    let moved = written.folder.path().join("moved.redb");
    fs::rename(&written.path, &moved).unwrap();
    let end = ProcessEnd { how: EndKind::Closed };
    let Written { writer, program, path, .. } = written;
    writer.finish(end, program.time.after(SECOND_NS), Duration::from_secs(1)).unwrap();
    assert_eq!(read_all(&mut open(&moved), 10_000).len(), program.told.len() + 2);
    assert!(!Path::new(&path).exists());
}

/// Whoever finds it finds all that was not in the first: at no moment is there one that lacks it.
#[test]
fn a_log_that_follows_another_has_its_name_when_it_has_all_of_it() {
    let mut written = Written::new();
    let had = written.program.told.len();
    written.tell(30);
    let moved = written.folder.path().join("yesterday.redb");
    fs::rename(&written.path, &moved).unwrap();
    written.program.time = written.program.time.after(SECOND_NS);
    let now = written.program.time;
    assert_eq!(written.writer.commit(now).unwrap(), Commit::Anew);
    assert!(!written.path.exists());
    written.program.tell_again(&mut written.writer);
    assert_eq!(written.writer.commit(now).unwrap(), Commit::Done);
    let told = &written.program.told[had..];
    assert_eq!(&read_all(&mut open(&written.path), 10_000)[1..], told);
    // Its end comes when whoever must know of the other does.
    assert!(!open(&moved).info().is_ended && open(&moved).owned() == Some(true));
    written.writer.leave(now);
    assert!(open(&moved).info().is_ended && open(&moved).owned() == Some(false));
    written.check(had);
}

/// Its folder goes in the very moment in which it was to get its name.
#[test]
fn a_log_that_does_not_get_its_name_is_followed_by_another() {
    let mut written = Written::new();
    let had = written.program.told.len();
    written.tell(30);
    fs::remove_file(&written.path).unwrap();
    written.program.time = written.program.time.after(SECOND_NS);
    let now = written.program.time;
    assert_eq!(written.writer.commit(now).unwrap(), Commit::Anew);
    written.program.tell_again(&mut written.writer);
    let (folder, away) = (written.folder.path(), written.folder.path().with_extension("away"));
    fs::rename(folder, &away).unwrap();
    assert!(written.writer.commit(now).is_err());
    fs::rename(&away, folder).unwrap();
    written.tell(30);
    written.program.time = now.after(20 * SECOND_NS);
    assert_eq!(written.commit().unwrap(), Commit::Anew);
    written.check(had);
}
