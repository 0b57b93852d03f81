//! Counters and gauges: numbers that a program counts itself, and how many of one key become one.
//!
//! A hot loop counts millions of times a second, and no reader needs each. A thread writes every
//! number into its chunk, as it does with spans; the recorder adds them up, per thread and key, as
//! far as it reads in one go. A number that finds no chunk is added up at once, beside the chunks
//! ([`Engine::count_late`]): spans that are lost are counted, but a sum would just be wrong.
//!
//! Rejected: adding up in the thread. Then a thread that hangs would keep what it has counted.

use super::callsite::Callsite;
use super::engine::Engine;
use super::guard::recording;
use super::local::Local;
use super::raw::{Kind, Slot, head};
use crate::event::{CallsiteId, LogEntry};

/// Adds to a counter. `key` is of kind [`CallsiteKind::Key`](crate::event::CallsiteKind::Key). A
/// number that is infinite or none at all would spoil the sum, and is not recorded.
pub fn count(key: &'static Callsite, change: f64) {
    note(key, change, COUNTER);
}

/// Says a gauge's level; otherwise as [`count`].
pub fn level(key: &'static Callsite, level: f64) {
    note(key, level, GAUGE);
}

const COUNTER: u32 = 0;
const GAUGE: u32 = 1;

fn note(key: &'static Callsite, value: f64, which: u32) {
    if !recording() || !value.is_finite() {
        return;
    }
    let id = key.id();
    if id == 0 {
        // An allocator that is profiled counts the very memory that the list of callsites asks for.
        return;
    }
    let event = |ticks| [head(ticks, Kind::Counter, id, which), [value.to_bits(), 0]];
    if !Local::count(event)
        && let Some(engine) = Engine::current()
    {
        engine.count_late(&event(0));
    }
}

/// A raw event's number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) key: CallsiteId,
    /// A level; otherwise a change.
    gauge: bool,
    /// Finite.
    value: f64,
}

impl Number {
    /// From an event of kind [`Kind::Counter`].
    pub(super) fn of(key: CallsiteId, argument: u32, slots: &[Slot]) -> Option<Self> {
        let value = f64::from_bits(slots.get(1)?[0]);
        value.is_finite().then_some(Self { key, gauge: argument == GAUGE, value })
    }

    pub(super) fn entry(self) -> LogEntry {
        LogEntry::Counter { key: self.key, value: self.value, gauge: self.gauge }
    }
}

/// Numbers, added up by key: changes to their sum, levels to the last. In the order in which their
/// keys first came.
#[derive(Debug, Default)]
pub(super) struct Sums {
    numbers: Vec<Number>,
    /// Where the last one went: most likely the next one goes there too.
    last: usize,
}

impl Sums {
    /// Keys of one sum at most.
    pub(super) const MAX: usize = 64;

    /// With memory for all there can be.
    pub(super) fn reserved() -> Self {
        Self { numbers: Vec::with_capacity(Self::MAX), last: 0 }
    }

    /// Adds a number; false if it does not fit: there are too many keys, or their sum would be
    /// infinite. It fits behind a [`Sums::take`].
    #[must_use]
    pub(super) fn add(&mut self, number: Number) -> bool {
        let is_last = self.numbers.get(self.last).is_some_and(|sum| sum.key == number.key);
        let found = if is_last {
            Some(self.last)
        } else {
            self.numbers.iter().position(|sum| sum.key == number.key)
        };
        self.last = found.unwrap_or(self.numbers.len());
        let Some(sum) = self.numbers.get_mut(self.last) else {
            let fits = self.numbers.len() < Self::MAX;
            if fits {
                self.numbers.push(number);
            }
            return fits;
        };
        let value = if number.gauge { number.value } else { sum.value + number.value };
        if value.is_finite() {
            *sum = Number { value, ..number };
        }
        value.is_finite()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Takes them all, and begins anew in the same memory.
    pub(super) fn take(&mut self) -> std::vec::Drain<'_, Number> {
        self.numbers.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(key: u32, gauge: bool, value: f64) -> Number {
        Number { key: CallsiteId(key), gauge, value }
    }

    #[track_caller]
    fn check(given: &[Number], expect: &[Number]) {
        let mut sums = Sums::default();
        assert!(given.iter().all(|number| sums.add(*number)));
        assert_eq!(sums.take().collect::<Vec<_>>(), expect);
    }

    #[test]
    fn changes_add_up_and_of_levels_the_last_stays() {
        check(
            &[number(1, false, 2.0), number(2, true, 7.0), number(1, false, 0.5)],
            &[number(1, false, 2.5), number(2, true, 7.0)],
        );
        check(&[number(2, true, 7.0), number(2, true, -3.0)], &[number(2, true, -3.0)]);
        check(&[], &[]);
    }

    #[test]
    fn keys_are_bounded_and_fit_again_once_taken() {
        let mut sums = Sums::default();
        let many = u32::try_from(Sums::MAX).unwrap();
        assert!((0..many).all(|key| sums.add(number(key, false, 1.0))));
        assert!(!sums.add(number(many, false, 1.0)));
        assert!(sums.add(number(0, false, 1.0)), "a key that is there always fits");
        assert_eq!(sums.take().count(), Sums::MAX);
        assert!(sums.add(number(many, false, 1.0)));
    }

    #[test]
    fn a_sum_is_never_infinite() {
        let mut sums = Sums::default();
        assert!(sums.add(number(1, false, f64::MAX)));
        assert!(!sums.add(number(1, false, f64::MAX)));
        assert_eq!(sums.take().collect::<Vec<_>>(), [number(1, false, f64::MAX)]);
    }
}
