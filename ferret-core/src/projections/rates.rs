//! How often each function was called in the last seconds. Apart from what calls cost in all, since
//! that may be read elsewhere: a reader that begins in the middle of a log knows the present rates at
//! once, and the totals when it has read the rest.

use super::functions::{FunctionId, Functions};
use super::rate::{Rate, SlotOf};
use super::slots::Slots;
use crate::event::{CallsiteInfo, EndedSpan, Entry, LogEntry, LogIndex, LogTime, Names, PathId};

/// The functions' present rates.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    functions: Functions,
    /// By function.
    lately: Vec<Rate>,
    /// By log: from paths to functions.
    logs: Vec<Slots>,
    /// By function: calls within a slot that are not in its rate yet, and which have such.
    burst: Vec<u64>,
    touched: Vec<usize>,
}

impl Rates {
    /// Takes spans of `log` that ended.
    pub fn apply_spans(&mut self, log: LogIndex, names: &Names, ended: &[EndedSpan]) {
        let mut slot = SlotOf::default();
        for span in ended {
            if !slot.has(span.end) {
                self.end_burst(slot);
                slot = SlotOf::new(span.end);
            }
            let function = self.function(log, names, span.path);
            let count = &mut self.burst[function];
            if *count == 0 {
                self.touched.push(function);
            }
            *count += 1;
        }
        self.end_burst(slot);
    }

    fn end_burst(&mut self, slot: SlotOf) {
        for function in self.touched.drain(..) {
            self.lately[function].add_to(slot, std::mem::take(&mut self.burst[function]));
        }
    }

    /// Takes one entry.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        if let Some(span) = EndedSpan::of(entry) {
            self.apply_spans(log, names, &[span]);
        } else if let LogEntry::Summary(counted) = &entry.what {
            let function = self.function(log, names, counted.path);
            self.lately[function].add(entry.time, counted.calls);
        }
    }

    /// The functions that ended a call, and their calls per second in the last
    /// [`Rate::WINDOW_NS`] before `now`, or since the run `began` if that is later.
    pub fn all(
        &self,
        began: LogTime,
        now: LogTime,
    ) -> impl ExactSizeIterator<Item = (&CallsiteInfo, f64)> {
        self.lately.iter().enumerate().map(move |(index, rate)| {
            let id = FunctionId(u32::try_from(index).unwrap_or(u32::MAX));
            (self.functions.info(id), rate.per_second(began, now))
        })
    }

    #[inline]
    fn function(&mut self, log: LogIndex, names: &Names, path: PathId) -> usize {
        if let Some(function) = self.logs.get(log.0).and_then(|slots| slots.get(path.0)) {
            return function;
        }
        self.learn(log, names, path)
    }

    #[cold]
    fn learn(&mut self, log: LogIndex, names: &Names, path: PathId) -> usize {
        if log.0 >= self.logs.len() {
            self.logs.resize_with(log.0 + 1, Slots::default);
        }
        let info = names.callsite_info(path);
        let function = self.functions.intern(info).0 as usize;
        self.lately.resize_with(self.functions.len(), Rate::default);
        self.burst.resize(self.functions.len(), 0);
        // A path that a damaged log made up has no place: any number of them costs no memory.
        if info.is_some() {
            self.logs[log.0].set(path.0, function);
        }
        function
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Outcome;
    use crate::projections::scenario::Scenario;

    const TENTH: u64 = 100_000_000;

    #[test]
    fn calls_of_one_function_from_two_places_and_processes_add_up() {
        let mut rates = Rates::default();
        for log in [LogIndex(0), LogIndex(1)] {
            let mut scenario = Scenario::default();
            scenario.now = 100 * TENTH;
            scenario.start(1, "run");
            for place in ["load", "save"] {
                scenario.start(1, place);
                scenario.start(1, "read");
                scenario.now += TENTH;
                scenario.end(1, Outcome::Ok);
                scenario.end(1, Outcome::Err);
            }
            for entry in &scenario.entries {
                rates.apply(log, &scenario.names, entry);
            }
        }
        let rate = |name: &str, now: u64| {
            let mut all = rates.all(LogTime(0), LogTime(now));
            all.find(|(info, _)| info.name == name).map(|(_, rate)| rate)
        };
        // Of two seconds, to a nanosecond.
        let rounded = |rate: Option<f64>| rate.map(f64::round);
        assert_eq!(rounded(rate("read", 103 * TENTH - 1)), Some(2.0));
        assert_eq!(rounded(rate("load", 103 * TENTH - 1)), Some(1.0));
        assert_eq!(rate("read", 200 * TENTH), Some(0.0), "two seconds later none");
        assert_eq!(rate("run", 102 * TENTH), None, "it has not ended");
    }
}
