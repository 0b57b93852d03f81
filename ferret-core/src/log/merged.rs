//! Entries of several logs in one order, as stretches of one log each: what a reader folds in a loop
//! without looking at every entry's log.
//!
//! The memory is used again from one reading to the next. (A list of entries, each with its log, cost a
//! copy of each and more memory than a core's cache holds.)

use crate::event::{Entry, LogIndex};

/// What [`Run::poll_into`](super::Run::poll_into) read.
#[derive(Debug, Default)]
pub struct Merged {
    pub(super) entries: Vec<Entry>,
    /// Whose they are, and where each stretch ends.
    ends: Vec<(LogIndex, usize)>,
}

impl Merged {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in order, as stretches of one log each.
    pub fn stretches(&self) -> impl Iterator<Item = (LogIndex, &[Entry])> {
        let mut from = 0;
        self.ends.iter().map(move |&(log, end)| {
            let stretch = &self.entries[from..end];
            from = end;
            (log, stretch)
        })
    }

    /// Forgets them, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.ends.clear();
    }

    /// What was added since the last stretch ended is of `log`.
    pub(super) fn end_stretch(&mut self, log: LogIndex) {
        let (from, end) = (self.ends.last().map_or(0, |(_, end)| *end), self.entries.len());
        match self.ends.last_mut() {
            Some((last, old_end)) if *last == log => *old_end = end,
            _ if end == from => {}
            _ => self.ends.push((log, end)),
        }
    }

    /// The entries, each with its log.
    pub(super) fn into_list(self) -> Vec<(LogIndex, Entry)> {
        let mut ends = self.ends.into_iter().peekable();
        let mut list = Vec::with_capacity(self.entries.len());
        for (index, entry) in self.entries.into_iter().enumerate() {
            while ends.next_if(|&(_, end)| end <= index).is_some() {}
            list.extend(ends.peek().map(|&(log, _)| (log, entry)));
        }
        list
    }
}
