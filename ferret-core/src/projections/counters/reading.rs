//! What one counter or gauge says, in a process or in all.

use super::seconds::Seconds;
use crate::event::LogTime;

/// What a counter or gauge says, in one process or in all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// It is a level, set and not added to.
    pub gauge: bool,
    /// What was counted so far, or the level. Always finite, as all its numbers are.
    pub value: f64,
    /// The least it was; a counter begins at 0.
    pub min: f64,
    /// The most it was. Of a gauge of several processes the most of their sum, in which one that died
    /// without a word counts until its log was repaired.
    pub max: f64,
    /// Entries that say it. The program may have said it oftener: what a thread says between two
    /// looks of the recorder is one entry.
    pub changes: u64,
    /// When it was said last; of a gauge that has not changed ([`Reading::changes`]), before the part
    /// of the run that counts.
    pub last_change: LogTime,
}

/// A counter or gauge of one process.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    pub(super) reading: Reading,
    /// A level is known.
    has_level: bool,
    pub(super) seconds: Seconds,
}

impl Default for Counter {
    fn default() -> Self {
        let (gauge, changes, last_change) = (false, 0, LogTime::default());
        let reading = Reading { gauge, value: 0.0, min: 0.0, max: 0.0, changes, last_change };
        Self { reading, has_level: false, seconds: Seconds::default() }
    }
}

impl Counter {
    /// `value` is said at `time`: the level of a gauge, or what is added.
    pub(super) fn say(&mut self, time: LogTime, value: f64, gauge: bool) {
        let reading = &mut self.reading;
        let is_first = !std::mem::replace(&mut self.has_level, true);
        reading.changes += 1;
        reading.gauge |= gauge;
        // Threads are read one after the other: a level that was set before the one known is old.
        if gauge && time < reading.last_change {
            return;
        }
        let before = reading.value;
        let after = if gauge { value } else { finite(before + value) };
        if gauge && is_first {
            // What it was before it was first set is not known.
            (reading.min, reading.max) = (after, after);
        }
        reading.set(after);
        reading.last_change = reading.last_change.max(time);
        let change = if gauge && is_first { 0.0 } else { finite(after - before) };
        self.seconds.add(time, change, after);
    }

    /// The level at which it begins: the last of those that were set before.
    pub(super) fn begin_at(&mut self, time: LogTime, value: f64) {
        self.reading.gauge = true;
        if self.reading.changes > 0 || (self.has_level && time < self.reading.last_change) {
            return;
        }
        self.has_level = true;
        self.reading.begin_with(value);
        self.reading.last_change = time;
        self.seconds.add(time, 0.0, value);
    }
}

impl Reading {
    /// What it is when all begins.
    fn begin_with(&mut self, value: f64) {
        (self.value, self.min, self.max) = (value, value, value);
    }

    /// What it is from now on: when all begins, as long as nothing has changed.
    pub(super) fn go_on_as(&mut self, value: f64) {
        if self.changes == 0 {
            self.begin_with(value);
        } else {
            self.set(value);
        }
    }

    pub(super) fn set(&mut self, value: f64) {
        self.value = value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }
}

/// The nearest number there is to a sum that left their range.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(f64::MIN, f64::MAX) }
}
