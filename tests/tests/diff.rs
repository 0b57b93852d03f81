//! `ferret diff` on runs of real programs: the same twice, one function slower, new and gone ones, saved profiles,
//! earlier runs, gates, and what cannot be compared.

use ferret_tests::{Output, Terminal, damage_the_middle, example, ferret, output};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a version of the program in `src/bin/versions.rs`, recording into `log` in `folder`.
fn record(folder: &Path, log: &str, version: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_versions"));
    command.env_remove("FERRET_RUN").env("FERRET_LOG", log).current_dir(folder);
    let done = output(command.args(version.split_whitespace()));
    assert_eq!(done.code, Some(0), "{version}: {}", done.stderr);
}

fn diff(folder: &Path, args: &str) -> Output {
    // Blanks stand between arguments, and ~ for a blank in one.
    let words = args.split_whitespace().map(|word| word.replace('~', " "));
    output(ferret().arg("diff").args(words).current_dir(folder))
}

fn document(folder: &Path, args: &str) -> Value {
    let done = diff(folder, &format!("{args} --json"));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    serde_json::from_str(&done.stdout).expect("the document is JSON")
}

/// The functions that have one of these verdicts.
fn with(document: &Value, verdicts: &[&str]) -> Vec<String> {
    let functions = document["functions"].as_array().expect("it has functions");
    let found = functions
        .iter()
        .filter(|row| verdicts.contains(&row["verdict"].as_str().expect("a verdict")));
    let mut names: Vec<_> =
        found.map(|row| row["name"].as_str().expect("a name").to_owned()).collect();
    names.sort();
    names
}

#[track_caller]
fn check_refused(folder: &Path, args: &str, code: i32, part: &str) {
    let done = diff(folder, args);
    assert_eq!(done.code, Some(code), "{args}: {}{}", done.stdout, done.stderr);
    assert!(done.stderr.contains(part), "{args}: {}", done.stderr);
    assert!(!done.stderr.contains("panicked"), "{args}: {}", done.stderr);
}

fn save(folder: &Path, log: &str, file: &str) {
    let done = output(ferret().args(["analyze", log, "--tree", "--json"]).current_dir(folder));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    fs::write(folder.join(file), done.stdout).expect("the profile is saved");
}

#[test]
fn the_same_log_twice_has_no_change_and_a_program_twice_no_new_function() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "run.redb", "400");
    record(folder.path(), "run.redb", "400");
    let same = document(folder.path(), "run.redb run.redb");
    let all = same["functions"].as_array().unwrap().len() as u64;
    assert_eq!((&same["summary"]["same"], all), (&Value::from(10), 10), "{}", same["summary"]);
    // A busy machine may make one of them slower, which nobody can help; what is there, and how often, it cannot change.
    let twice = document(folder.path(), "run.redb@-1 run.redb");
    assert_eq!(with(&twice, &["new", "gone", "more_calls", "fewer_calls"]), [""; 0]);
    assert_ne!(twice["base"]["runs"][0]["id"], twice["head"]["runs"][0]["id"]);
    assert_eq!(twice["base"]["runs"][0]["name"], "run.redb@-1");
}

#[test]
fn a_function_that_takes_twice_as_long_is_found_and_who_calls_it_is_slower_below() {
    // All functions are slower, or faster, where the machine changed its speed between the two: but not each time.
    let mut attempts = 0;
    let (folder, found) = loop {
        attempts += 1;
        let folder = tempfile::tempdir().unwrap();
        record(folder.path(), "old.redb", "1500");
        record(folder.path(), "new.redb", "1500 100");
        let found = document(folder.path(), "old.redb new.redb --least 30");
        let changed = with(&found, &["slower", "faster", "slower_below"]);
        if changed == ["encode", "round"] || attempts == 3 {
            break (folder, found);
        }
    };
    assert_eq!(with(&found, &["slower"]), ["encode"], "{found:#}");
    assert_eq!(with(&found, &["faster", "new", "gone"]), [""; 0]);
    assert_eq!(with(&found, &["slower_below"]), ["round"]);
    let place = |row: &&Value| row["path"] == serde_json::json!(["work", "round", "encode"]);
    let tree = found["tree"].as_array().unwrap();
    assert_eq!(tree.iter().find(place).unwrap()["verdict"], "slower");
    let text = diff(folder.path(), "old.redb new.redb --least 30");
    assert!(text.stdout.starts_with("1 slower, 1 slower below; "), "{}", text.stdout);
    let done = diff(folder.path(), "new.redb old.redb --least 30 --flamegraph f.svg --json");
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let swapped: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(with(&swapped, &["faster"]), ["encode"]);
    let svg = fs::read_to_string(folder.path().join("f.svg")).unwrap();
    assert!(svg.contains("hsl(214") && svg.contains("encode: "), "{svg}");
}

#[test]
fn functions_that_came_and_went_are_told() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "old.redb", "100 0 less");
    record(folder.path(), "new.redb", "100 0 added");
    let found = document(folder.path(), "old.redb new.redb");
    assert_eq!(with(&found, &["new"]), ["index", "verify"]);
    assert_eq!(with(&document(folder.path(), "new.redb old.redb"), &["gone"]), ["index", "verify"]);
    let checksums =
        found["functions"].as_array().unwrap().iter().find(|row| row["name"] == "checksum");
    assert_eq!(checksums.unwrap()["calls"]["change"], 100);
}

#[test]
fn a_saved_profile_stands_for_its_log() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "run.redb", "300");
    save(folder.path(), "run.redb", "frozen");
    let saved = fs::metadata(folder.path().join("frozen")).unwrap().len();
    assert!(saved < 60_000, "{saved} bytes: a profile is small");
    let mut both = document(folder.path(), "frozen run.redb");
    assert_eq!(
        (&both["summary"]["same"], &both["base"]["runs"][0]["saved"]),
        (&10.into(), &true.into())
    );
    assert!(both["tree"].as_array().is_some_and(|tree| tree.len() == 10), "{both:#}");
    // What is unknown is passed over, and what is missing is no error.
    let mut text: Value =
        serde_json::from_slice(&fs::read(folder.path().join("frozen")).unwrap()).unwrap();
    text["later"] = serde_json::json!({ "x": [1] });
    text.as_object_mut().unwrap().remove("tree");
    fs::write(folder.path().join("later.json"), text.to_string()).unwrap();
    both = document(folder.path(), "later.json run.redb --filter encode|round");
    assert_eq!((both["functions"].as_array().unwrap().len(), &both["tree"]), (2, &Value::Null));
    check_refused(folder.path(), "later.json run.redb --tree", 2, "analyze --tree --json");
    check_refused(folder.path(), "frozen run.redb --filter dur>1ms", 2, "saved analysis");
    check_refused(folder.path(), "frozen run.redb --since +1s", 2, "--since and --until");
    text["format"] = 99.into();
    fs::write(folder.path().join("newer.json"), text.to_string()).unwrap();
    check_refused(folder.path(), "newer.json run.redb", 2, "format 99");
}

#[test]
fn earlier_runs_are_compared_by_number_and_by_range() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..4 {
        record(folder.path(), "run.redb", "20");
    }
    let runs = document(folder.path(), "run.redb@-3..-2 run.redb@-1 --head run.redb");
    let names = |side: &str| {
        let runs = runs[side]["runs"].as_array().unwrap();
        runs.iter().map(|run| run["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("base"), ["run.redb@-2", "run.redb@-3"]);
    assert_eq!(names("head"), ["run.redb@-1", "run.redb"]);
    assert_eq!(runs["method"]["compares"], "runs");
    check_refused(folder.path(), "run.redb@-4 run.redb", 2, "3 earlier runs");
    check_refused(folder.path(), "none.redb@-1 run.redb", 2, "no earlier run");
}

#[test]
fn gates_fail_the_command_and_stand_first() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "old.redb", "50");
    record(folder.path(), "new.redb", "50 0 added");
    let gates = "--fail-if checksum.calls>+40 --fail-if new>0 --fail-if any.max>1h";
    let held = diff(folder.path(), &format!("old.redb new.redb {gates}"));
    assert_eq!(held.code, Some(1), "{}", held.stderr);
    let first = "gate held: checksum.calls>+40: checksum has 100, was 50: +100.0%\n\
                 gate held: new>0: run has 1\n\n";
    assert!(held.stdout.starts_with(first), "{}", held.stdout);
    let comment = diff(folder.path(), &format!("old.redb new.redb {gates} --markdown"));
    assert_eq!(comment.code, Some(1));
    assert!(comment.stdout.starts_with("### ferret diff: "), "{}", comment.stdout);
    assert!(comment.stdout.contains("2 of 3 gates held\n\n- **held**: "), "{}", comment.stdout);
    let json = diff(folder.path(), &format!("old.redb new.redb {gates} --json"));
    assert_eq!(json.code, Some(1));
    assert!(json.stderr.contains("gate held: new>0"), "{}", json.stderr);
    assert!(serde_json::from_str::<Value>(&json.stdout).is_ok());
    assert_eq!(
        diff(folder.path(), "old.redb old.redb --fail-if any.p95>+10%~&~significant").code,
        Some(0)
    );
    check_refused(
        folder.path(),
        "old.redb new.redb --fail-if nobody.p95>+1%",
        2,
        "--allow-missing",
    );
    let missing = "old.redb new.redb --fail-if nobody.p95>+1% --allow-missing";
    assert_eq!(diff(folder.path(), missing).code, Some(0));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let done = output(example("hello").env("FERRET_LOG", "run.redb").current_dir(folder.path()));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    check_refused(folder.path(), "run.redb none.redb", 2, "none.redb");
    fs::write(folder.path().join("text"), "some text\n").unwrap();
    check_refused(folder.path(), "text run.redb", 2, "not a ferret log");
    fs::write(folder.path().join("other.json"), r#"{"kind":"snapshot","format":1}"#).unwrap();
    check_refused(folder.path(), "other.json run.redb", 2, "kind \"snapshot\"");
    fs::write(folder.path().join("deep.json"), "[".repeat(100_000)).unwrap();
    check_refused(folder.path(), "run.redb deep.json", 2, "nested");
    check_refused(folder.path(), "run.redb", 2, "HEAD");
    check_refused(folder.path(), "run.redb run.redb --fail-if any.p95>10%", 2, "p95 > +10%");
    check_refused(folder.path(), "run.redb run.redb --flamegraph none/f.svg", 2, "none/f.svg");
}

#[test]
fn of_a_damaged_run_what_can_be_read_is_compared_and_said_to_be_damaged() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut program = example("stages");
        let done = output(program.env("FERRET_LOG", "run.redb").current_dir(folder.path()));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    damage_the_middle(&folder.path().join("run.redb"));
    let done = diff(folder.path(), "run.redb@-1 run.redb");
    assert_eq!(done.code, Some(3), "{}{}", done.stdout, done.stderr);
    assert!(done.stderr.contains("damaged at entry"), "{}", done.stderr);
    assert!(done.stdout.contains("run.redb@-1"), "{}", done.stdout);
}

#[test]
fn a_table_fits_its_terminal_and_nobody_has_to_read_it() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "run.redb", "400");
    record(folder.path(), "run.redb", "400");
    let command = || {
        let mut command = ferret();
        command.args(["diff", "run.redb@-1", "run.redb", "--all"]).current_dir(folder.path());
        command
    };
    let mut screen = Terminal::start(&command());
    screen.see("the runs", |screen| screen.contains("head  run.redb").then_some(()));
    assert_eq!(screen.end(), 0);
    // A line that is too long for the terminal would go on in the next.
    let text = screen.text();
    let mut rows = text.lines().skip_while(|line| !line.starts_with("FUNCTION"));
    let columns = rows.next().map_or(0, |heading| heading.trim_end().chars().count());
    assert!((60..=120).contains(&columns), "{text}");
    // Which verdict a row has is the machine's affair: it may have become faster between the runs.
    let verdicts = ["slower", "faster", "unsure", "same"];
    for _ in 0..10 {
        let row = rows.next().unwrap_or_default();
        assert!(verdicts.iter().any(|verdict| row.contains(verdict)), "{text}");
    }
    let mut child = command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), done.stderr.len()), (Some(0), 0));
}
