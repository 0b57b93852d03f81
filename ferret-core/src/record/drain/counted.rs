//! Spans that are counted instead of being written, from the side of all threads.

use super::Drain;
use crate::event::{LogTime, Sink};
use crate::record::fold::Fold;

impl Drain<'_> {
    /// Says what is not said yet of the threads whose watermarks have moved. For before a commit. Gives how many
    /// spans were written that could have waited.
    pub(in crate::record) fn say_counted<S: Sink>(&mut self, fold: &mut Fold<S>) -> u64 {
        let moved = self.threads.values_mut().flatten().filter(|thread| thread.moved);
        moved.map(|thread| fold.say_counted(&mut thread.fold, thread.next_position)).sum()
    }

    /// As much time has passed as the calls of one place are compared over.
    pub(super) fn turn<S: Sink>(&mut self, fold: &mut Fold<S>, now: LogTime) {
        let threads = self.threads.values().flatten();
        let mut seen: Vec<u64> = threads.flat_map(|thread| thread.fold.held.seen()).collect();
        let every = fold.budget.turn(now, &mut seen);
        let is_second = fold.budget.is_second();
        let threads = self.threads.values_mut().flatten();
        threads.for_each(|thread| thread.fold.held.turn(&every, is_second));
    }
}
