//! `pairs`: two whole commands in turn, and the second by the first.

use crate::clocks::{Stopwatch, children_cpu_ms, nanoseconds};
use crate::report::{Cell, Table};
use crate::stats::{Spread, per};
use anyhow::{Context as _, ensure};
use std::process::{Command, Stdio};

/// How `pairs` is run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Pairs {
    /// What is compared with, for a shell.
    #[arg(long, value_name = "COMMAND")]
    first: String,
    /// What is compared, for a shell.
    #[arg(long, value_name = "COMMAND")]
    second: String,
    /// Runs of each, in turn; every other pair begins with the second. One more run of each warms up.
    #[arg(long = "pairs", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

/// One run of a command.
#[derive(Clone, Copy, Debug)]
struct Run {
    wall_ns: u64,
    cpu_ms: u64,
}

const COLUMNS: &[(&str, &str)] = &[
    ("command", "command"),
    ("wall_s_min", "wall s, min"),
    ("wall_s", "median"),
    ("wall_s_max", "max"),
    ("cpu_s", "CPU s, median"),
    ("wall_ratio_min", "x first, wall, of a pair: min"),
    ("wall_ratio", "median"),
    ("wall_ratio_max", "max"),
    ("cpu_ratio", "x first, CPU, median"),
];

impl Pairs {
    pub(crate) fn run(&self) -> anyhow::Result<Table> {
        let mut pairs = Vec::new();
        for number in 0..=self.rounds {
            let pair = if number % 2 == 0 {
                let first = run(&self.first)?;
                (first, run(&self.second)?)
            } else {
                let second = run(&self.second)?;
                (run(&self.first)?, second)
            };
            if number > 0 {
                pairs.push(pair);
            }
        }
        let first: Vec<Run> = pairs.iter().map(|pair| pair.0).collect();
        let second: Vec<Run> = pairs.iter().map(|pair| pair.1).collect();
        Ok(Table {
            title: "Two commands".to_owned(),
            columns: COLUMNS,
            rows: vec![row("first", &first, &first)?, row("second", &second, &first)?],
            notes: vec![
                format!("First: `{}`", self.first),
                format!("Second: `{}`", self.second),
                format!(
                    "{} pairs, one beside the other in time, every other one the other way round. A ratio is of a pair; CPU time is all that the command's processes had.",
                    self.rounds
                ),
            ],
        })
    }
}

fn row(name: &str, runs: &[Run], first: &[Run]) -> anyhow::Result<Vec<Cell>> {
    let spread = |value: fn(&Run) -> f64| Spread::of(runs.iter().map(value)).context("no runs");
    let ratio = |value: fn(&Run) -> u64| {
        let of_pairs = runs.iter().zip(first).map(|(run, first)| per(value(run), value(first)));
        Spread::of(of_pairs).context("no runs")
    };
    let wall = spread(|run| per(run.wall_ns, 1_000_000_000))?;
    let cpu = spread(|run| per(run.cpu_ms, 1_000))?;
    let (wall_ratio, cpu_ratio) = (ratio(|run| run.wall_ns)?, ratio(|run| run.cpu_ms.max(1))?);
    Ok(vec![
        Cell::text(name),
        Cell::Number(wall.min, 2),
        Cell::Number(wall.median, 2),
        Cell::Number(wall.max, 2),
        Cell::Number(cpu.median, 2),
        Cell::Number(wall_ratio.min, 3),
        Cell::Number(wall_ratio.median, 3),
        Cell::Number(wall_ratio.max, 3),
        Cell::Number(cpu_ratio.median, 3),
    ])
}

fn run(command: &str) -> anyhow::Result<Run> {
    let (before, watch) = (children_cpu_ms()?, Stopwatch::start());
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = shell.status().with_context(|| format!("running {command}"))?;
    let wall_ns = nanoseconds(watch.elapsed());
    ensure!(status.success(), "`{command}` failed: {status}");
    Ok(Run { wall_ns, cpu_ms: children_cpu_ms()? - before })
}
