//! Reads a run once, from its beginning to what it had when the reading began, into a format.

use super::follow::Follow;
use super::output::Stop;
use super::stacks::{Added, Stacks};
use crate::progress::ProgressLine;
use ferret::event::{Entry, LogIndex, LogTime, Names, Opened};
#[cfg(feature = "serve")]
use ferret::log::Tail;
use ferret::log::{LogError, Run};
use std::io::{self, Write};

/// Entries that are decoded before they are written: what stays in a core's cache.
pub(super) const AT_ONCE: usize = 1_000;

/// What writes a run.
pub(super) enum Format {
    /// As it is read.
    BySpan(Box<dyn BySpan>),
    /// What it adds up to.
    ByStack(Box<Stacks>, Box<dyn ByStack>),
}

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

/// A format of what was called from where in each process, added up.
pub(super) trait ByStack {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    fn write(&self, added: &Added<'_>, out: &mut dyn Write) -> io::Result<()>;
}

impl Format {
    /// Writes what stands before all else.
    pub(super) fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::BySpan(format) => format.begin(out),
            Self::ByStack(..) => Ok(()),
        }
    }

    /// Takes the next entry of `log`.
    pub(super) fn entry(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::BySpan(format) => {
                if format.follow().reach(log, entry) {
                    format.entry(log, names, entry, out)?;
                    format.follow().pass(log, names, entry);
                }
            }
            Self::ByStack(stacks, _) => stacks.entry(log, names, entry),
        }
        Ok(())
    }

    /// Begins in the middle of a log, or goes on behind entries that were missed.
    pub(super) fn resume(
        &mut self,
        log: LogIndex,
        names: &Names,
        opened: &Opened,
    ) -> io::Result<()> {
        match self {
            Self::BySpan(format) => return format.resume(log, names, opened),
            Self::ByStack(stacks, _) => stacks.resume(log, names, opened),
        }
        Ok(())
    }

    /// Writes what is left, and the end.
    pub(super) fn finish(self, read: &Read<'_>, out: &mut dyn Write) -> io::Result<Told> {
        match self {
            Self::BySpan(format) => format.finish(read, out),
            Self::ByStack(mut stacks, format) => {
                let added = stacks.added(read);
                format.write(&added, out)?;
                Ok(added.told())
            }
        }
    }
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
    format: &mut Format,
    stop: &Stop,
    out: &mut dyn Write,
) -> io::Result<Option<LogError>> {
    format.begin(out)?;
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
            format.entry(*log, run.logs()[log.0].names(), entry, out)?;
        }
        progress.tell(done, all);
    }
    Ok(None)
}
