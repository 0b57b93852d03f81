//! Logs that are kept to a size or an age: what goes, what must not, and what readers are told.

use super::{open, place, read_all};
use crate::event::{
    LogEntry, LogTime, Offset, OpenTask, Outcome, PathId, Position, Sink, SpanId, TagValue,
    TaskLife, ThreadId, ThreadInfo, ThreadStack,
};
use crate::log::testing::{Act, Program, process};
use crate::log::{Limits, Place, ReadOptions, Writer, check as check_log};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

const MIB: u64 = 1 << 20;

/// A program and the log that it fills.
struct Recorded {
    folder: tempfile::TempDir,
    program: Program,
    writer: Writer,
}

impl Recorded {
    fn new(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.redb");
        let mut program = Program::new(Offset(1));
        let place = Place { limits, ..place(&path) };
        let writer = Writer::create(&place, process(1), program.time).unwrap();
        program.act(&Act::Switch(1), &mut Deaf);
        Self { folder, program, writer }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("run.redb")
    }

    fn act(&mut self, act: &Act) {
        self.program.act(act, &mut self.writer);
    }

    /// Spans of the current thread, with all that the recorder says of the time that passes: so many
    /// commits a second, so many spans each.
    fn work(&mut self, seconds: u32, commits: u32, spans: u32) {
        for _ in 0..seconds {
            for _ in 0..commits {
                for number in 0..spans {
                    self.act(&Act::Start(u8::try_from(number % 20).unwrap()));
                    self.act(&Act::Tag(TagValue::Text("a hundred bytes ".repeat(6))));
                    self.act(&Act::End(Outcome::Ok));
                }
                self.program.time = self.program.time.after(1_000_000_000 / u64::from(commits));
                self.program.report_silence(&mut self.writer);
                self.writer.commit(self.program.time).unwrap();
            }
            self.writer.kept_tasks();
        }
    }

    fn bytes(&self) -> u64 {
        std::fs::metadata(self.path()).unwrap().blocks() * 512
    }

    /// What a new reader gets is the beginning, and the end of what was told without a gap.
    #[track_caller]
    fn check_kept(&self, path: &Path) {
        let mut tail = open(path);
        let entries = read_all(&mut tail, 10_000);
        assert!(matches!(entries[0].what, LogEntry::ProcessStart(_)));
        let first = tail.info().first_offset;
        assert_eq!(entries[1].offset, first);
        assert_eq!(entries[1..], self.program.told[usize::try_from(first.0).unwrap() - 1..]);
        assert!(first > Offset(1), "something went");
        assert_eq!((tail.missed(), tail.damage().1), (0, 0), "nothing that was there");
        assert!(check_log(path, &ReadOptions::default()).unwrap().is_sound());
    }
}

/// Nothing is told to it.
struct Deaf;

#[rustfmt::skip]
impl Sink for Deaf {
    fn callsite(&mut self, _: crate::event::CallsiteId, _: &crate::event::CallsiteInfo) {}
    fn path(&mut self, _: PathId, _: crate::event::PathInfo) {}
    fn thread(&mut self, _: ThreadId, _: &ThreadInfo) {}
    fn entry(&mut self, _: ThreadId, _: Position, _: &ThreadStack, _: LogTime, _: &LogEntry) {}
    fn drained(&mut self, _: ThreadId, _: Position) {}
    fn resume(&mut self, _: ThreadId, _: Option<&crate::event::Resume>) {}
    fn silent(&mut self, _: ThreadId, _: &ThreadStack) {}
    fn keep_task(&mut self, _: &OpenTask) {}
    fn forget_task(&mut self, _: SpanId) {}
    fn kept_tasks(&mut self) {}
    fn pending_bytes(&self) -> usize { 0 }
    fn is_empty(&self) -> bool { true }
    fn commit(&mut self, _: LogTime) -> std::io::Result<crate::event::Commit> {
        Ok(crate::event::Commit::Done)
    }
}

fn max_bytes(bytes: u64) -> Limits {
    Limits { max_bytes: Some(bytes), ..Limits::default() }
}

#[test]
fn a_run_that_writes_many_times_more_takes_no_more_than_it_may() {
    for (limit, commits, spans) in [(MIB, 20, 10), (2 * MIB, 5, 500), (4 * MIB, 40, 50)] {
        let mut recorded = Recorded::new(max_bytes(limit));
        let mut most = 0;
        for _ in 0..60 {
            recorded.work(1, commits, spans);
            most = most.max(recorded.bytes());
        }
        println!("{limit}: {most} after {} entries", recorded.program.told.len());
        assert!(most <= limit + limit / 10, "{most} bytes of {limit}");
        assert!(most >= limit * 8 / 10, "{most} bytes of {limit} are used");
        recorded.check_kept(&recorded.path());
    }
}

#[test]
fn entries_go_when_they_are_too_old() {
    let max_age = Some(Duration::from_secs(30));
    let mut recorded = Recorded::new(Limits { max_age, ..Limits::default() });
    recorded.work(100, 4, 50);
    let kept_ns = |recorded: &Recorded| {
        recorded.program.time.since(open(&recorded.path()).info().first_time) / 1_000_000
    };
    assert!((30_000..=31_000).contains(&kept_ns(&recorded)), "{}", kept_ns(&recorded));
    recorded.check_kept(&recorded.path());
}

#[test]
fn without_a_limit_all_is_kept() {
    let mut recorded = Recorded::new(Limits::default());
    recorded.work(100, 4, 50);
    assert_eq!(open(&recorded.path()).info().first_offset, Offset(0));
    assert_eq!(read_all(&mut open(&recorded.path()), 1_000)[1..], recorded.program.told);
}

#[test]
fn the_newest_second_is_kept_whatever_it_takes() {
    let mut recorded = Recorded::new(max_bytes(MIB));
    recorded.work(6, 10, 2_000);
    let info = open(&recorded.path()).info().clone();
    assert!(info.bytes > MIB, "a second is more");
    let kept_ns = recorded.program.time.since(info.first_time);
    assert!((1_000_000_000..4_000_000_000).contains(&kept_ns), "{kept_ns}");
}

#[test]
fn what_is_open_stays_known_when_its_beginning_is_gone() {
    let mut recorded = Recorded::new(max_bytes(MIB));
    // A thread that hangs, one that is busy inside a frame, and a task that waits.
    recorded.act(&Act::Switch(0));
    recorded.act(&Act::Start(7));
    recorded.act(&Act::Switch(1));
    recorded.act(&Act::Start(8));
    let (span, parent) = (SpanId { thread: ThreadId(3), start: Position(900) }, None);
    let task = OpenTask { span, path: PathId(3), parent, life: TaskLife::Begun(LogTime(5)) };
    recorded.writer.keep_task(&task);
    recorded.work(40, 20, 40);
    let mut tail = open(&recorded.path());
    assert!(tail.info().first_offset > Offset(3));
    let snapshot = tail.snapshot().unwrap();
    let open: Vec<_> = snapshot.threads.into_iter().map(|(id, stack, _)| (id, stack)).collect();
    assert_eq!(open, recorded.program.open());
    assert_eq!(snapshot.tasks, [task]);
}

#[test]
fn rows_of_threads_that_ended_go_with_their_last_entries() {
    let mut recorded = Recorded::new(max_bytes(MIB));
    let stack = ThreadStack::default();
    for number in 1_000..4_000_u32 {
        let (id, time) = (ThreadId(number), recorded.program.time);
        let info = ThreadInfo { name: "request".to_owned(), tid: number, start: time };
        let writer = &mut recorded.writer;
        writer.thread(id, &info);
        writer.entry(id, Position(0), &stack, time, &LogEntry::ThreadStart);
        writer.entry(id, Position(1), &stack, time, &LogEntry::ThreadEnd);
        writer.drained(id, Position(2));
        if number % 50 == 0 {
            recorded.work(1, 20, 30);
        }
    }
    let mut tail = open(&recorded.path());
    let entries = read_all(&mut tail, 10_000);
    let names = &tail.names().threads;
    let mut left = entries.iter().filter(|entry| matches!(entry.what, LogEntry::ThreadStart));
    assert!(left.all(|entry| names.contains_key(&entry.thread)), "all that are there have names");
    let requests = names.keys().filter(|id| id.0 >= 1_000).count();
    assert!(requests < 1_000, "{requests} of 3000 rows are left");
    let report = check_log(&recorded.path(), &ReadOptions::default()).unwrap();
    assert!(report.is_sound() && report.rows < 40, "{report:?}");
}

#[test]
fn a_reader_that_falls_behind_is_told_how_many_entries_it_missed() {
    let mut recorded = Recorded::new(max_bytes(MIB));
    recorded.work(2, 10, 100);
    let mut behind = open(&recorded.path());
    let read = read_all(&mut behind, 1_000).len() as u64;
    let mut beside = open(&recorded.path());
    for _ in 0..60 {
        recorded.work(1, 20, 50);
        read_all(&mut beside, 1_000);
    }
    assert_eq!(beside.missed(), 0, "it kept up");
    let entries = read_all(&mut behind, 1_000);
    assert_eq!(behind.missed(), behind.info().first_offset.0 - read);
    assert_eq!(entries[0].offset, behind.info().first_offset);
    assert_eq!(behind.names().threads.len(), beside.names().threads.len());
    // One that asks for what is gone gets what is there, and has missed nothing since it asked.
    let mut asks = open(&recorded.path());
    asks.seek(Offset(77));
    assert_eq!(read_all(&mut asks, 1_000)[0].offset, asks.info().first_offset);
    assert_eq!(asks.missed(), 0);
}
