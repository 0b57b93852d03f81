//! A hundred thousand futures that are open at once: what the recorder keeps of them is bounded, the
//! log tells of each, and a poll costs what a span costs.
#![cfg(all(feature = "record", feature = "read", not(feature = "off")))]
#![expect(clippy::unwrap_used, reason = "a test fails so")]
#![expect(clippy::wildcard_enum_match_arm, reason = "only tasks are looked at")]

use ferret::event::{LogEntry, Outcome};
use ferret::log::{ReadOptions, Tail};
use ferret::{Instrument, Instrumented, profile, task};
use std::future::Pending;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

const TASKS: u64 = 100_000;
const ROUNDS: u64 = 3;

type Waits = Pin<Box<Instrumented<Pending<()>>>>;

/// Resident memory, bytes: `VmRSS` of proc(5).
fn rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
}

fn poll(future: &mut Waits) {
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// CPU time of this thread, ns.
fn cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

/// Tries of each, by turns: what slows this machine for a while slows both.
const TRIES: u64 = 100;

/// The CPU time of `work`, ns.
fn time(work: impl FnOnce()) -> u64 {
    let before = cpu_ns();
    work();
    cpu_ns() - before
}

#[profile]
#[inline(never)]
fn sync() {}

/// What a thousand polls cost, by what a thousand spans do: the least of each, since others only ever
/// make it more.
fn cost_of_a_poll(flush: impl Fn()) -> f64 {
    let mut future: Waits = Box::pin(std::future::pending().instrument(task!("polled")));
    let (mut spans, mut polls) = (u64::MAX, u64::MAX);
    for _ in 0..TRIES {
        spans = spans.min(time(|| (0..1_000).for_each(|_| sync())));
        polls = polls.min(time(|| (0..1_000).for_each(|_| poll(&mut future))));
        flush();
    }
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let ratio = polls as f64 / spans as f64;
    ratio
}

/// Opened, polled and dropped, a number each.
#[derive(Debug, Default, PartialEq)]
struct Told {
    made: u64,
    began: u64,
    polls: u64,
    cancelled: u64,
    dropped: u64,
}

fn told(path: &std::path::Path) -> Told {
    let mut tail = Tail::open(path, &ReadOptions::default()).unwrap();
    let mut told = Told::default();
    loop {
        let entries = tail.poll(100_000).unwrap();
        if entries.is_empty() {
            return told;
        }
        for entry in entries {
            match entry.what {
                LogEntry::Created { .. } => told.made += 1,
                LogEntry::SpanStart { is_async: true, .. } => told.began += 1,
                LogEntry::Exit { .. } => told.polls += 1,
                LogEntry::Polls { count, .. } => told.polls += count,
                LogEntry::SpanEnd { outcome: Outcome::Cancelled, .. } => told.cancelled += 1,
                LogEntry::Dropped { spans, .. } => told.dropped += spans,
                _ => {}
            }
        }
    }
}

#[test]
fn a_hundred_thousand_tasks_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let session = ferret::start(folder.path().join("run.redb")).unwrap();
    let flush = || assert!(session.flush(Duration::from_secs(30)));
    let ratio = cost_of_a_poll(flush);
    println!("a poll costs {ratio:.2} x a span");
    assert!(ratio < 2.0, "a poll costs {ratio:.2} x a span");

    let before = rss_bytes();
    let mut tasks: Vec<Waits> = Vec::new();
    for number in 0..TASKS {
        tasks.push(Box::pin(std::future::pending().instrument(task!("waits", number))));
        if number % 10_000 == 0 {
            flush();
        }
    }
    for _ in 0..ROUNDS {
        for (number, future) in tasks.iter_mut().enumerate() {
            poll(future);
            if number % 10_000 == 0 {
                flush();
            }
        }
    }
    flush();
    let grown = rss_bytes() - before;
    println!("{TASKS} tasks: {} bytes each", grown / TASKS);
    // Of each the program holds a future, the recorder what must be known of it to end it.
    assert!(grown < TASKS * 600, "{grown} bytes for {TASKS} tasks");
    while tasks.len() > 10_000 {
        tasks.truncate(tasks.len() - 10_000);
        flush();
    }
    drop(tasks);
    let path = session.path().to_owned();
    flush();
    drop(session);

    let polls = TASKS * ROUNDS + 1_000 * TRIES;
    let (made, cancelled) = (TASKS + 1, TASKS + 1);
    assert_eq!(told(&path), Told { made, began: made, polls, cancelled, dropped: 0 });
}
