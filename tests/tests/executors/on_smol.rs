//! On smol: spawned, raced, timed out.

use super::{check, parse};
use ferret::{Instrument, profile};
use std::time::Duration;

/// Runs `root` and what it spawns, on this thread and another.
fn on_two_threads(root: impl AsyncFnOnce(&smol::Executor<'_>)) {
    let executor = smol::Executor::new();
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    std::thread::scope(|scope| {
        scope.spawn(|| smol::block_on(executor.run(stopped.recv())));
        smol::block_on(executor.run(root(&executor)));
        drop(stop);
    });
}

#[test]
fn spawned_tasks() {
    #[profile]
    async fn waits(turns: u32) {
        for _ in 0..turns {
            smol::future::yield_now().await;
            parse(1);
        }
    }
    #[profile]
    async fn root(executor: &smol::Executor<'_>) {
        let tasks: Vec<_> = (0..2).map(|_| executor.spawn(waits(2).in_current_span())).collect();
        for task in tasks {
            task.await;
        }
    }
    let expected = [
        "root > waits: ok",
        "root > waits: ok",
        "root: ok",
        "waits > parse: ok",
        "waits > parse: ok",
        "waits > parse: ok",
        "waits > parse: ok",
    ];
    check(|| on_two_threads(root), &expected);
}

#[profile]
async fn nap(ms: u64) -> u64 {
    smol::Timer::after(Duration::from_millis(ms)).await;
    parse(ms)
}

/// The long one is polled first: it has begun, however slow the machine is.
#[profile]
async fn races() {
    assert_eq!(smol::future::or(nap(60_000), nap(1)).await, 2);
}

#[profile]
async fn gives_up() {
    let too_long = async {
        smol::Timer::after(Duration::from_millis(1)).await;
        None
    };
    let napped = async { Some(nap(60_000).await) };
    assert_eq!(smol::future::or(napped, too_long).await, None);
}

#[profile]
async fn all() {
    races().await;
    gives_up().await;
}

const ALL: [&str; 7] = [
    "all > gives_up: ok",
    "all > races: ok",
    "all: ok",
    "gives_up > nap: cancelled",
    "nap > parse: ok",
    "races > nap: cancelled",
    "races > nap: ok",
];

#[test]
fn what_loses_a_race_or_takes_too_long_is_cancelled() {
    check(|| smol::block_on(all()), &ALL);
}

#[test]
fn what_loses_a_race_in_a_spawned_task_is_cancelled() {
    check(|| on_two_threads(async |executor| executor.spawn(all()).await), &ALL);
}
