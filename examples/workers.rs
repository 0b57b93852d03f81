//! A pool of threads that count primes, each under its own name, and a function that fails now and
//! then: its errors are counted by themselves.
//!
//! The log is started by the program: `FERRET_LOG`, or `ferret run`, would win over the path here.
//!
//! ```text
//! cargo run -p ferret-examples --bin workers
//! ferret analyze run.redb --by thread
//! ```

use ferret::profile;
use std::sync::{Mutex, mpsc};
use std::thread;

#[profile]
fn work(jobs: &Mutex<mpsc::Receiver<u64>>) -> u64 {
    let mut found = 0;
    while let Some(limit) = next(jobs) {
        match primes_below(limit) {
            Ok(count) => found += count,
            Err(why) => eprintln!("job {limit}: {why}"),
        }
    }
    found
}

/// Its total is the time this thread waited for a job.
#[profile]
fn next(jobs: &Mutex<mpsc::Receiver<u64>>) -> Option<u64> {
    jobs.lock().ok()?.recv().ok()
}

#[profile(tags(limit))]
fn primes_below(limit: u64) -> Result<u64, &'static str> {
    if limit.is_multiple_of(7) {
        return Err("it does not like multiples of seven");
    }
    Ok((2..limit).filter(|&number| is_prime(number)).map(|_| 1).sum())
}

// Too small and too often called to be worth a span.
fn is_prime(number: u64) -> bool {
    (2..=number.isqrt()).all(|factor| !number.is_multiple_of(factor))
}

fn main() -> Result<(), ferret::StartError> {
    let _session = ferret::start("run.redb")?;
    let (sender, jobs) = mpsc::channel();
    let jobs = Mutex::new(jobs);
    let found: u64 = thread::scope(|scope| {
        let workers: Vec<_> = (1..=3)
            .map(|number| {
                let worker = thread::Builder::new().name(format!("worker-{number}"));
                worker.spawn_scoped(scope, || work(&jobs)).expect("a thread starts")
            })
            .collect();
        for job in 0..60 {
            sender.send(job * 500).expect("somebody receives");
        }
        drop(sender);
        workers.into_iter().map(|worker| worker.join().expect("no worker panics")).sum()
    });
    println!("{found} primes");
    Ok(())
}
