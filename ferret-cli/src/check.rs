//! `ferret check`: reads all of a log and says what was found; with `--scavenge`, saves what is
//! left of one that no longer opens. A log whose process was killed is repaired by being opened, as
//! it is for every command.

use crate::exit::{Code, say};
use crate::{format, input};
use anyhow::{Context as _, bail};
use ferret::event::{LogIndex, Offset};
use ferret::log::{CheckReport, Integrity, ReadOptions, Tail};
use ferret::projections::{Process, Processes};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A process that ended said so within its last entries.
const LAST_WORDS: u64 = 256;

/// Arguments of `ferret check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exits with 3 if anything is damaged.")]
pub(crate) struct CheckArgs {
    /// The log; with it its family is checked. Or a folder.
    #[arg(value_name = "LOG", default_value = "run.redb")]
    log: PathBuf,
    /// Save every block that can still be found in the file LOG into a new log.
    #[arg(long, value_name = "OUT", conflicts_with = "read_only")]
    scavenge: Option<PathBuf>,
    /// Write nothing, not even to repair the log of a killed process.
    #[arg(long)]
    read_only: bool,
}

/// Checks, and reports.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    if let Some(out) = &args.scavenge {
        return scavenge(&args.log, out);
    }
    let options = ReadOptions { read_only: args.read_only, ..ReadOptions::default() };
    let run = input::open(std::slice::from_ref(&args.log), options)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut code = input::conclude(&run);
    for tail in run.logs() {
        let report = ferret::log::check(&tail.info().path, &options)?;
        let process = process(&mut Tail::open(&tail.info().path, &options)?)?;
        write_report(&mut out, &report, &process, ferret::is_alive(tail))?;
        if !report.is_sound() {
            code = Code::Damaged.into();
        }
    }
    out.flush()?;
    Ok(code)
}

fn scavenge(log: &Path, out: &Path) -> anyhow::Result<ExitCode> {
    if out.exists() {
        bail!("{} is there already: name a file that is not", out.display());
    }
    let saved = ferret::log::scavenge(log, out)
        .with_context(|| format!("saving what is left of {}", log.display()))?;
    let [entries, blocks, names] = [saved.entries, saved.blocks, saved.names].map(format::count);
    say(format_args!(
        "saved {entries} entries in {blocks} blocks, with {names} names, into {}",
        out.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Who wrote the log and how it ended, from its first entry and its last ones.
fn process(tail: &mut Tail) -> anyhow::Result<Process> {
    let mut processes = Processes::default();
    let first = input::entry_at(tail, Offset(0))?;
    tail.seek(Offset(tail.info().next_offset.0.saturating_sub(LAST_WORDS)));
    let last = tail.poll(usize::try_from(LAST_WORDS)?)?;
    for entry in first.iter().chain(&last) {
        processes.apply(LogIndex(0), entry);
    }
    Ok(processes.get(LogIndex(0)).cloned().unwrap_or_default())
}

fn write_report(
    out: &mut impl Write,
    report: &CheckReport,
    process: &Process,
    owned: Option<bool>,
) -> io::Result<()> {
    let info = &report.info;
    let state = process.state(owned, ferret::log::now());
    writeln!(out, "{}", info.path.display())?;
    writeln!(out, "  process   {} (pid {} on {}), {state}", process.name(), info.pid, info.host)?;
    let names = format::count(u64::try_from(report.names).unwrap_or(u64::MAX));
    writeln!(out, "  entries   {} and {names} names", format::count(report.entries))?;
    writeln!(out, "  size      {}", format::bytes(info.bytes))?;
    if info.first_offset.0 > 0 {
        writeln!(out, "  pruned    entries before {}", format::count(info.first_offset.0))?;
    }
    if info.salvaged_entries > 0 {
        let saved = format::count(info.salvaged_entries);
        writeln!(out, "  salvaged  {saved} entries, after its process died")?;
    }
    let pages = match info.integrity {
        Integrity::ThisBoot => "not verified: its process is writing to it",
        Integrity::Verified => "verified",
        Integrity::Broken => "not as they were written",
    };
    writeln!(out, "  pages     {pages}")?;
    for damage in &report.damages {
        writeln!(out, "  damaged   at entry {}: {}", damage.offset.0, damage.what)?;
    }
    let told = u64::try_from(report.damages.len()).unwrap_or(u64::MAX);
    if report.damage_count > told {
        let more = format::count(report.damage_count - told);
        writeln!(out, "  damaged   in {more} more places")?;
    }
    writeln!(out, "  {}", if report.is_sound() { "sound" } else { "damaged; the rest can be read" })
}
