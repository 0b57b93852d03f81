//! What a reader finds open where it begins in the middle of a log.

use super::{OpenTask, ThreadId, ThreadStack};

/// What is open where the entries begin: at the front of a log that has lost its oldest, or behind
/// entries that were dropped before they could be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Opened {
    /// Nothing that was known to be open holds any more.
    Anew {
        /// Entries that a reader has missed; none where it begins.
        missed: u64,
        /// Stacks of threads, until [`Opened::Stack`] says more of them.
        stacks: Vec<(ThreadId, ThreadStack)>,
        /// Async spans.
        tasks: Vec<OpenTask>,
    },
    /// What a thread has open before the first of its entries that is there.
    Stack(ThreadId, ThreadStack),
}
