//! Values that stay home: with values off, no byte of the log tells of one.

use crate::part::{Played, play, plays};
use ferret::{Options, profile};
use std::panic::catch_unwind;

const SECRET: &str = "opensesame";
const LOG: (&str, &str) = ("FERRET_LOG", "{}/run.redb");
const OFF: (&str, &str) = ("FERRET_VALUES", "off");

/// Plays a program that tags with a secret, panics with it, and is given it as an argument.
fn leak(part: &str, variables: &[(&str, &str)]) -> Played {
    let played = play(part, "values::plays_its_part", variables, &[SECRET]);
    assert_eq!(played.code, Some(0), "{}", played.said);
    played
}

fn is_in(text: &str, played: &Played) -> bool {
    played.bytes().windows(text.len()).any(|window| window == text.as_bytes())
}

/// What is recorded with values off.
#[track_caller]
fn check(part: &str, variables: &[(&str, &str)]) {
    let played = leak(part, variables);
    let script = played.log("run.redb").script();
    let expect = [
        "span begins",
        "work begins",
        "fails begins",
        "fails ends: Panicked",
        "work: 1/2",
        "work ends: Ok",
        "refuses begins",
        "refuses ends: Err",
        "span ends: Ok",
    ];
    assert_eq!(script, expect);
    assert!(!is_in(SECRET, &played), "it is in the log");
    assert!(!is_in("--nocapture", &played), "an argument is in the log");
    assert!(is_in("values.rs", &played), "the test looks at the right bytes");
    assert_eq!(played.log("run.redb").numbers("items"), [(3.0, false)], "numbers stay");
}

#[test]
fn a_program_can_switch_them_off() {
    check("values off", &[]);
    check("values off", &[("FERRET_VALUES", "on")]);
}

#[test]
fn the_environment_can_switch_them_off() {
    check("values on", &[OFF]);
    check("values on", &[OFF, LOG]);
    check("no start", &[OFF, LOG]);
}

#[test]
fn they_are_recorded_otherwise() {
    for played in [leak("values on", &[]), leak("no start", &[LOG, ("FERRET_VALUES", "on")])] {
        let script = played.log("run.redb").script();
        for line in [
            "opensesame begins",
            "work: user = opensesame",
            "work: shown = opensesame",
            "fails: panic = opensesame",
            "refuses: error = opensesame",
        ] {
            assert!(script.iter().any(|said| said == line), "no {line} in {script:?}");
        }
        assert!(is_in("--nocapture", &played));
    }
}

#[test]
fn plays_its_part() {
    for (part, values) in [("values on", true), ("values off", false)] {
        if let Some(folder) = plays(part) {
            let options = Options { values, ..Options::new(folder.join("run.redb")) };
            let _session = options.start().unwrap();
            leaks();
        }
    }
    if plays("no start").is_some() {
        leaks();
    }
}

/// Its first span has a name that is a value, and may begin the recording.
fn leaks() {
    let _named = ferret::span!(name = SECRET);
    work(SECRET);
    assert!(refuses().is_err());
}

#[profile(tags(user))]
fn work(user: &str) {
    ferret::tag!(shown = %user, "debug" = ?user);
    let _panics = catch_unwind(fails).is_err();
    ferret::progress(1, 2);
    ferret::counter!("items", 3);
}

#[profile]
fn fails() {
    panic!("{SECRET}")
}

#[profile(err)]
fn refuses() -> Result<(), String> {
    Err(SECRET.to_owned())
}
