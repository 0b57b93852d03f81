//! Boards that are kept on the way through a log, so that a past moment is reached from a board near
//! before it instead of from the log's beginning. However long the way is, so many are kept: when there
//! are more, every second one is let go and they are kept half as often from then on. So a moment costs
//! at most one part in half of [`Kept::MOST`] of the log. (To undo entries one by one was rejected: what
//! projections add up cannot be taken apart again.)

use crate::tui::board::Board;
use ferret::event::LogTime;
use ferret::log::{Run, Tail};
use std::collections::VecDeque;
use std::sync::Arc;

/// A log's file.
type FileId = (u64, u64);

/// A board with all entries up to a place in each log.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) board: Board,
    /// Whose entries they are, by log.
    files: Vec<FileId>,
    bytes: usize,
}

/// The boards, in the order of the way.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    bases: Vec<Arc<Base>>,
    /// Beside those a few of the last part of the way: from the present one goes back a little.
    late: VecDeque<Arc<Base>>,
    /// Entries between two.
    spacing: u64,
    /// What they take at most, as far as it is worth counting.
    most_bytes: usize,
}

/// Of the last part of the way so many are kept, so many entries apart.
const LATE: usize = 4;
const LATE_SPACING: u64 = 500_000;

impl Base {
    fn new(board: &Board, run: &Run) -> Self {
        Self { board: board.clone(), files: files(run), bytes: bytes(board) }
    }
}

impl Default for Kept {
    fn default() -> Self {
        let (spacing, most_bytes) = (Self::SPACING, Self::MOST_BYTES);
        Self { bases: Vec::new(), late: VecDeque::new(), spacing, most_bytes }
    }
}

impl Kept {
    /// Boards kept at most.
    pub(super) const MOST: usize = 32;
    /// What they take at most, bytes: boards of a program with a thousand threads are large.
    const MOST_BYTES: usize = 128 << 20;
    /// Entries between two at first: a hundredth of a second's reading.
    const SPACING: u64 = 20_000;

    /// So many entries apart at first.
    #[cfg(test)]
    pub(super) fn every(spacing: u64) -> Self {
        Self { spacing, ..Self::default() }
    }

    /// Keeps the board if it is time to. It must have all entries of `run` up to where it has come.
    pub(super) fn offer(&mut self, board: &Board, run: &Run) {
        let entries = board.reached.entries;
        let last = |base: Option<&Arc<Base>>| base.map_or(0, |base| base.board.reached.entries);
        if entries >= last(self.bases.last()) + self.spacing {
            self.bases.push(Arc::new(Base::new(board, run)));
            self.thin_out();
        }
        // While the others are closer together than these, these are of no use.
        let newest = last(self.bases.last()).max(last(self.late.back()));
        if entries >= newest + LATE_SPACING {
            self.come_to(board, run);
        }
    }

    /// Keeps the board as one of the last part of the way.
    pub(super) fn come_to(&mut self, board: &Board, run: &Run) {
        let base = Base::new(board, run);
        if base.bytes <= self.most_bytes / Self::MOST {
            self.late.push_back(Arc::new(base));
        }
        if self.late.len() > LATE {
            self.late.pop_front();
        }
    }

    fn thin_out(&mut self) {
        while self.bases.len() > Self::MOST
            || (self.bases.len() > 1 && self.bytes() > self.most_bytes)
        {
            self.spacing = self.spacing.saturating_mul(2);
            let mut number = 0;
            self.bases.retain(|_| {
                number += 1;
                number % 2 == 0
            });
        }
    }

    /// Those that are of these files and have nothing later than `time`, those that have come furthest
    /// last.
    pub(super) fn until(&self, time: LogTime, files: &[FileId]) -> Vec<Arc<Base>> {
        let is_of =
            |base: &&Arc<Base>| base.board.reached.latest <= time && files.starts_with(&base.files);
        let mut all: Vec<_> = self.bases.iter().chain(&self.late).filter(is_of).cloned().collect();
        all.sort_by_key(|base| base.board.reached.entries);
        all
    }

    /// Whether this board is one of them.
    pub(super) fn has(&self, board: &Arc<Base>) -> bool {
        self.bases.iter().chain(&self.late).any(|base| Arc::ptr_eq(base, board))
    }

    fn bytes(&self) -> usize {
        self.bases.iter().map(|base| base.bytes).sum()
    }
}

/// The files of a run, by log.
pub(super) fn files(run: &Run) -> Vec<FileId> {
    run.logs().iter().map(Tail::identity).collect()
}

/// What a board takes: durations of many functions, pictures of threads and what is open can be much, the rest is small.
fn bytes(board: &Board) -> usize {
    const REST: usize = 1 << 20;
    const SLICE: usize = 48;
    const OPEN: usize = 256;
    let logs = board.processes.iter().map(|(log, _)| log);
    let lanes = logs.flat_map(|log| board.timeline.lanes(log));
    let all = (LogTime(0), LogTime(u64::MAX));
    let slices: usize = lanes.map(|lane| lane.between(all.0, all.1).count()).sum();
    REST + board.calls.bytes() + slices * SLICE + board.live.open_spans() * OPEN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::board::Reached;
    use ferret::event::Offset;
    use parking_lot::Mutex;

    /// There is one recording a process.
    static TURN: Mutex<()> = Mutex::new(());

    /// As many entries are read as `entries`, `step` at a time; each is as late as its number.
    fn kept(entries: u64, step: u64, bytes: usize) -> Kept {
        let _turn = TURN.lock();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("run.redb");
        let session = ferret::start(&path).unwrap();
        let run = Run::open(&[path], &ferret::log::ReadOptions::default()).unwrap();
        let mut kept = Kept { most_bytes: bytes, ..Kept::default() };
        let mut board = Board::default();
        for number in (0..=entries).step_by(usize::try_from(step).unwrap()) {
            let (next, latest) = (vec![Offset(number)], LogTime(number));
            board.reached = Reached { next, latest, entries: number };
            kept.offer(&board, &run);
        }
        drop(session);
        kept
    }

    fn check(kept: &Kept, entries: u64) {
        let all: Vec<u64> = kept.bases.iter().map(|base| base.board.reached.entries).collect();
        assert!(all.len() <= Kept::MOST, "{all:?}");
        let gaps = std::iter::once(&0).chain(&all).zip(all.iter().chain([&entries]));
        let widest = gaps.map(|(a, b)| b - a).max().unwrap();
        let least = Kept::SPACING * 2;
        let part = entries / (Kept::MOST as u64 / 2);
        assert!(widest <= part.max(least) + Kept::SPACING, "{widest} between two of {all:?}");
    }

    #[test]
    fn however_long_the_way_few_are_kept_and_none_is_far_from_the_next() {
        for entries in [0, 1_000, 20_000, 640_000, 661_000, 5_000_000, 300_000_000] {
            check(&kept(entries, 5_000, usize::MAX), entries);
        }
    }

    #[test]
    fn of_the_last_part_of_a_long_way_more_are_kept() {
        let kept = kept(300_000_000, 5_000, usize::MAX);
        let late: Vec<u64> = kept.late.iter().map(|base| base.board.reached.entries).collect();
        assert_eq!(late.len(), LATE);
        assert!(late.iter().all(|at| *at >= 297_000_000), "{late:?}");
        let last = kept.until(LogTime(u64::MAX), &kept.bases[0].files).pop().unwrap();
        assert!(last.board.reached.entries >= 299_000_000);
    }

    #[test]
    fn large_boards_are_kept_less_often() {
        let kept = kept(1_000_000, 5_000, 5 << 20);
        assert!((2..=5).contains(&kept.bases.len()), "{}", kept.bases.len());
    }

    #[test]
    fn a_moment_is_reached_from_the_last_board_before_it_that_is_of_the_same_files() {
        let kept = kept(100_000, 5_000, usize::MAX);
        let files = kept.bases[0].files.clone();
        let at = |time, files: &[FileId]| {
            kept.until(LogTime(time), files).pop().map(|base| base.board.reached.entries)
        };
        assert_eq!(at(19_999, &files), None);
        assert_eq!(at(20_000, &files), Some(20_000));
        assert_eq!(at(79_999, &files), Some(60_000));
        assert_eq!(at(u64::MAX, &files), Some(100_000));
        assert_eq!(at(u64::MAX, &[(0, 0)]), None);
        assert_eq!(at(u64::MAX, &[files[0], (0, 0)]), Some(100_000));
    }
}
