//! A hundred clients on the loopback, while a program runs: each listens to the stream, and asks as a page without it
//! would.
//!
//! ```text
//! FERRET_LOAD_SECONDS=30 cargo nextest run -p ferret-tests --test serve_http --no-capture a_hundred_clients
//! ```

use super::client::Server;
use super::{now, worker};
use ferret_tests::{Place, example, until};
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const CLIENTS: usize = 100;
/// What each asks, one after the other, four times a second.
const PATHS: [&str; 5] =
    ["/api/workers", "/api/stages", "/api/functions", "/api/metrics", "/api/events"];
const PAUSE: Duration = Duration::from_millis(250);

/// What was met so far.
#[derive(Default)]
struct Met {
    is_over: AtomicBool,
    told: AtomicU64,
    told_bytes: AtomicU64,
}

/// A program that runs, until it is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(place: &Place) -> Child {
    let mut load = example("load");
    load.args(["600", "2000"]).env("FERRET_LOG", &place.log).stdout(Stdio::null());
    load.spawn().expect("it starts")
}

/// Listens to the stream.
fn listen(server: &Server, met: &Met) {
    let mut stream = server.connect();
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a time-out");
    write!(stream, "GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it listens");
    let mut buffer = vec![0; 64 << 10];
    while !met.is_over.load(Ordering::Relaxed) {
        // Nothing is told while nothing changes.
        let Ok(read) = stream.read(&mut buffer) else { continue };
        assert!(read > 0, "the stream ended");
        let told = buffer[..read].windows(11).filter(|part| *part == b"event: now\n").count();
        met.told.fetch_add(told as u64, Ordering::Relaxed);
        met.told_bytes.fetch_add(read as u64, Ordering::Relaxed);
    }
}

/// Asks; how long each answer took.
fn ask(server: &Server, met: &Met) -> Vec<Duration> {
    let mut took = Vec::new();
    for path in PATHS.into_iter().cycle() {
        if met.is_over.load(Ordering::Relaxed) {
            break;
        }
        let began = now();
        let answer = server.ask("GET", path, &["Accept-Encoding: gzip"], "");
        took.push(began.elapsed());
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        std::thread::sleep(PAUSE);
    }
    took
}

#[test]
fn a_hundred_clients_are_served() {
    let place = Place::new();
    let _program = Program(start(&place));
    until("the log", || place.log.exists().then_some(()));
    let server = Server::start(&[place.log.as_os_str()]);
    worker(&server);
    let seconds = std::env::var("FERRET_LOAD_SECONDS").ok().and_then(|text| text.parse().ok());
    let seconds = Duration::from_secs(seconds.unwrap_or(3));
    let met = Met::default();
    let mut took: Vec<Duration> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| listen(&server, &met));
                scope.spawn(|| ask(&server, &met))
            })
            .collect();
        std::thread::sleep(seconds);
        met.is_over.store(true, Ordering::Relaxed);
        asking.into_iter().flat_map(|client| client.join().expect("no client fails")).collect()
    });
    took.sort();
    let percentile = |percent: usize| took[(took.len() - 1) * percent / 100];
    let (told, bytes) = (met.told.into_inner(), met.told_bytes.into_inner());
    println!(
        "{CLIENTS} clients, {seconds:?}: {} answers, p50 {:?}, p95 {:?}, p99 {:?}, longest {:?}; \
         {told} stream events, {} KB; {} MB at most",
        took.len(),
        percentile(50),
        percentile(95),
        percentile(99),
        percentile(100),
        bytes / 1_000,
        server.peak_kib() / 1_024,
    );
    assert!(told >= CLIENTS as u64, "{told}: everybody is told");
    assert!(percentile(95) < Duration::from_secs(1), "{:?}", percentile(95));
    assert!(server.peak_kib() < 200 * 1_024, "{} KiB", server.peak_kib());
}
