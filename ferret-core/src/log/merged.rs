//! Parts of several logs in one order: what a reader folds in a loop.
//!
//! The memory is used again from one reading to the next. (A list of entries, each with its log, cost a
//! copy of each and more memory than a core's cache holds.)

use crate::event::{LogIndex, Part, Parts};

/// What [`Run::poll_into`](super::Run::poll_into) read.
#[derive(Debug, Default)]
pub struct Merged {
    pub(super) parts: Parts,
    /// Whose they are, and how many parts there are up to the end of each stretch.
    ends: Vec<(LogIndex, usize)>,
}

impl Merged {
    /// How many entries there are.
    pub fn entries(&self) -> u64 {
        self.parts.entries()
    }

    /// The parts in order, each with its log.
    pub fn iter(&self) -> impl Iterator<Item = (LogIndex, Part<'_>)> {
        let mut ends = self.ends.iter().peekable();
        self.parts.iter().enumerate().filter_map(move |(index, part)| {
            while ends.next_if(|&&(_, end)| end <= index).is_some() {}
            ends.peek().map(|&&(log, _)| (log, part))
        })
    }

    /// Forgets them, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.ends.clear();
    }

    /// What was added since the last stretch ended is of `log`.
    pub(super) fn end_stretch(&mut self, log: LogIndex) {
        let (from, end) = (self.ends.last().map_or(0, |(_, end)| *end), self.parts.count());
        match self.ends.last_mut() {
            Some((last, old_end)) if *last == log => *old_end = end,
            _ if end == from => {}
            _ => self.ends.push((log, end)),
        }
    }
}
