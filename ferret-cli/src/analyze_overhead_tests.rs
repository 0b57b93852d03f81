//! What `analyze` says of rows that are mostly instrumentation.

use super::*;
use ferret::event::SpanCost;

/// A span costs 8 ns inside and 9.25 ns around it.
const COST: SpanCost = SpanCost { inner_ps: 8_000, outer_ps: 9_250 };

impl Made {
    fn measured(mut self) -> Self {
        if let LogEntry::ProcessStart(start) = &mut self.entries[0].what {
            start.span_cost = Some(COST);
        }
        self
    }

    /// Calls of so many ns, with the time of the caller between them.
    fn calls(&mut self, name: &str, count: u32, ns: u64, between_ns: u64) {
        for _ in 0..count {
            self.start(1, name);
            self.now += ns;
            self.end(1, Outcome::Ok);
            self.now += between_ns;
        }
    }
}

/// A loop over trivial calls beside a few long ones.
fn counting() -> Made {
    let mut made = Made::new(11).measured();
    made.start(1, "main");
    made.start(1, "count_all");
    made.calls("is_even", 5_000, 10, 12);
    made.end(1, Outcome::Ok);
    made.calls("load", 3, 2 * MS, 50_000);
    made.end(1, Outcome::Ok);
    made.exit(0);
    made
}

fn share(logs: &[Made], line: &str, name: &str) -> Option<f64> {
    let analysis = analyze(logs, &args(line));
    analysis.functions.iter().find(|row| row.name == name).unwrap().overhead_percent
}

#[test]
fn rows_that_are_mostly_instrumentation_are_marked_and_explained() {
    insta::assert_snapshot!("overhead", show(&[counting()], "", Some(80)));
    insta::assert_snapshot!("overhead_60", show(&[counting()], "--top 1", Some(60)));
    insta::assert_snapshot!("overhead_few", show(&[counting()], "--sort calls --top 1", None));
    for width in 60..130 {
        show(&[counting()], "", Some(width));
    }
}

#[test]
fn the_share_is_that_of_a_functions_own_spans_and_of_those_it_calls() {
    let logs = [counting()];
    assert_eq!(share(&logs, "", "is_even"), Some(80.0));
    assert_eq!(share(&logs, "", "count_all"), Some(77.1));
    assert_eq!(share(&logs, "", "load"), Some(0.0));
    assert_eq!(share(&logs, "", "main"), Some(0.03));
}

#[test]
fn a_filter_leaves_the_share_alone() {
    let logs = [counting()];
    assert_eq!(share(&logs, "--filter count_all", "count_all"), Some(77.1));
    assert_eq!(share(&logs, "--filter dur>1s|name=is_even", "is_even"), Some(80.0));
}

#[test]
fn a_log_that_does_not_tell_leaves_it_open() {
    let mut old = Made::new(12);
    old.call(1, "load", 5);
    old.exit(0);
    assert_eq!(share(&[old], "", "load"), None);
    let mut old = Made::new(12);
    old.call(1, "load", 5);
    let text = show(&[old], "", Some(80));
    assert!(!text.contains("ferret's own") && !text.contains('*'), "{text}");
}

#[test]
fn the_share_can_be_filtered_and_gated() {
    let names = |line: &str| {
        let analysis = analyze(&[counting()], &args(line));
        analysis.functions.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(names("--filter overhead<20%"), ["main", "load"]);
    let holds = |gate: &str| {
        let args = args(&format!("--fail-if {gate}"));
        gates(&analyze(&[counting()], &args), &args).unwrap() == Code::GateHeld.into()
    };
    assert!(holds("any.overhead>50%") && !holds("any.overhead>90%"));
    assert!(!holds("load.overhead>1%"));
}
