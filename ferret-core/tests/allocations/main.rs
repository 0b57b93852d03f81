//! A program whose allocator is wrapped: what each span is said to have allocated is exactly what it
//! did, on whatever thread, however it ended.
#![cfg(all(feature = "alloc", feature = "read", not(feature = "off")))]

#[cfg(feature = "tracing")]
mod bridge;
mod tasks;

use ferret::event::{HeapUse, LogEntry, LogIndex, Names};
use ferret::log::{ReadOptions, Tail};
use ferret::profile;
use ferret::projections::{Calls, FunctionHeap, Heap, Living};
use std::hint::black_box;
use std::sync::Mutex;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOC: ferret::Alloc = ferret::Alloc::system();

/// There is one recording a process.
static TURN: Mutex<()> = Mutex::new(());

fn bytes(size: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(size))
}

/// Whether it is too late.
fn deadline() -> impl Fn() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a deadline")]
    let start = Instant::now();
    move || start.elapsed() > Duration::from_secs(30)
}

/// What was folded, by name.
struct Seen {
    calls: Calls,
    rows: Vec<FunctionHeap>,
    names: Names,
    living: Option<Living>,
    /// Entries of polls, one by one or merged, and of what was allocated.
    polls: usize,
    allocs: usize,
}

impl Seen {
    #[track_caller]
    fn of(&self, name: &str) -> FunctionHeap {
        let function = self.calls.functions().into_iter().find(|row| row.info.name == name);
        self.rows[function.unwrap_or_else(|| panic!("no {name}")).id.0 as usize]
    }
}

/// Records what `program` does on a thread of its own.
fn record(program: impl FnOnce() + Send + 'static) -> Seen {
    record_in(None, program)
}

/// The same, with a buffer of that size.
fn record_in(buffer_bytes: Option<usize>, program: impl FnOnce() + Send + 'static) -> Seen {
    let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = ferret::Options::new(folder.path().join("run.redb"));
    options.buffer_bytes = buffer_bytes.unwrap_or(options.buffer_bytes);
    let session = options.start().expect("a log");
    let path = session.path().to_owned();
    std::thread::Builder::new().spawn(program).expect("a thread").join().expect("no panic");
    assert!(session.flush(Duration::from_secs(30)));
    drop(session);
    let mut tail = Tail::open(&path, &ReadOptions::default()).expect("a log");
    let (mut calls, mut heap) = (Calls::default(), Heap::default());
    let (mut is_over, deadline) = (false, deadline());
    let (mut polls, mut allocs) = (0, 0);
    // The session's end does not wait for ever until everything is there.
    while !is_over && !deadline() {
        for entry in tail.poll(10_000).expect("sound") {
            calls.apply(LogIndex(0), tail.names(), &entry);
            heap.apply(LogIndex(0), &entry);
            is_over |= matches!(entry.what, LogEntry::ProcessEnd(_));
            polls +=
                usize::from(matches!(entry.what, LogEntry::Polls { .. } | LogEntry::Exit { .. }));
            allocs += usize::from(matches!(entry.what, LogEntry::Alloc { .. }));
        }
    }
    assert!(is_over);
    drop(turn);
    let rows = heap.functions(&calls, |_| tail.names());
    Seen { rows, calls, names: tail.names().clone(), living: heap.living(), polls, allocs }
}

fn used(bytes: u64, count: u64, freed_bytes: u64, frees: u64, peak_bytes: u64) -> HeapUse {
    HeapUse { bytes, count, freed_bytes, frees, peak_bytes }
}

#[test]
fn own_and_total_are_told_apart() {
    #[profile]
    fn caller() {
        let kept = bytes(1_000);
        drop(bytes(100));
        callee();
        callee();
        drop(kept);
    }
    #[profile]
    fn callee() {
        drop(bytes(5_000));
        drop(bytes(0));
    }
    let seen = record(caller);
    let (caller, callee) = (seen.of("caller"), seen.of("callee"));
    assert_eq!(caller.own, used(1_100, 2, 1_100, 2, 6_000));
    assert_eq!(callee.own, used(10_000, 2, 10_000, 2, 5_000));
    assert_eq!((caller.total_bytes, caller.total_count), (11_100, 4));
    assert_eq!((callee.total_bytes, callee.total_count), (10_000, 2));
    assert_eq!(caller.living, Living { bytes: 0, count: 0, peak_bytes: 1_100 });
    assert_eq!(callee.living, Living { bytes: 0, count: 0, peak_bytes: 5_000 });
}

#[test]
fn a_span_without_an_allocation_has_none_of_ferrets_own() {
    #[profile]
    fn never() {
        let _span = ferret::span!("inside");
        ferret::tag!(number = 3, text = "text");
        ferret::mark!("mark");
        ferret::progress(1, 2);
        ferret::counter!("calls", 1);
        ferret::gauge!("level", 0.5);
    }
    /// Each has its names, of which the later ones have no room.
    #[profile(name = format_args!("call {n}"), tags(n))]
    fn named(n: u32) {
        let here = ferret::current_span();
        let _here = here.clone().enter();
        drop(ferret::span!(name = format_args!("block {n}")));
    }
    #[profile]
    fn refers() {
        let here = ferret::current_span();
        let _here = here.enter();
        named(u32::MAX);
    }
    // Enough for several chunks.
    let seen = record(|| {
        for n in 0..2_000 {
            never();
            named(n % 100);
            refers();
        }
    });
    assert_eq!(seen.calls.dropped(LogIndex(0)), 0);
    assert!(seen.rows.len() > 100);
    for (function, row) in seen.calls.functions().iter().zip(&seen.rows) {
        assert_eq!(*row, FunctionHeap::default(), "{}", function.info.name);
    }
}

#[test]
fn recursion_is_counted_once_in_the_total() {
    #[profile]
    fn dive(depth: u32) {
        let kept = bytes(100);
        if depth > 0 {
            dive(depth - 1);
        }
        drop(kept);
    }
    let seen = record(|| dive(199));
    let dive = seen.of("dive");
    assert_eq!(dive.own, used(20_000, 200, 20_000, 200, 20_000));
    assert_eq!((dive.total_bytes, dive.total_count), (20_000, 200));
}

#[test]
fn a_vector_that_grows_frees_and_allocates() {
    #[profile]
    fn grow() {
        let mut grows = bytes(16);
        grows.resize(16, 7);
        grows.reserve_exact(48);
        grows.reserve_exact(1_008);
        assert!(black_box(&grows).iter().all(|&byte| byte == 7));
        grows.shrink_to(100);
    }
    let seen = record(grow);
    let bytes = 16 + 64 + 1_024 + 100;
    assert_eq!(seen.of("grow").own, used(bytes, 4, bytes, 4, 1_024));
    assert_eq!(seen.of("grow").living, Living { bytes: 0, count: 0, peak_bytes: 1_024 });
}

#[test]
fn what_leaks_lives_at_the_end_and_so_does_what_is_held() {
    #[profile]
    fn leak() {
        (0..10).for_each(|_| std::mem::forget(bytes(64)));
        drop(bytes(1_000));
    }
    let seen = record(leak);
    assert_eq!(seen.of("leak").living, Living { bytes: 640, count: 10, peak_bytes: 1_640 });
    assert!(seen.living.unwrap().bytes >= 640);
}

#[test]
fn what_was_there_before_is_in_no_figure() {
    #[profile]
    fn free_it(old: Vec<u8>) {
        drop(old);
        drop(bytes(10));
    }
    let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let old = bytes(100_000);
    drop(turn);
    let seen = record(|| free_it(old));
    assert_eq!(seen.of("free_it").own, used(10, 1, 10, 1, 10));
}

#[test]
fn memory_is_taken_off_the_account_of_whoever_allocated_it() {
    #[profile]
    fn produce() -> Vec<u8> {
        bytes(4_096)
    }
    #[profile]
    fn consume(given: Vec<u8>) {
        drop(given);
    }
    let seen = record(|| {
        let (send, receive) = std::sync::mpsc::channel();
        let there = std::thread::Builder::new().spawn(move || receive.iter().for_each(consume));
        for _ in 0..100 {
            send.send(produce()).unwrap();
        }
        drop(send);
        there.unwrap().join().unwrap();
        std::mem::forget(produce());
    });
    assert_eq!(seen.of("produce").own, used(101 * 4_096, 101, 0, 0, 4_096));
    assert_eq!(seen.of("consume").own, used(0, 0, 100 * 4_096, 100, 0));
    let living = seen.of("produce").living;
    assert_eq!((living.bytes, living.count), (4_096, 1));
    assert_eq!(seen.of("consume").living, Living::default());
}

#[test]
fn a_panic_leaves_the_accounts_right() {
    #[profile]
    fn unwinds() {
        let _kept = bytes(300);
        std::panic::resume_unwind(Box::new([0_u8; 256]));
    }
    #[profile]
    fn catches() {
        let caught = std::panic::catch_unwind(unwinds);
        assert!(caught.is_err());
        drop(caught);
        std::mem::forget(bytes(32));
    }
    let seen = record(catches);
    let (unwinds, catches) = (seen.of("unwinds"), seen.of("catches"));
    // The runtime boxes the payload once more.
    assert!(unwinds.own.bytes >= 300 + 256);
    assert_eq!((unwinds.living.bytes, unwinds.living.count), (0, 0));
    assert_eq!((catches.own.bytes, catches.living.bytes), (32, 32));
    assert_eq!(catches.own.peak_bytes, unwinds.own.peak_bytes);
}

#[test]
fn spans_that_end_out_of_order_are_not_charged_afterwards() {
    let seen = record(|| {
        let outer = ferret::span!("outer frame");
        let first = ferret::span!("first frame");
        let second = ferret::span!("second frame");
        drop(first);
        std::mem::forget(bytes(7));
        drop(second);
        std::mem::forget(bytes(11));
        drop(outer);
    });
    for (name, bytes) in [("second frame", 7), ("outer frame", 11), ("first frame", 0)] {
        let row = seen.of(name);
        assert_eq!((row.own.bytes, row.living.bytes), (bytes, bytes), "{name}");
    }
}

/// Threads that allocate in spans of three functions, hand memory to each other, free what others
/// allocated, and keep some of it.
#[test]
fn what_lives_is_exactly_what_was_allocated_less_what_was_freed() {
    #[profile]
    fn small(n: usize) -> Vec<u8> {
        bytes(16 + n % 100)
    }
    #[profile]
    fn large(n: usize) -> Vec<u8> {
        small(n).into_boxed_slice();
        bytes(10_000 + n)
    }
    #[profile]
    fn frees(given: Vec<u8>) {
        drop(given);
    }
    let seen = record(|| {
        let (send, receive) = std::sync::mpsc::channel::<Vec<u8>>();
        let receive = std::sync::Arc::new(Mutex::new(receive));
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let (send, receive) = (send.clone(), std::sync::Arc::clone(&receive));
                let body = move || {
                    for n in 0..5_000 {
                        let memory = if n % 7 == thread { large(n) } else { small(n) };
                        match n % 50 {
                            0 => std::mem::forget(memory),
                            _ => send.send(memory).unwrap(),
                        }
                        let given = receive.lock().unwrap().try_recv();
                        if let Ok(given) = given {
                            frees(given);
                        }
                    }
                };
                std::thread::Builder::new().spawn(body).unwrap()
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        let receive = receive.lock().unwrap();
        while let Ok(given) = receive.try_recv() {
            drop(given);
        }
    });
    let kept: Vec<_> =
        (0..4).flat_map(|thread| (0..5_000).step_by(50).map(move |n| (thread, n))).collect();
    let is_large = |(thread, n): &(usize, usize)| n % 7 == *thread;
    let lives = |wanted: bool, size: fn(usize) -> usize| {
        let kept = kept.iter().filter(|at| is_large(at) == wanted);
        kept.fold((0, 0), |(bytes, count), (_, n)| (bytes + size(*n) as u64, count + 1))
    };
    let living = |name: &str| (seen.of(name).living.bytes, seen.of(name).living.count);
    assert_eq!(living("small"), lives(false, |n| 16 + n % 100));
    assert_eq!(living("large"), lives(true, |n| 10_000 + n));
    assert_eq!(living("frees"), (0, 0));
    assert_eq!(seen.calls.dropped(LogIndex(0)), 0);
    assert!(seen.names.callsites.len() >= 3);
}

#[test]
fn events_that_are_lost_take_nothing_off_what_lives() {
    #[profile]
    fn calls() {
        (0..50_000).for_each(kept);
    }
    #[profile]
    fn kept(n: usize) {
        drop(bytes(100));
        if n.is_multiple_of(1_000) {
            std::mem::forget(bytes(70));
        }
    }
    let seen = record_in(Some(1), || {
        let _root = ferret::span!("root");
        calls();
    });
    assert!(seen.calls.dropped(LogIndex(0)) > 0, "the buffer is small enough");
    let living = seen.of("kept").living;
    assert_eq!((living.bytes, living.count), (50 * 70, 50));
    assert!(seen.of("root").total_bytes <= 50_000 * 100 + 50 * 70);
    // What a lost span allocated is that of the recorded one below it.
    assert!(seen.of("calls").own.bytes > 0);
}

/// It must be seen while it does.
#[test]
fn a_span_that_never_ends_says_what_it_allocates() {
    #[profile]
    fn stuck(until: &dyn Fn() -> bool) {
        while !until() {
            (0..100).for_each(|_| drop(bytes(64)));
        }
    }
    let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let session = ferret::start(folder.path().join("run.redb")).unwrap();
    let path = session.path().to_owned();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::Builder::new().spawn(move || {
        stuck(&|| stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Disconnected));
    });
    let mut tail = Tail::open(&path, &ReadOptions::default()).unwrap();
    let deadline = deadline();
    let seen = loop {
        let entries = tail.poll(10_000).unwrap();
        let is_told = |what: &LogEntry| {
            matches!(what, LogEntry::Alloc { path, heap, .. }
                if tail.names().span_name(*path) == "stuck" && heap.count > 100)
        };
        if entries.iter().any(|entry| is_told(&entry.what)) {
            break true;
        }
        if deadline() {
            break false;
        }
        // Until there is more.
        session.flush(Duration::from_millis(200));
    };
    drop(stop);
    thread.unwrap().join().unwrap();
    drop(session);
    drop(turn);
    assert!(seen);
}
