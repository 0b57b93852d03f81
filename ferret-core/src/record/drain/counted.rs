//! Spans that are counted instead of being written, from the side of all threads.

use super::Drain;
use crate::event::{LogTime, Sink};
use crate::record::fold::Fold;

/// Places are kept account of from one commit to the next, in all threads: 13 MB. If there are more, which of their
/// spans are written begins anew with each commit.
const MOST_PLACES: usize = 32_768;
/// What one takes, about.
const PLACE_BYTES: usize = 400;

impl Drain<'_> {
    /// Says what is not said yet of the threads whose watermarks have moved. For before a commit. Gives how many
    /// spans and sums were written that could have waited.
    pub(in crate::record) fn say_counted<S: Sink>(
        &mut self,
        fold: &mut Fold<S>,
        now: LogTime,
    ) -> u64 {
        let (mut written, mut places) = (0, 0);
        for thread in self.threads.values_mut().flatten() {
            if !thread.moved && !thread.fold.held.has_counts() {
                continue;
            }
            let before = fold.said;
            written += fold.say_counted(&mut thread.fold, thread.next_position);
            if fold.said != before {
                thread.heard = Some(now);
            }
            places += thread.fold.held.places();
        }
        written += fold.say_tasks();
        fold.say_own_counted(now);
        fold.counted_places = 0;
        if places > MOST_PLACES {
            self.threads.values_mut().flatten().for_each(|thread| thread.fold.held.forget_places());
        }
        written
    }

    /// Counts the async spans that have ended, each in the thread where it did.
    pub(super) fn count_tasks<S: Sink>(&mut self, fold: &mut Fold<S>) {
        for counted in fold.take_counted_tasks() {
            let thread = self.threads.get_mut(&counted.thread).and_then(Option::as_mut);
            fold.count_task(thread.map(|thread| &mut thread.fold), &counted);
        }
    }

    /// Bytes that the calls take that were counted since the last commit, there and in the batch.
    pub(super) fn counted_bytes<S: Sink>(fold: &Fold<S>) -> usize {
        fold.counted_places * PLACE_BYTES
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
