//! A program that runs more spans than may be recorded one by one: every call is in the figures, and the spans that
//! matter are there.
#![cfg(all(feature = "record", feature = "read", not(feature = "off")))]
#![expect(clippy::unwrap_used, reason = "a test fails so")]

use ferret::event::{LogEntry, LogIndex, Outcome};
use ferret::log::{ReadOptions, Run, now};
use ferret::projections::{Calls, FunctionCalls, GroupBy, Live};
use ferret::{Options, Session, profile, tag};
use parking_lot::Mutex;
use std::future::poll_fn;
use std::path::Path;
use std::pin::Pin;
use std::sync::mpsc::sync_channel;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// There is one recording a process.
static TURN: Mutex<()> = Mutex::new(());
const LIMIT: u64 = 2_000;

#[profile]
fn item(number: u64) -> u64 {
    (0..4).map(step).sum::<u64>() + checked(number).unwrap_or(1)
}

#[profile(tags(number))]
fn step(number: u64) -> u64 {
    tag!(is_even = number.is_multiple_of(2));
    std::hint::black_box(number)
}

/// Fails once in five thousand.
#[profile]
fn checked(number: u64) -> Result<u64, String> {
    if number % 5_000 == 7 { Err("seven".to_owned()) } else { Ok(number) }
}

#[profile]
fn slow() {
    std::thread::sleep(Duration::from_millis(15));
}

/// One of many that are quick takes longer.
#[profile]
fn sometimes_slow(number: u64) {
    if number == 9_000 {
        std::thread::sleep(Duration::from_millis(15));
    }
}

#[profile(stage)]
fn load() {}

/// How many of what ran.
const ITEMS: u64 = 30_000;

#[profile]
fn work() {
    for number in 0..ITEMS {
        item(number);
        sometimes_slow(number);
        if number.is_multiple_of(6_000) {
            slow();
            load();
        }
    }
}

/// What a log says.
struct Told {
    calls: Vec<FunctionCalls>,
    /// Spans recorded one by one, ended, by name and outcome, and how long they took.
    spans: Vec<(String, Outcome, u64)>,
    open: Vec<String>,
    seconds: u64,
}

impl Told {
    fn by(path: &Path) -> Self {
        let mut run = Run::open(&[path.to_owned()], &ReadOptions::default()).unwrap();
        let (mut calls, mut live) = (Calls::new(GroupBy::Function), Live::default());
        let (mut spans, mut first, mut last) = (Vec::new(), None, None);
        loop {
            let entries = run.poll(10_000).unwrap();
            if entries.is_empty() {
                break;
            }
            for (log, entry) in entries {
                let names = run.logs()[log.0].names();
                first.get_or_insert(entry.time);
                last = Some(entry.time);
                if let LogEntry::SpanEnd { path, start, outcome, .. } = &entry.what {
                    let name = names.span_name(*path).to_owned();
                    spans.push((name, *outcome, entry.time.since(*start)));
                }
                live.apply(log, names, &entry);
                calls.apply(log, names, &entry);
            }
        }
        let names = run.logs()[0].names();
        let threads = live.process(LogIndex(0)).unwrap().threads();
        let open = threads.flat_map(|(_, thread)| &thread.frames);
        let open = open.map(|frame| names.span_name(frame.path).to_owned()).collect();
        let seconds = last.unwrap().since(first.unwrap()).div_ceil(1_000_000_000);
        Self { calls: calls.functions(), spans, open, seconds }
    }

    fn of(&self, name: &str) -> &FunctionCalls {
        self.calls.iter().find(|row| row.info.name == name).unwrap()
    }

    fn count(&self, wanted: impl Fn(&str, Outcome, u64) -> bool) -> usize {
        self.spans.iter().filter(|(name, how, ns)| wanted(name, *how, *ns)).count()
    }
}

fn start(path: &Path) -> Session {
    // Memory for all there is: no machine is too slow.
    let options = Options { buffer_bytes: 256 << 20, ..Options::new(path) };
    Options { max_spans_per_second: Some(LIMIT), ..options }.start().unwrap()
}

#[test]
fn all_calls_are_counted_and_what_matters_is_recorded() {
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let session = start(&path);
    std::thread::scope(|scope| {
        (0..2).for_each(|_| drop(scope.spawn(work)));
    });
    assert!(session.flush(Duration::from_mins(1)));
    let told = Told::by(&path);

    let calls = |name: &str| told.of(name).totals.calls;
    assert_eq!(calls("work"), 2);
    assert_eq!(calls("item"), 2 * ITEMS);
    assert_eq!(calls("step"), 2 * 4 * ITEMS);
    assert_eq!(calls("checked"), 2 * ITEMS);
    assert_eq!(told.of("checked").totals.errors, 2 * ITEMS / 5_000);
    let (step, item) = (told.of("step"), told.of("item"));
    assert!(step.totals.sampled > 2 * 3 * ITEMS, "{:?}", step.totals);
    // Whatever was written and whatever counted: what an item took is its own time and its children's.
    let children: u64 = ["step", "checked"].iter().map(|name| told.of(name).totals.total_ns).sum();
    assert_eq!(item.totals.total_ns - item.totals.self_ns, children);
    let stats = step.durations.unwrap();
    assert!(stats.min_ns <= stats.p50_ns && stats.p50_ns <= stats.max_ns);

    let most = LIMIT * (told.seconds + 1);
    assert!((told.spans.len() as u64) < most * 11 / 10, "{} > {most}", told.spans.len());
    assert_eq!(told.count(|name, _, _| name == "load"), 10, "stages are always recorded");
    assert_eq!(told.count(|name, _, _| name == "slow"), 10, "what is slow too");
    let slow = told.count(|name, _, ns| name == "sometimes_slow" && ns > 10_000_000);
    assert!(slow >= 2, "also of a function that is not, as a rule");
    assert!(told.count(|name, how, _| name == "checked" && how == Outcome::Err) > 0);
    assert!(told.count(|name, _, _| name == "step") > 100, "a sample of the rest");
}

/// What is not written is counted when it ends: one that never does is there as soon as without a limit.
#[test]
fn a_span_that_hangs_is_in_the_log() {
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let session = start(&path);
    let (end, until) = std::sync::mpsc::sync_channel::<()>(0);
    std::thread::scope(|scope| {
        scope.spawn(move || hangs(20_000, &until));
        let deadline = now().after(30_000_000_000);
        loop {
            assert!(session.flush(Duration::from_secs(10)));
            let told = Told::by(&path);
            let hanging = ["hangs", "hangs"].map(str::to_owned);
            if told.open.ends_with(&hanging) && told.of("hangs").totals.calls == 20_000 {
                break;
            }
            assert!(now() < deadline, "{:?}", told.open);
        }
        end.send(()).unwrap();
    });
}

#[profile(stage)]
fn index() {
    for page in 1..=PAGES {
        read(page);
    }
}

#[profile]
fn read(page: u64) {
    ferret::progress(page, PAGES);
}

const PAGES: u64 = 20_000;

/// How far a stage has come is said by what it calls, of which most is only counted.
#[test]
fn a_stage_has_come_as_far_as_what_it_called() {
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let session = start(&path);
    index();
    assert!(session.flush(Duration::from_mins(1)));
    let mut run = Run::open(&[path], &ReadOptions::default()).unwrap();
    let mut last = 0;
    loop {
        let entries = run.poll(10_000).unwrap();
        if entries.is_empty() {
            break;
        }
        for (_, entry) in entries {
            if let LogEntry::Progress { done, .. } = entry.what {
                assert!(last < done);
                last = done;
            }
        }
    }
    assert_eq!(last, PAGES);
}

#[profile(tags(number))]
async fn request(number: u64) -> Result<u64, String> {
    query(number).await;
    checked(number)
}

/// Waits for a second poll, which some never get.
#[profile]
async fn query(number: u64) {
    step(number);
    let mut is_ready = false;
    poll_fn(
        |_| if std::mem::replace(&mut is_ready, true) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
    step(number);
}

#[profile]
async fn serve() {
    poll_fn(|_| {
        step(1);
        Poll::<()>::Pending
    })
    .await;
}

const REQUESTS: u64 = 20_000;

/// Futures are polled on one thread and on another, and one of ten is dropped half done.
#[test]
fn async_calls_are_counted_too() {
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let session = start(&path);
    let mut context = Context::from_waker(Waker::noop());
    let mut server: Pin<Box<dyn Future<Output = ()>>> = Box::pin(serve());
    let (send, receive) = sync_channel::<Pin<Box<dyn Future<Output = _> + Send>>>(100);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut context = Context::from_waker(Waker::noop());
            for (number, mut request) in (0_u64..).zip(receive) {
                if !number.is_multiple_of(10) {
                    assert!(request.as_mut().poll(&mut context).is_ready());
                }
            }
        });
        for number in 0..REQUESTS {
            let mut request = Box::pin(request(number));
            assert!(request.as_mut().poll(&mut context).is_pending());
            assert!(server.as_mut().poll(&mut context).is_pending());
            send.send(request).unwrap();
        }
        drop(send);
    });
    assert!(session.flush(Duration::from_mins(1)));
    let told = Told::by(&path);

    let (request, query, step) = (told.of("request"), told.of("query"), told.of("step"));
    for row in [request, query] {
        let totals = &row.totals;
        assert_eq!([totals.calls, totals.cancelled], [REQUESTS, REQUESTS / 10]);
        assert_eq!(totals.polls, 2 * REQUESTS - REQUESTS / 10);
        assert!(totals.sampled > REQUESTS / 2, "{totals:?}");
        assert_eq!(row.idle_ns, totals.total_ns - totals.polled_ns);
    }
    assert_eq!(request.totals.errors, REQUESTS / 5_000);
    assert_eq!(step.totals.calls, 2 * REQUESTS - REQUESTS / 10 + REQUESTS);
    assert_eq!(told.of("serve").totals.polls, REQUESTS);
    // Whatever was written and whatever counted: what was polled is its own time and its children's.
    let own: u64 = ["request", "query", "serve", "step", "checked"]
        .iter()
        .map(|name| told.of(name).totals.self_ns)
        .sum();
    assert_eq!(own, request.totals.polled_ns + told.of("serve").totals.polled_ns);
    let most = LIMIT * (told.seconds + 1);
    assert!((told.spans.len() as u64) < most * 11 / 10, "{} > {most}", told.spans.len());
    assert!(told.count(|name, how, _| name == "query" && how == Outcome::Cancelled) > 0);
    assert!(told.count(|name, how, _| name == "request" && how == Outcome::Err) > 0);
}

/// Calls itself so often, and the last of them waits.
#[profile]
fn hangs(times: u64, until: &std::sync::mpsc::Receiver<()>) {
    for left in 0..times {
        hangs(0, until);
        if left + 1 == times {
            waits(until);
        }
    }
}

#[profile(name = "hangs")]
fn waits(until: &std::sync::mpsc::Receiver<()>) {
    until.recv().unwrap();
}
