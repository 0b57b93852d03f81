//! Gates on what changed.

use super::*;
use crate::diff::document::Comparison;

fn change(base: Option<u64>, head: Option<u64>, significant: bool) -> Change {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let number = |value: Option<u64>| value.map(|value| value as f64);
    Change { significant, ..Change::between(number(base), number(head)) }
}

fn all() -> Comparison {
    const MS: u64 = 1_000_000;
    let function = |name: &str, verdict, p95_ns, self_ns| Function {
        name: name.to_owned(),
        row: Row {
            verdict,
            p95_ns,
            self_ns,
            calls: change(Some(5), Some(6), false),
            ..Row::default()
        },
        ..Function::default()
    };
    let transcribe = change(Some(100 * MS), Some(150 * MS), true);
    let noisy = change(Some(10 * MS), Some(20 * MS), false);
    let save = change(None, Some(30 * MS), false);
    Comparison {
        functions: vec![
            function("transcribe", Verdict::Slower, transcribe, transcribe),
            function("noisy", Verdict::Same, noisy, noisy),
            function("save", Verdict::New, save, save),
        ],
        stages: vec![Stage {
            name: "transcribe".to_owned(),
            peak_rss_bytes: change(Some(1 << 30), Some(3 << 30), false),
            ..Stage::default()
        }],
        summary: Summary { slower: 1, new: 1, same: 1, ..Summary::default() },
        duration_ns: change(Some(1_000 * MS), Some(1_200 * MS), false),
        dropped_spans: change(Some(0), Some(7), false),
        ..Comparison::default()
    }
}

#[track_caller]
fn check(gate: &str, expect: &str) {
    let gate: DiffGate = gate.parse().unwrap();
    let answer = gate.ask(&all());
    assert_eq!(answer.held, !answer.rows.is_empty());
    let rows = answer.rows.iter().map(|row| format!("{} {}", row.name, row.value));
    let seen = match (answer.missing, answer.held) {
        (true, _) => "no row".to_owned(),
        (false, false) => "passed".to_owned(),
        (false, true) => rows.collect::<Vec<_>>().join("; "),
    };
    assert_eq!(seen, expect, "{gate:?}");
}

#[track_caller]
fn check_error(gate: &str, part: &str) {
    let error = gate.parse::<DiffGate>().unwrap_err().to_string();
    assert!(error.contains(part), "{gate}: {error}");
}

#[test]
fn a_value_with_a_sign_is_one_of_the_change() {
    check(
        "any.p95 > +10%",
        "transcribe 150 ms, was 100 ms: +50.0%; noisy 20.0 ms, was 10.0 ms: +100.0%",
    );
    check("*.p95 > +60%", "noisy 20.0 ms, was 10.0 ms: +100.0%");
    check("transcribe.p95 > +49ms", "transcribe 150 ms, was 100 ms: +50.0%");
    check("transcribe.p95 > +51ms", "passed");
    check("any.p95 < -10%", "passed");
    check(
        "any.calls > +0",
        "transcribe 6, was 5: +20.0%; noisy 6, was 5: +20.0%; save 6, was 5: +20.0%",
    );
}

#[test]
fn chance_can_be_left_out() {
    check("any.p95 > +10% & significant", "transcribe 150 ms, was 100 ms: +50.0%");
    check("any.self>+1%&significant", "transcribe 150 ms, was 100 ms: +50.0%");
    check("noisy.p95 > +10% & significant", "passed");
    check_error("any.max > +10% & significant", "calls, self, p50, p95");
    check_error("duration > +10% & significant", "of rows");
}

#[test]
fn a_value_without_a_sign_is_one_of_the_head() {
    check("transcribe.p95 > 120ms", "transcribe 150 ms");
    check("dropped > 0", "run 7");
    check("duration > 1.1s", "run 1.20 s");
    check("duration > +10%", "run 1.20 s, was 1.00 s: +20.0%");
    check("dropped > +10%", "passed");
    check("dropped > +5", "run 7, was 0");
}

#[test]
fn what_is_new_counts_whole_and_can_be_asked_for() {
    check("save.self > +20ms", "save 30.0 ms, was none");
    check("save.self > +20%", "passed");
    check("save.p95 > +20ms", "passed");
    check("new > 0", "run 1");
    check("any.new > 0", "save 1");
    check("gone > 0", "passed");
    check("(self > 100ms).slower > 0", "transcribe 1");
}

#[test]
fn memory_is_asked_of_stages() {
    check("transcribe.rss > 2GiB", "transcribe 3.00 GiB");
    check("any.rss > +50%", "transcribe 3.00 GiB, was 1.00 GiB: +200.0%");
    check("elsewhere.rss > 2GiB", "no row");
    check("elsewhere.p95 > 2s", "no row");
}

#[test]
fn what_is_no_gate_is_told_with_a_way_out() {
    check_error("any.p95 > 10%", "p95 > +10%");
    check_error("any.p95 > +10", "p95 > +10%");
    check_error("any.p97 > +10%", "calls, self, p50");
    check_error("p95 > +10%", "any.p95");
    check_error("any.p95 + 10%", "is no gate");
}
