//! Spans that did not end well, by place: which function, called from where, ended how, how often, and what
//! it said. Bounded by the places of the call tree.

use super::live::Said;
use crate::event::{
    EndedSpan, Entry, LogEntry, LogIndex, LogTime, Names, Outcome, PathId, Summary, TagValue,
    ThreadId,
};
use std::collections::BTreeMap;

/// The tag in which a panic's message stands.
const PANIC: &str = "panic";

/// The failures of all processes.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    logs: Vec<LogFailures>,
}

#[derive(Clone, Debug, Default)]
struct LogFailures {
    places: BTreeMap<(PathId, How), Failure>,
    /// What the last panic of a thread said, and when.
    panics: BTreeMap<ThreadId, (LogTime, String)>,
    /// The last span of a thread that failed.
    last: BTreeMap<ThreadId, (PathId, LogTime)>,
}

/// How a span failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It unwound.
    Panicked,
    /// It returned an `Err`.
    Err,
    /// Its future was dropped before it completed.
    Cancelled,
}

/// What failed in one place, in one way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// How many spans.
    pub count: u64,
    /// Of those, how many were counted instead of being recorded one by one.
    pub sampled: u64,
    /// Of those, how many did because what they called last had: the `Err` or the panic went through them.
    pub passed_on: u64,
    /// When the last one ended.
    pub last: LogTime,
    /// What a panic said that ended one of them, the last that did.
    pub panic: Option<String>,
    /// What the last one that said something said.
    pub said: Option<Said>,
}

impl How {
    /// None of what ended well, or unseen.
    pub fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Err => Some(Self::Err),
            Outcome::Panicked => Some(Self::Panicked),
            Outcome::Cancelled => Some(Self::Cancelled),
            Outcome::Ok | Outcome::Unknown => None,
        }
    }

    /// The outcome.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Err => Outcome::Err,
            Self::Panicked => Outcome::Panicked,
            Self::Cancelled => Outcome::Cancelled,
        }
    }
}

impl Failures {
    /// Takes an entry that is no end of a span, for what panics say.
    pub fn hear(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        if let LogEntry::Tag { key, value: TagValue::Text(text), .. } = &entry.what
            && names.callsite_name(*key) == PANIC
        {
            self.log(log).panics.insert(entry.thread, (entry.time, text.clone()));
        }
    }

    /// Takes a span that ended, with what it said. Spans that ended well count for nothing.
    pub fn add(&mut self, log: LogIndex, names: &Names, span: &EndedSpan, said: Option<&Said>) {
        let Some(how) = How::of(span.outcome) else { return };
        let LogFailures { places, panics, last } = self.log(log);
        let failure = places.entry((span.path, how)).or_default();
        failure.count += 1;
        failure.last = failure.last.max(span.end);
        let through = last.insert(span.thread, (span.path, span.end));
        let is_child =
            |path: PathId| names.paths.get(&path).is_some_and(|at| at.parent == span.path);
        if how != How::Cancelled
            && through.is_some_and(|(path, end)| end >= span.start && is_child(path))
        {
            failure.passed_on += 1;
        }
        let panic = panics.get(&span.thread).filter(|(at, _)| *at >= span.start);
        if let (How::Panicked, Some((_, text))) = (how, panic) {
            failure.panic = Some(text.clone());
        }
        if let Some(said) = said.filter(|said| !said.tags.is_empty()) {
            failure.said = Some(said.clone());
        }
    }

    /// Takes calls that were only counted.
    pub fn summarize(&mut self, log: LogIndex, time: LogTime, summary: &Summary) {
        let Summary { path, errors, panics, cancelled, .. } = *summary;
        for (how, count) in
            [(How::Err, errors), (How::Panicked, panics), (How::Cancelled, cancelled)]
        {
            if count == 0 {
                continue;
            }
            let failure = self.log(log).places.entry((path, how)).or_default();
            failure.count = failure.count.saturating_add(count);
            failure.sampled = failure.sampled.saturating_add(count);
            failure.last = failure.last.max(time);
        }
    }

    /// All of them, by process and place.
    pub fn all(&self) -> impl Iterator<Item = (LogIndex, PathId, How, &Failure)> {
        let logs = self.logs.iter().enumerate();
        logs.flat_map(|(log, failures)| {
            let places = failures.places.iter();
            places.map(move |(&(path, how), failure)| (LogIndex(log), path, how, failure))
        })
    }

    fn log(&mut self, log: LogIndex) -> &mut LogFailures {
        if log.0 >= self.logs.len() {
            self.logs.resize_with(log.0 + 1, LogFailures::default);
        }
        &mut self.logs[log.0]
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Scenario;
    use super::*;
    use crate::event::CallsiteKind;

    fn fold(made: &Scenario) -> Failures {
        let mut failures = Failures::default();
        for entry in &made.entries {
            failures.hear(LogIndex(0), &made.names, entry);
            if let Some(span) = EndedSpan::of(entry) {
                failures.add(LogIndex(0), &made.names, &span, None);
            }
        }
        failures
    }

    fn rows(made: &Scenario) -> Vec<(String, How, u64, u64, Option<String>)> {
        let failures = fold(made);
        let row = |(_, path, how, failure): (LogIndex, PathId, How, &Failure)| {
            let name = made.names.span_name(path).to_owned();
            (name, how, failure.count, failure.passed_on, failure.panic.clone())
        };
        failures.all().map(row).collect()
    }

    #[test]
    fn an_err_that_goes_up_is_told_from_where_it_began() {
        let mut made = Scenario::default();
        made.start(1, "outer");
        for outcome in [Outcome::Ok, Outcome::Err] {
            made.start(1, "inner");
            made.now += 5;
            made.end(1, outcome);
        }
        made.end(1, Outcome::Err);
        made.start(1, "outer");
        made.now += 5;
        made.end(1, Outcome::Err);
        let row = |name: &str, count, passed| (name.to_owned(), How::Err, count, passed, None);
        assert_eq!(rows(&made), [row("outer", 2, 1), row("inner", 1, 0)]);
    }

    #[test]
    fn a_panic_says_the_same_of_all_it_unwinds_through() {
        let mut made = Scenario::default();
        let key = made.callsite("panic", CallsiteKind::Key);
        made.start(1, "outer");
        let span = made.start(1, "inner");
        made.now += 5;
        let value = TagValue::Text("no such page".to_owned());
        made.say(1, LogEntry::Tag { span, key, value });
        made.end(1, Outcome::Panicked);
        made.end(1, Outcome::Panicked);
        let said = || Some("no such page".to_owned());
        let expect = [
            ("outer".to_owned(), How::Panicked, 1, 1, said()),
            ("inner".to_owned(), How::Panicked, 1, 0, said()),
        ];
        assert_eq!(rows(&made), expect);
    }
}
