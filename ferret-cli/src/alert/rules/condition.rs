//! What a rule asks, in words: much as it is written.

use super::{Asks, Event, Rule};
use crate::filter::Filter;
use crate::format::duration;
use crate::text::cut;

/// Columns of it.
const LONGEST: usize = 300;

impl Rule {
    /// When it fires.
    pub(in crate::alert) fn condition(&self) -> String {
        let of = |filter: &Option<Filter>| {
            filter.as_ref().map_or_else(String::new, |filter| format!(", of {filter}"))
        };
        let asked = match &self.asks {
            Asks::Threshold(threshold) => threshold.clause.to_string(),
            Asks::Happens(events) => {
                events.iter().map(|event| event.name()).collect::<Vec<_>>().join(" or ")
            }
            Asks::NoHeartbeat(ns) => format!("no heartbeat for {}", duration(*ns)),
            Asks::NoWork(ns) => format!("no work for {}", duration(*ns)),
            Asks::NoProgress(ns, filter) => {
                format!("no progress for {}{}", duration(*ns), of(filter))
            }
            Asks::Open(ns, filter) => format!("open for {}{}", duration(*ns), of(filter)),
        };
        let window = self.function_window_ns().map(|ns| format!("in the last {}", duration(ns)));
        let holds = (self.for_ns > 0).then(|| format!("for {}", duration(self.for_ns)));
        let workers = self.workers.as_ref().map(|workers| format!("workers: {workers}"));
        let all = [Some(asked), window, holds, workers];
        let text = all.into_iter().flatten().collect::<Vec<_>>().join(", ");
        cut(&text, LONGEST)
    }
}

impl Event {
    fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(_, event)| *event == self).map_or("", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[track_caller]
    fn check(rule: &str, expect: &str) {
        let rules = read(&format!("[[rule]]\nname = \"it\"\n{rule}")).unwrap();
        assert_eq!(rules.rules[0].condition(), expect);
    }

    #[test]
    fn what_a_rule_asks_is_told_much_as_it_is_written() {
        check(
            "when = \"decode.p95 > 2s\"\nfor = \"30s\"",
            "decode.p95 > 2s, in the last 1m 00s, for 30.0 s",
        );
        check("when = \"worker.cpu > 90%\"", "worker.cpu > 90%");
        check(
            "happens = [\"crashed\", \"failed\"]\nworkers = \"process = load\"",
            "crashed or failed, workers: process = load",
        );
        check("no_heartbeat_for = \"30s\"", "no heartbeat for 30.0 s");
    }
}
