//! What a span costs: `cargo run --release -p benches`.
//!
//! Each subject runs a batch of calls, the subjects in turn, many rounds; the table gives the
//! median batch, a call, and its ratio to two reads of the clock, which is the least a span can
//! cost. Between rounds the recorder catches up, so that what is timed is recording and not
//! dropping; the last line says whether it did. Machines differ and are noisy: only ratios within
//! one run mean something.

mod subjects;

use ferret::event::LogEntry;
use ferret::log::{ReadOptions, Tail};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};
use subjects::SUBJECTS;

const ROUNDS: usize = 400;
const BATCH: u32 = 2_000;

fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let session = ferret::start(folder.path().join("bench.redb"))?;
    let log = session.path().to_owned();
    let mut rounds = vec![Vec::with_capacity(ROUNDS); SUBJECTS.len()];
    for _ in 0..ROUNDS {
        for (subject, times) in SUBJECTS.iter().zip(&mut rounds) {
            times.push(batch_ns(subject.call));
        }
        anyhow::ensure!(session.flush(Duration::from_secs(5)), "the recorder hangs");
    }
    drop(session);
    let medians: Vec<f64> = rounds.into_iter().map(median).collect();
    let floor = SUBJECTS.iter().position(|subject| subject.is_floor).unwrap_or(0);
    println!("{:<38} {:>8}  {:>20}", "one call", "ns", "x two clock reads");
    for (subject, median) in SUBJECTS.iter().zip(&medians) {
        println!("{:<38} {median:>8.1}  {:>20.2}", subject.name, median / medians[floor]);
    }
    let (recorded, dropped) = count(&log)?;
    println!("spans recorded: {recorded}, dropped: {dropped}");
    Ok(())
}

/// Spans that are in the log, and spans that it says are not.
fn count(log: &Path) -> anyhow::Result<(u64, u64)> {
    let mut tail = Tail::open(log, &ReadOptions::default())?;
    let (mut recorded, mut dropped) = (0, 0);
    loop {
        let entries = tail.poll(100_000)?;
        if entries.is_empty() {
            return Ok((recorded, dropped));
        }
        for entry in entries {
            if let LogEntry::SpanEnd { .. } = entry.what {
                recorded += 1;
            } else if let LogEntry::Dropped { spans, .. } = entry.what {
                dropped += spans;
            }
        }
    }
}

/// Nanoseconds a call, over one batch.
fn batch_ns(call: fn(u64) -> u64) -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a benchmark")]
    let start = Instant::now();
    let mut x = 1;
    for _ in 0..BATCH {
        x = call(black_box(x));
    }
    black_box(x);
    start.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
