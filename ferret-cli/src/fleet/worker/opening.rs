//! How a worker's log is opened: from its beginning, or if it is long from its end, so that what runs is shown at once.

use super::{Slots, Worker};
use crate::fleet::Settings;
use crate::fleet::clock::WallClock;
use crate::fleet::folded::Folded;
use crate::fleet::store::Kept;
use ferret::event::{Entry, LogEntry, Offset, Opened, ProcessStart};
use ferret::log::{LogError, Snapshot, Tail};
use ferret::projections::Process;
use std::path::Path;

/// A log of more entries is not read to its end before its process is shown.
const LONG: u64 = if cfg!(test) { 1_000 } else { 100_000 };

/// Entries before the end of a long log that are read for what the process reported last.
const LATELY: usize = if cfg!(test) { 50 } else { 2_000 };

impl Worker {
    /// Opens the log at `path`, and reads what tells who it is and what runs now. None of one that has no entry yet.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub(crate) fn open(path: &Path, settings: &Settings) -> Result<Option<Self>, LogError> {
        let mut tail = Tail::open(path, &settings.read_options())?;
        let keeps_history = settings.keeps_history();
        let mut folded = if keeps_history { Folded::with_stages() } else { Folded::default() };
        let mut from = Offset(0);
        let is_long = keeps_history && tail.info().entries() > LONG;
        let head = tail.poll(1)?;
        let Some(first) = head.first() else { return Ok(None) };
        let (began, clock) = (first.time, clock(&tail, first));
        if is_long {
            folded.recall(&head);
            from = go_to_end(&mut tail, &mut folded)?;
        } else {
            tail.seek(Offset(0));
        }
        let past = tail.info().next_offset;
        let kept = kept(&tail, &head);
        let mut worker = Self {
            tail: Some(tail),
            folded,
            clock,
            slots: clock.filter(|_| keeps_history).map(Slots::new),
            from,
            counted: from,
            reached: from,
            past,
            is_new: true,
            ..Self::from_kept(0, kept)
        };
        worker.kept.started_ms = worker.unix_ms(began);
        worker.look_at_file();
        Ok(Some(worker))
    }
}

/// Its wall time.
fn clock(tail: &Tail, first: &Entry) -> Option<WallClock> {
    let LogEntry::ProcessStart(start) = &first.what else { return None };
    Some(WallClock::of_process(&tail.info().boot_id, first.time, start.unix_ns))
}

/// Begins in the middle of a long log; gives the first entry that is still to be read.
fn go_to_end(tail: &mut Tail, folded: &mut Folded) -> Result<Offset, LogError> {
    let Snapshot { threads, tasks, next } = tail.snapshot()?;
    tail.seek(Offset(next.0.saturating_sub(LATELY as u64).max(1)));
    let before = tail.poll(LATELY)?;
    if let Some(first) = before.first() {
        folded.begin_at(first.time);
    }
    let known = before.partition_point(|entry| entry.offset < next);
    folded.recall(&before[..known]);
    let stacks = threads.into_iter().map(|(thread, stack, _)| (thread, stack)).collect();
    folded.resume(tail.names(), &Opened::Anew { missed: 0, stacks, tasks });
    tail.seek(next);
    Ok(next)
}

/// What is kept of a worker whose log was just opened, and begins so.
fn kept(tail: &Tail, head: &[Entry]) -> Kept {
    let info = tail.info();
    let mut folded = Folded::default();
    folded.recall(head);
    let process = folded.process();
    let start = process.and_then(|process| process.start.as_deref().cloned());
    let unnamed = || ProcessStart { pid: info.pid, host: info.host.clone(), ..Default::default() };
    let start = start.unwrap_or_else(unnamed);
    let (device, inode) = tail.identity();
    Kept {
        uid: info.uid,
        program: process.map_or_else(|| "?".to_owned(), Process::name),
        pid: start.pid,
        host: start.host,
        exe: start.exe,
        args: start.args,
        log: info.path.clone(),
        stamp: (device, inode, 0),
        ..Kept::default()
    }
}
