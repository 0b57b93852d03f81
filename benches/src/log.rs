//! Counting what is in a log of Ferret's: spans kept, spans that it says are missing.

use crate::clocks::{Stopwatch, thread_cpu_ns};
use ferret::event::LogEntry;
use ferret::log::{ReadOptions, Tail};
use std::path::Path;

/// What a log holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) entries: u64,
    /// Spans begun, sync and async.
    pub(crate) spans: u64,
    /// Spans begun, and not ended.
    pub(crate) open: u64,
    /// Spans that it says were dropped.
    pub(crate) dropped: u64,
    /// Times that it says so.
    pub(crate) drops: u64,
    /// Reading all of it took this long.
    pub(crate) read_wall_ns: u64,
    pub(crate) read_cpu_ns: u64,
}

/// Reads all of the log.
pub(crate) fn count(log: &Path) -> anyhow::Result<Counted> {
    let (watch, cpu) = (Stopwatch::start(), thread_cpu_ns());
    let mut tail = Tail::open(log, &ReadOptions::default())?;
    let mut counted = Counted::default();
    loop {
        let entries = tail.poll(8_192)?;
        if entries.is_empty() {
            break;
        }
        counted.entries += entries.len() as u64;
        for entry in entries {
            counted.take(&entry.what);
        }
    }
    anyhow::ensure!(tail.damage().0.is_empty(), "{} is damaged", log.display());
    counted.read_wall_ns = watch.elapsed_ns();
    counted.read_cpu_ns = thread_cpu_ns() - cpu;
    Ok(counted)
}

impl Counted {
    fn take(&mut self, what: &LogEntry) {
        if let LogEntry::SpanStart { .. } = what {
            self.spans += 1;
            self.open += 1;
        } else if let LogEntry::SpanEnd { .. } = what {
            self.open = self.open.saturating_sub(1);
        } else if let LogEntry::Dropped { spans, .. } = what {
            self.dropped += spans;
            self.drops += 1;
        }
    }
}
