//! What was open at a moment, and what happened just before it, without reading what was before that:
//! the picture of a far moment that is there at once. What needs the whole run, totals and stages, is
//! not in it, nor are async spans that waited then and have ended since.

use super::reading::{self, LATELY};
use crate::tui::board::{Board, LogFile};
use ferret::event::{LogIndex, LogTime, Offset};
use ferret::log::{LogError, Run, Tail};

/// The board. Leaves the run anywhere.
pub(super) fn front(run: &mut Run, at: LogTime) -> Board {
    let mut board = Board::default();
    let count = run.logs().len();
    board.logs.resize_with(count, LogFile::default);
    for log in (0..count).map(LogIndex) {
        let Some(tail) = run.log_mut(log) else { continue };
        // What cannot be read is not there; whoever reads on finds out why.
        drop(one(tail, log, at, LATELY / count, &mut board));
    }
    board
}

/// One log's share of it.
fn one(
    tail: &mut Tail,
    log: LogIndex,
    at: LogTime,
    lately: usize,
    board: &mut Board,
) -> Result<(), LogError> {
    // Who it is stands at the beginning.
    tail.seek(Offset(0));
    let head = tail.poll(1)?;
    let Some(head) = head.first().filter(|head| head.time <= at) else { return Ok(()) };
    let snapshot = tail.snapshot_at(at)?;
    board.apply(log, tail.names(), head);
    reading::begin(tail, log, snapshot, (lately, at), board)
}
