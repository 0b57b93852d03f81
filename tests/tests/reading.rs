//! However `ferret analyze` reads a run it adds up to the same: in parts on all cores, entry by entry where a
//! filter asks for that, or as far as it came when somebody interrupted it.

use ferret_tests::{Output, example, ferret, output, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Stdio;

fn record(folder: &Path, line: &str) {
    let mut words = line.split_whitespace();
    let mut program = example(words.next().expect("a program"));
    let done = output(program.args(words).env("FERRET_LOG", "run.redb").current_dir(folder));
    // One of them ends as a program does that panicked.
    let code = if line == "panics" { 101 } else { 0 };
    assert_eq!(done.code, Some(code), "{line}: {}", done.stderr);
}

/// The document, without what tells files and rows apart.
fn document(folder: &Path, args: &str) -> Value {
    let words = args.split_whitespace();
    let done: Output =
        output(ferret().args(["analyze", "run.redb", "--json"]).args(words).current_dir(folder));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let mut document: Value = serde_json::from_str(&done.stdout).expect("the document is JSON");
    let functions = document["functions"].as_array_mut().expect("there are rows");
    for function in functions.iter_mut() {
        // Numbered as they were met.
        function.as_object_mut().expect("a row").remove("id");
    }
    functions.sort_by_key(|function| format!("{}{}", function["name"], function["line"]));
    document.as_object_mut().expect("it has fields").remove("logs");
    document
}

#[test]
fn in_parts_and_by_entries_a_run_adds_up_to_the_same() {
    for line in ["stages", "tasks", "panics", "workers", "crowd 500", "load 1 20000"] {
        let folder = tempfile::tempdir().unwrap();
        record(folder.path(), line);
        for window in ["", "--since=+200ms", "--until=+700ms", "--since=+100ms --until=+400ms"] {
            for (args, filter) in [
                ("", ""),
                ("--by=thread", ""),
                ("--by=process", ""),
                ("", "dur>1us&!thread:worker-2"),
            ] {
                let filtered = format!("--filter={filter}");
                let filtered = if filter.is_empty() { "" } else { &filtered };
                let in_parts = document(folder.path(), &format!("{args} {window} {filtered}"));
                // What is asked of a process, that it has begun, is asked entry by entry.
                let and = if filter.is_empty() { "" } else { "&" };
                let asking = format!("{args} {window} --filter={filter}{and}pid>0");
                let by_entries = document(folder.path(), &asking);
                assert_eq!(in_parts, by_entries, "{line}: {asking}");
                let calls = in_parts["functions"].as_array().unwrap().iter();
                let calls: u64 = calls.filter_map(|function| function["calls"].as_u64()).sum();
                assert!(calls > 0 || !window.is_empty(), "{line}: {args}");
            }
        }
    }
}

/// Whether a process has a handler of its own for SIGINT: `SigCgt` of proc(5).
fn catches_interrupt(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (Signal::INT.as_raw() - 1) & 1 == 1)
}

#[test]
fn who_interrupts_a_long_reading_gets_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "load 2 200000");
    let child = ferret()
        .args(["analyze", "run.redb", "--filter", "pid > 0"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("it reads", || catches_interrupt(child.id()).then_some(()));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let done = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!(done.status.code(), Some(130), "{out}{err}");
    assert!(err.contains("interrupted: "), "{err}");
    assert!(out.contains("PARTIAL: interrupted when "), "{out}");
    assert!(out.contains("running"), "it had not ended by then: {out}");
    assert!(out.contains("of its entries were not read"), "{out}");
}
