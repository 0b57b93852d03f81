//! Futures where they live: on tokio, smol and the executors of `futures`, spawned, joined, raced,
//! timed out, moved between threads.
#![expect(clippy::unwrap_used, reason = "the programs recorded here fail as a test does")]

use ferret::event::{Entry, LogEntry, Names, Outcome, SpanId, ThreadId};
use ferret::log::{ReadOptions, Tail};
use ferret::{Instrument, profile, task};
use futures::StreamExt;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// There is one recording a process, so programs take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A log, read.
struct Log {
    entries: Vec<Entry>,
    names: Names,
}

/// Records `program`.
fn record(program: impl FnOnce()) -> Log {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let session = ferret::start(folder.path().join("run.redb")).unwrap();
    let path = session.path().to_owned();
    program();
    drop(session);
    let mut tail = Tail::open(&path, &ReadOptions::default()).unwrap();
    let mut entries = Vec::new();
    loop {
        let more = tail.poll(1_000).unwrap();
        if more.is_empty() {
            return Log { entries, names: tail.names().clone() };
        }
        entries.extend(more);
    }
}

/// What became of a span.
#[derive(Debug, Default)]
struct Span {
    name: String,
    parent: Option<SpanId>,
    outcome: Option<Outcome>,
    polls: u64,
    busy_ns: u64,
    lasted_ns: u64,
    polled_by: BTreeSet<ThreadId>,
}

/// The spans of a log.
struct Spans(BTreeMap<SpanId, Span>);

impl Spans {
    fn of(log: &Log) -> Self {
        let mut spans = BTreeMap::<SpanId, Span>::new();
        for entry in &log.entries {
            #[expect(clippy::wildcard_enum_match_arm, reason = "only spans are looked at")]
            match &entry.what {
                LogEntry::SpanStart { span, path, parent, .. }
                | LogEntry::Created { span, path, parent } => {
                    let row = spans.entry(*span).or_default();
                    log.names.span_name(*path).clone_into(&mut row.name);
                    row.parent = *parent;
                }
                LogEntry::SpanEnd { span, start, outcome, .. } => {
                    let row = spans.entry(*span).or_default();
                    row.outcome = Some(*outcome);
                    row.lasted_ns = entry.time.since(*start);
                }
                LogEntry::Exit { span, busy_ns, .. } => {
                    spans.entry(*span).or_default().polled(1, *busy_ns, entry.thread);
                }
                LogEntry::Polls { span, count, busy_ns, .. } => {
                    spans.entry(*span).or_default().polled(*count, *busy_ns, entry.thread);
                }
                _ => {}
            }
        }
        Self(spans)
    }

    /// `parent > name: outcome (polls)`, sorted; the number of polls where it is certain.
    fn told(&self, with_polls: bool) -> Vec<String> {
        let mut told: Vec<_> = self
            .0
            .values()
            .map(|span| {
                let above = span.parent.and_then(|parent| self.0.get(&parent));
                let above = above.map_or(String::new(), |above| format!("{} > ", above.name));
                let outcome = format!("{:?}", span.outcome).to_lowercase();
                let outcome = outcome.trim_start_matches("some(").trim_end_matches(')');
                let polls = if with_polls { format!(" {}", span.polls) } else { String::new() };
                format!("{above}{}: {outcome}{polls}", span.name)
            })
            .collect();
        told.sort();
        told
    }

    fn named(&self, name: &str) -> &Span {
        self.0.values().find(|span| span.name == name).unwrap()
    }
}

impl Span {
    fn polled(&mut self, count: u64, busy_ns: u64, by: ThreadId) {
        self.polls += count;
        self.busy_ns += busy_ns;
        self.polled_by.insert(by);
    }
}

#[track_caller]
fn check(program: impl FnOnce(), expected: &[&str]) {
    assert_eq!(Spans::of(&record(program)).told(false), expected);
}

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
fn smol_on_two_threads() {
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
    let program = || {
        let executor = smol::Executor::new();
        let (stop, stopped) = smol::channel::bounded::<()>(1);
        std::thread::scope(|scope| {
            scope.spawn(|| smol::block_on(executor.run(stopped.recv())));
            smol::block_on(executor.run(root(&executor)));
            drop(stop);
        });
    };
    let expected = [
        "root > waits: ok",
        "root > waits: ok",
        "root: ok",
        "waits > parse: ok",
        "waits > parse: ok",
        "waits > parse: ok",
        "waits > parse: ok",
    ];
    check(program, &expected);
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

/// It moves whenever it is woken: its waker is called on the other thread.
#[test]
fn a_task_that_moves_between_threads_is_one_span() {
    #[profile]
    async fn wanders(executors: [smol::Executor<'static>; 2]) {
        // Nothing of it runs on the thread that made it.
        let [a, b] = executors;
        a.spawn(async { parse(1) }).await;
        b.spawn(async { parse(2) }).await;
    }
    let program = || {
        let mut future = Box::pin(wanders([smol::Executor::new(), smol::Executor::new()]));
        let mut threads = 0;
        let mut poll = || {
            let waker = futures::task::noop_waker();
            let mut context = std::task::Context::from_waker(&waker);
            future.as_mut().poll(&mut context).is_pending()
        };
        for _ in 0..3 {
            threads +=
                u32::from(std::thread::scope(|scope| scope.spawn(&mut poll).join().unwrap()));
        }
        assert_eq!(threads, 3, "it waits for executors that nobody runs");
    };
    let spans = Spans::of(&record(program));
    let span = spans.named("wanders");
    assert_eq!((span.polls, span.polled_by.len()), (3, 3));
    assert_eq!(span.outcome, Some(Outcome::Cancelled));
}
