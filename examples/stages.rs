//! A program in stages: each has a progress bar in `ferret watch`, and its wall time, peak memory
//! and CPU in `ferret analyze --by stage`.
//!
//! ```text
//! ferret run --plain -- target/debug/stages
//! ferret analyze run.redb --by stage
//! ```

use ferret::profile;
use std::thread;
use std::time::Duration;

#[profile(stage)]
fn read() -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    for number in 0..20 {
        ferret::progress(number, 20);
        blocks.push(read_one(number));
    }
    ferret::progress(20, 20);
    blocks
}

#[profile]
fn read_one(number: u64) -> Vec<u8> {
    // Stands for a slow disk.
    thread::sleep(Duration::from_millis(20));
    let size = 1 << 20;
    ferret::tag!(number, size);
    vec![number.to_le_bytes()[0]; size]
}

#[profile(stage, name = "sum up")]
fn sum_up(blocks: &[Vec<u8>]) -> u64 {
    let total = blocks.len() as u64;
    let sums = (1..).zip(blocks).map(|(done, block)| {
        let _span = ferret::span!("one block", bytes = block.len());
        ferret::progress(done, total);
        block.iter().map(|&byte| u64::from(byte)).sum::<u64>()
    });
    let sum = sums.sum();
    ferret::mark!("summed up");
    sum
}

fn main() {
    let blocks = read();
    println!("{}", sum_up(&blocks));
}
