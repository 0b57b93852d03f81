//! Reads a run once, from its beginning to what it had when the reading began, into a format.

use super::output::Stop;
use crate::progress::ProgressLine;
use ferret::event::{Entry, LogIndex, LogTime, Names, Opened};
use ferret::log::{LogError, Merged, Run};
use std::io::{self, Write};

/// Entries that are decoded before they are written: what stays in a core's cache.
const AT_ONCE: usize = 1_000;

/// What writes a run in one format, entry by entry.
pub(super) trait Format {
    /// Takes the next entry of `log`.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    fn entry(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        out: &mut dyn Write,
    ) -> io::Result<()>;

    /// Begins in the middle of a log, or goes on behind entries that were missed.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) -> io::Result<()>;

    /// Writes what is open, and the end: what was written is whole also if there was more to read.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    fn finish(self: Box<Self>, read: &Read<'_>, out: &mut dyn Write) -> io::Result<Told>;
}

/// What is known of the logs when the reading is over.
#[derive(Debug)]
pub(super) struct Read<'a> {
    /// Their names, and whether a process holds them.
    pub(super) logs: Vec<(&'a Names, Option<bool>)>,
    pub(super) now: LogTime,
}

impl<'a> Read<'a> {
    /// Of a run, as of now.
    pub(super) fn of(run: &'a Run) -> Self {
        let logs = run.logs().iter().map(|tail| (tail.names(), ferret::is_alive(tail)));
        Self { logs: logs.collect(), now: ferret::log::now() }
    }

    /// The names of a log.
    pub(super) fn names(&self, log: LogIndex) -> &'a Names {
        self.logs[log.0].0
    }

    pub(super) fn owned(&self, log: LogIndex) -> Option<bool> {
        self.logs[log.0].1
    }
}

/// What was written, and what could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Spans, open ones too.
    pub(super) spans: u64,
    pub(super) open: u64,
    /// Calls that were only counted, and are not in it.
    pub(super) counted: u64,
    /// Spans that were not recorded.
    pub(super) dropped: u64,
}

/// Reads all there is, or until a signal comes. A log that fails in the middle ends it, and is given back.
///
/// # Errors
///
/// What was read cannot be written.
pub(super) fn read(
    run: &mut Run,
    format: &mut dyn Format,
    stop: &Stop,
    out: &mut dyn Write,
) -> io::Result<Option<LogError>> {
    let mut progress = ProgressLine::new("exporting");
    // What is written while we read is left for the next time: a log that is written may never end.
    let mut missing: Vec<u64> = run.logs().iter().map(|tail| tail.info().entries()).collect();
    let all: u64 = missing.iter().sum();
    let mut done = 0;
    let mut batch = Merged::default();
    while done < all && stop.signal().is_none() {
        if let Err(error) = run.poll_into(AT_ONCE, &mut batch) {
            return Ok(Some(error));
        }
        if batch.is_empty() {
            break;
        }
        for (log, entries) in batch.stretches() {
            // A process that began meanwhile has none.
            let Some(missing) = missing.get_mut(log.0) else { continue };
            let wanted = usize::try_from(*missing).unwrap_or(usize::MAX).min(entries.len());
            *missing -= wanted as u64;
            done += wanted as u64;
            stretch(run, format, log, &entries[..wanted], out)?;
        }
        progress.tell(done, all);
    }
    Ok(None)
}

fn stretch(
    run: &mut Run,
    format: &mut dyn Format,
    log: LogIndex,
    mut rest: &[Entry],
    out: &mut dyn Write,
) -> io::Result<()> {
    while let Some(first) = rest.first() {
        while let Some(opened) = run.next_opened(log, first.offset) {
            format.resume(log, run.logs()[log.0].names(), &opened)?;
        }
        let tail = &run.logs()[log.0];
        let (entries, later) = tail.split_before_opened(rest);
        for entry in entries {
            format.entry(log, tail.names(), entry, out)?;
        }
        rest = later;
    }
    Ok(())
}
