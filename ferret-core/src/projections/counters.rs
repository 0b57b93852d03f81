//! The numbers that programs count themselves: counters, which add up, and gauges, which have a
//! level. Each by process and name, and by name over all processes.
//!
//! Over processes both are summed, as memory is: a counter over all there were, a gauge over those
//! that live, which whoever asks must tell ([`Present`]).
//!
//! A name's callsites are one counter. At most [`Counters::NAMES`] names of a log are kept; the
//! keys of others, and numbers that are none, are counted ([`Counters::left_out`],
//! [`Counters::not_numbers`]).

mod reading;
mod seconds;

use super::LogMoment;
use super::metrics::{Columns, plus};
use super::present::Present;
use super::slots::Slots;
use crate::event::{CallsiteId, Entry, LogEntry, LogIndex, LogTime, Names};
pub use reading::Reading;
use reading::{Counter, finite};
use std::collections::BTreeMap;

/// The counters and gauges of all processes.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    logs: Vec<LogCounters>,
    /// By name.
    merged: BTreeMap<String, Merged>,
    not_numbers: u64,
}

/// A name over all processes.
#[derive(Clone, Debug)]
struct Merged {
    /// Its value is that of an unended run: [`Counters::all`] tells that of one that is looked at.
    reading: Reading,
    /// The process in which it was said last.
    last_log: LogIndex,
    /// Its places: which log, and which of its counters.
    places: Vec<(LogIndex, usize)>,
}

#[derive(Clone, Debug, Default)]
struct LogCounters {
    /// By key.
    slots: Slots,
    by_name: BTreeMap<String, usize>,
    counters: Vec<Counter>,
    /// Keys whose names are beyond the bound.
    left_out: u64,
    /// For the least and the most of a gauge. Not for its value: not all that ended says so.
    ended: bool,
}

/// The place of keys that are beyond the bound.
const LEFT_OUT: usize = Counters::NAMES;

impl Counters {
    /// Names of a log that are kept.
    pub const NAMES: usize = 256;
    /// How far back [`Counters::per_second`] looks, in whole seconds.
    pub const RATE_SECONDS: u64 = 5;

    /// Takes the next entry of `log`.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        match entry.what {
            LogEntry::Counter { value, .. } if !value.is_finite() => self.not_numbers += 1,
            LogEntry::Counter { key, value, gauge } => {
                self.say(log, names, key, |counter| counter.say(entry.time, value, gauge));
            }
            LogEntry::ProcessEnd(_) | LogEntry::ProcessExit(_) => self.end(log),
            _ => {}
        }
    }

    /// The names, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.merged.keys().map(String::as_str)
    }

    /// Takes an entry from before the part of the run that counts: a gauge has the level then that it
    /// was set to before, and has not changed. All else is as if it had not been.
    pub fn begin_with(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        match entry.what {
            LogEntry::Counter { key, value, gauge: true } if value.is_finite() => {
                self.say(log, names, key, |counter| counter.begin_at(entry.time, value));
            }
            LogEntry::ProcessEnd(_) | LogEntry::ProcessExit(_) => self.end(log),
            _ => {}
        }
    }

    /// Every name with what it says over all processes, by name. `moment` tells which of them live: a
    /// gauge is that of those, or where none does, of the one that lived last.
    pub fn all(
        &self,
        moment: impl Fn(LogIndex) -> LogMoment,
    ) -> impl ExactSizeIterator<Item = (&str, Reading)> {
        self.merged.iter().map(move |(name, merged)| (name.as_str(), self.reading(merged, &moment)))
    }

    /// What a name says in one process; none if that has not said it.
    pub fn get(&self, log: LogIndex, name: &str) -> Option<&Reading> {
        let log = self.logs.get(log.0)?;
        log.by_name.get(name).map(|&place| &log.counters[place].reading)
    }

    /// The process that said a name last.
    pub fn last_log(&self, name: &str) -> Option<LogIndex> {
        self.merged.get(name).map(|merged| merged.last_log)
    }

    /// Its change per second over the last [`Counters::RATE_SECONDS`] before `now`, of all
    /// processes together; of a counter that is the rate, of a gauge whether it rises or falls.
    pub fn per_second(&self, name: &str, now: LogTime) -> f64 {
        self.counters(name).map(|(_, counter)| counter.seconds.per_second(now)).sum()
    }

    /// What is to be seen in each of `by.count` columns, the last of which holds `now`: the change
    /// of a counter, the highest level of a gauge. None in those before it was first said, and of a
    /// gauge in those behind the last moment of a process that does not live.
    pub fn columns(
        &self,
        name: &str,
        now: LogTime,
        by: Columns,
        moment: impl Fn(LogIndex) -> LogMoment,
    ) -> Vec<Option<f64>> {
        let mut sums = vec![None; by.count];
        for (log, counter) in self.counters(name) {
            let columns = if counter.reading.gauge {
                let moment = moment(log);
                counter.seconds.levels(now, by, (!moment.live).then_some(moment.at))
            } else {
                counter.seconds.changes(now, by)
            };
            for (sum, value) in sums.iter_mut().zip(columns) {
                *sum = plus(*sum, value).map(finite);
            }
        }
        sums
    }

    /// Keys that were not kept because a log has too many names.
    pub fn left_out(&self) -> u64 {
        self.logs.iter().map(|log| log.left_out).sum()
    }

    /// Values that were no numbers, or infinite: in no figure.
    pub fn not_numbers(&self) -> u64 {
        self.not_numbers
    }

    fn counters(&self, name: &str) -> impl Iterator<Item = (LogIndex, &Counter)> {
        let places = self.merged.get(name).map_or(&[][..], |merged| &merged.places);
        places.iter().map(|&(log, place)| (log, &self.logs[log.0].counters[place]))
    }

    /// What a name says over all processes.
    fn reading(&self, merged: &Merged, moment: &impl Fn(LogIndex) -> LogMoment) -> Reading {
        let mut reading = merged.reading;
        if reading.gauge {
            let moments = merged.places.iter().map(|&(log, _)| moment(log));
            let present = Present::among(moments);
            reading.go_on_as(sum(&self.logs, &merged.places, |log| present.has(moment(log))));
        }
        reading
    }

    fn log(&mut self, log: LogIndex) -> &mut LogCounters {
        if log.0 >= self.logs.len() {
            self.logs.resize_with(log.0 + 1, LogCounters::default);
        }
        &mut self.logs[log.0]
    }

    /// Something is said of a key.
    fn say(
        &mut self,
        log: LogIndex,
        names: &Names,
        key: CallsiteId,
        say: impl FnOnce(&mut Counter),
    ) {
        let name = names.callsite_name(key);
        let is_known = names.callsites.contains_key(&key);
        let counters = self.log(log);
        if let Some(place) = counters.place(key, name, is_known) {
            let counter = &mut counters.counters[place];
            let before = counter.reading.changes;
            say(counter);
            let is_change = counter.reading.changes > before;
            self.merge(log, place, name, is_change);
        }
    }

    /// A counter has changed, or has its first level: what its name says over all processes does too.
    fn merge(&mut self, log: LogIndex, place: usize, name: &str, is_change: bool) {
        let own = self.logs[log.0].counters[place].reading;
        let Some(merged) = self.merged.get_mut(name) else {
            let merged = Merged { reading: own, last_log: log, places: vec![(log, place)] };
            self.merged.insert(name.to_owned(), merged);
            return;
        };
        if !merged.places.contains(&(log, place)) {
            merged.places.push((log, place));
        }
        let reading = &mut merged.reading;
        reading.gauge |= own.gauge;
        if own.last_change >= reading.last_change {
            (reading.last_change, merged.last_log) = (own.last_change, log);
        }
        let value = sum(&self.logs, &merged.places, |log| !self.logs[log.0].ended);
        reading.changes += u64::from(is_change);
        reading.go_on_as(value);
    }

    /// The levels of a process that ended are no more: the sum falls.
    fn end(&mut self, log: LogIndex) {
        let counters = self.log(log);
        if std::mem::replace(&mut counters.ended, true) {
            return;
        }
        for merged in self.merged.values_mut() {
            let is_live = |(log, _): &(LogIndex, usize)| !self.logs[log.0].ended;
            let is_its = merged.places.iter().any(|(of, _)| *of == log);
            if is_its && merged.places.iter().any(is_live) {
                let lives = |log: LogIndex| !self.logs[log.0].ended;
                let value = sum(&self.logs, &merged.places, lives);
                merged.reading.go_on_as(value);
            }
        }
    }
}

/// What the counters at `places` say together: changes in all, levels in those that live.
fn sum(
    logs: &[LogCounters],
    places: &[(LogIndex, usize)],
    lives: impl Fn(LogIndex) -> bool,
) -> f64 {
    let values = places.iter().filter_map(|&(log, place)| {
        let reading = &logs[log.0].counters[place].reading;
        (!reading.gauge || lives(log)).then_some(reading.value)
    });
    values.fold(0.0, |sum, value| finite(sum + value))
}

impl LogCounters {
    /// The place of a key's name; none if it is beyond the bound.
    fn place(&mut self, key: CallsiteId, name: &str, is_known: bool) -> Option<usize> {
        if let Some(place) = self.slots.get(key.0) {
            return (place != LEFT_OUT).then_some(place);
        }
        let place = match self.by_name.get(name) {
            Some(&place) => place,
            None if self.counters.len() == Counters::NAMES => {
                self.left_out += 1;
                LEFT_OUT
            }
            None => {
                self.by_name.insert(name.to_owned(), self.counters.len());
                self.counters.push(Counter::default());
                self.counters.len() - 1
            }
        };
        // Keys that a damaged log made up have one name: they take no memory of their own.
        if is_known {
            self.slots.set(key.0, place);
        }
        (place != LEFT_OUT).then_some(place)
    }
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
