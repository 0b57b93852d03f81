//! `ferret serve` as a client meets it, a hostile one too: who may ask, how much, for how long, and what comes back.

mod bounds;
mod client;
mod fleet;
mod load;
mod prometheus;
mod token;
mod windows;
mod wrong;

use client::{Server, receive};
use ferret_tests::{Place, example, ferret, output};
use rustix::process::Signal;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The log of a program that has run.
pub(crate) fn record(program: &str, args: &[&str]) -> Place {
    let place = Place::new();
    let done = output(example(program).args(args).env("FERRET_LOG", &place.log));
    assert_eq!(done.code, Some(0), "{program}: {}", done.stderr);
    place
}

/// A file with a token in it.
pub(crate) fn token_file(folder: &Path, token: &str, mode: u32) -> PathBuf {
    let path = folder.join("token");
    std::fs::write(&path, token).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
    path
}

#[expect(clippy::disallowed_methods, reason = "times what it waits for")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The id of the only worker.
pub(crate) fn worker(server: &Server) -> String {
    let id = ferret_tests::until("the worker", || {
        let workers = server.get("/api/workers").json();
        workers["workers"][0]["id"].as_str().map(str::to_owned)
    });
    assert_eq!(id.len(), 32, "{id}");
    id
}

#[test]
fn every_path_of_the_api_answers_as_documented() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    worker(&server);
    for kind in [
        "workers",
        "stack",
        "stages",
        "functions",
        "metrics",
        "history",
        "events",
        "alerts",
        "health",
    ] {
        let answer = server.get(&format!("/api/{kind}"));
        assert_eq!(answer.status, 200, "{kind}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/json", "{kind}");
        assert_eq!(answer.json()["format"], 1, "{kind}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{kind}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{kind}");
        assert_eq!(answer.header("cache-control"), "no-store", "{kind}");
    }
    assert_eq!(server.get("/healthz").json()["kind"], "health");
    let head = server.ask("HEAD", "/api/workers", &[], "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let options = server.ask("OPTIONS", "/api/workers", &[], "");
    assert_eq!((options.status, options.header("allow")), (204, "GET, HEAD, OPTIONS"));
    let put = server.ask("PUT", "/api/workers", &[], "");
    assert_eq!((put.status, put.header("allow")), (405, "GET, HEAD, OPTIONS"));
}

#[test]
fn what_cannot_be_asked_is_refused_with_what_can() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    let check = |path: &str, status: u16, part: &str| {
        let answer = server.get(path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        let answer = answer.json();
        assert_eq!(answer["kind"], "refusal", "{path}");
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.contains(part), "{path}: {error}");
    };
    check("/api/functions?colour=red", 400, "there are sort, worker, program, range");
    check("/api/functions?filter=dur%20%3E", 400, "filter=");
    check("/api/functions?limit=1000000", 400, "1 to 1000");
    check("/api/nothing", 404, "the API is /api/workers");
    check("/../../etc/passwd", 404, "there is nothing at");
    check("/%2e%2e/%2e%2e/etc/passwd", 404, "there is nothing at");
    check("/api/flame?worker=../../etc/passwd", 400, "32 hex digits");
    check(&format!("/api/flame?worker={}", "0".repeat(32)), 404, "there is no worker");
    // No list of nothing: who asks for a worker that there never was has its id wrong.
    for path in ["workers?", "stack?", "stages?", "metrics?", "functions?", "events?", "history?"] {
        let path = format!("/api/{path}worker={}", "0".repeat(32));
        check(&path, 404, "there is no worker");
    }
    let heatmap = format!("/api/history?heatmap=rss_bytes&worker={}", "0".repeat(32));
    check(&heatmap, 404, "there is no worker");
    let forget = server.ask("POST", "/api/workers/..%2f..%2fetc/forget", &[], "");
    assert_eq!(forget.status, 404);
    let forget = server.ask("POST", &format!("/api/workers/{}/forget", "0".repeat(32)), &[], "");
    assert_eq!(forget.status, 404);
}

#[test]
fn a_name_from_elsewhere_is_not_answered_without_a_token() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    for path in ["/", "/api/workers", "/metrics", "/healthz", "/api/stream"] {
        let answer = server.ask("GET", path, &["Host: evil.example"], "");
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text().contains("--token-file"), "{path}");
    }
    let forget = format!("/api/workers/{}/forget", "0".repeat(32));
    let foreign = server.ask("POST", &forget, &["Origin: http://evil.example"], "");
    assert_eq!(foreign.status, 403);
    // What has no host at all is as foreign.
    let mut stream = server.connect();
    stream.write_all(b"GET /api/workers HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(receive(&mut stream).unwrap().status, 403);
}

#[test]
fn the_stream_tells_at_once_what_there_is() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    worker(&server);
    let mut stream = server.connect();
    write!(stream, "GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut told = String::new();
    let mut buffer = [0; 4_096];
    while !told.contains("}\n\n") {
        let read = stream.read(&mut buffer).expect("it goes on");
        assert!(read > 0, "it ended: {told}");
        told += std::str::from_utf8(&buffer[..read]).expect("text");
    }
    assert!(told.contains("content-type: text/event-stream"), "{told}");
    assert!(told.contains("event: now\ndata: {\"workers\":{"), "{told}");
    for part in ["\"stages\":{", "\"events\":{", "\"alerts\":{"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn the_stream_is_compressed_for_who_takes_it() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    worker(&server);
    let mut stream = server.connect();
    let ask = "GET /api/stream HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n";
    stream.write_all(ask.as_bytes()).unwrap();
    let mut told = Vec::new();
    while !told.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("it has a head");
        told.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&told);
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(head.contains("vary: accept-encoding"), "{head}");
}

#[test]
fn it_stops_at_once_with_streams_and_connections_open() {
    for signal in [Signal::INT, Signal::TERM] {
        let place = record("stages", &[]);
        let mut server = Server::start(&[place.log.as_os_str()]);
        let mut streams: Vec<_> = (0..5).map(|_| server.connect()).collect();
        for stream in &mut streams {
            write!(stream, "GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            assert!(stream.read(&mut [0; 100]).expect("it is told") > 0);
        }
        let idle = server.connect();
        let mut half = server.connect();
        half.write_all(b"GET /api/wor").unwrap();
        let began = now();
        server.signal(signal);
        assert_eq!(server.ended(), Some(0), "{signal:?}");
        let took = began.elapsed();
        // Whoever waited for a connection would wait for ten.
        assert!(took < Duration::from_secs(5), "{took:?}");
        drop((streams, idle, half));
    }
}

#[test]
fn what_keeps_it_from_starting_is_said_with_what_to_do() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    let taken = server.address.to_string();
    let check = |args: &[&str], part: &str| {
        let done = output(ferret().arg("serve").arg(&place.log).args(args));
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains(part), "{args:?}: {}", done.stderr);
    };
    check(&["--listen", &taken], "something listens there already");
    check(&["--listen", "203.0.113.9:0", "--token-file", "/nowhere"], "openssl rand -hex 32");
    check(&["--listen", "localhost:6111"], "write 127.0.0.1:6111");
    let log = place.log.to_str().expect("UTF-8");
    check(&["--store", log], "it is a log, or another program's database");
    let nowhere = place.folder().join("later");
    let waiting = Server::start(&[nowhere.as_os_str()]);
    assert!(waiting.said.contains("is not there yet"), "{}", waiting.said);
    assert_eq!(waiting.get("/api/workers").status, 200);
}
