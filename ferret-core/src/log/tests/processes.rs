//! Several processes at one log: readers beside a writer, a writer that is killed, a reader that
//! stops inside a lock, a full disk.

use super::child::Player;
use super::{open, read_all};
use crate::event::{Entry, LogEntry, Offset, ProcessExit, Sink, ThreadId};
use crate::log::testing::{Act, Program, process};
use crate::log::{LogError, ReadOptions, Tail, Writer, append_exit, check, now};
use std::fs;
use std::path::{Path, PathBuf};

fn hammer(folder: &Path) -> (Player, PathBuf) {
    let path = folder.join("run.redb");
    let mut player = Player::start("hammer", &path, None, 10);
    assert_eq!(player.hear(), path.display().to_string());
    (player, path)
}

/// Entries of a hammering writer: no gap, and each span ends before the next begins.
#[derive(Default)]
struct Follower {
    next: Offset,
    open: bool,
}

impl Follower {
    fn follow(&mut self, entries: &[Entry]) {
        for entry in entries {
            assert_eq!(entry.offset, self.next);
            self.next = entry.offset.plus(1);
            #[expect(clippy::wildcard_enum_match_arm, reason = "nobody wrote the others")]
            match &entry.what {
                LogEntry::ProcessStart(_) => assert_eq!(entry.offset, Offset(0)),
                LogEntry::SpanStart { span, .. } => {
                    assert_eq!(span.start.0, entry.offset.0 - 1);
                    assert!(!std::mem::replace(&mut self.open, true));
                }
                LogEntry::SpanEnd { .. } => assert!(std::mem::replace(&mut self.open, false)),
                other => panic!("nobody wrote {other:?}"),
            }
        }
    }
}

#[test]
fn readers_beside_a_hammering_writer_see_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let (player, path) = hammer(folder.path());
    let read = |polls: usize| {
        let mut tail = open(&path);
        let mut follower = Follower::default();
        let mut seen_new = 0;
        while seen_new < polls {
            let entries = tail.poll(50_000).unwrap();
            seen_new += usize::from(!entries.is_empty());
            follower.follow(&entries);
            assert_eq!(tail.damage().1, 0);
            assert_eq!(tail.owned(), Some(true));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| read(120));
        scope.spawn(|| read(80));
    });
    player.kill();
}

#[test]
fn a_killed_writers_log_is_repaired_and_lacks_nothing() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let (player, path) = hammer(folder.path());
        let mut tail = open(&path);
        let mut follower = Follower::default();
        while follower.next < Offset(20_000) {
            follower.follow(&tail.poll(usize::MAX).unwrap());
        }
        player.kill();
        // A reader that was there before goes on.
        assert_eq!(tail.owned(), Some(false));
        follower.follow(&read_all(&mut tail, usize::MAX));
        // One that may not write reads the same, and changes nothing.
        let before = fs::read(&path).unwrap();
        let mut overlay =
            Tail::open(&path, &ReadOptions { read_only: true, ..ReadOptions::default() }).unwrap();
        let expected = read_all(&mut overlay, usize::MAX);
        assert!(overlay.info().repaired);
        assert!(fs::read(&path).unwrap() == before, "a read-only open wrote");
        let mut repaired = open(&path);
        assert!(repaired.info().repaired);
        let all = read_all(&mut repaired, usize::MAX);
        assert!(all == expected, "{} and {} entries", all.len(), expected.len());
        let mut again = Follower::default();
        again.follow(&all);
        assert_eq!(again.next, follower.next);
        assert!(!open(&path).info().repaired, "it was repaired already");
        assert!(check(&path, &ReadOptions::default()).unwrap().is_sound());
    }
}

#[test]
fn two_who_repair_at_once_both_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let (player, path) = hammer(folder.path());
    let mut tail = open(&path);
    while tail.info().next_offset < Offset(50_000) {
        tail.refresh().unwrap();
    }
    player.kill();
    let counts = std::thread::scope(|scope| {
        let read = || read_all(&mut open(&path), usize::MAX).len();
        let handles = [scope.spawn(read), scope.spawn(read), scope.spawn(read)];
        handles.map(|handle| handle.join().unwrap())
    });
    assert!(counts[0] >= 50_000);
    assert_eq!(counts, [counts[0]; 3]);
}

#[test]
fn the_exit_status_is_appended_to_a_dead_process_log_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (player, path) = hammer(folder.path());
    let mut tail = open(&path);
    let exit = ProcessExit::Signal(9);
    assert!(matches!(append_exit(&open(&path), exit, now()), Err(LogError::Locked { .. })));
    while read_all(&mut tail, 10_000).is_empty() {}
    player.kill();
    append_exit(&open(&path), exit, now()).unwrap();
    let all = read_all(&mut open(&path), usize::MAX);
    let (last, others) = all.split_last().unwrap();
    assert_eq!((&last.what, last.thread), (&LogEntry::ProcessExit(exit), ThreadId::RECORDER));
    assert_eq!(last.offset, Offset(others.len() as u64));
    Follower::default().follow(others);
    append_exit(&open(&path), ProcessExit::Code(0), now()).unwrap();
    assert_eq!(read_all(&mut open(&path), usize::MAX).len(), all.len() + 1);
}

#[test]
fn a_reader_stopped_inside_the_lock_delays_commits_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut writer = Writer::create(&super::place(&path), process(1), now()).unwrap();
    let mut program = Program::new(Offset(1));
    let mut stopped = Player::start("hold the header", &path, None, 10);
    assert_eq!(stopped.hear(), "held");
    let mut took_ns = Vec::new();
    for _ in 0..20 {
        program.act(&Act::Start(1), &mut writer);
        let began = now();
        assert_eq!(writer.commit(program.time).unwrap(), crate::event::Commit::Busy);
        took_ns.push(now().since(began));
        assert!(!writer.is_empty());
    }
    // Most of them: the machine may stand still, too.
    took_ns.sort_unstable();
    assert!(took_ns[10] < 100_000_000, "{took_ns:?} ns");
    stopped.end();
    assert_eq!(writer.commit(program.time).unwrap(), crate::event::Commit::Done);
    assert_eq!(read_all(&mut open(&path), usize::MAX)[1..], program.told);
}

#[test]
fn a_full_disk_delays_commits_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let mut player = Player::start("fill the disk", &path, None, 10);
    let told: u64 = player.hear().parse().unwrap();
    player.end();
    let mut follower = Follower::default();
    let mut all = read_all(&mut open(&path), usize::MAX);
    assert!(matches!(all.pop().unwrap().what, LogEntry::ProcessEnd(_)));
    follower.follow(&all);
    assert_eq!(follower.next, Offset(told + 1));
}
