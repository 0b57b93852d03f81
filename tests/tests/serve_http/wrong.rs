//! What is told of workers that went wrong: what their panics said, that one is not heard of, and which come first.

use super::client::Server;
use ferret_tests::{Place, Talker, example, output, rows, until};
use rustix::process::Signal;
use serde_json::Value;
use std::path::Path;

/// The program that divides by zero twice, and dies of the second time.
fn panics(log: &Path, values: &str) {
    let done = output(example("panics").env("FERRET_LOG", log).env("FERRET_VALUES", values));
    assert_eq!(done.code, Some(101), "{}", done.stderr);
}

/// The only worker of this log, once its past is read.
fn card(server: &Server, log: &str) -> Value {
    until("all of it", || {
        let workers = server.get("/api/workers").json();
        let mut all = rows(&workers, "workers").iter();
        let is_read = |card: &&Value| card["log"] == log && card["history_percent"] == 100.0;
        all.find(is_read).cloned()
    })
}

#[test]
fn a_panic_is_told_with_what_it_said_and_who_lives_comes_first() {
    let place = Place::new();
    let logs = place.folder().join("logs");
    std::fs::create_dir(&logs).expect("a folder");
    panics(&logs.join("said.redb"), "on");
    panics(&logs.join("unsaid.redb"), "off");
    let lives = Talker::start(example("stuck").env("FERRET_LOG", logs.join("stuck.redb")));
    let server = Server::start(&[logs.as_os_str()]);
    let texts = |log: &str| {
        let id = card(&server, log)["id"].as_str().expect("an id").to_owned();
        until("its panics", || {
            let events = server.get(&format!("/api/events?worker={id}")).json();
            let panics = rows(&events, "events").iter().filter(|event| event["what"] == "panic");
            let mut texts: Vec<String> =
                panics.filter_map(|event| event["text"].as_str().map(str::to_owned)).collect();
            texts.sort();
            (!texts.is_empty()).then_some(texts)
        })
    };
    let said = "attempt to divide by zero, examples/panics.rs:18:5";
    let all =
        [format!("inner panicked 2 times: {said}"), format!("outer panicked 2 times: {said}")];
    assert_eq!(texts("said.redb"), all);
    assert_eq!(texts("unsaid.redb"), ["inner panicked 2 times", "outer panicked 2 times"]);
    let (found, unsaid) = (card(&server, "said.redb"), card(&server, "unsaid.redb"));
    assert_eq!((&found["state"], &found["exit_code"]), (&"failed".into(), &101.into()));
    assert_eq!((&found["last_panic"], &unsaid["last_panic"]), (&said.into(), &Value::Null));
    // By program it would be the last.
    assert_eq!(card(&server, "stuck.redb")["state"], "running");
    let one = server.get("/api/metrics?limit=1").json();
    assert_eq!((&one["workers"][0]["program"], &one["left_out"]), (&"stuck".into(), &2.into()));
    assert_eq!(one["fleet"]["workers"], 3);
    drop(lives);
}

/// A step that goes on has few calls because it is short, not because there are few.
#[test]
fn calls_of_a_step_that_goes_on_are_told_as_a_rate_over_what_it_has_had() {
    let place = Place::new();
    let lives = Talker::start(example("load").args(["60", "2000"]).env("FERRET_LOG", &place.log));
    let server = Server::start(&[place.log.as_os_str()]);
    let id = until("a function", || {
        let functions = server.get("/api/functions?sort=calls").json();
        functions["functions"][0]["id"].as_str().map(str::to_owned)
    });
    until("a step that goes on", || {
        // Its steps are of ten seconds.
        let history = server.get(&format!("/api/history?function={id}&range=15m")).json();
        let last = |name: &str| {
            let mut all = rows(&history, "series").iter();
            let series = all.find(|series| series["name"] == name).expect("a series");
            series["values"].as_array().and_then(|values| values.last()?.as_f64())
        };
        let (calls, rate) = (last("calls")?, last("calls_per_second")?);
        let had_ms =
            history["to_ms"].as_u64()? - history["times_ms"].as_array()?.last()?.as_u64()?;
        let step_ms = history["step_ms"].as_u64()?;
        // What the store has may be a second behind.
        (calls > 0.0 && had_ms > 2_000 && had_ms < step_ms).then(|| {
            let seconds = std::time::Duration::from_millis(had_ms).as_secs_f64();
            let expect = calls / seconds..calls / (seconds - 1.5);
            assert!(expect.contains(&rate), "{rate} of {calls} in {seconds} s");
        })
    });
    drop(lives);
}

#[test]
fn a_log_that_cannot_be_read_is_told_with_its_reason_where_it_would_be() {
    let place = Place::new();
    std::fs::write(&place.log, "no log at all").expect("a file");
    let server = Server::start(&[place.log.as_os_str()]);
    let told = until("why", || {
        let workers = server.get("/api/workers").json();
        workers["unreadable"][0].as_str().map(str::to_owned)
    });
    let name = place.log.file_name().expect("a name").to_string_lossy();
    assert!(told.starts_with(&format!("{name} is not a ferret log")), "{told}");
}

#[test]
fn who_is_not_heard_of_uses_no_cpu_and_who_is_over_does_nothing() {
    let place = Place::new();
    let program = Talker::start(example("stuck").env("FERRET_LOG", &place.log));
    let server = Server::start(&[place.log.as_os_str()]);
    let sees = |what: &str, is_so: &dyn Fn(&Value) -> bool| {
        until(what, || {
            let workers = server.get("/api/workers").json();
            rows(&workers, "workers").first().filter(|card| is_so(card)).cloned()
        })
    };
    sees("its CPU", &|card| card["cpu_percent"].is_number());
    program.signal(Signal::STOP);
    let stalled = sees("it to stall", &|card| card["state"] == "stalled");
    assert_eq!(stalled["cpu_percent"], Value::Null, "{stalled:#}");
    assert!(stalled["rss_bytes"].as_u64() > Some(0), "its memory is there still: {stalled:#}");
    assert_eq!(stalled["doing"]["name"], "serve");
    let all = server.get("/api/workers").json();
    assert_eq!(all["programs"][0]["cpu_percent"], Value::Null);
    assert_eq!(server.get("/api/metrics").json()["fleet"]["cpu_percent"], 0.0);
    program.signal(Signal::KILL);
    let dead = sees("it to be over", &|card| card["alive"] == false);
    assert_eq!(dead["doing"], Value::Null, "{dead:#}");
}
