//! The reports of `ferret analyze` on logs that real programs wrote.

use ferret_tests::{Output, Terminal, example, ferret, output};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Runs an example to its end, recording into `run.redb` in `folder`.
fn record(folder: &Path, name: &str, code: i32) {
    let done = output(example(name).env("FERRET_LOG", "run.redb").current_dir(folder));
    assert_eq!(done.code, Some(code), "{name}: {}", done.stderr);
}

fn analyze(folder: &Path, args: &str) -> Output {
    output(ferret().args(["analyze", "run.redb"]).args(args.split_whitespace()).current_dir(folder))
}

fn report(folder: &Path, args: &str, name: &str) -> Value {
    let done = analyze(folder, &format!("{args} --json"));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let document: Value = serde_json::from_str(&done.stdout).expect("the document is JSON");
    document[name].clone()
}

fn names(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().into_iter().flatten();
    rows.map(|row| row["name"].as_str().expect("each row has a name")).collect()
}

#[test]
fn the_slowest_spans_have_their_tags() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "workers", 0);
    let slowest = report(folder.path(), "--slowest 5 --filter primes", "slowest");
    assert_eq!(names(&slowest), ["primes_below"; 5]);
    let rows = slowest.as_array().unwrap();
    for row in rows {
        assert_eq!(row["stack"], serde_json::json!(["work", "primes_below"]));
        assert_eq!(row["tags"][0]["key"], "limit");
        assert!(row["tags"][0]["value"].as_u64().is_some_and(|limit| limit % 500 == 0), "{row}");
    }
    let took = |row: &Value| row["duration_ns"].as_u64().unwrap();
    assert!(rows.windows(2).all(|pair| took(&pair[0]) >= took(&pair[1])), "{slowest}");
    let failed = report(folder.path(), "--slowest 50 --filter outcome:err", "slowest");
    assert_eq!(failed.as_array().unwrap().len(), 9, "all there are");
    let text = analyze(folder.path(), "--slowest 3 --filter primes").stdout;
    assert!(text.contains("  work › primes_below\n  limit="), "{text}");
}

/// What is counted on several cores is what entries one by one add up to.
#[test]
fn reports_are_the_same_from_parts_and_from_entries() {
    let folder = tempfile::tempdir().unwrap();
    for (program, code) in [("workers", 0), ("tasks", 0), ("stages", 0), ("panics", 101)] {
        record(folder.path(), program, code);
        for (args, name) in [
            ("--slowest 7", "slowest"),
            ("--errors", "errors"),
            ("--by task", "tasks"),
            ("--critical-path", "critical_path"),
            ("--concurrency", "concurrency"),
        ] {
            let parts = report(folder.path(), args, name);
            // Which process an entry is of is only known in order.
            let mut entries = report(folder.path(), &format!("{args} --filter pid>0"), name);
            // A filter adds a curve of its own.
            entries.as_object_mut().map(|curves| curves.remove("passing"));
            assert_eq!(parts, entries, "{program} {args}");
            let since = report(folder.path(), &format!("{args} --since +0s"), name);
            assert_eq!(parts, since, "{program} {args}");
        }
        // Functions have other numbers.
        let text = |args: &str| analyze(folder.path(), args).stdout;
        assert_eq!(text("--bottom-up"), text("--bottom-up --filter pid>0"), "{program}");
    }
}

#[test]
fn a_panic_is_told_where_it_began() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "panics", 101);
    let errors = report(folder.path(), "--errors", "errors");
    assert_eq!(names(&errors), ["inner", "outer"]);
    for (row, passed_on) in errors.as_array().unwrap().iter().zip([0, 2]) {
        assert_eq!((&row["outcome"], &row["count"]), (&"panicked".into(), &2.into()), "{row}");
        assert_eq!(row["passed_on"], passed_on, "{row}");
        assert_eq!(row["panic"], "attempt to divide by zero", "{row}");
    }
    assert_eq!(errors[0]["percent"], 40.0, "two of five calls: {errors}");
}

#[test]
fn tasks_and_callers_and_the_path_of_an_async_program() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "tasks", 0);
    let tasks = report(folder.path(), "--by task", "tasks");
    assert_eq!(names(&tasks), ["crawl"], "what it awaits is part of it");
    assert!(tasks[0]["idle_ns"].as_u64().unwrap() > 50_000_000, "{tasks}");
    let callers = report(folder.path(), "--bottom-up", "callers");
    let parse = callers.as_array().unwrap().iter().find(|row| row["name"] == "parse").unwrap();
    assert_eq!(names(&parse["callers"]), ["fetch"]);
    assert_eq!(names(&parse["callers"][0]["callers"]), ["crawl"]);
    let path = report(folder.path(), "--critical-path", "critical_path");
    assert_eq!(path["name"], "crawl");
    let links = path["links"].as_array().unwrap();
    let own = links.iter().map(|link| link["own_ns"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(path["duration_ns"], own, "{path}");
    // Page 4 is the last to be answered: it is what was waited for, not the future that was dropped.
    assert!(names(&path["links"]).contains(&"fetch"), "{path}");
    assert!(!names(&path["links"]).contains(&"patience"), "{path}");
}

#[test]
fn threads_and_stages_at_work_over_time() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "workers", 0);
    let at_work = report(folder.path(), "--concurrency", "concurrency");
    let threads = at_work["threads"].as_array().unwrap();
    let most = threads.iter().map(|mean| mean.as_f64().unwrap()).fold(0.0, f64::max);
    assert!((2.5..=3.0).contains(&most), "three workers: {most}");
    record(folder.path(), "stages", 0);
    let at_work = report(folder.path(), "--concurrency", "concurrency");
    assert_eq!(names(&at_work["stages"]), ["read", "sum up"]);
}

#[test]
fn stages_are_compared_with_the_last_good_run() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "stages", 0);
    assert!(report(folder.path(), "", "last_good").is_null(), "there is none");
    // Another program in between is not compared with.
    record(folder.path(), "panics", 101);
    record(folder.path(), "stages", 0);
    let then = report(folder.path(), "", "last_good");
    assert_eq!(names(&then["stages"]), ["read", "sum up"], "{then}");
    for stage in then["stages"].as_array().unwrap() {
        assert!(stage["times"].as_f64().is_some_and(|times| times > 0.0), "{stage}");
    }
    assert!(report(folder.path(), "--since +1ms", "last_good").is_null(), "a part is no run");
    let text = analyze(folder.path(), "--by stage").stdout;
    assert!(text.contains("the last good run, of 20"), "{text}");
}

#[test]
fn long_output_goes_through_a_pager_in_a_terminal_alone() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "stages", 0);
    let pager = folder.path().join("pager");
    fs::write(&pager, "#!/bin/sh\nhead -n 3 > paged\necho the pager was here\n").unwrap();
    fs::set_permissions(&pager, fs::Permissions::from_mode(0o755)).unwrap();
    let shown = |args: &[&str], pager: &str, sees: &str| {
        let mut command = ferret();
        command.args(["analyze", "run.redb", "--slowest", "40"]).args(args);
        let mut terminal = Terminal::start(command.env("PAGER", pager).current_dir(folder.path()));
        terminal.see(sees, |screen| screen.contains(sees).then_some(()));
        assert_eq!(terminal.end(), 0);
    };
    // It has had enough after three lines: no error.
    shown(&[], "./pager", "the pager was here");
    let paged = fs::read_to_string(folder.path().join("paged")).unwrap();
    assert!(paged.lines().next().is_some_and(|line| line.contains("stages")), "{paged}");
    shown(&["--no-pager"], "./pager", " › ");
    shown(&[], "no_such_pager_at_all", " › ");
    let piped = output(
        ferret()
            .args(["analyze", "run.redb", "--slowest", "40"])
            .env("PAGER", "./pager")
            .current_dir(folder.path()),
    );
    assert!(!piped.stdout.contains("the pager was here"), "{}", piped.stdout);
}
