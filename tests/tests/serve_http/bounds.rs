//! Clients that ask for too much, or for nothing at all, as long as they like.

use super::client::{Server, receive};
use super::{now, record};
use ferret_tests::until;
use std::io::{ErrorKind, Read as _, Write as _};
use std::time::Duration;

#[test]
fn a_request_that_is_too_long_is_refused() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    let long = "a".repeat(40_000);
    let check = |head: String, statuses: &[u16]| {
        let mut stream = server.connect();
        // It may close before it has taken all of it.
        stream.write_all(head.as_bytes()).ok();
        match receive(&mut stream) {
            Ok(answer) => assert!(statuses.contains(&answer.status), "{answer:?}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
    };
    check(format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[414, 431]);
    check(format!("GET / HTTP/1.1\r\nHost: localhost\r\nA: {long}\r\n\r\n"), &[431]);
    let many = "A: b\r\n".repeat(100);
    check(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), &[431]);
    let head = "Host: localhost\r\nConnection: close\r\n";
    check(format!("GET /metrics HTTP/1.1\r\n{head}Content-Length: 9999999999\r\n\r\n"), &[413]);
    check(
        format!("GET /metrics HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        &[413],
    );
    check(
        format!(
            "POST /login HTTP/1.1\r\n{head}Content-Length: 20000\r\n\r\n{}",
            "a".repeat(20_000)
        ),
        &[413],
    );
    check("\0\u{1}\u{2} no HTTP\r\n\r\n".to_owned(), &[400]);
    assert_eq!(server.get("/metrics").status, 200, "and it goes on");
}

#[test]
fn who_says_his_request_byte_by_byte_is_closed() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    let mut slow = server.connect();
    let mut silent = server.connect();
    let began = now();
    let mut request = "GET /api/workers HTTP/1.1\r\nHost: localhost\r\nX: "
        .bytes()
        .chain([b'x'].into_iter().cycle());
    slow.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    until("the end of the slow connection", || {
        let is_closed = slow.write_all(&[request.next()?]).is_err();
        let is_over = is_closed || matches!(slow.read(&mut [0; 100]), Ok(0));
        is_over.then_some(())
    });
    // One that says nothing is closed as soon.
    assert!(matches!(silent.read(&mut [0; 100]), Ok(0)));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn so_many_connections_and_no_more() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    let mut held: Vec<_> = (0..512).map(|_| server.connect()).collect();
    let mut turned_away = server.connect();
    let answer = receive(&mut turned_away).expect("it says so");
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
    // Those that have a place are served.
    let first = held.first_mut().expect("there are many");
    first
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    assert_eq!(receive(first).expect("an answer").status, 200);
    drop(held);
    until("a place", || {
        let mut stream = server.connect();
        let asked = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(asked).ok()?;
        receive(&mut stream).ok().filter(|answer| answer.status == 200).map(drop)
    });
}

#[test]
fn so_many_streams_and_no_more() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    let mut held: Vec<_> = (0..200).map(|_| server.connect()).collect();
    for stream in &mut held {
        stream.write_all(b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert!(stream.read(&mut [0; 15]).unwrap() > 0);
    }
    assert_eq!(server.get("/api/stream").status, 503);
    assert_eq!(server.get("/api/workers").status, 200, "other questions are answered");
    drop(held);
    until("a place", || {
        let mut stream = server.connect();
        stream.write_all(b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).ok()?;
        (&status == b"HTTP/1.1 200").then_some(())
    });
}
