//! A program whose allocator is wrapped: what each function allocates, by itself and with what it
//! calls, what lives at the end, and who made it.
//!
//! ```text
//! cargo build -p ferret-examples --features alloc --bin allocations
//! ferret run -- target/debug/allocations
//! ferret analyze run.redb
//! ferret analyze run.redb --fail-if 'any.live > 1MiB'
//! ```

use ferret::profile;

#[global_allocator]
static ALLOC: ferret::Alloc = ferret::Alloc::system();

/// Allocates what its caller keeps for a while.
#[profile]
fn load(kib: usize) -> Vec<u8> {
    let mut block = Vec::with_capacity(kib << 10);
    block.resize(kib << 10, 1);
    block
}

/// Allocates, and frees all of it.
#[profile]
fn checksum(block: &[u8]) -> u64 {
    let words: Vec<u64> = block.iter().map(|&byte| u64::from(byte)).collect();
    words.iter().sum()
}

/// Forgets what it allocates: LIVE shows that.
#[profile]
fn remember(sum: u64) {
    Box::leak(Box::new([sum; 1024]));
}

#[profile]
fn work() -> u64 {
    let blocks: Vec<Vec<u8>> = (1..=8).map(|number| load(64 * number)).collect();
    let sums = blocks.iter().map(|block| checksum(block));
    let sum = sums.sum();
    remember(sum);
    sum
}

fn main() {
    println!("{}", work());
}
