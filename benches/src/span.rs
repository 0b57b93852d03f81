//! `span`: what one call costs in each wrapping, beside two reads of the clock.
//!
//! Every subject runs in a process of its own; the parent asks one after the other for a batch, many
//! rounds, so that whatever else the machine does meets all of them. Between batches each hands over
//! what it recorded: what is timed is recording, not dropping.

use crate::batches::Sample;
use crate::child::{End, Worker};
use crate::log::count;
use crate::report::{Cell, Table};
use crate::stats::{Spread, per};
use crate::subjects;
use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};

/// How `span` is run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Span {
    /// Batches of each subject that are measured; three more warm it up.
    #[arg(long, default_value_t = 300)]
    pub(crate) rounds: usize,
    /// Calls in a batch.
    #[arg(long, default_value_t = 4_000)]
    pub(crate) calls: u32,
    /// Numbers of threads, one table each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2])]
    pub(crate) threads: Vec<usize>,
    /// Only these subjects, and the two it compares with.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// This program, built with feature `off`: adds the subject that is compiled out.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) compiled_out: Option<PathBuf>,
}

/// Rounds before those that count.
const WARM_UP: usize = 3;

const COLUMNS: &[(&str, &str)] = &[
    ("subject", "one call"),
    ("cpu_ns_min", "CPU ns, min"),
    ("cpu_ns_median", "median"),
    ("cpu_ns_p99", "p99"),
    ("wall_ns_median", "wall ns, median"),
    ("ratio", "x two clock reads"),
    ("lost", "lost"),
    ("peak_rss_mb", "peak RSS, MB"),
];

/// One subject and what was measured of it.
pub(crate) struct Measured {
    pub(crate) key: &'static str,
    name: &'static str,
    pub(crate) cpu_ns: Spread,
    wall_ns: Spread,
    lost: Option<u64>,
    /// Spans that Ferret dropped.
    pub(crate) dropped: u64,
    peak_rss_bytes: u64,
}

/// A subject at work.
struct Running {
    key: &'static str,
    name: &'static str,
    worker: Worker,
    samples: Vec<Sample>,
}

impl Span {
    /// The tables, and for those who look closer what is in them.
    pub(crate) fn run(&self) -> anyhow::Result<(Vec<Table>, Vec<Measured>)> {
        let (mut tables, mut all) = (Vec::new(), Vec::new());
        for &threads in &self.threads {
            let measured = self.measure(threads)?;
            tables.push(self.table(threads, &measured));
            all.extend(measured);
        }
        Ok((tables, all))
    }

    fn measure(&self, threads: usize) -> anyhow::Result<Vec<Measured>> {
        let folder = tempfile::tempdir()?;
        let mut running = self.start(threads, folder.path())?;
        for round in 0..WARM_UP + self.rounds {
            for subject in &mut running {
                subject.worker.ask()?;
                let samples: Vec<Sample> =
                    subject.worker.hear().with_context(|| subject.name.to_owned())?;
                if round >= WARM_UP {
                    subject.samples.extend(samples);
                }
            }
        }
        running.into_iter().map(|subject| subject.end(self.calls)).collect()
    }

    fn start(&self, threads: usize, folder: &Path) -> anyhow::Result<Vec<Running>> {
        let wanted = |key: &str| {
            ["bare", subjects::FLOOR].contains(&key)
                || self.only.is_empty()
                || self.only.iter().any(|only| only == key)
        };
        for key in &self.only {
            subjects::find(key)?;
        }
        let mut running = Vec::new();
        for subject in subjects::all() {
            if subject.call.is_some() && wanted(subject.key) {
                running.push(self.spawn(None, (subject.key, subject.name), threads, folder)?);
            }
            if let Some(program) = &self.compiled_out
                && subject.key == "switched-off"
            {
                let named = ("compiled-out", "ferret, compiled out");
                running.push(self.spawn(Some(program), named, threads, folder)?);
            }
        }
        Ok(running)
    }

    fn spawn(
        &self,
        program: Option<&Path>,
        (key, name): (&'static str, &'static str),
        threads: usize,
        folder: &Path,
    ) -> anyhow::Result<Running> {
        let folder = folder.join(key);
        std::fs::create_dir(&folder)?;
        // Compiled out, or recording off: the same call.
        let subject = if program.is_some() { "switched-off" } else { key };
        let arguments = [
            "serve-batches".into(),
            format!("--subject={subject}").into(),
            format!("--threads={threads}").into(),
            format!("--calls={}", self.calls).into(),
            "--folder".into(),
            folder.into_os_string(),
        ];
        let worker = Worker::start(program, &arguments)?;
        Ok(Running { key, name, worker, samples: Vec::new() })
    }

    fn table(&self, threads: usize, measured: &[Measured]) -> Table {
        let floor = measured.iter().find(|one| one.key == subjects::FLOOR);
        let row = |one: &Measured| {
            let ratio = floor.map(|floor| one.cpu_ns.median / floor.cpu_ns.median);
            vec![
                Cell::text(one.name),
                Cell::Number(one.cpu_ns.min, 1),
                Cell::Number(one.cpu_ns.median, 1),
                Cell::Number(one.cpu_ns.p99, 1),
                Cell::Number(one.wall_ns.median, 1),
                ratio.map_or(Cell::None, |ratio| Cell::Number(ratio, 2)),
                Cell::count(one.lost),
                Cell::megabytes(one.peak_rss_bytes),
            ]
        };
        let plural = if threads == 1 { "" } else { "s" };
        let mut notes = vec![format!(
            "{} batches of {} calls on each thread, a process for each subject, their batches in turn; CPU time is the calling threads'.",
            self.rounds, self.calls
        )];
        if self.compiled_out.is_none() {
            notes.push(
                "Compiled out: not measured; build with `--features off --target-dir target/off` and give `--compiled-out target/off/release/benches`."
                    .to_owned(),
            );
        }
        Table {
            title: format!("One call, {threads} thread{plural}"),
            columns: COLUMNS,
            rows: measured.iter().map(row).collect(),
            notes,
        }
    }
}

impl Running {
    fn end(self, calls: u32) -> anyhow::Result<Measured> {
        let Self { key, name, worker, samples } = self;
        let end: End = worker.end().with_context(|| name.to_owned())?;
        let dropped = end.log.as_deref().map(count).transpose()?.map(|counted| counted.dropped);
        ensure!(!samples.is_empty(), "{name}: no batch was measured");
        let spread = |ns: fn(&Sample) -> u64| {
            Spread::of(samples.iter().map(|sample| per(ns(sample), calls.into())))
                .context("no batches")
        };
        Ok(Measured {
            key,
            name,
            cpu_ns: spread(|sample| sample.cpu_ns)?,
            wall_ns: spread(|sample| sample.wall_ns)?,
            lost: dropped.or(end.lost),
            dropped: dropped.unwrap_or(0),
            peak_rss_bytes: end.peak_rss_bytes,
        })
    }
}
