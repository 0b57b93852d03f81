//! What was open at a moment, and what happened just before it, without reading what was before that:
//! the picture of a far moment that is there at once. What needs the whole run, totals and stages, is
//! not in it, nor are async spans that waited, of which checkpoints know nothing.

use super::reading::LATELY;
use crate::tui::board::{Board, LogFile};
use ferret::event::{Entry, LogIndex, LogTime, Offset, Opened};
use ferret::log::{LogError, Run, Tail};

/// The board. Leaves the run anywhere.
///
/// # Errors
///
/// A log cannot be read.
pub(super) fn front(run: &mut Run, at: LogTime) -> Result<Board, LogError> {
    let mut board = Board::default();
    let count = run.logs().len();
    board.logs.resize_with(count, LogFile::default);
    for log in (0..count).map(LogIndex) {
        let Some(tail) = run.log_mut(log) else { continue };
        one(tail, log, at, LATELY / count, &mut board)?;
    }
    Ok(board)
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
    tail.seek(Offset(snapshot.next.0.saturating_sub(lately as u64).max(1)));
    let before = tail.poll(lately)?;
    let names = tail.names();
    board.apply(log, names, head);
    if let Some(first) = before.first() {
        board.processes.begin_at(log, first.time.min(at));
    }
    let is_before = |entry: &Entry| entry.offset < snapshot.next && entry.time <= at;
    let before: Vec<Entry> = before.into_iter().filter(is_before).collect();
    board.recall(log, names, &before);
    let stacks = snapshot.threads.into_iter().map(|(thread, stack, _)| (thread, stack)).collect();
    board.resume(log, names, &Opened::Anew { missed: 0, stacks, tasks: snapshot.tasks });
    Ok(())
}
