//! `latency`: from the START of a span in one process until another has decoded it.
//!
//! The child profiles itself; this process follows its log as any reader does, and compares the time
//! that stands at an entry with the same clock when the entry arrives.

use crate::child::{Worker, answer};
use crate::clocks::{PATIENCE, Stopwatch, allocated_bytes};
use crate::recorder::pace;
use crate::report::{Cell, Table};
use crate::stats::{Spread, per};
use crate::subjects;
use anyhow::{Context as _, ensure};
use ferret::event::{LogEntry, LogIndex, PathId};
use ferret::log::{ReadOptions, Run, now};
use ferret::{Options, Overflow};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How `latency` is run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Latency {
    /// Spans that are waited for, in each setting.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) probes: u64,
    /// Sizes of the log when the reader comes, MB.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 400])]
    pub(crate) log_mb: Vec<u64>,
    /// Spans a second that the writer makes besides.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 500_000])]
    pub(crate) load: Vec<u64>,
}

/// What the child is to do.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Probed {
    #[arg(long)]
    folder: PathBuf,
    #[arg(long)]
    probes: u64,
    #[arg(long)]
    log_mb: u64,
    #[arg(long)]
    load: u64,
}

/// The child is ready to be read.
#[derive(Debug, Serialize, Deserialize)]
struct Ready {
    log: PathBuf,
}

/// The child has made its last probe.
#[derive(Debug, Serialize, Deserialize)]
struct Done {
    probes: u64,
}

/// The reader gives up this long after nothing came any more.
const GIVE_UP: Duration = Duration::from_secs(20);

const COLUMNS: &[(&str, &str)] = &[
    ("setting", "log, and the writer's load"),
    ("log_mb", "log, MB"),
    ("probes", "probes"),
    ("min_ms", "min, ms"),
    ("median_ms", "median, ms"),
    ("p99_ms", "p99, ms"),
    ("max_ms", "max, ms"),
    ("attach_ms", "to attach, ms"),
];

/// One setting, measured.
struct Followed {
    latency_ms: Spread,
    attach_ns: u64,
    log_bytes: u64,
}

impl Latency {
    pub(crate) fn run(&self) -> anyhow::Result<Table> {
        let mut rows = Vec::new();
        for &log_mb in &self.log_mb {
            for &load in &self.load {
                let followed = self.follow(log_mb, load)?;
                let size = if log_mb == 0 { "small" } else { "large" };
                let load = if load == 0 { "idle".to_owned() } else { format!("{load} spans/s") };
                rows.push(vec![
                    Cell::text(format!("{size}, {load}")),
                    Cell::megabytes(followed.log_bytes),
                    Cell::Count(self.probes),
                    Cell::Number(followed.latency_ms.min, 1),
                    Cell::Number(followed.latency_ms.median, 1),
                    Cell::Number(followed.latency_ms.p99, 1),
                    Cell::Number(followed.latency_ms.max, 1),
                    Cell::Number(per(followed.attach_ns, 1_000_000), 1),
                ]);
            }
        }
        Ok(Table {
            title: "From START in one process to decoded in another".to_owned(),
            columns: COLUMNS,
            rows,
            notes: vec![
                "Probes come 2 to 9 ms apart. Under load the reader decodes all other spans too. The log's size is that at the end."
                    .to_owned(),
            ],
        })
    }

    fn follow(&self, log_mb: u64, load: u64) -> anyhow::Result<Followed> {
        let folder = tempfile::tempdir()?;
        let mut writer = Worker::start(
            None,
            &[
                "be-probed".to_owned(),
                format!("--folder={}", folder.path().display()),
                format!("--probes={}", self.probes),
                format!("--log-mb={log_mb}"),
                format!("--load={load}"),
            ],
        )?;
        let Ready { log } = writer.hear()?;
        let watch = Stopwatch::start();
        let mut reader = Reader::attach(&log)?;
        let attach_ns = watch.elapsed_ns();
        writer.ask()?;
        let latencies = reader.follow(self.probes)?;
        let log_bytes = allocated_bytes(folder.path())?;
        let Done { probes } = writer.end()?;
        ensure!(probes == latencies.len() as u64, "{probes} probes, {} seen", latencies.len());
        let in_ms = latencies.into_iter().map(|ns| per(ns, 1_000_000));
        let latency_ms = Spread::of(in_ms).context("no probe was seen")?;
        Ok(Followed { latency_ms, attach_ns, log_bytes })
    }
}

/// Who follows the log: a `Tail`, woken by the run it belongs to.
struct Reader {
    run: Run,
    /// Where probes stand in the call tree, and where something else does.
    probes: BTreeSet<PathId>,
    others: BTreeSet<PathId>,
}

impl Reader {
    /// At the end of the log as it is now.
    fn attach(log: &Path) -> anyhow::Result<Self> {
        let mut run = Run::open(&[log.to_owned()], &ReadOptions::default())?;
        let tail = run.log_mut(LogIndex(0)).context("a run without a log")?;
        let end = tail.info().next_offset;
        tail.seek(end);
        tail.poll(1)?;
        Ok(Self { run, probes: BTreeSet::new(), others: BTreeSet::new() })
    }

    /// How old each probe was when it arrived, ns.
    fn follow(&mut self, probes: u64) -> anyhow::Result<Vec<u64>> {
        let mut latencies = Vec::new();
        let mut last = Stopwatch::start();
        while (latencies.len() as u64) < probes {
            ensure!(last.elapsed() < GIVE_UP, "no probe came for {GIVE_UP:?}");
            let tail = self.run.log_mut(LogIndex(0)).context("a run without a log")?;
            let entries = tail.poll(8_192)?;
            let arrived = now();
            if entries.is_empty() {
                self.run.wait(Duration::from_millis(100));
                continue;
            }
            for entry in entries {
                if let LogEntry::SpanStart { path, .. } = entry.what
                    && self.is_probe(path)
                {
                    latencies.push(arrived.since(entry.time));
                    last = Stopwatch::start();
                }
            }
        }
        Ok(latencies)
    }

    fn is_probe(&mut self, path: PathId) -> bool {
        if self.others.contains(&path) {
            return false;
        }
        if self.probes.contains(&path) {
            return true;
        }
        let is_probe =
            self.run.logs().first().is_some_and(|tail| tail.names().span_name(path) == "probe");
        if is_probe { &mut self.probes } else { &mut self.others }.insert(path);
        is_probe
    }
}

#[inline(never)]
#[ferret::profile]
fn probe(x: u64) -> u64 {
    x ^ 0x9e37
}

impl Probed {
    /// The child's side.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let options =
            Options { overflow: Overflow::Block, ..Options::new(self.folder.join("run.redb")) };
        let session = options.start()?;
        let tree = subjects::find("ferret-block")?.tree.context("a subject without a program")?;
        while allocated_bytes(&self.folder)? < self.log_mb * 1_000_000 {
            for x in 0..50_000 {
                black_box(tree(black_box(x)));
            }
        }
        ensure!(session.flush(PATIENCE), "the recorder hangs");
        answer(&Ready { log: session.path().to_owned() })?;
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| -> anyhow::Result<()> {
            if self.load > 0 {
                std::thread::Builder::new().name("load".to_owned()).spawn_scoped(scope, || {
                    // Relaxed: nothing is handed over.
                    while !is_over.load(Ordering::Relaxed) {
                        pace(tree, self.load, Duration::from_millis(200));
                    }
                })?;
            }
            for number in 0..self.probes {
                // Never in step with the recorder: 2 to 9 ms, by a sequence without a pattern.
                let pause = 2_000 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 7_000;
                std::thread::sleep(Duration::from_micros(pause));
                black_box(probe(black_box(number)));
            }
            is_over.store(true, Ordering::Relaxed);
            Ok(())
        })?;
        ensure!(session.flush(PATIENCE), "the recorder hangs");
        answer(&Done { probes: self.probes })?;
        // The log stays as it is until the reader has done with it.
        std::io::stdin().read_line(&mut line)?;
        drop(session);
        Ok(())
    }
}
