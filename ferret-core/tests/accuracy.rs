//! Programs whose times are known, and what the log says of them: right within what ferret itself
//! costs, which it measured and says.
//!
//! The machine may stop a program at any moment, also between ferret's clock and the program's own.
//! That only ever makes a time longer: so none may be too short, ever, and of several tries one must
//! be no longer than it can be.
#![cfg(all(feature = "record", feature = "read", not(feature = "off")))]
#![expect(clippy::unwrap_used, reason = "a test fails so")]

use ferret::event::{LogEntry, LogIndex, SpanCost};
use ferret::log::{ReadOptions, Tail};
use ferret::profile;
use ferret::projections::{Calls, FunctionCalls, GroupBy};
use parking_lot::Mutex;
use std::cell::Cell;
use std::hint::black_box;
use std::task::Poll;
use std::time::Duration;

/// A function's time is at most this much longer a spin than it says itself: the rest of its last
/// reading of the clock, and its bookkeeping, unoptimised.
const SPIN_NS: u64 = 300;
/// How often a program is run before its times are called wrong.
const TRIES: usize = 10;

thread_local! {
    /// What this thread has spun so far, ns, and how often: in `outer`, `inner` and `walk`.
    static SPUN: [Cell<(u64, u64)>; 3] = const { [const { Cell::new((0, 0)) }; 3] };
}
const OUTER: usize = 0;
const INNER: usize = 1;
const WALK: usize = 2;

/// The clock of the log, ns.
fn now_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

/// Works for a while, and takes note for how long it was.
fn spin(function: usize, us: u64) {
    let from = now_ns();
    let mut took_ns = 0;
    while took_ns < us * 1_000 {
        took_ns = now_ns() - from;
    }
    SPUN.with(|spun| {
        let (ns, times) = spun[function].get();
        spun[function].set((ns + took_ns, times + 1));
    });
}

/// What a log says.
struct Told {
    functions: Vec<FunctionCalls>,
    overhead_percent: Vec<Option<f64>>,
    cost: SpanCost,
    dropped: u64,
}

/// Records a program; there is one recording a process.
fn record(program: impl FnOnce()) -> Told {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    let options = ferret::Options::new(folder.path().join("run.redb"));
    // Room for all: nothing is dropped, and nobody waits for a slow recorder.
    let session = ferret::Options { buffer_bytes: 64 << 20, ..options }.start().unwrap();
    let path = session.path().to_owned();
    program();
    assert!(session.flush(Duration::from_mins(1)));
    drop(session);
    let mut tail = Tail::open(&path, &ReadOptions::default()).unwrap();
    let mut calls = Calls::new(GroupBy::Function);
    let mut cost = None;
    loop {
        let entries = tail.poll(100_000).unwrap();
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            calls.apply(LogIndex(0), tail.names(), entry);
            if let LogEntry::ProcessStart(start) = &entry.what {
                cost = start.span_cost;
            }
        }
    }
    Told {
        functions: calls.functions(),
        overhead_percent: calls.overhead_percent(|_log| cost),
        cost: cost.expect("the cost of a span is measured and said"),
        dropped: calls.dropped(LogIndex(0)),
    }
}

impl Told {
    fn row(&self, name: &str) -> &FunctionCalls {
        self.functions.iter().find(|row| row.info.name == name).unwrap()
    }

    fn overhead_percent(&self, name: &str) -> f64 {
        self.overhead_percent[self.row(name).id.0 as usize].unwrap()
    }
}

/// A time of the log, beside what is known.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "said where a time is wrong")]
struct Time {
    what: &'static str,
    told_ns: u64,
    spun_ns: u64,
    spins: u64,
    /// Spans whose inner, and spans whose outer part is in it.
    spans: (u64, u64),
}

impl Time {
    /// By how much it is longer than it can be; panics if it is too short.
    fn excess_ns(&self, cost: SpanCost) -> u64 {
        // Two clocks, of which one is mapped to the other: 0.1 % is ten times what they differ by.
        assert!(self.told_ns >= self.spun_ns - self.spun_ns / 1_000, "too short: {self:?}");
        let of_spans =
            self.spans.0 * u64::from(cost.inner_ps) + self.spans.1 * u64::from(cost.outer_ps);
        // Measured warm, and spans are dearer among other work: twice as dear at most.
        let most =
            self.spun_ns + self.spun_ns / 1_000 + 2 * of_spans / 1_000 + self.spins * SPIN_NS;
        self.told_ns.saturating_sub(most)
    }
}

/// Runs a program until all its times are right.
fn check(program: fn(), times: impl Fn(&Told, [(u64, u64); 3]) -> Vec<Time>) {
    let mut wrong = Vec::new();
    for _ in 0..TRIES {
        SPUN.with(|spun| spun.iter().for_each(|cell| cell.set((0, 0))));
        let told = record(program);
        assert_eq!(told.dropped, 0);
        let times = times(&told, SPUN.with(|spun| spun.each_ref().map(Cell::get)));
        wrong = times.into_iter().filter(|time| time.excess_ns(told.cost) > 0).collect();
        if wrong.is_empty() {
            return;
        }
    }
    panic!("too long in each of {TRIES} tries: {wrong:#?}");
}

const ROUNDS: u64 = 200;
const DEPTH: u64 = 5;

#[profile]
fn outer() {
    spin(OUTER, 30);
    for _ in 0..3 {
        inner();
    }
    spin(OUTER, 10);
    walk(DEPTH);
}

#[profile]
fn inner() {
    spin(INNER, 20);
}

#[profile]
fn walk(depth: u64) {
    spin(WALK, 8);
    if depth > 1 {
        walk(depth - 1);
    }
    spin(WALK, 4);
}

#[test]
fn nested_and_recursive_calls_take_what_they_take() {
    check(
        || (0..ROUNDS).for_each(|_| outer()),
        |told, [outer, inner, walk]| {
            let (inners, walks) = (3 * ROUNDS, DEPTH * ROUNDS);
            let row = |name| told.row(name).totals;
            assert_eq!(row("outer").calls, ROUNDS);
            assert_eq!((row("inner").calls, row("walk").calls), (inners, walks));
            let time = |what, told_ns, (spun_ns, spins), spans| Time {
                what,
                told_ns,
                spun_ns,
                spins,
                spans,
            };
            let all = (outer.0 + inner.0 + walk.0, outer.1 + inner.1 + walk.1);
            let spans = ROUNDS + inners + walks;
            vec![
                time("outer by itself", row("outer").self_ns, outer, (ROUNDS, 4 * ROUNDS)),
                time("outer", row("outer").total_ns, all, (spans, spans)),
                time("inner by itself", row("inner").self_ns, inner, (inners, 0)),
                time("inner", row("inner").total_ns, inner, (inners, 0)),
                time("walk by itself", row("walk").self_ns, walk, (walks, walks)),
                // Recursion counts once.
                time("walk", row("walk").total_ns, walk, (walks, walks)),
            ]
        },
    );
}

/// Lets the executor poll again at once.
async fn pause() {
    let mut is_over = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut is_over, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[profile]
async fn outer_task() {
    spin(OUTER, 20);
    inner_task().await;
    pause().await;
    spin(OUTER, 20);
}

#[profile]
async fn inner_task() {
    for _ in 0..3 {
        spin(INNER, 10);
        pause().await;
    }
}

#[test]
fn tasks_are_busy_for_as_long_as_they_work() {
    check(
        || {
            futures::executor::block_on(async {
                for _ in 0..ROUNDS {
                    outer_task().await;
                }
            });
        },
        |told, [outer, inner, _]| {
            let (polls, inner_polls) = (5 * ROUNDS, 4 * ROUNDS);
            let (row, inner_row) = (told.row("outer_task"), told.row("inner_task"));
            assert_eq!((row.totals.calls, row.totals.polls), (ROUNDS, polls));
            assert_eq!((inner_row.totals.calls, inner_row.totals.polls), (ROUNDS, inner_polls));
            // A poll is a spin at most, and a start and an end are two events more, of a task.
            let time = |what, told_ns, spun_ns, spins, spans| Time {
                what,
                told_ns,
                spun_ns,
                spins,
                spans,
            };
            let all = (polls + inner_polls, polls + inner_polls + 2 * ROUNDS);
            vec![
                time("outer by itself", row.totals.self_ns, outer.0, polls, all),
                time("outer busy", row.busy_ns, outer.0 + inner.0, polls + inner_polls, all),
                time("inner by itself", inner_row.totals.self_ns, inner.0, inner_polls, all),
                time("inner busy", inner_row.busy_ns, inner.0, inner_polls, all),
            ]
        },
    );
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

const MANY: u64 = 1_000_000;

#[profile]
#[inline(never)]
fn trivial(number: u64) -> bool {
    number.is_multiple_of(2)
}

#[profile]
fn many(calls: u64) {
    let mut number = 0;
    while number < calls {
        black_box(trivial(black_box(number)));
        number += 1;
    }
}

#[profile]
fn long() {
    spin(INNER, 5_000);
}

#[profile]
fn few() {
    (0..5).for_each(|_| long());
}

/// CPU time of this thread, ns.
fn cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

/// The figure itself is an estimate, of which the right side of 20 % is asked for. For as long as the
/// machine lets others run instead, the program's times grow, and shares get smaller: so they are taken
/// of the part in which it ran itself.
#[test]
fn a_million_trivial_calls_are_mostly_instrumentation_and_a_few_long_ones_are_not() {
    let mut tries = Vec::new();
    for _ in 0..TRIES {
        let mut held_up = 1.0;
        let told = record(|| {
            let (wall, cpu) = (now_ns(), cpu_ns());
            many(MANY);
            held_up = ratio(now_ns() - wall, cpu_ns() - cpu);
            few();
        });
        assert_eq!((told.row("trivial").totals.calls, told.dropped), (MANY, 0));
        let percent = told.overhead_percent("long");
        assert!(percent < 1.0, "long: {percent} %");
        let percents = ["trivial", "many"].map(|name| told.overhead_percent(name) * held_up);
        if percents.iter().all(|percent| *percent >= 20.0) {
            return;
        }
        tries.push(percents);
    }
    panic!("of trivial and many, percent, in {TRIES} tries: {tries:?}");
}

/// Both parts, against what many calls took in fact, in the callee's own time and in the caller's. The
/// body, the call and the loop are in that too: unoptimised, up to as much again. So is the touching of
/// memory that no event has lain in before, as here, where the recorder is not waited for.
#[test]
fn what_was_measured_at_the_start_is_what_spans_cost() {
    // So few that a busy machine lets them pass at one go, now and then.
    const CALLS: u64 = 4_000;
    const TRIES: usize = 50;
    let mut tries = Vec::new();
    for _ in 0..TRIES {
        let told = record(|| many(CALLS));
        let took_ps = |name| told.row(name).totals.self_ns * 1_000 / CALLS;
        let inner = (u64::from(told.cost.inner_ps), took_ps("trivial"));
        let outer = (u64::from(told.cost.outer_ps), took_ps("many"));
        let is_near =
            |(measured, took): (u64, u64)| measured * 3 / 4 <= took && took <= measured * 3;
        if is_near(inner) && is_near(outer) {
            return;
        }
        tries.push((inner, outer));
    }
    panic!("measured and took, ps, inner and outer, in {TRIES} tries: {tries:?}");
}
