//! A program that never rests: so many spans a second for so many seconds, and what it takes meanwhile,
//! a line a second. With a limit its log stays as large as that, and its memory as large as ever.
//!
//! ```text
//! FERRET_LOG=run.redb FERRET_MAX_BYTES=16MiB target/release/soak 60 200000
//! ```

use ferret::{Instrument, profile, task};
use std::os::unix::fs::MetadataExt;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

#[profile]
fn item(number: u64) -> u64 {
    (0..4).map(|part| step(number + part)).sum()
}

#[profile]
fn step(number: u64) -> u64 {
    std::hint::black_box(number) % 7
}

/// A thread of its own, as some servers have one for each request.
#[profile]
fn request() {
    step(1);
}

/// Spans of one [`item`].
const SPANS: u64 = 5;

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let (seconds, rate) = (arguments.next().unwrap_or(20), arguments.next().unwrap_or(200_000));
    let mut waits = pin!(std::future::pending::<()>().instrument(task!("waits")));
    assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    #[expect(clippy::disallowed_methods, reason = "paces itself")]
    let began = Instant::now();
    let (mut items, mut second) = (0, 0);
    while second < seconds {
        let elapsed = began.elapsed();
        let due = u128::from(rate / SPANS) * elapsed.as_millis() / 1_000;
        while u128::from(items) < due {
            item(items);
            items += 1;
        }
        let thread = std::thread::Builder::new().name("request".to_owned()).spawn(request);
        thread.expect("there is room for one more").join().expect("it does not panic");
        if elapsed.as_secs() > second {
            second += 1;
            println!("{second} s  {} KiB  {} KiB on disk", resident_kib(), on_disk_kib());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // What waits, waits to the end.
    std::process::exit(0);
}

/// `VmRSS` of proc(5).
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// What the log takes; 0 where there is none.
fn on_disk_kib() -> u64 {
    let log = std::env::var_os("FERRET_LOG").and_then(|path| std::fs::metadata(path).ok());
    log.map_or(0, |log| log.blocks() / 2)
}
