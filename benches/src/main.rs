//! Ferret beside its peers, measured in one run.
//!
//! ```text
//! cargo run --release -p benches -- span       one call in each wrapping, beside two clock reads
//! cargo run --release -p benches -- million    ten million nested spans, whole processes
//! cargo run --release -p benches -- recorder   what Ferret's thread can do, and takes
//! cargo run --release -p benches -- latency    from one process to another
//! cargo run --release -p benches -- fleet      `ferret serve` for 200 processes with 30 days behind them
//! cargo run --release -p benches -- pairs      any two commands
//! cargo run --release -p benches -- short      all of it in a few seconds; so does `cargo bench`
//! ```
//!
//! With `--features peers` the other profilers are there, too. Markdown goes to stdout, JSON with
//! `--json FILE`. Machines differ and are noisy: only ratios within one run mean something.
//! docs/performance.md has a run, and what to make of it.

mod batches;
mod child;
mod clocks;
mod fleet;
mod latency;
mod log;
mod million;
mod pairs;
mod recorder;
mod report;
mod short;
mod span;
mod stats;
mod subjects;

use clap::{Parser, Subcommand};
use report::Report;
use std::path::PathBuf;

/// Measures Ferret, and other profilers beside it.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Writes everything as JSON, too.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// One call in each wrapping, beside two reads of the clock.
    Span(span::Span),
    /// Whole programs of millions of nested spans.
    Million(million::Million),
    /// What the recorder can do, and what it takes.
    Recorder(recorder::Recorder),
    /// From START in one process to decoded in another.
    Latency(latency::Latency),
    /// What `ferret serve` needs for very many processes with a long past.
    Fleet(fleet::Fleet),
    /// Two whole commands in turn.
    Pairs(pairs::Pairs),
    /// All of it in a few seconds, with checks.
    Short,
    /// The child of `span`.
    #[command(hide = true)]
    ServeBatches(batches::Batches),
    /// The child of `million`.
    #[command(hide = true)]
    RunProgram(million::Program),
    /// The child of `recorder`.
    #[command(hide = true)]
    Produce(recorder::Producer),
    /// The child of `latency`.
    #[command(hide = true)]
    BeProbed(latency::Probed),
}

fn main() -> anyhow::Result<()> {
    let Arguments { what, json } = Arguments::parse();
    let mut report = Report::new();
    let mut verdict = Ok(());
    report.tables = match what {
        What::Span(span) => span.run()?.0,
        What::Million(million) => million.run()?.0,
        What::Recorder(recorder) => vec![recorder.run()?],
        What::Latency(latency) => vec![latency.run()?],
        What::Fleet(fleet) => fleet.run()?,
        What::Pairs(pairs) => vec![pairs.run()?],
        What::Short => {
            let (tables, checked) = short::run()?;
            verdict = checked;
            tables
        }
        What::ServeBatches(batches) => return batches.serve(),
        What::RunProgram(program) => return program.run(),
        What::Produce(producer) => return producer.run(),
        What::BeProbed(probed) => return probed.run(),
    };
    report.write(json.as_deref())?;
    verdict
}
