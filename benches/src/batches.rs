//! The child's side of `span`: one subject on some threads, a batch of calls whenever the parent
//! asks, timed by each thread itself.

use crate::child::{End, answer};
use crate::clocks::{Stopwatch, thread_cpu_ns};
use crate::subjects::{self, Subject};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, scope};

/// What the child is to do.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Batches {
    #[arg(long)]
    pub(crate) subject: String,
    #[arg(long)]
    pub(crate) threads: usize,
    #[arg(long)]
    pub(crate) calls: u32,
    #[arg(long)]
    pub(crate) folder: PathBuf,
}

/// One thread's batch.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) wall_ns: u64,
    pub(crate) cpu_ns: u64,
}

impl Batches {
    /// A batch for each line on stdin, until there are no more.
    pub(crate) fn serve(&self) -> anyhow::Result<()> {
        let subject = subjects::find(&self.subject)?;
        let mut profiler = (subject.library.start)(&self.folder)?;
        let met = AtomicUsize::new(0);
        let rounds = scope(|scope| -> anyhow::Result<u64> {
            let (done, samples) = channel();
            let mut threads = Vec::new();
            for number in 0..self.threads {
                let (go, orders) = channel();
                let (done, met) = (done.clone(), &met);
                Builder::new()
                    .name(format!("batches-{number}"))
                    .spawn_scoped(scope, move || self.work(subject, met, &orders, &done))?;
                threads.push(go);
            }
            // Whoever panics is then missed, not waited for.
            drop(done);
            let mut rounds = 0;
            for line in std::io::stdin().lines() {
                line?;
                for thread in &threads {
                    thread.send(()).context("a thread has panicked")?;
                }
                let round: Vec<Sample> = samples.iter().take(self.threads).collect();
                profiler.settle()?;
                answer(&round)?;
                rounds += 1;
            }
            Ok(rounds)
        })?;
        let made = rounds * self.threads as u64 * u64::from(self.calls);
        let kept = profiler.finish(made)?;
        answer(&End::now(made, kept)?)
    }

    fn work(
        &self,
        subject: &Subject,
        met: &AtomicUsize,
        orders: &Receiver<()>,
        done: &Sender<Sample>,
    ) {
        let Some(call) = subject.call else { return };
        for (round, ()) in (1..).zip(orders) {
            // All threads begin together. Relaxed: nothing is handed over.
            met.fetch_add(1, Ordering::Relaxed);
            while met.load(Ordering::Relaxed) < round * self.threads {
                std::hint::spin_loop();
            }
            (subject.library.around)(&mut || {
                // Nobody hears only if the parent is gone: then no order comes either.
                done.send(time(call, self.calls)).unwrap_or_default();
            });
        }
    }
}

fn time(call: fn(u64) -> u64, calls: u32) -> Sample {
    let (cpu, wall) = (thread_cpu_ns(), Stopwatch::start());
    let mut x = 1;
    for _ in 0..calls {
        x = call(black_box(x));
    }
    black_box(x);
    let wall_ns = wall.elapsed_ns();
    Sample { wall_ns, cpu_ns: thread_cpu_ns() - cpu }
}
