//! What is said of sinks on standard error: that one fails, that it goes well again, and what it lost, each once.

use super::sinks::SinkReport;
use crate::exit::say;
use crate::format;
use std::collections::BTreeMap;

/// What was said, by sink.
#[derive(Debug, Default)]
pub(super) struct Said {
    sinks: BTreeMap<String, SaidOfSink>,
}

#[derive(Debug, Default)]
struct SaidOfSink {
    fails: bool,
    lost: u64,
}

impl Said {
    /// Says what is new.
    pub(super) fn say(&mut self, reports: &[SinkReport]) {
        reports.iter().flat_map(|report| self.news(report)).for_each(say);
    }

    fn news(&mut self, report: &SinkReport) -> Vec<String> {
        let SinkReport { name, is_failing, lost, last_error, waiting, .. } = report;
        let said = self.sinks.entry(name.clone()).or_default();
        let mut news = Vec::new();
        // When it begins, not at every try.
        if *is_failing && !said.fails && *waiting > 0 {
            let why = last_error.as_deref().unwrap_or("it says not why");
            news.push(format!("sink {name} fails, and is tried again: {why}"));
            said.fails = true;
        }
        if *lost > said.lost {
            let more = lost - said.lost;
            let messages = if more == 1 { "message was" } else { "messages were" };
            let why = match last_error {
                Some(why) if *is_failing => why,
                _ if *waiting > 0 => "too many were waiting",
                _ => "there was no more time",
            };
            let more = format::count(more);
            news.push(format!("sink {name}: {more} {messages} not delivered: {why}"));
            (said.lost, said.fails) = (*lost, *is_failing);
        }
        if said.fails && !is_failing {
            news.push(format!("sink {name} delivers again"));
            said.fails = false;
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &mut Said, (is_failing, waiting, lost): (bool, u64, u64), expect: &[&str]) {
        let report = SinkReport {
            name: "ops".to_owned(),
            kind: "webhook",
            sent: 0,
            failed: u64::from(is_failing),
            waiting,
            lost,
            is_failing,
            last_error: is_failing.then(|| "no route".to_owned()),
        };
        assert_eq!(said.news(&report), expect);
    }

    #[test]
    fn a_sink_that_fails_is_told_of_once_and_once_more_when_it_delivers_again() {
        let mut said = Said::default();
        check(&mut said, (false, 1, 0), &[]);
        check(&mut said, (true, 1, 0), &["sink ops fails, and is tried again: no route"]);
        check(&mut said, (true, 2, 0), &[]);
        check(&mut said, (false, 1, 0), &["sink ops delivers again"]);
        // It failed once, and what waits now is delivered at the first try.
        check(&mut said, (false, 3, 0), &[]);
        check(&mut said, (true, 1, 0), &["sink ops fails, and is tried again: no route"]);
    }

    #[test]
    fn what_is_lost_is_told_with_its_reason() {
        let mut said = Said::default();
        check(&mut said, (true, 0, 1), &["sink ops: 1 message was not delivered: no route"]);
        check(&mut said, (true, 0, 1), &[]);
        check(&mut said, (false, 0, 1), &["sink ops delivers again"]);
        let expect = ["sink ops: 2 messages were not delivered: too many were waiting"];
        check(&mut said, (false, 1_000, 3), &expect);
        let expect = ["sink ops: 1,000 messages were not delivered: there was no more time"];
        check(&mut said, (false, 0, 1_003), &expect);
    }
}
