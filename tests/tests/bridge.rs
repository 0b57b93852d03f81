//! A published program that uses `tracing`, recorded unchanged.

use ferret_tests::{Place, Talker, analysis, example, ferret, output, row, rows, until};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Sends a command in the protocol's words, and gives the answer.
fn ask(server: &mut TcpStream, words: &[&str]) -> String {
    let parts: Vec<_> = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    let command = format!("*{}\r\n{}", words.len(), parts.concat());
    server.write_all(command.as_bytes()).expect("the server listens");
    let mut answer = [0; 64];
    let length = server.read(&mut answer).expect("the server answers");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// The one call of a function went well. How long it was polled, and how long it was open, ns.
fn check_ended(function: &Value) -> (u64, u64) {
    assert_eq!((&function["calls"], &function["open"]), (&1.into(), &0.into()), "{function:#}");
    for outcome in ["errors", "panics", "cancelled", "unknown", "dropped"] {
        assert_eq!(function[outcome], 0, "{outcome} of {function:#}");
    }
    let number = |field: &str| function[field].as_u64().expect("a number");
    assert!(number("polls") > 0 && number("busy_ns") > 0, "{function:#}");
    (number("busy_ns"), number("total_ns"))
}

#[test]
fn the_spans_fields_and_events_of_mini_redis_are_in_the_log() {
    let place = Place::new();
    let mut redis = Talker::start(example("redis").env("FERRET_LOG", &place.log));
    let address = redis.hear().unwrap();
    let mut server = TcpStream::connect(address).unwrap();
    assert_eq!(ask(&mut server, &["set", "weasel", "ermine"]), "+OK\r\n");
    assert_eq!(ask(&mut server, &["get", "weasel"]), "$6\r\nermine\r\n");

    // It waits for us now: its connection is open, in a span that is not running.
    until("the span of the open connection", || {
        let screen = output(ferret().args(["watch", "--once"]).arg(&place.log)).stdout;
        screen.contains("task run").then_some(())
    });
    drop(server);
    assert!(redis.end().success());

    let analysis = analysis(&place.log);
    let run = row(&analysis, "functions", "run");
    assert_eq!((&run["kind"], &run["module"]), (&"async".into(), &"mini_redis::server".into()));
    let (busy_ns, total_ns) = check_ended(run);
    assert!(busy_ns < total_ns, "it waits for its client: {run:#}");
    for module in ["mini_redis::cmd::set", "mini_redis::cmd::get"] {
        let mut commands = rows(&analysis, "functions").iter();
        let apply = commands.find(|row| row["name"] == "apply" && row["module"] == module);
        let (busy_ns, total_ns) = check_ended(apply.unwrap_or_else(|| panic!("no {module}")));
        // It need not wait.
        assert!(busy_ns <= total_ns, "{apply:#?}");
    }
    let log = output(ferret().arg("log").arg(&place.log)).stdout;
    for part in [
        "INFO accepting inbound connections",
        "DEBUG cmd",
        "cmd = Get(Get { key: \"weasel\" })",
        "apply",
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
}
