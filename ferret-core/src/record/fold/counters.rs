//! Counters and gauges: added up while a thread is read, written before its watermark passes.

use super::{Fold, ThreadFold};
use crate::event::{LogEntry, Position, Sink};
use crate::record::numbers::{Number, Sums};
use crate::record::paths::OTHER;
use crate::record::raw::{Head, Slot};

impl<S: Sink> Fold<S> {
    /// Writes what has been added up of this thread, up to `position`. For when the thread has been
    /// read as far as it will be for now: behind that its watermark passes.
    pub(in crate::record) fn write_numbers(&mut self, thread: &mut ThreadFold, position: Position) {
        if thread.numbers.is_empty() {
            return;
        }
        // Polls that were kept back are earlier, and so is what is held.
        self.settle(thread);
        self.say_held(thread);
        let mut numbers = std::mem::take(&mut thread.numbers);
        for number in numbers.take() {
            self.tell_callsite(number.key);
            // When the last of them came is not kept: the thread's time must not go back.
            self.put(thread, position, thread.last_time, &number.entry());
        }
        thread.numbers = numbers;
    }

    /// Adds a counter's change, or a gauge's level, to what will be written.
    pub(super) fn count(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        event: &Head,
        slots: &[Slot],
    ) {
        let Some(number) = Number::of(event.callsite, event.argument, slots) else { return };
        if !thread.numbers.add(number) {
            self.write_numbers(thread, position);
            let fits = thread.numbers.add(number);
            debug_assert!(fits, "one number fits");
        }
    }

    /// Numbers that found no place at all: a counter of their own, `<other>`.
    pub(in crate::record) fn lost_numbers(&mut self, lost: u64) -> LogEntry {
        self.tell_callsite(OTHER);
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 between two looks")]
        let value = lost as f64;
        LogEntry::Counter { key: OTHER, value, gauge: false }
    }

    /// What came past the chunks, as entries of no thread.
    pub(in crate::record) fn late_numbers(&mut self, mut late: Sums) -> Vec<LogEntry> {
        let entries = late.take().map(|number| {
            self.tell_callsite(number.key);
            number.entry()
        });
        entries.collect()
    }
}
