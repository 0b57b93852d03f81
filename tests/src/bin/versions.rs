//! A program under test in several versions of itself: a dozen functions that only compute, with durations from 100 ns to
//! some 100 µs, skewed as real ones are. It does the same in every run, but for what it is told: rounds, by how many percent `encode` is
//! slower, and whether there is a function that others do not have.
//!
//! ```text
//! versions 400            as it is
//! versions 400 10         encode takes 10 % longer
//! versions 400 0 added    checks what it has made
//! versions 400 0 less     does not index
//! ```

use ferret::profile;
use std::hint::black_box;

/// What this version does.
#[derive(Clone, Copy, Debug)]
struct Version {
    rounds: u64,
    slower_percent: u64,
    is_added: bool,
    is_less: bool,
}

/// Computes for as long as `steps` says.
fn spin(steps: u64) -> u64 {
    // Half of it, so that sums have room.
    (0..steps).fold(steps, |sum, step| black_box(sum.rotate_left(5) ^ step)) >> 32
}

/// A number that looks random: mostly small, seldom up to eight times the middle, the same in every run.
fn skewed(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = mixed ^ mixed >> 29;
    64 + (mixed % 64) * (mixed >> 8) % 64 + if mixed.is_multiple_of(16) { mixed % 512 } else { 0 }
}

#[profile]
fn token(seed: u64) -> u64 {
    spin(10 + skewed(seed) / 16)
}

#[profile]
fn parse(seed: u64) -> u64 {
    (0..8).map(|part| token(seed + part)).sum::<u64>() + spin(skewed(seed))
}

#[profile]
fn transform(seed: u64) -> u64 {
    spin(20 * skewed(seed + 77))
}

#[profile]
fn encode(seed: u64, slower_percent: u64) -> u64 {
    let steps = 50 * skewed(seed + 5);
    spin(steps + steps * slower_percent / 100) + checksum(seed)
}

#[profile]
fn checksum(seed: u64) -> u64 {
    spin(5 * skewed(seed + 9))
}

#[profile]
fn index(seed: u64) -> u64 {
    spin(12 * skewed(seed + 3))
}

#[profile]
fn verify(seed: u64) -> u64 {
    spin(15 * skewed(seed + 4)) + checksum(seed)
}

#[profile]
fn store(seed: u64) -> u64 {
    (0..3).map(|part| write(seed + part)).sum()
}

#[profile]
fn write(seed: u64) -> u64 {
    spin(6 * skewed(seed + 11))
}

#[profile]
fn round(seed: u64, version: Version) -> u64 {
    let mut sum = parse(seed) + transform(seed) + encode(seed, version.slower_percent);
    if !version.is_less {
        sum += index(seed);
    }
    if version.is_added {
        sum += verify(seed);
    }
    sum + store(seed)
}

#[profile(stage)]
fn work(version: Version) -> u64 {
    (0..version.rounds).fold(0, |sum, seed| sum ^ round(seed, version))
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| {
        words.get(index).map_or(0, |word| word.parse().expect("versions ROUNDS [PERCENT [WORD]]"))
    };
    let says = |word: &str| words.get(2).is_some_and(|said| said == word);
    let version = Version {
        rounds: number(0),
        slower_percent: number(1),
        is_added: says("added"),
        is_less: says("less"),
    };
    black_box(work(version));
}
