//! From a run to a board: entry by entry, or from the end of its logs on. What a reader that goes to
//! the end knows at once is what is open, and what happened just before; all that is of the whole run
//! it must be told by one that reads from the beginning.

use crate::reach::Reach;
use crate::tui::board::{Board, LogFile};
use ferret::event::{Entry, LogIndex, LogTime, Names, Offset, Opened, Part};
use ferret::log::{LogError, Merged, Run, Snapshot, Tail};

/// Entries before the end that are read for what happened lately, in all logs together.
pub(super) const LATELY: usize = 20_000;

/// Entries decoded before they are folded, and a segment more: what stays in a core's cache.
const AT_ONCE: u64 = 1_000;

/// Reads what there is, until it is `enough` entries or a few thousand more; each part is shown to `see` when
/// it is on the board. Gives how many entries there were: fewer than enough are all there are now. `merged` is
/// memory that is used again.
///
/// # Errors
///
/// No log can be read any more.
pub(super) fn read(
    run: &mut Run,
    board: &mut Board,
    merged: &mut Merged,
    enough: u64,
    mut see: impl FnMut(LogIndex, &Names, Part<'_>),
) -> Result<u64, LogError> {
    let mut count = 0;
    while count < enough {
        run.poll_into(AT_ONCE, merged)?;
        apply(run, board, merged, &mut see);
        count += merged.entries();
        if merged.entries() < AT_ONCE {
            break;
        }
    }
    Ok(count)
}

/// Puts on the board what the run gave.
fn apply(
    run: &mut Run,
    board: &mut Board,
    merged: &Merged,
    mut see: impl FnMut(LogIndex, &Names, Part<'_>),
) {
    board.logs.resize_with(run.logs().len(), LogFile::default);
    for (log, part) in merged.iter() {
        while let Some(opened) = run.next_opened(log, part.first()) {
            board.resume(log, run.logs()[log.0].names(), &opened);
        }
        let names = run.logs()[log.0].names();
        board.apply_part(log, names, part);
        board.logs[log.0].read += part.entries();
        see(log, names, part);
    }
}

/// Takes what is known of the logs' files: who lives, what was damaged, how much there is.
pub(super) fn note_files(run: &Run, board: &mut Board) {
    board.logs.resize_with(run.logs().len(), LogFile::default);
    for (file, tail) in board.logs.iter_mut().zip(run.logs()) {
        let info = tail.info();
        file.path.clone_from(&info.path);
        file.owned = ferret::is_alive(tail);
        file.findings = info.into();
        file.damaged = tail.damage().1;
        file.entries = info.entries();
        file.reach = Reach::of(info);
        file.missed = tail.missed();
    }
}

/// How many entries there are to read.
pub(super) fn entries(run: &Run) -> u64 {
    run.logs().iter().map(|tail| tail.info().entries()).sum()
}

/// Goes to the end of every log: the board then shows what is open there, and the run goes on with
/// what comes. To be called of a run of which nothing was read.
///
/// # Errors
///
/// A log cannot be read.
pub(super) fn go_to_end(run: &mut Run, board: &mut Board) -> Result<(), LogError> {
    let count = run.logs().len();
    board.logs.resize_with(count, LogFile::default);
    let lately = LATELY / count.max(1);
    for log in (0..count).map(LogIndex) {
        let Some(tail) = run.log_mut(log) else { continue };
        // Who it is stands at the beginning.
        let head = tail.poll(1)?;
        let snapshot = tail.snapshot()?;
        let next = snapshot.next;
        for entry in &head {
            board.apply(log, tail.names(), entry);
        }
        begin(tail, log, snapshot, (lately, LogTime(u64::MAX)), board)?;
        tail.seek(next);
        let info = tail.info();
        let ahead = info.next_offset.0.saturating_sub(next.0);
        board.logs[log.0].read = info.entries().saturating_sub(ahead);
    }
    Ok(())
}

/// Begins a board in the middle of a log: with what is open there, and what happened just before, up to so many
/// entries and none that is later than that.
///
/// # Errors
///
/// The log cannot be read.
pub(super) fn begin(
    tail: &mut Tail,
    log: LogIndex,
    snapshot: Snapshot,
    (lately, until): (usize, LogTime),
    board: &mut Board,
) -> Result<(), LogError> {
    let Snapshot { threads, tasks, next } = snapshot;
    tail.seek(Offset(next.0.saturating_sub(lately as u64).max(1)));
    let before = tail.poll(lately)?;
    let names = tail.names();
    if let Some(first) = before.first() {
        board.processes.begin_at(log, first.time.min(until));
    }
    let is_before = |entry: &&Entry| entry.offset < next && entry.time <= until;
    for entry in before.iter().filter(is_before) {
        board.recall(log, names, entry);
    }
    let stacks = threads.into_iter().map(|(thread, stack, _)| (thread, stack)).collect();
    board.resume(log, names, &Opened::Anew { missed: 0, stacks, tasks });
    Ok(())
}
