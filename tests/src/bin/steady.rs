//! A program under test that does what it is told, a line at a time: `MS RATE` runs spans for so many
//! milliseconds, so many a second in bursts of a millisecond (as many as it can, each with a note, for 0). It answers
//! with how many spans there were so far, and what one cost in the middle one of all bursts,
//! picoseconds: what a stalled machine does to a few of them is not the program's cost.

use ferret::profile;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

const BURST: Duration = Duration::from_millis(1);
/// Spans in a burst of a program that never pauses.
const MOST: u32 = 1_000;

const NOTE: &str = "a note of some length, as programs write them: what was asked for, by whom, from where, \
     how it was answered and how long that took, and why the one before was not answered at all";

#[profile]
fn work() {}

/// Takes much room in the log.
#[profile]
fn noted() {
    ferret::tag!(note = NOTE);
}

#[profile]
fn burst(spans: u32, work: fn()) {
    for _ in 1..spans {
        work();
    }
}

fn main() -> std::io::Result<()> {
    let mut spans = 0_u64;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut numbers = line.split(' ').map(|number| number.parse::<u32>().expect("a number"));
        let millis = numbers.next().expect("MS RATE");
        let rate = numbers.next().expect("MS RATE");
        let mut costs = run(Duration::from_millis(millis.into()), rate, &mut spans);
        costs.sort_unstable();
        let middle = costs.get(costs.len() / 2).copied().unwrap_or(0);
        writeln!(std::io::stdout(), "{spans} {middle}")?;
    }
    Ok(())
}

/// What a span cost in each burst, picoseconds.
#[expect(clippy::disallowed_methods, reason = "times spans, and paces itself")]
fn run(time: Duration, rate: u32, spans: &mut u64) -> Vec<u64> {
    let count = if rate == 0 { MOST } else { (rate / 1_000).max(1) };
    let start = Instant::now();
    let mut costs = Vec::new();
    while start.elapsed() < time {
        let began = Instant::now();
        burst(count, if rate == 0 { noted } else { work });
        let took = began.elapsed();
        costs.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX) * 1_000 / u64::from(count));
        *spans += u64::from(count);
        if rate > 0 {
            std::thread::sleep(BURST.saturating_sub(took));
        }
    }
    costs
}
