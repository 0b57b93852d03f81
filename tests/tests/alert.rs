//! `ferret alert` on programs that run, end and are killed; and on what they left, where it tells the same moments.

use ferret_tests::{
    Place, Talker, boot_time_ns, damage_the_middle, example, ferret, output, until,
};
use rustix::process::Signal;
use serde_json::Value;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

const RULES: &str = r#"
[defaults]
cooldown = "0s"

[[rule]]
name = "stuck"
open_for = "1s"
spans = "wait_for_a_word"

[[rule]]
name = "begins"
happens = "started"
severity = "info"

[[rule]]
name = "ends"
happens = ["exited", "failed", "stopped"]
severity = "info"

[[rule]]
name = "crashes"
happens = "crashed"
severity = "error"
"#;

fn rules(place: &Place, text: &str) -> PathBuf {
    let path = place.folder().join("rules.toml");
    std::fs::write(&path, text).expect("the folder is there");
    path
}

/// A file that takes what `ferret alert` says on standard error, and what is in it when it has some text.
fn stderr(place: &Place) -> (File, impl Fn(&str)) {
    let path = place.folder().join("stderr");
    let file = File::create(&path).expect("the folder is there");
    let says = move |text: &str| {
        let said = || std::fs::read_to_string(&path).expect("it is there");
        until(&format!("{text:?} to be said"), || said().contains(text).then_some(()));
    };
    (file, says)
}

/// `ferret alert`, whose messages are JSON.
fn alert(rules: &Path, log: &Path) -> Talker {
    Talker::start(ferret().args(["alert", "--json"]).arg(rules).arg(log))
}

/// Waits for a message of a rule.
fn hear(alert: &mut Talker, what: &str, rule: &str, part: &str) -> Value {
    alert.hear_until(&format!("{what} {rule}: {part}"), |line| {
        let message: Value = serde_json::from_str(line).expect("a message is JSON");
        let is_it = message["what"] == what && message["rule"] == rule;
        let text = message["text"].as_str().expect("a text");
        (is_it && text.contains(part)).then_some(message)
    })
}

fn stuck(place: &Place) -> Talker {
    let mut program = Talker::start(example("stuck").env("FERRET_LOG", &place.log));
    program.hear_until("it listens", |line| (line == "ready").then_some(()));
    program
}

/// Since when, as the first subject says.
fn since_ms(message: &Value) -> u64 {
    message["subjects"][0]["since_ms"].as_u64().expect("a time")
}

/// What `ferret alert test` tells of logs, line by line.
fn replayed(rules: &Path, logs: &Path) -> Vec<Value> {
    let answer = output(ferret().args(["alert", "test", "--json"]).arg(rules).arg(logs));
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    answer.stdout.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[test]
fn what_happens_is_told_as_it_happens_and_later_of_the_logs_the_same() {
    let place = Place::new();
    let rules = rules(&place, RULES);
    let mut alert = alert(&rules, &place.log);
    let mut program = stuck(&place);
    program.say("get stuck");
    let mut told = vec![hear(&mut alert, "firing", "stuck", "wait_for_a_word of stuck")];
    // Ticks do not see what comes and goes between them.
    let fired = boot_time_ns();
    until("two ticks more", || (boot_time_ns() - fired > 2_000_000_000).then_some(()));
    program.say("go on");
    told.push(hear(&mut alert, "resolved", "stuck", "it lasted"));
    program.signal(Signal::KILL);
    program.wait();
    // How it died is known as well as one who is not its parent can know it.
    told.push(hear(&mut alert, "happened", "crashes", "crashed after"));
    let second = stuck(&place);
    told.push(hear(&mut alert, "happened", "begins", "started on"));
    assert!(second.end().success());
    told.push(hear(&mut alert, "happened", "ends", "exited cleanly"));
    alert.signal(Signal::TERM);
    assert_eq!(alert.wait().code(), Some(0));

    let later = replayed(&rules, place.folder());
    for live in &told {
        let is_same = |it: &&Value| {
            let names = ["what", "rule", "severity"];
            names.iter().all(|&name| it[name] == live[name])
                && it["subjects"][0]["worker"] == live["subjects"][0]["worker"]
        };
        let same = later.iter().find(is_same).unwrap_or_else(|| panic!("no {live} in {later:?}"));
        // What happened has a moment of its own; what is looked for is found a tick later by one that follows.
        let apart = since_ms(same).abs_diff(since_ms(live));
        let slack = if live["what"] == "happened" { 50 } else { 2_000 };
        assert!(apart <= slack, "{apart} ms apart: {live} {same}");
    }
    let end = later.last().unwrap();
    assert_eq!(end["kind"], "alert_test");
    assert!(end["rules"].as_array().unwrap().iter().all(|rule| rule["matched_nothing"].is_null()));
}

#[test]
fn one_that_starts_later_tells_of_no_old_crash_and_of_what_holds_now() {
    let place = Place::new();
    let rules = rules(&place, RULES);
    let program = stuck(&place);
    program.signal(Signal::KILL);
    program.wait();
    let mut program = stuck(&place);
    program.say("get stuck");
    program.hear_until("it is stuck", |line| (line == "stuck").then_some(()));
    let mut alert = alert(&rules, place.folder());
    let first = alert.hear_until("the first message", |line| Some(line.to_owned()));
    assert!(first.contains("\"rule\":\"stuck\"") && first.contains("\"firing\""), "{first}");
    // Whoever is gone does not hold anything any more.
    program.signal(Signal::KILL);
    program.wait();
    hear(&mut alert, "resolved", "stuck", "crashed");
}

#[test]
fn what_is_wrong_is_said_on_standard_error() {
    let place = Place::new();
    let flag = place.folder().join("flag");
    let flag = flag.display();
    let sinks = format!(
        "[sinks.out]\nkind = \"stdout\"\n[sinks.ops]\nkind = \"command\"\n\
        command = [\"test\", \"-e\", \"{flag}\"]\n{RULES}"
    );
    let rules = rules(&place, &sinks);
    let (file, says) = stderr(&place);
    let mut alert =
        Talker::start(ferret().args(["alert", "--json"]).arg(&rules).arg(&place.log).stderr(file));
    says("ferret: 4 rules, 2 sinks; Ctrl-C ends it\n");
    says("ferret: waiting for a log: ");
    let program = stuck(&place);
    hear(&mut alert, "happened", "begins", "started on");
    says("ferret: sink ops fails, and is tried again: ");
    File::create(flag.to_string()).expect("the folder is there");
    says("ferret: sink ops delivers again\n");
    program.signal(Signal::KILL);
    program.wait();
    says("ended without closing its log; ");
    let second = stuck(&place);
    says("ferret: a new run began in ");
    assert!(second.end().success());
    std::fs::remove_file(&place.log).expect("it is there");
    std::fs::write(&place.log, "no log").expect("the folder is there");
    says("is not a ferret log");
    alert.signal(Signal::TERM);
    assert_eq!(alert.wait().code(), Some(0));
}

/// Its process notices, and goes on in a new file of that name.
#[test]
fn a_log_that_is_truncated_while_it_is_written_is_followed_on() {
    let place = Place::new();
    let rules = rules(&place, RULES);
    let (file, says) = stderr(&place);
    let mut alert =
        Talker::start(ferret().args(["alert", "--json"]).arg(&rules).arg(&place.log).stderr(file));
    says("ferret: waiting for a log: ");
    let program = stuck(&place);
    let started = hear(&mut alert, "happened", "begins", "started on");
    let log = File::options().write(true).open(&place.log).expect("it is there");
    log.set_len(100_000).expect("it can be written");
    let is_new = || {
        let now = std::fs::metadata(&place.log).ok()?;
        (now.ino() != log.metadata().ok()?.ino()).then_some(())
    };
    until("a new log to begin", is_new);
    assert!(program.end().success());
    let mut next = |what: &str| alert.hear_until(what, |line| Some(line.to_owned()));
    let ended: Value = serde_json::from_str(&next("its end")).expect("a message is JSON");
    assert_eq!(ended["rule"], "ends", "{ended}");
    assert_eq!(ended["subjects"][0]["worker"], started["subjects"][0]["worker"]);
}

#[test]
fn rules_that_ask_for_what_is_not_there_are_told_with_what_was_meant() {
    let place = Place::new();
    let text = "[[rule]]\nname = \"typo\"\nwhen = \"compsoe.p95 > 0\"\n[[rule]]\nname = \"whose\"\n\
        workers = \"helo\"\nno_work_for = \"1s\"\n[[rule]]\nname = \"calls\"\nwhen = \"greet.calls >= 1\"\n\
        [[rule]]\nname = \"too few\"\nworkers = \"helo\"\nwhen = \"fleet.alive < 1\"\n\
        [[rule]]\nname = \"too many\"\nworkers = \"helo\"\nwhen = \"fleet.alive > 1\"";
    let rules = rules(&place, text);
    assert_eq!(output(example("hello").env("FERRET_LOG", &place.log)).code, Some(0));
    let test = |more: &[&str]| {
        output(ferret().args(["alert", "test"]).args(more).arg(&rules).arg(&place.log))
    };
    let answer = test(&[]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    for part in [
        "typo: matched nothing: no function is compsoe; did you mean \"compose\"?",
        "whose: matched nothing: no worker is helo; did you mean \"hello\"?",
        "calls: told 1 message",
        "too few: told 1 message",
        "too many: matched nothing: no worker is helo",
        "2 of 5 rules would have told something",
    ] {
        assert!(answer.stdout.contains(part), "{part}: {}", answer.stdout);
    }
    assert_eq!(test(&["--fail"]).code, Some(1));
}

#[test]
fn a_damaged_log_is_told_of_as_far_as_it_can_be_read() {
    let place = Place::new();
    let rules = rules(&place, RULES);
    let load = output(example("load").args(["2", "50000"]).env("FERRET_LOG", &place.log));
    assert_eq!(load.code, Some(0), "{}", load.stderr);
    damage_the_middle(&place.log);
    let answer = output(ferret().args(["alert", "test"]).arg(&rules).arg(&place.log));
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert!(answer.stdout.contains("begins: load"), "{}", answer.stdout);
    assert!(answer.stdout.contains("exited cleanly"), "{}", answer.stdout);
}

#[test]
fn broken_rules_end_every_command_with_their_places() {
    let place = Place::new();
    let rules = rules(&place, "[[rule]]\nname = \"x\"\nhappens = \"crashd\"\ncooldwon = \"5m\"\n");
    for verb in [&["alert", "check"][..], &["alert", "test"], &["alert"]] {
        let answer = output(ferret().args(verb).arg(&rules));
        assert_eq!(answer.code, Some(2), "{verb:?}: {}", answer.stderr);
        let file = rules.display();
        for part in [format!("{file}:3:11: "), format!("{file}:4:1: ")] {
            assert!(answer.stderr.contains(&part), "{part}: {}", answer.stderr);
        }
    }
    let answer = output(ferret().args(["alert", "check"]).arg(place.folder().join("none.toml")));
    assert_eq!(answer.code, Some(2));
    assert!(answer.stderr.contains("none.toml"), "{}", answer.stderr);
}

#[test]
fn rules_in_yaml_are_told_to_be_written_in_toml() {
    let place = Place::new();
    let path = place.folder().join("rules.yaml");
    std::fs::write(&path, "rules:\n  - name: x\n    happens: crashed\n").expect("it is there");
    let answer = output(ferret().args(["alert", "check"]).arg(&path));
    assert_eq!(answer.code, Some(2));
    let part = "rules.yaml looks like YAML, and rules are written in TOML";
    assert!(answer.stderr.contains(part), "{}", answer.stderr);
}

#[test]
fn a_secret_that_is_empty_is_told_as_one_that_is_not_there() {
    let place = Place::new();
    let text = "[sinks.hook]\nkind = \"webhook\"\nurl = { env = \"HOOK_OF_A_TEST\" }\n\
        [[rule]]\nname = \"x\"\nhappens = \"crashed\"\n";
    let rules = rules(&place, text);
    let mut check = ferret();
    check.args(["alert", "check"]).arg(&rules);
    for value in [None, Some(""), Some("https://127.0.0.1/hook")] {
        check.env_remove("HOOK_OF_A_TEST").envs(value.map(|value| ("HOOK_OF_A_TEST", value)));
        let answer = output(&mut check);
        let told =
            "sink hook does not work here: the environment has no HOOK_OF_A_TEST, or nothing in it";
        let is_told = answer.stderr.contains(told);
        assert_eq!(is_told, value.is_none_or(str::is_empty), "{value:?}: {}", answer.stderr);
    }
}
