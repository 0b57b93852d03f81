//! Sessions held wrongly, and rightly: what the program and its user are told.

use crate::log::{read, turn};
use crate::part::{Played, play, plays};
use ferret::{Options, profile};
use std::path::Path;
use std::sync::Barrier;

#[profile]
fn work() {}

const WORKED: [&str; 2] = ["work begins", "work ends: Ok"];

/// A library that records by itself.
mod library {
    pub(super) fn start(path: &std::path::Path) -> Result<ferret::Session, ferret::StartError> {
        ferret::start(path)
    }
}

#[test]
fn a_second_start_is_refused_and_told_where_the_first_was() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one.redb"), folder.path().join("two.redb"));
    let first = library::start(&one).unwrap();
    for second in [library::start(&one), library::start(&two), ferret::start(&two)] {
        let expect = format!(
            "recording is on already, into {}, started at \
             ferret-core/tests/recording/sessions.rs:17:9: drop its session before you start another",
            one.display()
        );
        assert_eq!(second.unwrap_err().to_string(), expect);
    }
    work();
    drop(first);
    assert!(!two.exists(), "a start that is refused leaves no trace");
    let next = ferret::start(&two).unwrap();
    work();
    drop(next);
    assert_eq!(read(&one).script(), WORKED);
    assert_eq!(read(&two).script(), WORKED);
}

#[test]
fn threads_that_run_before_the_start_are_recorded_from_their_next_span_on() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let (worked, started) = (Barrier::new(2), Barrier::new(2));
    let session = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let unseen = ferret::span!("before the start");
            worked.wait();
            started.wait();
            drop(unseen);
            work();
        });
        worked.wait();
        let session = ferret::start(&path).unwrap();
        started.wait();
        thread.join().unwrap();
        session
    });
    drop(session);
    assert_eq!(read(&path).script(), WORKED);
}

const LOG: (&str, &str) = ("FERRET_LOG", "{}/run.redb");

/// Plays a part that ends well; gives what it left.
#[track_caller]
fn check(part: &str, variables: &[(&str, &str)], said: &[&str]) -> Played {
    let played = play(part, "sessions::plays_its_part", variables, &[]);
    assert_eq!(played.code, Some(0), "{}", played.said);
    assert_eq!(played.ferret_said(), said);
    played
}

/// It failed a program with an annotated `main` under `ferret run`, which was fine without it.
#[test]
fn a_start_takes_over_what_the_environment_has_begun() {
    let played = check("main starts", &[LOG], &[]);
    let expect = [&["main begins"][..], &WORKED, &WORKED, &["main ends: Ok"]].concat();
    assert_eq!(played.log("run.redb").script(), expect);
}

#[test]
fn without_the_environment_the_same_program_records_what_its_sessions_see() {
    let played = check("main starts", &[], &[]);
    assert_eq!(played.log("here.redb").script(), WORKED);
    assert_eq!(played.log("there.redb").script(), WORKED);
}

#[test]
fn a_session_that_is_not_kept_is_noticed() {
    let says = "ferret: nothing is recorded in HERE/run.redb: no span began before its session was \
        dropped, which ends the recording; bind it, `let _session = …`, and keep it";
    let played = check("unbound", &[], &[says]);
    assert_eq!(played.log("run.redb").script(), [""; 0]);
}

#[test]
fn a_session_dropped_within_a_span_leaves_it_open_and_says_nothing() {
    let played = check("dropped within", &[], &[]);
    let expect = ["work begins", "work ends: Ok", "within begins"];
    assert_eq!(played.log("run.redb").script(), expect);
}

#[test]
fn values_left_out_by_whoever_takes_a_recording_over_stay_out_from_then_on() {
    let played = check("late values", &[LOG], &[]);
    let expect = ["work begins", "work: before = 1", "work ends: Ok"];
    assert_eq!(played.log("run.redb").script(), expect);
}

#[test]
fn a_log_that_cannot_be_made_is_said_in_one_line_and_the_program_goes_on() {
    for log in ["{}/no such folder/run.redb", "/proc/run.redb", "{}"] {
        let played = play("only spans", "sessions::plays_its_part", &[("FERRET_LOG", log)], &[]);
        assert_eq!(played.code, Some(0), "{}", played.said);
        let [line] = played.ferret_said()[..] else { panic!("{}", played.said) };
        let log = log.replace("{}", "HERE");
        assert!(
            line.starts_with(&format!("ferret: not recording: creating the log {log}: ")),
            "{line}"
        );
    }
}

#[test]
fn plays_its_part() {
    if let Some(folder) = plays("main starts") {
        main_starts(&folder);
    }
    if let Some(folder) = plays("unbound") {
        // That is what `let _ = …` does.
        drop(ferret::start(folder.join("run.redb")).unwrap());
        work();
    }
    if let Some(folder) = plays("dropped within") {
        let session = ferret::start(folder.join("run.redb")).unwrap();
        work();
        let _within = ferret::span!("within");
        drop(session);
        work();
    }
    if plays("late values").is_some() {
        let _span = ferret::span!("work");
        ferret::tag!(before = 1);
        // Behind a flush, for values on their way are left out too.
        drop(ferret::start("run.redb").unwrap());
        let options = Options { values: false, ..Options::new("run.redb") };
        drop(options.start().unwrap());
        ferret::tag!(after = 2);
    }
    if plays("only spans").is_some() {
        (0..3).for_each(|_| work());
    }
}

#[profile(name = "main")]
fn main_starts(folder: &Path) {
    let session = ferret::start(folder.join("here.redb")).unwrap();
    let second = ferret::start(folder.join("there.redb"));
    assert!(second.unwrap_err().to_string().contains("recording/sessions.rs"));
    work();
    drop(session);
    let _next = Options::new(folder.join("there.redb")).start().unwrap();
    work();
}
