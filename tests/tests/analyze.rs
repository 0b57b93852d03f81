//! `ferret analyze` on logs that real programs wrote: finished, killed, damaged, missing.

use ferret_tests::{Output, Talker, Terminal, damage_the_middle, example, ferret, output, until};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// Runs an example to its end, recording into `run.redb` in `folder`.
fn record(folder: &Path, name: &str) {
    let done = output(example(name).env("FERRET_LOG", "run.redb").current_dir(folder));
    assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
}

fn analyze(folder: &Path, args: &str) -> Output {
    output(ferret().arg("analyze").args(args.split_whitespace()).current_dir(folder))
}

fn document(folder: &Path, args: &str) -> Value {
    let done = analyze(folder, &format!("{args} --json"));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    serde_json::from_str(&done.stdout).expect("the document is JSON")
}

#[track_caller]
fn check_refused(folder: &Path, args: &str, code: i32, part: &str) {
    let done = analyze(folder, args);
    assert_eq!(done.code, Some(code), "{args}: {}", done.stderr);
    assert!(done.stderr.contains(part), "{args}: {}", done.stderr);
    assert!(!done.stderr.contains("panicked"), "{args}: {}", done.stderr);
}

#[test]
fn stages_have_wall_time_memory_and_a_total() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "stages");
    let analysis = document(folder.path(), "run.redb");
    let stages = analysis["stages"].as_array().unwrap();
    let names: Vec<_> = stages.iter().map(|stage| stage["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["read", "sum up"]);
    for stage in stages {
        assert_eq!(
            (&stage["state"], &stage["shared"]),
            (&Value::from("done"), &Value::from(false))
        );
        assert!(stage["peak_rss_bytes"].as_u64().unwrap() > 1 << 20, "{stage}");
    }
    // Twenty times it waits 20 ms.
    assert!(stages[0]["wall_ns"].as_u64().unwrap() >= 400_000_000, "{}", stages[0]);
    let walls = stages.iter().map(|stage| stage["wall_ns"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(analysis["stage_total"]["wall_ns"], walls, "one after the other");
    assert!(analysis["run"]["duration_ns"].as_u64().unwrap() >= walls);
    let table = analyze(folder.path(), "run.redb --by stage").stdout;
    assert!(table.contains("all stages") && table.contains("PEAK RSS"), "{table}");
}

#[test]
fn a_filter_asks_what_spans_said_and_which_process_they_were_of() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "workers");
    let calls = |filter: &str| {
        let filtered = document(folder.path(), &format!("run.redb --filter {filter}"));
        let functions = filtered["functions"].as_array().unwrap();
        let row = |row: &Value| (row["name"].as_str().unwrap().to_owned(), row["calls"].as_u64());
        functions.iter().map(row).collect::<Vec<_>>()
    };
    let primes = |calls: u64| vec![("primes_below".to_owned(), Some(calls))];
    assert_eq!(calls("tag:limit"), primes(60));
    assert_eq!(calls("tag:limit>28000"), primes(3));
    assert_eq!(calls("tag:limit=500|tag:limit=1000"), primes(2));
    assert_eq!(calls("tag:limit>28000&outcome:err"), []);
    let process = &document(folder.path(), "run.redb")["processes"][0];
    let (pid, host) = (&process["pid"], process["host"].as_str().unwrap());
    assert_eq!(calls(&format!("tag:limit&host={host}")), primes(60));
    assert_eq!(calls("host:elsewhere"), []);
    assert_eq!(calls(&format!("tag:limit&pid={pid}")), primes(60));
    assert_eq!(calls(&format!("pid!={pid}")), []);
}

#[test]
fn processes_of_one_run_are_summed_together() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "family");
    let analysis = document(folder.path(), "run.redb --tree");
    assert_eq!(analysis["processes"].as_array().unwrap().len(), 4);
    let functions = analysis["functions"].as_array().unwrap();
    let child = functions.iter().find(|row| row["name"] == "child").unwrap();
    assert_eq!(child["calls"], 3, "one in each child");
    let roots: Vec<_> = analysis["tree"].as_array().unwrap().iter().map(|n| &n["name"]).collect();
    assert!(roots.contains(&&Value::from("child")) && roots.len() <= functions.len(), "{roots:?}");
}

#[test]
fn a_killed_program_says_what_it_was_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut program =
        Talker::start(example("stuck").env("FERRET_LOG", "run.redb").current_dir(folder.path()));
    program.say("go");
    until("the open span", || {
        let done = analyze(folder.path(), "run.redb");
        let is_live = done.stdout.contains("running");
        (is_live && done.stdout.contains("wait_for_a_word")).then_some(())
    });
    drop(program);
    let table = analyze(folder.path(), "run.redb");
    assert_eq!(table.code, Some(0), "{}", table.stderr);
    assert!(table.stdout.contains("thread server, when it crashed"), "{}", table.stdout);
    let analysis = document(folder.path(), "run.redb");
    assert_eq!(analysis["processes"][0]["state"], "crashed");
    let open = analysis["open"].as_array().unwrap();
    let names: Vec<_> = open.iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["serve", "wait_for_a_word"]);
    assert_eq!(open[1]["parent"], open[0]["span"]);
}

#[test]
fn what_is_no_log_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    check_refused(folder.path(), "none.redb", 2, "none.redb does not exist");
    check_refused(folder.path(), "none.redb", 2, "feature `off`");
    fs::write(folder.path().join("text.redb"), "some text\n").unwrap();
    check_refused(folder.path(), "text.redb", 2, "is not a ferret log");
    assert_eq!(fs::read(folder.path().join("text.redb")).unwrap(), b"some text\n");
    fs::write(folder.path().join("empty.redb"), "").unwrap();
    check_refused(folder.path(), "empty.redb", 2, "is not a ferret log");
    record(folder.path(), "hello");
    check_refused(folder.path(), "run.redb --filter dur>", 2, "no value follows dur");
    check_refused(folder.path(), "run.redb --fail-if nobody.calls>1", 2, "--allow-missing");
    check_refused(folder.path(), "run.redb --tree --sort p99", 2, "sort by total");
}

#[test]
fn of_a_damaged_log_the_rest_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "stages");
    damage_the_middle(&folder.path().join("run.redb"));
    let done = analyze(folder.path(), "run.redb");
    assert_eq!(done.code, Some(3), "{}{}", done.stdout, done.stderr);
    assert!(done.stderr.contains("damaged at entry"), "{}", done.stderr);
    assert!(done.stdout.contains("read_one"), "{}", done.stdout);
    assert!(done.stdout.contains("part of it is damaged"), "{}", done.stdout);
}

#[test]
fn a_gate_that_holds_fails_the_command() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "stages");
    let held = analyze(folder.path(), "run.redb --fail-if read_one.calls>19 --fail-if read.max>1h");
    assert_eq!(held.code, Some(1), "{}", held.stderr);
    let first = "gate held: read_one.calls>19: read_one has 20\n\n";
    assert!(held.stdout.starts_with(first), "{}", held.stdout);
    assert!(!held.stdout.contains("1h"), "{}", held.stdout);
    let of_run =
        "run.redb --fail-if dropped>0 --fail-if *.errors>0 --fail-if duration>1ms --markdown";
    let comment = analyze(folder.path(), of_run);
    assert_eq!(comment.code, Some(1), "{}", comment.stderr);
    let begin =
        "### ferret analyze: 1 of 3 gates held\n\n- **held**: <code>duration&#62;1ms</code>";
    assert!(comment.stdout.starts_with(begin), "{}", comment.stdout);
    let json = analyze(folder.path(), "run.redb --fail-if read_one.calls>19 --json");
    assert!(json.stderr.contains("gate held: read_one.calls>19"), "{}", json.stderr);
    assert!(json.stdout.starts_with('{') && json.code == Some(1), "{}", json.stdout);
    assert_eq!(analyze(folder.path(), "run.redb --fail-if any.errors>0").code, Some(0));
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "hello");
    let mut child = ferret()
        .args(["analyze", "run.redb", "--json"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!(
        (done.status.code(), String::from_utf8(done.stderr).unwrap().as_str()),
        (Some(0), "")
    );
}

#[test]
fn a_table_fits_its_terminal() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "stages");
    let command_line = ["analyze", "run.redb"];
    let mut terminal = Terminal::start(ferret().args(command_line).current_dir(folder.path()));
    terminal.see("the table", |screen| {
        let head = screen.lines().find(|line| line.starts_with("FUNCTION"))?;
        assert!(head.trim_end().ends_with("ERRORS"), "{screen}");
        screen.lines().any(|line| line.starts_with("one block")).then_some(())
    });
    assert_eq!(terminal.end(), 0);
}
