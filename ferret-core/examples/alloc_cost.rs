//! What the wrapped allocator costs: `cargo run --release -p ferret-core --features alloc --example alloc_cost`.
//!
//! A subject allocates 64 bytes and frees them, a batch at a time, on one thread and on two at once.
//! The subjects take turns, many rounds, and the table gives medians, and their ratio to the
//! system's allocator in the same rounds. Machines differ and are noisy: only ratios within one run
//! mean something.

#![expect(unsafe_code, reason = "two allocators are called by hand, so that one run compares them")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::error::Error;
use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

static WRAPPED: ferret::Alloc = ferret::Alloc::system();

const ROUNDS: usize = 150;
const BATCH: u32 = 4_000;
const LAYOUT: Layout = Layout::new::<[u8; 64]>();

/// A way to do it.
struct Subject {
    name: &'static str,
    is_recorded: bool,
    batch: fn(),
}

const SUBJECTS: &[Subject] = &[
    Subject { name: "system", is_recorded: false, batch: system },
    Subject { name: "wrapped, recording off", is_recorded: false, batch: wrapped },
    Subject { name: "wrapped, in no recording's thread", is_recorded: true, batch: wrapped },
    Subject { name: "wrapped, in a span", is_recorded: true, batch: in_a_span },
    Subject { name: "wrapped, freed by another span", is_recorded: true, batch: by_another },
    Subject { name: "a span around each, system", is_recorded: true, batch: spans_around_system },
    Subject { name: "a span around each, wrapped", is_recorded: true, batch: spans_around_wrapped },
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut times = vec![[const { Vec::new() }; 2]; SUBJECTS.len()];
    for _ in 0..ROUNDS {
        for is_recorded in [false, true] {
            let session = is_recorded.then(|| ferret::start(folder.path().join("cost.redb")));
            let session = session.transpose()?;
            let subjects = SUBJECTS.iter().zip(&mut times);
            for (subject, times) in subjects.filter(|(s, _)| s.is_recorded == is_recorded) {
                for (threads, times) in (1..).zip(times) {
                    times.push(pair_ns(subject.batch, threads));
                    if let Some(session) = &session {
                        session.flush(Duration::from_secs(5));
                    }
                }
            }
        }
    }
    println!(
        "{:<36} {:>10} {:>7} {:>10} {:>7}",
        "allocate and free 64 B", "ns", "x", "2 threads", "x"
    );
    let medians: Vec<[f64; 2]> = times.into_iter().map(|times| times.map(median)).collect();
    for (subject, [one, two]) in SUBJECTS.iter().zip(&medians) {
        let ratios = [one / medians[0][0], two / medians[0][1]];
        let [one_x, two_x] = ratios;
        println!("{:<36} {one:>10.1} {one_x:>7.2} {two:>10.1} {two_x:>7.2}", subject.name);
    }
    Ok(())
}

/// Nanoseconds for one allocation and its free, each of `threads` threads doing a batch at once.
fn pair_ns(batch: fn(), threads: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let run = || {
        batch();
        barrier.wait();
        #[expect(clippy::disallowed_methods, reason = "a benchmark")]
        let start = Instant::now();
        batch();
        start.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH)
    };
    let times = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| std::thread::Builder::new().spawn_scoped(scope, run).expect("a thread"))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
    });
    times.iter().sum::<f64>() / f64::from(u32::try_from(threads).expect("a few"))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[inline(always)]
fn allocate(allocator: &impl GlobalAlloc) -> *mut u8 {
    // SAFETY: the layout is not empty.
    black_box(unsafe { allocator.alloc(LAYOUT) })
}

#[inline(always)]
fn free(allocator: &impl GlobalAlloc, memory: *mut u8) {
    // SAFETY: every subject frees with the allocator that it allocated with, and once.
    unsafe { allocator.dealloc(memory, LAYOUT) };
}

#[inline(always)]
fn pairs(allocator: &impl GlobalAlloc) {
    for _ in 0..BATCH {
        free(allocator, allocate(allocator));
    }
}

#[inline(never)]
fn system() {
    pairs(&System);
}

#[inline(never)]
fn wrapped() {
    pairs(&WRAPPED);
}

#[inline(never)]
#[ferret::profile]
fn in_a_span() {
    pairs(&WRAPPED);
}

#[inline(never)]
#[ferret::profile]
fn by_another() {
    let batch: Vec<*mut u8> = (0..BATCH).map(|_| allocate(&WRAPPED)).collect();
    let _span = ferret::span!("frees");
    for memory in batch {
        free(&WRAPPED, memory);
    }
}

#[inline(never)]
fn spans_around_system() {
    for _ in 0..BATCH {
        let _span = ferret::span!("system");
        free(&System, allocate(&System));
    }
}

#[inline(never)]
fn spans_around_wrapped() {
    for _ in 0..BATCH {
        let _span = ferret::span!("wrapped");
        free(&WRAPPED, allocate(&WRAPPED));
    }
}
