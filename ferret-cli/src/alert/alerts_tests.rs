//! What is told of rules and sinks when somebody asks.

use super::*;
use crate::alert::made_up::{BEGIN, SECOND, worker};
use crate::alert::rules;
use crate::alert::watched::WorkerNow;
use ferret::event::ProcessState;

const RULES: &str = r#"
[[rule]]
name = "hot"
when = "worker.cpu > 90%"
severity = "error"

[[rule]]
name = "hot for long"
when = "worker.cpu > 90%"
for = "1h"

[[rule]]
name = "cold"
when = "worker.cpu < 1%"

[[rule]]
name = "crash"
happens = "crashed"
"#;

fn workers(second: u64) -> [WorkerNow; 2] {
    let crashed = WorkerNow {
        state: ProcessState::Crashed,
        ended_ns: Some((BEGIN + 1) * SECOND),
        signal: Some(9),
        death: Some("killed".to_owned()),
        ..worker(2, 0)
    };
    let hot = WorkerNow { cpu_percent: Some(99.0), ..worker(1, second) };
    [hot, if second < 2 { worker(2, second) } else { crashed }]
}

#[test]
fn the_report_says_what_fires_what_is_pending_and_what_happened() {
    let mut alerts = Alerts::new(rules::read(RULES).unwrap()).unwrap();
    for second in 0..3 {
        alerts.tick((BEGIN + second) * SECOND, &workers(second));
    }
    let report = serde_json::to_value(alerts.report((BEGIN + 2) * SECOND)).unwrap();
    let rule = |index: usize| {
        let rule = &report["rules"][index];
        let subjects = rule["subjects"].as_array().unwrap().iter();
        let subject = |it: &serde_json::Value| {
            format!("{} {} {}", it["subject"], it["state"], it["text"]).replace('"', "")
        };
        format!("{}: {}", rule["state"], subjects.map(subject).collect::<Vec<_>>().join(", "))
    };
    assert_eq!(rule(0), "\"firing\": pipeline 1 firing cpu is 99.0 % (> 90.0 %)");
    assert_eq!(rule(1), "\"pending\": pipeline 1 pending cpu is 99.0 % (> 90.0 %)");
    assert_eq!(rule(2), "\"ok\": ");
    assert_eq!(rule(3), "\"ok\": pipeline 2 happened crashed after 16m 40s: killed");
    assert_eq!((&report["kind"], &report["now_ms"]), (&"alerts".into(), &1_000_002_000_u64.into()));
    let sink = &report["sinks"][0];
    assert_eq!((&sink["name"], &sink["kind"]), (&"stdout".into(), &"stdout".into()));
    let done = alerts.stop(Duration::from_secs(30));
    assert_eq!((done[0].sent, done[0].lost), (2, 0));
}

#[test]
fn only_the_open_spans_that_rules_ask_about_are_wanted() {
    let wants = |text: &str| Alerts::of_the_past(rules::read(text).unwrap()).wants();
    assert!(!wants(RULES).any());
    let open =
        "[[rule]]\nname = \"a\"\nopen_for = \"3s\"\n[[rule]]\nname = \"b\"\nopen_for = \"2s\"";
    let wants_open = wants(open);
    assert!(wants_open.wants(2 * SECOND, false) && !wants_open.wants(2 * SECOND - 1, true));
    let wants_progress = wants("[[rule]]\nname = \"a\"\nno_progress_for = \"3s\"");
    assert!(wants_progress.wants(0, true) && !wants_progress.wants(u64::MAX, false));
}
