//! Several processes under one name, and several runs one after the other.

use ferret_tests::{
    Place, Steady, Talker, analysis, counted, example, ferret, json, names, output, row, rows,
};

#[test]
fn three_processes_with_one_log_are_shown_and_summed_together() {
    let place = Place::new();
    let mut programs: Vec<_> =
        (0..3).map(|_| Talker::start(example("stuck").env("FERRET_LOG", &place.log))).collect();
    for program in &mut programs {
        program.hear_until("it listens", |line| (line == "ready").then_some(()));
        program.say("get stuck");
        program.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
    }
    ferret_tests::until("three processes with an open span each", || {
        let shown = json(ferret().arg("watch").arg(&place.log).args(["--once", "--json"]));
        let open = shown["open"].as_array()?;
        let waiting = open.iter().filter(|span| span["name"] == "wait_for_a_word").count();
        (waiting == 3 && shown["processes"].as_array()?.len() == 3).then_some(())
    });
    for mut program in programs {
        program.say("go on");
        program.hear_until("it is free", |line| (line == "free").then_some(()));
        assert!(program.end().success());
    }

    assert_eq!(place.logs().len(), 3, "one process, one log");
    let report = analysis(&place.log);
    assert_eq!(rows(&report, "processes").len(), 3);
    assert_eq!(row(&report, "functions", "wait_for_a_word")["calls"], 3);
    assert_eq!(row(&report, "functions", "serve")["calls"], 3);
}

/// It was the eleventh, and removed before anybody had looked.
#[test]
fn a_run_that_was_killed_is_kept_until_what_it_left_is_saved() {
    let place = Place::new();
    let mut program = Steady::start(env!("CARGO_BIN_EXE_steady"), &place.log);
    let spans = program.run(200, 100_000).spans;
    ferret_tests::until("the log", || place.log.exists().then_some(()));
    program.kill();
    let hello = || output(example("hello").env("FERRET_LOG", &place.log));
    (0..12).for_each(|_| drop(hello()));
    let logs = place.logs();
    assert_eq!(logs.len(), 11, "nine, the newest, and the one that was killed: {logs:?}");
    let killed = place.folder().join(&logs[0]);
    assert_eq!(counted(&killed), (spans, 0));
    drop(hello());
    assert!(!killed.exists(), "it is one of those that are counted, and the oldest");
}

#[test]
fn a_program_that_starts_itself_is_one_run() {
    let place = Place::new();
    let ended = output(example("family").env("FERRET_LOG", &place.log));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report = analysis(&place.log);
    assert_eq!(rows(&report, "processes").len(), 4);
    assert_eq!(row(&report, "functions", "child")["calls"], 3);
    assert_eq!(row(&report, "functions", "step")["calls"], 30);
}

#[test]
fn a_second_start_keeps_the_first_runs_log_under_its_new_name() {
    let place = Place::new();
    assert_eq!(output(example("panics").env("FERRET_LOG", &place.log)).code, Some(101));
    let first = analysis(&place.log);
    assert_eq!(output(example("hello").env("FERRET_LOG", &place.log)).code, Some(0));

    let logs = place.logs();
    assert_eq!(logs.len(), 2, "{logs:?}");
    assert!(logs.contains(&"run.redb".to_owned()), "{logs:?}");
    let kept = logs.iter().find(|name| *name != "run.redb").unwrap();
    let kept = analysis(&place.folder().join(kept));
    assert_eq!(kept["functions"], first["functions"]);
    assert_eq!(kept["processes"], first["processes"]);

    let second = analysis(&place.log);
    assert_eq!(row(&second, "functions", "greet")["calls"], 1);
    assert!(!names(&second, "functions").contains(&"outer"));
}

#[test]
fn many_short_children_of_one_command_are_one_run() {
    let place = Place::new();
    let hello = example("hello").get_program().to_owned();
    let twelve = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do \"$0\" > /dev/null; done";
    for _ in 0..2 {
        let ended = output(
            ferret()
                .arg("run")
                .arg("--log")
                .arg(&place.log)
                .args(["--", "sh", "-c", twelve])
                .arg(&hello),
        );
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
    let report = analysis(&place.log);
    assert_eq!(rows(&report, "processes").len(), 12, "the second run alone");
    assert_eq!(row(&report, "functions", "greet")["calls"], 12);
    assert_eq!(place.logs().len(), 24, "the first run is kept, too");
}
