//! Reads a run once, from its beginning to what it had when the reading began, into a format.

use super::follow::Follow;
use crate::progress::ProgressLine;
use crate::stop::Stop;
use ferret::event::{Entry, LogIndex, LogTime, Names, Opened};
#[cfg(feature = "serve")]
use ferret::log::Tail;
use ferret::log::{LogError, Run};
use std::io::{self, Write};

/// Entries that are decoded before they are written: what stays in a core's cache.
pub(super) const AT_ONCE: usize = 1_000;

/// A format that is written as the run is read.
pub(super) trait BySpan {
    /// What is open, and what counts: told of each entry before and after the format.
    fn follow(&mut self) -> &mut Follow;

    /// Writes what stands before all else.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    fn begin(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Takes the next entry of `log` that is not behind the window.
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
    fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) -> io::Result<()> {
        self.follow().resume(log, names, opened);
        Ok(())
    }

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

    /// Of one log alone.
    #[cfg(feature = "serve")]
    pub(super) fn of_log(tail: &'a Tail) -> Self {
        Self { logs: vec![(tail.names(), ferret::is_alive(tail))], now: ferret::log::now() }
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
    format: &mut dyn BySpan,
    stop: &Stop,
    out: &mut dyn Write,
) -> io::Result<Option<LogError>> {
    format.begin(out)?;
    leave_out_behind(run, format.follow());
    let mut progress = ProgressLine::new("exporting");
    // What is written while we read is left for the next time: a log that is written may never end.
    let mut missing: Vec<u64> = run.logs().iter().map(|tail| tail.info().entries()).collect();
    let all: u64 = missing.iter().sum();
    let mut done = 0;
    while done < all && stop.signal().is_none() {
        let entries = match run.poll(AT_ONCE) {
            Ok(entries) => entries,
            Err(error) => return Ok(Some(error)),
        };
        if entries.is_empty() {
            break;
        }
        for (log, entry) in &entries {
            // A process that began meanwhile has none.
            let Some(missing) = missing.get_mut(log.0).filter(|missing| **missing > 0) else {
                continue;
            };
            *missing -= 1;
            done += 1;
            while let Some(opened) = run.next_opened(*log, entry.offset) {
                format.resume(*log, run.logs()[log.0].names(), &opened)?;
            }
            take(format, (*log, run.logs()[log.0].names()), entry, out)?;
        }
        progress.tell(done, all);
    }
    for (index, _) in run.logs().iter().enumerate().filter(|(_, tail)| tail.has_left_out()) {
        format.follow().goes_on(LogIndex(index));
    }
    Ok(None)
}

/// What is behind the window is not decoded.
fn leave_out_behind(run: &mut Run, follow: &Follow) {
    for log in (0..run.logs().len()).map(LogIndex) {
        if let (Some(tail), Some(until)) = (run.log_mut(log), follow.until(log)) {
            tail.leave_out_behind(until);
        }
    }
}

/// Takes the next entry of a log.
pub(super) fn take(
    format: &mut dyn BySpan,
    (log, names): (LogIndex, &Names),
    entry: &Entry,
    out: &mut dyn Write,
) -> io::Result<()> {
    if format.follow().reach(log, entry) {
        format.entry(log, names, entry, out)?;
        format.follow().pass(log, names, entry);
    }
    Ok(())
}
