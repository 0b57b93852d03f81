//! Many threads: a span costs what it costs few, and threads that come and go leave nothing behind.
#![cfg(all(feature = "record", feature = "read", not(feature = "off")))]
#![expect(clippy::unwrap_used, reason = "a test fails so")]
#![expect(clippy::wildcard_enum_match_arm, reason = "only counts are looked at")]

use ferret::event::LogEntry;
use ferret::log::{ReadOptions, Tail};
use ferret::{Session, profile};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

/// There is one recording a process.
static TURN: Mutex<()> = Mutex::new(());
/// Far more than it takes.
const PATIENCE: Duration = Duration::from_mins(1);

#[profile]
#[inline(never)]
fn inner() {}

#[profile]
#[inline(never)]
fn outer() {
    inner();
}

fn start(folder: &Path, buffer_bytes: usize) -> Session {
    let options = ferret::Options::new(folder.join("run.redb"));
    ferret::Options { buffer_bytes, ..options }.start().unwrap()
}

/// What a log tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    started: u64,
    ended: u64,
    threads_started: u64,
    threads_ended: u64,
    dropped: u64,
}

fn read(path: &Path) -> Told {
    let mut tail = Tail::open(path, &ReadOptions::default()).unwrap();
    let mut told = Told::default();
    loop {
        let entries = tail.poll(100_000).unwrap();
        if entries.is_empty() {
            return told;
        }
        for entry in &entries {
            match &entry.what {
                LogEntry::SpanStart { .. } => told.started += 1,
                LogEntry::SpanEnd { .. } => told.ended += 1,
                LogEntry::ThreadStart => told.threads_started += 1,
                LogEntry::ThreadEnd => told.threads_ended += 1,
                LogEntry::Dropped { spans, .. } => told.dropped += spans,
                _ => {}
            }
        }
    }
}

fn cpu_ns(of: rustix::time::ClockId) -> u64 {
    let time = rustix::time::clock_gettime(of);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

const BATCHES: u64 = 4;
/// Spans of a batch.
const SPANS: u64 = 1_000;

/// The CPU time of a batch of spans, ns: the median over all batches of so many threads at once.
fn cpu_of_a_batch(threads: usize) -> u64 {
    let together = Barrier::new(threads);
    let run = || {
        together.wait();
        let batch = |_| {
            let before = cpu_ns(rustix::time::ClockId::ThreadCPUTime);
            (0..SPANS / 2).for_each(|_| outer());
            cpu_ns(rustix::time::ClockId::ThreadCPUTime) - before
        };
        (0..BATCHES).map(batch).collect::<Vec<_>>()
    };
    let mut batches: Vec<u64> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    batches.sort_unstable();
    batches[batches.len() / 2]
}

#[test]
fn a_span_costs_64_threads_what_it_costs_2() {
    const TRIES: u64 = 5;
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    // Room for all, so that none is skipped, which is cheaper.
    let session = start(folder.path(), 256 << 20);
    let path = session.path().to_owned();
    let mut tries = Vec::new();
    // What else runs on the machine only ever makes it more, and not in each try.
    let is_right = (0..TRIES).any(|_| {
        let (few, many) = (cpu_of_a_batch(2), cpu_of_a_batch(64));
        tries.push((few, many));
        many <= 2 * few
    });
    assert!(session.flush(PATIENCE));
    drop(session);
    assert!(is_right, "ns for {SPANS} spans, 2 and 64 threads: {tries:?}");
    let threads = 66 * tries.len() as u64;
    let spans = threads * BATCHES * SPANS;
    let (threads_started, threads_ended) = (threads, threads);
    let expect = Told { started: spans, ended: spans, threads_started, threads_ended, dropped: 0 };
    assert_eq!(read(&path), expect);
}

/// Resident memory, bytes: `VmRSS` of proc(5).
fn rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn thousands_of_short_lived_threads_leave_nothing_behind() {
    /// At most so many have ended since their chunks were last taken back: fewer than there are.
    const WAVE: u64 = 500;
    const WAVES: u64 = 12;
    const SPANS_EACH: u64 = 20;
    const LEAK_BYTES: u64 = 16 << 20;
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    let session = start(folder.path(), 4 << 20);
    let path = session.path().to_owned();
    // Memory and CPU time of each wave, with what the recorder did for it.
    let wave = |_| {
        let before = cpu_ns(rustix::time::ClockId::ProcessCPUTime);
        for _ in 0..WAVE / 4 {
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..SPANS_EACH / 2).for_each(|_| outer()));
                }
            });
        }
        assert!(session.flush(PATIENCE));
        (rss_bytes(), cpu_ns(rustix::time::ClockId::ProcessCPUTime) - before)
    };
    let waves: Vec<(u64, u64)> = (0..WAVES).map(wave).collect();
    drop(session);
    let threads = WAVE * WAVES;
    let spans = threads * SPANS_EACH;
    let (threads_started, threads_ended) = (threads, threads);
    let expect = Told { started: spans, ended: spans, threads_started, threads_ended, dropped: 0 };
    assert_eq!(read(&path), expect, "each hands over what it had");
    // The first waves touch what there is to be touched.
    let grown = waves[11].0.saturating_sub(waves[3].0);
    assert!(grown < LEAK_BYTES, "4,000 threads took {grown} bytes: {waves:?}");
    let least = |waves: &[(u64, u64)]| waves.iter().map(|wave| wave.1).min().unwrap();
    assert!(least(&waves[8..]) < 3 * least(&waves[..4]), "it slows down: {waves:?}");
}
