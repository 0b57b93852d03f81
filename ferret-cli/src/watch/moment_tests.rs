//! Against the plain oracle: a fold of all entries up to the moment, from the beginning.

use super::super::front::front;
use super::super::kept::Kept;
use super::*;
use crate::made_up::{BEGAN, Dice, MS, write};
use ferret::event::Names;
use ferret::log::ReadOptions;
use ferret::projections::LiveProcess;
use std::fmt::Write as _;
use std::path::PathBuf;
use tempfile::TempDir;

/// Two processes, of which the second begins later and ends earlier.
pub(in super::super) struct Made {
    _folder: TempDir,
    paths: Vec<PathBuf>,
    pub(in super::super) end: LogTime,
}

impl Made {
    pub(in super::super) fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> =
            ["a.redb", "b.redb"].iter().map(|name| folder.path().join(name)).collect();
        let end = write(&paths[0], seed, 60, 0);
        write(&paths[1], seed + 1, 20, 4_000 * MS);
        Self { _folder: folder, paths, end }
    }

    pub(in super::super) fn open(&self) -> Run {
        Run::open(&self.paths, &ReadOptions::default()).unwrap()
    }

    /// All entries, as a run gives them.
    pub(in super::super) fn entries(&self) -> Vec<(LogIndex, Entry)> {
        self.open().poll(usize::MAX >> 1).unwrap()
    }

    /// Any moment of the run, or one before or behind it; often exactly that of an entry.
    pub(in super::super) fn moment(
        &self,
        entries: &[(LogIndex, Entry)],
        dice: &mut Dice,
    ) -> LogTime {
        if dice.below(3) == 0 {
            let length = self.end.since(BEGAN) + 4_000 * MS;
            return LogTime(BEGAN.0 - 2_000 * MS).after(dice.below(length));
        }
        let index = usize::try_from(dice.below(entries.len() as u64)).unwrap();
        entries[index].1.time
    }
}

pub(in super::super) fn oracle(
    entries: &[(LogIndex, Entry)],
    names: &[Names],
    at: LogTime,
) -> Board {
    let mut board = Board::default();
    for (log, entry) in entries.iter().filter(|(_, entry)| entry.time <= at) {
        board.apply(*log, &names[log.0], entry);
    }
    board
}

/// All that does not depend on which of two threads was read first.
pub(in super::super) fn facts(board: &Board, at: LogTime) -> String {
    let mut facts = open(board, 2);
    for (log, process) in board.processes.iter() {
        writeln!(facts, "{log:?} {process:?}").unwrap();
    }
    let mut functions: Vec<_> = board
        .calls
        .functions()
        .into_iter()
        .map(|function| format!("{} {:?}", function.info.name, function.totals))
        .collect();
    functions.sort();
    let mut stages: Vec<_> =
        board.stage_report(at).stages.iter().map(|stage| format!("{stage:?}")).collect();
    stages.sort();
    let recent: u64 = board.recent.rows().iter().map(|row| row.time.0).max().unwrap_or(0);
    facts + &functions.join("\n") + &stages.join("\n") + &format!("\n{recent} {:?}", board.metrics)
}

/// The open spans.
fn open(board: &Board, logs: usize) -> String {
    let mut open = String::new();
    for log in (0..logs).map(LogIndex) {
        for (id, thread) in board.live.process(log).into_iter().flat_map(LiveProcess::threads) {
            for frame in &thread.frames {
                let (span, path, since) = (frame.span, frame.path, frame.since);
                writeln!(open, "{log:?} {id:?} {span:?} {path:?} {since:?}").unwrap();
            }
        }
    }
    open
}

#[track_caller]
fn assert_same(board: &Board, expected: &Board, at: LogTime) {
    assert_eq!(facts(board, at), facts(expected, at), "at {at:?}");
}

fn names(run: &mut Run) -> Vec<Names> {
    run.logs().iter().map(|tail| tail.names().clone()).collect()
}

#[test]
fn a_moment_is_the_fold_of_all_that_was_until_then_however_it_is_reached() {
    for seed in [1, 20] {
        let made = Made::new(seed);
        let (entries, names) = (made.entries(), names(&mut made.open()));
        // On the way through the log, boards are kept.
        let (mut kept, mut run, mut whole) = (Kept::every(150), made.open(), Board::default());
        for (log, entry) in run.poll(usize::MAX >> 1).unwrap() {
            whole.apply(log, &names[log.0], &entry);
            kept.offer(&whole, &run);
        }
        let files = super::super::kept::files(&run);
        let mut dice = Dice(seed);
        let mut run = made.open();
        let mut walk = Moment::of(None);
        for number in 0..60 {
            let at = made.moment(&entries, &mut dice);
            let expected = oracle(&entries, &names, at);
            let base = kept.until(at, &files).pop();
            let mut moment = Moment::of(base.as_deref());
            enter(&mut run, moment.next());
            assert!(moment.advance(&mut run, at, &mut |_, _| true).unwrap());
            assert_same(&moment.board, &expected, at);
            if number % 4 == 0 {
                walk = moment;
                continue;
            }
            // And from another moment, in as many steps as it takes.
            enter(&mut run, walk.next());
            while walk.at < at {
                let step = walk.at.after(1 + dice.below(700 * MS)).min(at);
                assert!(walk.advance(&mut run, step, &mut |_, _| true).unwrap());
            }
            assert_same(&walk.board, &oracle(&entries, &names, walk.at), walk.at);
        }
    }
}

#[test]
fn what_is_kept_on_the_way_to_a_moment_is_a_place_to_begin_from() {
    let made = Made::new(5);
    let (entries, names) = (made.entries(), names(&mut made.open()));
    let (mut kept, mut run, mut moment) = (Kept::every(100), made.open(), Moment::of(None));
    let mut see = |moment: &Moment, run: &Run| {
        if moment.is_even() {
            kept.offer(&moment.board, run);
        }
        true
    };
    moment.advance(&mut run, made.end, &mut see).unwrap();
    let files = super::super::kept::files(&run);
    assert!(kept.until(made.end, &files).len() > 5);
    for base in kept.until(made.end, &files) {
        let mut moment = Moment::of(Some(&base));
        enter(&mut run, moment.next());
        let at = moment.at.after(300 * MS);
        moment.advance(&mut run, at, &mut |_, _| true).unwrap();
        assert_same(&moment.board, &oracle(&entries, &names, at), at);
    }
}

#[test]
fn the_first_picture_of_a_moment_has_what_was_open_then() {
    let made = Made::new(9);
    let (entries, names) = (made.entries(), names(&mut made.open()));
    let (mut run, mut dice) = (made.open(), Dice(3));
    for _ in 0..60 {
        let at = made.moment(&entries, &mut dice);
        let expected = oracle(&entries, &names, at);
        let board = front(&mut run, at);
        assert_eq!(open(&board, 2), open(&expected, 2), "at {at:?}");
        let known = |board: &Board| board.processes.iter().map(|(log, _)| log).collect::<Vec<_>>();
        assert_eq!(known(&board), known(&expected), "at {at:?}");
    }
}

#[test]
fn a_way_that_is_given_up_comes_to_no_moment() {
    let made = Made::new(2);
    let mut run = made.open();
    let mut moment = Moment::of(None);
    assert!(!moment.advance(&mut run, made.end, &mut |_, _| false).unwrap());
}
