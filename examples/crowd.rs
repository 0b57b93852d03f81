//! Very many tasks at once: a hundred thousand guests, who wait most of the time. What it costs to
//! record them is bounded by how many there are, not by how long they stay.
//!
//! ```text
//! ferret run -- target/debug/crowd 100000
//! ferret watch run.redb --once
//! ```

use ferret::{Instrument, profile};
use std::time::Duration;

#[profile]
async fn guest(number: u64) {
    for course in 0..3 {
        tokio::time::sleep(Duration::from_millis(200 + (number * 7 + course) % 400)).await;
    }
}

#[profile]
async fn party(guests: u64) {
    let invited = (0..guests).map(|number| tokio::spawn(guest(number).in_current_span()));
    for guest in invited.collect::<Vec<_>>() {
        guest.await.expect("nobody panics");
    }
}

/// The most memory that the process has had, KiB: `VmHWM` of proc(5).
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let guests = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000);
    party(guests).await;
    println!("{guests} guests, peak {} KiB", peak_kib().unwrap_or(0));
}
