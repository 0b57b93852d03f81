//! A worker that says more than which function runs: how far it is, what it has read, how long its
//! queue is, and when something happened that explains the rest.
//!
//! ```text
//! ferret run --plain -- target/debug/counters
//! ferret log run.redb
//! ```

use ferret::profile;
use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

const JOBS: u64 = 40;

#[profile]
fn work(mut queue: VecDeque<u64>) -> u64 {
    let mut sum = 0;
    while let Some(job) = queue.pop_front() {
        // A level, and what a reader sees is the last one.
        ferret::gauge!("queue", queue.len());
        sum += checksum(job);
        // Of this span: a bar, and the time it has left.
        ferret::progress(JOBS - queue.len() as u64, JOBS);
        if job == JOBS / 2 {
            // An instant, at which the jobs become larger.
            ferret::mark!("large jobs from here");
        }
    }
    sum
}

#[profile(tags(job))]
fn checksum(job: u64) -> u64 {
    let bytes = fetch(if job < JOBS / 2 { 10_000 } else { 40_000 });
    let mut sum = 0;
    for block in bytes.chunks(100) {
        sum = block.iter().fold(sum, |sum, byte| (sum << 1) ^ u64::from(*byte));
        // Counted in a tight loop, and yet a few entries in the log.
        ferret::counter!("bytes read", block.len());
    }
    sum
}

#[profile]
fn fetch(size: usize) -> Vec<u8> {
    // Stands for a slow disk.
    thread::sleep(Duration::from_millis(5));
    vec![0x5a; size]
}

fn main() {
    println!("{:x}", work((0..JOBS).collect()));
}
