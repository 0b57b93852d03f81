//! `recorder`: what Ferret's own thread can do, and what it takes when there is little to do.

use crate::child::{self, answer};
use crate::clocks::{PATIENCE, Stopwatch, allocated_bytes, nanoseconds, recorder_cpu_ns};
use crate::log::count;
use crate::report::{Cell, Table};
use crate::stats::{Spread, per};
use crate::subjects::{self, SPANS_A_TREE};
use anyhow::{Context as _, ensure};
use ferret::{Options, Overflow};
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

/// How `recorder` is run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Recorder {
    /// Spans that it is given as fast as they can be made.
    #[arg(long, default_value_t = 5_000_000)]
    pub(crate) spans: u64,
    /// Seconds at each of the calm rates.
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Runs, in turn; the medians are shown.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
}

/// What a child is to do: make `spans` as fast as it can, or as many a second for some seconds.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Producer {
    #[arg(long)]
    folder: PathBuf,
    #[arg(long, default_value_t = 0)]
    spans: u64,
    #[arg(long, default_value_t = 0)]
    spans_per_second: u64,
    #[arg(long, default_value_t = 0)]
    seconds: u64,
}

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
struct Produced {
    log: PathBuf,
    spans: u64,
    wall_ns: u64,
    /// CPU time of the recorder in that time.
    recorder_ns: u64,
}

/// Spans a second of the calm programs.
const CALM: &[u64] = &[0, 10_000, 100_000, 1_000_000, 5_000_000];

const COLUMNS: &[(&str, &str)] = &[
    ("program", "program"),
    ("entries", "entries"),
    ("entries_per_cpu_s", "million entries a second of a core"),
    ("read_entries_per_cpu_s", "million read a second of a core"),
    ("bytes_per_span", "bytes a span"),
    ("recorder_percent", "% of a core"),
    ("lost", "lost"),
];

impl Recorder {
    pub(crate) fn run(&self) -> anyhow::Result<Table> {
        let mut rows = vec![self.busy()?];
        for &rate in CALM {
            rows.push(self.calm(rate)?);
        }
        Ok(Table {
            title: "The recorder".to_owned(),
            columns: COLUMNS,
            rows,
            notes: vec![format!(
                "CPU time is that of the recorder's thread: draining, folding, encoding, committing, sampling. Medians of {}; calm programs run for {} s each.",
                self.rounds, self.seconds
            )],
        })
    }

    fn busy(&self) -> anyhow::Result<Vec<Cell>> {
        let (mut written, mut read, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut entries, mut lost, mut share) = (0, 0, Vec::new());
        for _ in 0..self.rounds {
            let folder = tempfile::tempdir()?;
            let produced = produce(&[
                format!("--folder={}", folder.path().display()),
                format!("--spans={}", self.spans),
            ])?;
            let counted = count(&produced.log)?;
            ensure!(counted.spans > 0, "nothing was recorded");
            entries = counted.entries;
            lost += counted.dropped;
            written.push(per(counted.entries * 1_000, produced.recorder_ns));
            read.push(per(counted.entries * 1_000, counted.read_cpu_ns));
            bytes.push(per(allocated_bytes(folder.path())?, counted.spans));
            share.push(per(produced.recorder_ns * 100, produced.wall_ns));
        }
        let number = |values, digits| {
            Spread::of(values).map_or(Cell::None, |spread| Cell::Number(spread.median, digits))
        };
        Ok(vec![
            Cell::text("as fast as it can"),
            Cell::Count(entries),
            number(written, 1),
            number(read, 1),
            number(bytes, 2),
            number(share, 1),
            Cell::Count(lost),
        ])
    }

    fn calm(&self, rate: u64) -> anyhow::Result<Vec<Cell>> {
        let (mut share, mut lost, mut entries, mut bytes) = (Vec::new(), 0, 0, Vec::new());
        for _ in 0..self.rounds {
            let folder = tempfile::tempdir()?;
            let produced = produce(&[
                format!("--folder={}", folder.path().display()),
                format!("--spans-per-second={rate}"),
                format!("--seconds={}", self.seconds),
            ])?;
            let counted = count(&produced.log)?;
            entries = counted.entries;
            lost += counted.dropped;
            share.push(per(produced.recorder_ns * 100, produced.wall_ns));
            bytes.push(per(allocated_bytes(folder.path())?, counted.spans.max(1)));
        }
        let median =
            |values| Spread::of(values).context("no rounds").map(|spread: Spread| spread.median);
        Ok(vec![
            Cell::text(if rate == 0 { "idle".to_owned() } else { format!("{rate} spans/s") }),
            Cell::Count(entries),
            Cell::None,
            Cell::None,
            if rate == 0 { Cell::None } else { Cell::Number(median(bytes)?, 2) },
            Cell::Number(median(share)?, 2),
            Cell::Count(lost),
        ])
    }
}

fn produce(arguments: &[String]) -> anyhow::Result<Produced> {
    let mut all = vec!["produce".to_owned()];
    all.extend_from_slice(arguments);
    Ok(child::run(&all)?.1)
}

impl Producer {
    /// The child's side.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        // At a rate, nothing shall be lost though nothing waits.
        let overflow = if self.seconds > 0 { Overflow::Drop } else { Overflow::Block };
        let options = Options { overflow, ..Options::new(self.folder.join("run.redb")) };
        let session = options.start()?;
        let tree = subjects::find("ferret-block")?.tree.context("a subject without a program")?;
        // The thread and its names are known before it is timed.
        tree(1);
        ensure!(session.flush(PATIENCE), "the recorder hangs");
        let (watch, before) = (Stopwatch::start(), recorder_cpu_ns()?);
        let trees = if self.seconds > 0 {
            pace(tree, self.spans_per_second, Duration::from_secs(self.seconds))
        } else {
            for x in 0..self.spans / SPANS_A_TREE {
                black_box(tree(black_box(x)));
            }
            self.spans / SPANS_A_TREE
        };
        ensure!(session.flush(PATIENCE), "the recorder hangs");
        let (wall_ns, recorder_ns) = (watch.elapsed_ns(), recorder_cpu_ns()? - before);
        let log = session.path().to_owned();
        drop(session);
        answer(&Produced { log, spans: trees * SPANS_A_TREE, wall_ns, recorder_ns })
    }
}

/// Calls `tree` so often that it makes that many spans a second, in little bursts a millisecond
/// apart; how often that was.
pub(crate) fn pace(tree: fn(u64) -> u64, spans_per_second: u64, time: Duration) -> u64 {
    let watch = Stopwatch::start();
    let mut done = 0;
    while watch.elapsed() < time {
        let due = u128::from(watch.elapsed_ns()) * u128::from(spans_per_second)
            / u128::from(nanoseconds(Duration::from_secs(1)) * SPANS_A_TREE);
        while u128::from(done) < due {
            black_box(tree(black_box(done)));
            done += 1;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    done
}
