//! Futures where they live: on tokio and the executors of `futures`, spawned, joined, raced, timed
//! out; on smol, and moved between threads, in files of their own.
#![expect(clippy::unwrap_used, reason = "the programs recorded here fail as a test does")]

use ferret::{Instrument, profile, task};
use futures::StreamExt;
use futures::future::BoxFuture;
use spans::{Spans, check, record};
use std::time::Duration;

mod moves;
mod on_smol;
mod spans;

fn tokio(threads: usize) -> tokio::runtime::Runtime {
    let mut builder = match threads {
        0 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(threads.max(1)).enable_time().build().unwrap()
}

#[profile]
fn parse(n: u64) -> u64 {
    n + 1
}

#[profile]
async fn nap(ms: u64) -> Result<u64, String> {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    if ms == 7 { Err("a seven".to_owned()) } else { Ok(parse(ms)) }
}

#[profile]
async fn joins() {
    let (a, b) = tokio::join!(nap(1), nap(7));
    a.unwrap();
    b.unwrap_err();
}

#[profile]
async fn races() {
    tokio::select! {
        won = nap(1) => assert!(won.is_ok()),
        _ = nap(60_000) => unreachable!("a minute is longer"),
    }
}

#[profile]
async fn gives_up() {
    tokio::time::timeout(Duration::from_millis(1), nap(60_000)).await.unwrap_err();
}

#[profile]
async fn spawns(count: u64) {
    let inherits = (0..count).map(|_| tokio::spawn(nap(1).in_current_span()));
    let has_none = tokio::spawn(nap(2));
    for task in inherits.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    has_none.await.unwrap().unwrap();
}

#[profile]
async fn all() {
    joins().await;
    races().await;
    gives_up().await;
}

const ALL: [&str; 11] = [
    "all > gives_up: ok",
    "all > joins: ok",
    "all > races: ok",
    "all: ok",
    "gives_up > nap: cancelled",
    "joins > nap: err",
    "joins > nap: ok",
    "nap > parse: ok",
    "nap > parse: ok",
    "races > nap: cancelled",
    "races > nap: ok",
];

#[test]
fn tokio_on_one_thread() {
    check(|| tokio(0).block_on(all()), &ALL);
}

#[test]
fn tokio_on_several_threads() {
    check(|| tokio(3).block_on(async { tokio::spawn(all()).await.unwrap() }), &ALL);
}

#[test]
fn spawned_futures_keep_the_parent_that_they_are_asked_to_keep() {
    let expected = [
        "nap > parse: ok",
        "nap > parse: ok",
        "nap > parse: ok",
        "nap: ok",
        "spawns > nap: ok",
        "spawns > nap: ok",
        "spawns: ok",
    ];
    check(|| tokio(0).block_on(spawns(2)), &expected);
    check(|| tokio(3).block_on(async { tokio::spawn(spawns(2)).await.unwrap() }), &expected);
}

#[test]
fn the_thread_pool_of_futures() {
    use futures::task::SpawnExt;
    let program = || {
        let pool = futures::executor::ThreadPool::builder().pool_size(2).create().unwrap();
        let root = async {
            let handles = (0..3).map(|n| {
                let job = async move { parse(n) }.instrument(task!("job", n));
                pool.spawn_with_handle(job).unwrap()
            });
            futures::future::join_all(handles.collect::<Vec<_>>()).await
        };
        futures::executor::block_on(root.instrument(task!("root")));
    };
    let expected = [
        "job > parse: ok",
        "job > parse: ok",
        "job > parse: ok",
        "root > job: ok",
        "root > job: ok",
        "root > job: ok",
        "root: ok",
    ];
    check(program, &expected);
}

#[test]
fn recursion_through_boxed_futures_nests() {
    fn boxed(depth: u32) -> BoxFuture<'static, u32> {
        Box::pin(dive(depth))
    }
    #[profile]
    async fn dive(depth: u32) -> u32 {
        tokio::task::yield_now().await;
        if depth == 0 { 0 } else { boxed(depth - 1).await + 1 }
    }
    let program = || assert_eq!(tokio(0).block_on(dive(3)), 3);
    check(program, &["dive > dive: ok", "dive > dive: ok", "dive > dive: ok", "dive: ok"]);
}

#[test]
fn a_stream_is_open_until_its_end_and_one_that_is_dropped_before_is_cancelled() {
    let program = || {
        let numbers = || futures::stream::iter(0..5).map(parse);
        futures::executor::block_on(async {
            let whole = numbers().instrument(task!("whole")).count().await;
            let part = numbers().instrument(task!("part")).take(2).count().await;
            assert_eq!((whole, part), (5, 2));
        });
    };
    let spans = Spans::of(&record(program));
    let count = |line: &str| spans.told(true).iter().filter(|told| *told == line).count();
    assert_eq!(count("whole: ok 6"), 1);
    assert_eq!(count("part: cancelled 2"), 1);
    assert_eq!(count("whole > parse: ok 0"), 5);
    assert_eq!(count("part > parse: ok 0"), 2);
}

#[test]
fn an_instrumented_future_has_the_parent_it_is_told() {
    #[profile]
    fn makes() -> ferret::SpanRef {
        ferret::current_span()
    }
    #[profile]
    async fn polls() {
        let made = makes();
        let fails = async { Err::<(), _>("on purpose") };
        let told = fails.try_instrument(task!(parent: &made, "told", why = "it is told so"));
        told.await.unwrap_err();
        async {}.instrument(task!(parent: None, "alone")).await;
        async {}.instrument(task!("implied")).await;
    }
    let expected =
        ["alone: ok", "makes > told: err", "polls > implied: ok", "polls > makes: ok", "polls: ok"];
    check(|| futures::executor::block_on(polls()), &expected);
}

#[test]
fn a_panic_in_a_spawned_task_is_its_own() {
    #[profile]
    async fn panics() {
        tokio::task::yield_now().await;
        panic!("on purpose");
    }
    #[profile]
    async fn survives() {
        tokio::spawn(panics().in_current_span()).await.unwrap_err();
    }
    let program = || tokio(2).block_on(async { tokio::spawn(survives()).await.unwrap() });
    check(program, &["survives > panics: panicked", "survives: ok"]);
}

#[test]
fn tasks_dropped_with_their_runtime_are_cancelled() {
    let program = || {
        let runtime = tokio(2);
        let started = std::sync::Arc::new(tokio::sync::Barrier::new(2));
        let other = std::sync::Arc::clone(&started);
        let waits = async move {
            other.wait().await;
            futures::future::pending::<()>().await;
        };
        drop(runtime.spawn(waits.instrument(task!("waits"))));
        runtime.block_on(async { started.wait().await });
        drop(runtime);
    };
    check(program, &["waits: cancelled"]);
}

#[test]
fn a_task_is_busy_while_it_is_polled_and_idle_in_between() {
    #[profile]
    async fn works_and_waits() {
        for _ in 0..3 {
            let until = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() + MS * 5;
            while std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() < until {}
            tokio::time::sleep(MS * 20).await;
        }
    }
    const MS: Duration = Duration::from_millis(1);
    let spans = Spans::of(&record(|| tokio(0).block_on(works_and_waits())));
    let span = spans.named("works_and_waits");
    assert_eq!(span.polls, 4);
    assert!(span.busy_ns >= 15_000_000, "{span:?}");
    assert!(span.lasted_ns - span.busy_ns >= 50_000_000, "{span:?}");
}
