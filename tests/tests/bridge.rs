//! A published program that uses `tracing`, recorded unchanged.

use ferret_tests::{Place, Talker, analysis, example, ferret, output, row, until};
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
    let apply = row(&analysis, "functions", "apply");
    assert!(apply["calls"].as_u64().unwrap() >= 1, "{apply:#}");
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
