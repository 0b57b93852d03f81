//! What a program says besides its spans is in its log: counters, gauges, marks, progress; and no
//! value of it where values are left out.

use ferret_tests::{Place, example, ferret, output};
use serde_json::Value;

/// The entries of one kind, of a log.
fn entries(place: &Place, kind: &str) -> Vec<Value> {
    let log = output(ferret().arg("log").arg(&place.log).arg("--json"));
    assert_eq!(log.code, Some(0), "{}", log.stderr);
    let lines =
        log.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    lines.filter(|entry| entry["kind"] == kind).collect()
}

/// Runs an example by `ferret run`.
fn run(program: &str, variables: &[(&str, &str)], args: &[&str]) -> Place {
    let place = Place::new();
    let mut run = ferret();
    run.envs(variables.iter().copied()).arg("run").arg("--log").arg(&place.log).arg("--");
    output(run.arg(example(program).get_program()).args(args));
    place
}

#[test]
fn what_is_counted_adds_up_and_a_gauge_has_its_last_level() {
    let place = run("counters", &[], &[]);
    let numbers = entries(&place, "COUNTER");
    let of = |name: &str, gauge: bool| -> Vec<f64> {
        let of = numbers.iter().filter(|entry| entry["name"] == name && entry["gauge"] == gauge);
        of.map(|entry| entry["value"].as_f64().unwrap()).collect()
    };
    let read: f64 = of("bytes read", false).iter().sum();
    assert!((read - 1_000_000.0).abs() < f64::EPSILON, "{read}");
    assert_eq!(of("queue", true).last(), Some(&0.0));
    // 10,000 times it counted.
    assert!(numbers.len() < 2_000, "{} entries", numbers.len());

    let said = output(ferret().arg("log").arg(&place.log)).stdout;
    for line in ["large jobs from here", "40 of 40", "bytes read += ", "queue = 0"] {
        assert!(said.contains(line), "no {line} in: {said}");
    }
}

#[test]
fn a_run_can_leave_values_out() {
    let (with, without) =
        (run("exits", &[], &["3"]), run("exits", &[("FERRET_VALUES", "off")], &["3"]));
    let args = |place| entries(place, "PROCESS_START")[0]["args"].as_array().unwrap().len();
    assert_eq!((args(&with), args(&without)), (2, 1));
    let panics = run("panics", &[("FERRET_VALUES", "off")], &[]);
    assert_eq!(entries(&panics, "TAG"), Vec::<Value>::new());
}

#[test]
fn a_panic_is_told_with_its_place() {
    let place = run("panics", &[], &[]);
    let said = output(ferret().arg("log").arg(&place.log)).stdout;
    for line in ["panic = attempt to divide by zero", "panic.at = examples/panics.rs:18:5"] {
        assert!(said.contains(line), "no {line} in: {said}");
    }
}
