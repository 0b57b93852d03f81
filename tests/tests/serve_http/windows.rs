//! A window of one worker: as flame chart, profile and export, by the tools that read them.

use super::client::Server;
use super::{record, worker};
use ferret::log::{ReadOptions, Tail};
use ferret_tests::{Place, Talker, example, ferret, output, until};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

/// The log of three threads that are busy for some seconds.
fn busy() -> Place {
    record("load", &["4", "50000"])
}

/// All the time there is, Unix ms.
fn bounds(server: &Server, id: &str) -> (u64, u64) {
    let chart = server.get(&format!("/api/flame?worker={id}&range=1h&limit=1")).json();
    let ms = |name: &str| chart[name].as_u64().unwrap_or_else(|| panic!("{chart}"));
    (ms("from_ms"), ms("to_ms"))
}

/// What the server and `ferret export` make of a window, in these forms.
#[track_caller]
fn check_same(server: &Server, place: &Place, forms: &[&str], (from_ms, to_ms): (u64, u64)) {
    let id = worker(server);
    let date = |ms: u64| {
        let time = format!("@{}.{:03}", ms / 1_000, ms % 1_000);
        let mut date = Command::new("date");
        let date = output(date.args(["-u", "-d", &time, "+%Y-%m-%dT%H:%M:%S.%3NZ"]));
        date.stdout.trim().to_owned()
    };
    for form in forms {
        let path = format!("/api/export?worker={id}&format={form}&from={from_ms}&to={to_ms}");
        let served = server.get(&path);
        assert_eq!(served.status, 200, "{form}: {}", served.text());
        assert!(served.header("content-disposition").starts_with("attachment; filename=\"ferret-"));
        let mut export = ferret();
        export.arg("export").arg(&place.log).args(["--format", form]);
        let exported =
            output(export.args(["--since", &date(from_ms), "--until", &date(to_ms)])).stdout;
        assert!(exported.len() > 10_000, "{form}: {} bytes", exported.len());
        assert!(served.text() == exported, "{form}: {} bytes", served.body.len());
    }
}

/// Begins an export of all there is, and takes its first byte.
fn begin_export(server: &Server, id: &str) -> (u16, TcpStream) {
    let mut stream = server.connect();
    let path = format!("/api/export?worker={id}&format=jsonl&range=1h");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it takes a request");
    let mut status = [0; 12];
    stream.read_exact(&mut status).expect("an answer");
    let status = std::str::from_utf8(&status[9..]).expect("a status");
    (status.parse().expect("a status"), stream)
}

#[test]
fn a_window_from_the_middle_is_what_export_finds_there() {
    let place = busy();
    let server = Server::start(&[place.log.as_os_str()]);
    let id = worker(&server);
    let (begin, end) = bounds(&server, &id);
    assert!(end - begin > 3_500, "it took {} ms", end - begin);
    // Whole seconds, which all tools write alike.
    let from = (begin + 1_999) / 1_000 * 1_000;
    check_same(&server, &place, &["csv", "jsonl", "chrome"], (from, from + 1_000));
}

/// Of a program that was killed while very many tasks waited: most of them all through the window.
#[test]
fn a_window_has_the_tasks_that_only_wait_in_it() {
    let place = Place::new();
    let party = Talker::start(example("crowd").arg("2000").env("FERRET_LOG", &place.log));
    let mut tail = until("the log", || Tail::open(&place.log, &ReadOptions::default()).ok());
    let mut times = Vec::new();
    // No guest stays shorter than 600 ms.
    until("half a second of it", || {
        let entries = tail.poll(1_000).expect("the log is whole");
        times.extend(entries.iter().map(|entry| entry.time));
        let last = entries.last()?.time;
        (last.since(tail.info().first_time) > 500_000_000).then_some(())
    });
    party.signal(Signal::KILL);
    party.wait();
    let server = Server::start(&[place.log.as_os_str()]);
    let (begin, _) = bounds(&server, &worker(&server));
    // A quarter of what happened: on a busy machine there are tenths of a second without anything.
    times.sort_unstable();
    let at = |quarter: usize| {
        let time = times[(times.len() - 1) * quarter / 4];
        begin + time.since(tail.info().first_time) / 1_000_000
    };
    check_same(&server, &place, &["csv", "jsonl", "chrome"], (at(2), at(3) + 1));
}

#[test]
fn a_flame_chart_has_the_longest_slices_of_each_thread() {
    let place = busy();
    let server = Server::start(&[place.log.as_os_str()]);
    let id = worker(&server);
    let chart = server.get(&format!("/api/flame?worker={id}&limit=300"));
    let chart = chart.json();
    assert_eq!((chart["kind"].as_str(), chart["worker"].as_str()), (Some("flame"), Some(&*id)));
    let lanes = chart["lanes"].as_array().expect("lanes");
    let slices: Vec<&Value> =
        lanes.iter().flat_map(|lane| lane["slices"].as_array().expect("slices")).collect();
    assert_eq!(slices.len(), 300);
    assert!(chart["left_out"].as_u64() > Some(10_000), "{}", chart["left_out"]);
    let names: BTreeSet<_> = slices.iter().filter_map(|slice| slice["name"].as_str()).collect();
    assert!(names.contains("serve") && names.contains("request"), "{names:?}");
    for slice in slices {
        let depth = slice["depth"].as_u64();
        let is_outermost = slice["name"] == "serve" || slice["name"] == "load";
        assert_eq!(depth == Some(0), is_outermost, "{slice}");
    }
    let filtered = server.get(&format!("/api/flame?worker={id}&filter=name%3Drequest")).json();
    let lanes = filtered["lanes"].as_array().expect("lanes");
    let others = lanes.iter().flat_map(|lane| lane["slices"].as_array().expect("slices"));
    assert!(others.into_iter().all(|slice| slice["name"] == "request"));
}

#[test]
fn pprof_opens_a_window() {
    let place = busy();
    let server = Server::start(&[place.log.as_os_str()]);
    let id = worker(&server);
    let profile = server.get(&format!("/api/pprof?worker={id}&range=1h"));
    assert_eq!(profile.status, 200, "{profile:?}");
    let path = place.folder().join("profile.pb.gz");
    std::fs::write(&path, &profile.body).expect("a file");
    let mut pprof = Command::new("go");
    pprof.args(["tool", "pprof", "-top", "-nodefraction=0"]).arg(&path);
    pprof.env("PPROF_TMPDIR", place.folder()).env("GOTOOLCHAIN", "local");
    let top = output(&mut pprof);
    assert_eq!(top.code, Some(0), "`tests/run.sh setup` installs golang-go: {}", top.stderr);
    for name in ["request", "render", "parse"] {
        assert!(top.stdout.contains(name), "{name}: {}", top.stdout);
    }
}

#[test]
fn a_profile_of_a_window_has_no_more_time_than_the_window() {
    let place = busy();
    let server = Server::start(&[place.log.as_os_str()]);
    let id = worker(&server);
    let (begin, end) = bounds(&server, &id);
    for (from, to) in [(begin + 700, begin + 1_200), (begin + 2_000, begin + 2_003)] {
        assert!(to < end);
        let path = format!("/api/export?worker={id}&format=folded&from={from}&to={to}");
        let folded = server.get(&path).text().to_owned();
        let number = |line: &str| line.rsplit(' ').next()?.parse::<f64>().ok();
        let sum_ms = folded.lines().filter_map(number).sum::<f64>() / 1e6;
        // Three threads are in a span all the time.
        let all_ms = 3.0 * f64::from(u32::try_from(to - from).expect("it is short"));
        assert!((sum_ms - all_ms).abs() < 0.001, "{sum_ms} of {all_ms} ms: {folded}");
    }
}

/// Its END is dated when it was heard of last, and what it did after that is in its log, too.
#[test]
fn a_window_goes_to_the_last_that_a_crashed_worker_did() {
    let place = Place::new();
    let mut crashes = Command::new(env!("CARGO_BIN_EXE_fates"));
    output(crashes.arg("abort").env("FERRET_LOG", &place.log).env_remove("FERRET_RUN"));
    let server = Server::start(&[place.log.as_os_str()]);
    let id = worker(&server);
    let served =
        server.get(&format!("/api/export?worker={id}&format=csv&range=1h")).text().to_owned();
    let exported = output(ferret().arg("export").arg(&place.log).args(["--format", "csv"]));
    assert!(served.lines().count() > 1_000, "{served}");
    assert!(served == exported.stdout, "{served}");
}

#[test]
fn two_windows_are_read_at_once_and_one_that_nobody_takes_is_given_up() {
    let place = busy();
    let server = Server::start(&[place.log.as_os_str()]);
    let id = worker(&server);
    let first = begin_export(&server, &id);
    let second = begin_export(&server, &id);
    assert_eq!((first.0, second.0), (200, 200));
    let path = format!("/api/flame?worker={id}");
    let third = server.get(&path);
    assert_eq!((third.status, third.header("retry-after")), (503, "1"), "{third:?}");
    assert_eq!(server.get("/api/workers").status, 200, "other questions are answered");
    drop(first);
    until("a free place", || (server.get(&path).status == 200).then_some(()));
    let peak = server.peak_kib();
    assert!(peak < 200_000, "{peak} KiB");
}

#[test]
fn a_time_of_which_the_log_knows_nothing_is_not_there() {
    let place = record("stages", &[]);
    let server = Server::start(&[place.log.as_os_str()]);
    let id = worker(&server);
    let answer = server.get(&format!("/api/pprof?worker={id}&from=1000&to=2000"));
    assert_eq!(answer.status, 404);
    let said = answer.text();
    assert!(said.contains("nothing of then: it goes from 20") && said.contains('Z'), "{said}");
    // What is gone is not there either, and no path is told.
    std::fs::remove_file(&place.log).expect("it is there");
    let answer = server.get(&format!("/api/pprof?worker={id}"));
    assert_eq!(answer.status, 404, "{}", answer.text());
    assert!(!answer.text().contains(&*place.folder().to_string_lossy()), "{}", answer.text());
}
