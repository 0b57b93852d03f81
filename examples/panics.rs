//! A panic: the spans it unwinds through are marked, the log ends cleanly, and the exit code is the
//! program's own, 101.
//!
//! ```text
//! ferret run -- target/debug/panics
//! ferret analyze run.redb
//! ```

use ferret::profile;

#[profile]
fn outer(numbers: &[u32]) -> u32 {
    numbers.iter().map(|&number| inner(100, number)).sum()
}

#[profile]
fn inner(dividend: u32, divisor: u32) -> u32 {
    dividend / divisor
}

fn main() {
    // The first panic is caught, and so is an event of the run, not its end.
    let caught = std::panic::catch_unwind(|| outer(&[5, 0]));
    println!("caught: {}", caught.is_err());
    outer(&[1, 2, 0]);
}
