//! `ferret log` and `ferret check`: the raw entries, and whether they are all there.

use ferret_tests::{Output, Place, example, ferret, output};
use std::path::Path;

/// A finished run of one of the examples.
fn finished(program: &str) -> Place {
    let place = Place::new();
    assert_eq!(output(example(program).env("FERRET_LOG", &place.log)).code, Some(0));
    place
}

#[track_caller]
fn log(path: &Path, args: &[&str]) -> Output {
    let answer = output(ferret().arg("log").arg(path).args(args));
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    answer
}

/// The column of each line that names the entry.
fn kinds(text: &str) -> Vec<&str> {
    let is_kind =
        |word: &&str| word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    text.lines().filter_map(|line| line.split_whitespace().find(is_kind)).collect()
}

#[test]
fn entries_are_printed_by_their_names_in_the_order_of_the_log() {
    let place = finished("stages");
    let text = log(&place.log, &[]).stdout;
    let kinds = kinds(&text);
    assert_eq!(kinds.first(), Some(&"PROCESS_START"), "{text}");
    assert_eq!(kinds.last(), Some(&"PROCESS_END"), "{text}");
    for kind in ["SPAN_START", "SPAN_END", "METRIC", "PROGRESS", "TAG", "MARK"] {
        assert!(kinds.contains(&kind), "no {kind} in {text}");
    }
    let offsets: Vec<u64> =
        text.lines().map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect();
    assert_eq!(offsets, (0..offsets.len() as u64).collect::<Vec<_>>(), "no gap");
}

#[test]
fn it_begins_at_an_offset_or_a_time() {
    let place = finished("stages");
    let all = log(&place.log, &[]).stdout;
    let from_third = all.lines().skip(3).collect::<Vec<_>>();
    assert_eq!(log(&place.log, &["--from", "3"]).stdout.lines().collect::<Vec<_>>(), from_third);
    // The first stage takes 400 ms of sleep.
    let late = log(&place.log, &["--from", "+300ms"]).stdout;
    assert!(all.ends_with(&late) && !late.contains("PROCESS_START"), "{late}");
    assert!(late.contains("sum up"), "{late}");
    assert_eq!(log(&place.log, &["--from", "+1h"]).stdout, "");
}

#[test]
fn offsets_are_of_one_log_and_times_of_a_family() {
    let place = finished("family");
    let refused = output(ferret().arg("log").arg(&place.log).args(["--from", "3"]));
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("4 logs"), "{}", refused.stderr);
    let all = log(&place.log, &["--from", "+0s"]).stdout;
    assert_eq!(kinds(&all).iter().filter(|kind| **kind == "PROCESS_START").count(), 4, "{all}");
}

#[test]
fn json_is_one_object_a_line() {
    let place = finished("hello");
    let text = log(&place.log, &["--json"]).stdout;
    for line in text.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["format"], 1, "{line}");
        assert!(entry["kind"].is_string() && entry["pid"].is_u64(), "{line}");
    }
}

#[test]
fn a_sound_log_is_said_to_be_sound() {
    let place = finished("workers");
    let report = output(ferret().arg("check").arg(&place.log));
    assert_eq!(report.code, Some(0), "{}", report.stderr);
    assert!(report.stdout.trim_end().ends_with("sound"), "{}", report.stdout);
}

/// The same in every byte that the log's text `what` takes.
fn overwrite(path: &Path, what: &[u8], with: u8) {
    let mut bytes = std::fs::read(path).expect("the log is there");
    let found: Vec<usize> =
        (0..bytes.len() - what.len()).filter(|&at| bytes[at..].starts_with(what)).collect();
    assert!(!found.is_empty(), "the log does not hold what is to be damaged");
    for at in found {
        bytes[at..at + what.len()].fill(with);
    }
    std::fs::write(path, bytes).expect("the log can be written");
}

#[test]
fn damage_is_found_told_and_what_is_left_can_be_saved() {
    let place = finished("stages");
    // The first entry holds the command line, which stands there as it is.
    let program = example("stages").get_program().to_str().unwrap().to_owned();
    overwrite(&place.log, program.as_bytes(), b'#');

    let check = output(ferret().arg("check").arg(&place.log));
    assert_eq!(check.code, Some(3), "{} {}", check.stdout, check.stderr);
    assert!(check.stdout.contains("damaged"), "{}", check.stdout);
    for command in ["log", "analyze"] {
        let read = output(ferret().arg(command).arg(&place.log));
        assert_eq!(read.code, Some(3), "{command}: {}", read.stderr);
        assert!(read.stdout.contains("sum up"), "{command} shows the rest: {}", read.stdout);
    }

    let saved = place.folder().join("saved.redb");
    let scavenge = output(ferret().arg("check").arg(&place.log).arg("--scavenge").arg(&saved));
    assert_eq!(scavenge.code, Some(0), "{}", scavenge.stderr);
    let report = output(ferret().arg("check").arg(&saved));
    assert_eq!(report.code, Some(0), "{}", report.stderr);
    assert!(report.stdout.contains("entries before 1"), "the damaged one: {}", report.stdout);
    assert!(output(ferret().arg("log").arg(&saved)).stdout.contains("sum up"));
    let again = output(ferret().arg("check").arg(&place.log).arg("--scavenge").arg(&saved));
    assert_eq!(again.code, Some(2), "nothing is overwritten: {}", again.stderr);
}
