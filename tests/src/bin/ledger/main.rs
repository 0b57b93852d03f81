//! A program to be killed: it records, and keeps a ledger of what it has recorded.
//!
//! ```text
//! ledger FILE lanes LANES SEED PACE      threads that follow their scripts
//! ledger FILE jobs  LANES SEED PACE      tasks that a few threads poll by turns
//! ```
//!
//! FILE is an empty ledger, made by who is going to kill; PACE is after how many events a thread pauses
//! for a millisecond, 0 for never. It records as much as fits into its chunks whatever the recorder
//! does, so that nothing may be dropped; then it waits for its end.

mod jobs;
mod lanes;

use ferret_tests::ledger::{Ledger, Phase};
use std::error::Error;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Events that fit into 16 MiB of chunks, with room to spare.
const MOST_EVENTS: u64 = 400_000;

/// How a thread goes about it.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Events in all.
    most: u64,
    /// Events between two pauses; 0 for none.
    between: u64,
}

impl Pace {
    /// Called before event `number`: pauses if that is due.
    fn pause(self, number: u64) {
        if self.between > 0 && number.is_multiple_of(self.between) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, what, lanes, seed, between] = arguments.as_slice() else {
        return Err("ledger FILE lanes|jobs LANES SEED PACE".into());
    };
    let (lanes, seed): (usize, u64) = (lanes.parse()?, seed.parse()?);
    let between = between.parse()?;
    // Leaked: threads that are killed look at it to the end.
    let ledger: &'static Ledger = Box::leak(Box::new(Ledger::open(Path::new(file))?));
    // A thread of scripts panics, on purpose and often.
    std::panic::set_hook(Box::new(|_| {}));
    ledger.enter(Phase::Starting);
    let _session = ferret::start("run.redb")?;
    ledger.enter(Phase::Recording);
    match what.as_str() {
        "lanes" => {
            let most = MOST_EVENTS / lanes.max(1) as u64;
            lanes::record(ledger, lanes, seed, Pace { most, between })
        }
        "jobs" => jobs::record(ledger, lanes, Pace { most: MOST_EVENTS, between }),
        other => Err(format!("{other}: no such thing to record").into()),
    }
}

/// Waits to be killed.
fn wait() -> ! {
    loop {
        thread::park();
    }
}
