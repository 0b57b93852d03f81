//! What a program's log has when it came to an end, by whatever end it was.

use ferret_tests::{Output, Place, analysis, ferret, names, nothing_is_lost, output, row};
use serde_json::Value;
use std::process::Command;

/// What each of them records first, and how much of it was in the log before the end began.
const RECORDED: u64 = 1_000;
const FLUSHED: u64 = 500;

fn fates(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fates"));
    command.args(arguments).env_remove("FERRET_LOG").env_remove("FERRET_RUN");
    command
}

/// Runs it beneath `ferret run`, which sees how it ends.
fn run(place: &Place, arguments: &[&str]) -> Output {
    let program = fates(arguments);
    let mut command = ferret();
    command.arg("run").arg("--log").arg(&place.log).arg("--").arg(program.get_program());
    output(command.args(program.get_args()))
}

/// What was recorded before the end is there: all, or what had been committed at least.
#[track_caller]
fn recorded(report: &Value) {
    let recorded = row(report, "functions", "recorded")["calls"].as_u64().expect("a number");
    let least = if nothing_is_lost() { RECORDED } else { FLUSHED };
    assert!((least..=RECORDED).contains(&recorded), "{recorded}: {report:#}");
}

/// A death by a signal, which only a parent sees. `open` is what it was doing.
#[track_caller]
fn check_death(part: &str, signal: i32, open: &str) {
    let place = Place::new();
    // By itself: nobody saw how it ended.
    output(fates(&[part]).env("FERRET_LOG", &place.log));
    check_log(&place, "crashed", &Value::Null, open);

    // The same beneath `ferret run`, which did.
    let place = Place::new();
    let ended = run(&place, &[part]);
    assert_eq!(ended.code, Some(128 + signal), "{part}: {}", ended.stderr);
    check_log(&place, "crashed", &signal.into(), open);
}

#[track_caller]
fn check_log(place: &Place, state: &str, signal: &Value, open: &str) {
    let report = analysis(&place.log);
    let process = &report["processes"][0];
    assert_eq!((&process["state"], &process["signal"]), (&state.into(), signal), "{process:#}");
    recorded(&report);
    if nothing_is_lost() {
        assert!(names(&report, "open").contains(&open), "{:#}", report["open"]);
    }
    let checked = output(ferret().arg("check").arg(&place.log));
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
}

#[test]
fn an_abort() {
    check_death("abort", 6, "abort");
}

#[test]
fn a_kill_as_for_want_of_memory() {
    check_death("kill", 9, "kill");
}

/// What is open may be deeper than what a commit says of it each time.
#[test]
fn a_kill_when_most_of_a_deep_stack_has_returned() {
    let place = Place::new();
    output(fates(&["kill when deep"]).env("FERRET_LOG", &place.log));
    check_log(&place, "crashed", &Value::Null, "kill");
    if nothing_is_lost() {
        let report = analysis(&place.log);
        let calls = row(&report, "functions", "call_and_return");
        assert_eq!((&calls["calls"], &calls["open"]), (&15_000.into(), &5_000.into()), "{calls:#}");
        assert_eq!(report["run"]["open_spans"], 5_001);
    }
}

#[test]
fn a_stack_that_overflows() {
    check_death("overflow", 6, "deeper");
}

#[test]
fn memory_that_is_refused() {
    check_death("no memory", 6, "exhaust_memory");
}

#[test]
fn an_exit_in_a_thread_while_another_waits_loses_nothing() {
    let place = Place::new();
    let ended = output(fates(&["exit in a thread"]).env("FERRET_LOG", &place.log));
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    let report = analysis(&place.log);
    let process = &report["processes"][0];
    assert_eq!((&process["state"], &process["exit_code"]), (&"failed".into(), &3.into()));
    assert_eq!(row(&report, "functions", "recorded")["calls"], RECORDED);
    assert_eq!(names(&report, "open"), ["wait_for_the_end"]);
    // Its thread's end comes before the process's: what that had open is known to be over, not how.
    assert_eq!(row(&report, "functions", "leave")["unknown"], 1);
}

/// The program is another now, and does not record: its log has no end of its own.
#[test]
fn an_exec_of_a_program_that_does_not_record() {
    let place = Place::new();
    let ended = run(&place, &["exec", "true"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    check_log(&place, "exited", &Value::Null, "exec");
}

/// One process, and two logs of it, the second of which is that of its end.
#[test]
fn an_exec_of_a_program_that_records_has_a_log_of_its_own() {
    let place = Place::new();
    let hello = ferret_tests::example("hello").get_program().to_owned();
    let ended = run(&place, &["exec", hello.to_str().expect("a path")]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report = analysis(&place.log);
    recorded(&report);
    assert_eq!(row(&report, "functions", "greet")["calls"], 1);
    let processes = report["processes"].as_array().expect("processes");
    let ends: Vec<_> = processes
        .iter()
        .map(|process| {
            let exe = process["exe"].as_str().unwrap_or_default();
            (exe.ends_with("/hello"), process["state"].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(processes[0]["pid"], processes[1]["pid"]);
    assert!(ends.contains(&(true, "exited")) && ends.contains(&(false, "crashed")), "{ends:?}");
}

#[test]
fn forks_without_exec_leave_the_parents_log_whole_and_have_their_own() {
    let place = Place::new();
    let ended = output(fates(&["fork", "20"]).env("FERRET_LOG", &place.log));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("ferret:"), "{}", ended.stderr);
    let meanwhile: u32 = ended.stdout.trim().parse().expect("how often the threads came round");

    let report = analysis(&place.log);
    assert_eq!(place.logs().len(), 21, "{:?}", place.logs());
    for process in report["processes"].as_array().expect("processes") {
        assert_eq!(process["state"], "exited", "{process:#}");
    }
    assert_eq!(report["run"]["dropped_spans"], 0);
    let calls = |name: &str| row(&report, "functions", name)["calls"].clone();
    assert_eq!((calls("recorded"), calls("meanwhile")), (RECORDED.into(), meanwhile.into()));
    assert_eq!((calls("in_child"), calls("fork_one")), ((20 * 200).into(), 20.into()));
    // A child begins anew: nothing of the parent's is open there, or begun again.
    assert_eq!(report["run"]["open_spans"], 0);
    let counter = row(&report, "counters", "turns");
    assert_eq!(counter["value"].as_f64(), Some(f64::from(meanwhile)), "{counter:#}");
    let checked = output(ferret().arg("check").arg(&place.log));
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
}
