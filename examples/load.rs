//! A program as readers meet them: a few threads, a dozen functions, five deep, so many spans a second in all.
//! Without a rate it runs as fast as it can.
//!
//! ```text
//! FERRET_LOG=run.redb target/release/load 20 200000
//! ```

use ferret::profile;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// Threads that serve.
const THREADS: u64 = 3;
/// Spans of one [`request`].
const SPANS: u64 = 25;

#[profile(stage)]
fn serve(seconds: u64, rate: u64) {
    #[expect(clippy::disallowed_methods, reason = "paces itself")]
    let began = Instant::now();
    let mut requests = 0;
    loop {
        let elapsed = began.elapsed();
        if elapsed.as_secs() >= seconds {
            return;
        }
        let due = u128::from(rate) * elapsed.as_millis() / u128::from(1_000 * SPANS * THREADS);
        let due = if rate == 0 { u128::from(requests) + 64 } else { due };
        while u128::from(requests) < due {
            request(requests);
            requests += 1;
        }
        if rate > 0 {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[profile]
fn request(number: u64) -> u64 {
    if number.is_multiple_of(4_096) {
        ferret::tag!(number = number);
    }
    let query = parse(number);
    let rows = select(query);
    render(rows)
}

#[profile]
fn parse(number: u64) -> u64 {
    (0..4).map(|part| token(number.wrapping_add(part))).fold(0, u64::wrapping_add)
}

#[profile]
fn token(part: u64) -> u64 {
    work(part, 3)
}

#[profile]
fn select(query: u64) -> u64 {
    scan(plan(query))
}

#[profile]
fn plan(query: u64) -> u64 {
    work(query, 20)
}

#[profile]
fn scan(plan: u64) -> u64 {
    (0..6).map(|index| row(plan.wrapping_add(index))).fold(0, u64::wrapping_add)
}

#[profile]
fn row(index: u64) -> u64 {
    cell(index).wrapping_add(work(index, 5))
}

#[profile]
fn cell(index: u64) -> u64 {
    work(index, index % 16)
}

#[profile]
fn render(rows: u64) -> u64 {
    (0..3).map(|part| escape(rows.wrapping_add(part))).fold(0, u64::wrapping_add)
}

#[profile]
fn escape(part: u64) -> u64 {
    work(part, 8)
}

/// So much that nobody sees.
fn work(seed: u64, rounds: u64) -> u64 {
    (0..rounds).fold(seed, |sum, round| black_box(sum).rotate_left(7) ^ round)
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let (seconds, rate) = (arguments.next().unwrap_or(20), arguments.next().unwrap_or(0));
    let worker = |number: u64| {
        let name = format!("worker-{number}");
        let thread = thread::Builder::new().name(name).spawn(move || serve(seconds, rate));
        thread.expect("there is room for a few threads")
    };
    let workers: Vec<_> = (1..=THREADS).map(worker).collect();
    for worker in workers {
        worker.join().expect("it does not panic");
    }
}
