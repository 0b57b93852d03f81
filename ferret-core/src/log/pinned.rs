//! Whether a log that keeps to a size must wait, since somebody reads an old state of it and does not let go.
//!
//! What a reader can see is kept until it ends its transaction: whatever is dropped meanwhile, the file
//! grows by all that is written. So at the limit nothing more is, and the batch waits as it does for a full
//! disk. Who reads, redb finds out in each commit. Rejected: telling it from how the file grows, which takes
//! commits that a small log has no room for, and does not show where much is written.

use super::backend::{HeaderLock, Reading};
use super::limits::Limits;
use crate::event::LogTime;
use std::io;

/// Longer than readers of ours have a transaction open, on a machine that has no time for them, ns.
const PATIENCE_NS: u64 = 250_000_000;
/// A reader that takes so long does not let go, and that is said, ns.
const LONG_NS: u64 = 1_000_000_000;

/// What must become of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is written.
    Write,
    /// It is written once older entries have made room: those that go with it make room for what comes two
    /// commits later, and by then the file would be too large.
    MakeRoom,
    /// It waits for a reader that is slow.
    Wait,
    /// It waits for one that does not let go.
    Stop,
}

/// The oldest transaction that others read, and since when.
#[derive(Debug)]
pub(super) struct Pinned {
    /// 0 for none: then nothing waits.
    max_bytes: u64,
    reading: Option<(Reading, LogTime)>,
}

impl Pinned {
    /// Nobody reads.
    pub(super) fn new(limits: Limits) -> Self {
        Self { max_bytes: limits.max_bytes(), reading: None }
    }

    /// What the file may take, bytes.
    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// A commit is in, at `now`.
    pub(super) fn committed(&mut self, header: &HeaderLock, now: LogTime) {
        let since = |reading| match self.reading {
            Some((before, since)) if before == reading => since,
            _ => now,
        };
        self.reading = header.oldest_reading().map(|reading| (reading, since(reading)));
    }

    /// What is to become at `now` of so many bytes, where the file takes so many. It may take a sixteenth
    /// more than the limit: it is never quite what it should be.
    pub(super) fn turn(
        &mut self,
        header: &HeaderLock,
        allocated: u64,
        comes: u64,
        now: LogTime,
    ) -> io::Result<Turn> {
        let sixteenth = self.max_bytes / 16;
        if self.max_bytes == 0 || allocated + comes <= self.max_bytes + sixteenth {
            return Ok(Turn::Write);
        }
        let held = self.reading.map(|(reading, since)| (reading, now.since(since)));
        let Some((reading, held_ns)) = held.filter(|(_, held_ns)| *held_ns >= PATIENCE_NS) else {
            return Ok(if comes > sixteenth { Turn::MakeRoom } else { Turn::Write });
        };
        if !header.is_read(reading)? {
            self.reading = None;
            return Ok(Turn::MakeRoom);
        }
        Ok(if held_ns < LONG_NS { Turn::Wait } else { Turn::Stop })
    }
}
