//! What a batch knows of one thread: its rows, and what is to become of them.

use super::super::schema::OpenStack;
use crate::event::{LogTime, Offset, Position};
use std::borrow::Cow;

/// One thread.
#[derive(Debug, Default)]
pub(super) struct ThreadState {
    pub(super) row: Vec<u8>,
    /// The row of its [`Resume`]; empty if it has none.
    pub(super) resume: Vec<u8>,
    /// How many rows of frames far below have been written at most.
    pub(super) outer: u32,
    pub(super) committed: Position,
    /// `row` or `committed` is not in the log yet.
    pub(super) dirty: bool,
    /// Where its last packed segment begins, and whether that left a frame open.
    pub(super) last_segment: Option<(Offset, bool)>,
    pub(super) last_time: LogTime,
    /// It has a segment since the last checkpoint.
    pub(super) touched: bool,
    pub(super) silent: Silent,
    pub(super) end: End,
}

/// Whether the thread's last entry has been given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    #[default]
    NotYet,
    Given,
    /// It is in the log.
    Written,
}

impl ThreadState {
    /// Its row as the log has it, and behind that the one that says how to go on.
    pub(super) fn stored(&self) -> Cow<'_, [u8]> {
        if self.resume.is_empty() {
            return Cow::Borrowed(&self.row);
        }
        Cow::Owned([self.row.as_slice(), &self.resume].concat())
    }

    /// The log has all of it: nothing is left to say, not even that its stack is empty.
    pub(super) fn is_over(&self) -> bool {
        self.end != End::NotYet
            && !self.dirty
            && !self.touched
            && matches!(self.silent, Silent::Absent)
    }

    /// The segment that alone tells what the thread has open.
    pub(super) fn needs(&self) -> Option<Offset> {
        let (first, leaves_open) = self.last_segment?;
        let has_row = matches!(self.silent, Silent::Put(_) | Silent::Written(_));
        (leaves_open && self.end == End::NotYet && !has_row).then_some(first)
    }
}

/// The thread's row in `open`.
#[derive(Debug, Default)]
pub(super) enum Silent {
    /// There is none.
    #[default]
    Absent,
    /// To be written.
    Put(OpenStack),
    /// In the log; the log's end was there when it was written.
    Written(Offset),
    /// To be removed.
    Remove,
}
