//! The short way of what most of a log is: spans of a thread's own that begin, and end well, one inside
//! the other. It does what the long way does ([`Fold::event`]), without asking what else there may be.

use super::{Fold, ThreadFold};
use crate::event::{CallsiteId, LogTime, Position, Sink};
use crate::record::raw::{self, Kind, Slot};

impl<S: Sink> Fold<S> {
    /// Folds what there is of such events at the front of `slots`, whose first is at `first`; how many
    /// slots that were. What it stops at goes the long way.
    pub(in crate::record) fn run(
        &mut self,
        thread: &mut ThreadFold,
        first: Position,
        slots: &[Slot],
    ) -> usize {
        if !thread.is_plain() {
            return 0;
        }
        if self.budget.is_sampling() {
            return self.run_sampled(thread, first, slots);
        }
        self.say_held(thread);
        let (folded, begun) = self.run_written(thread, first, slots, self.budget.left());
        self.budget.begin(begun as u64);
        self.budget.spend(begun as u64);
        folded
    }

    /// The same, of spans that are written, as many as may begin; also how many have begun.
    #[inline(always)]
    fn run_written(
        &mut self,
        thread: &mut ThreadFold,
        first: Position,
        slots: &[Slot],
        may_begin: usize,
    ) -> (usize, usize) {
        let (mut position, mut begun) = (first, 0);
        for (count, slot) in slots.iter().enumerate() {
            let (word, argument) = raw::halves(*slot);
            if raw::is(word, Kind::Start) && begun < may_begin {
                begun += 1;
                let time = self.time(thread, slot[0]);
                self.start_below_top(thread, position, time, raw::callsite(word));
            } else if raw::is(word, Kind::EndOk) && thread.is_top(argument) {
                let time = self.time(thread, slot[0]);
                self.end_top(thread, position, time);
            } else {
                return (count, begun);
            }
            position = position.next();
        }
        (slots.len(), begun)
    }

    #[inline]
    fn start_below_top(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        callsite: CallsiteId,
    ) {
        let path = self.path(thread.stack.path(), callsite);
        self.note_stage(callsite);
        self.sink.start(thread.id, position, &thread.stack, time, path);
        self.push(thread, position, time, path);
    }

    #[inline]
    fn end_top(&mut self, thread: &mut ThreadFold, position: Position, time: LogTime) {
        self.sink.end_ok(thread.id, position, &thread.stack, time);
        self.open_spans = self.open_spans.saturating_sub(1);
        if let Some(frame) = thread.close_top(time) {
            self.note_stage_path(frame.path);
        }
    }
}
