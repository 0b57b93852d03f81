//! `ferret watch`: the run as it is now, on a screen, as plain lines, or once.

mod at;
mod before;
mod beside;
mod clipboard;
mod closeup;
mod counter_lines;
mod desk;
mod document;
mod front;
mod inputs;
mod journey;
mod kept;
#[cfg(test)]
pub(crate) mod made_up;
mod memory_limit;
mod moment;
mod once;
mod outside;
mod passing;
mod past;
mod plain;
mod plain_lines;
mod reading;
mod scan;
mod screen;
mod seek;
mod source;
mod status;
mod terminal;
mod travel;
mod write;

pub(crate) use status::StatusLines;

use crate::filter::Filter;
use crate::input;
use crate::tui::travel::Travel;
use crate::tui::ui::Ui;
use crate::tui::view::Colours;
use crate::when::{When, parse_duration};
use clap::Args;
use ferret::log::ReadOptions;
use source::{Source, Wanted};
use std::env;
use std::io::{IsTerminal as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Show what a program does while it runs, or did when it ended.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line")]
#[command(
    after_help = "Without LOG: $FERRET_LOG, else the newest log in this folder that is being \
    written; if there is none, waits for one. Press ? on the screen for its keys."
)]
pub(crate) struct WatchArgs {
    /// The log, with its whole run; several logs; or a folder of logs.
    #[arg(value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Print plain lines instead of a screen; so too if stdout is no terminal.
    #[arg(long)]
    plain: bool,
    /// Print the state once and exit.
    #[arg(long, conflicts_with = "plain")]
    once: bool,
    /// Print it as JSON.
    #[arg(long, requires = "once")]
    json: bool,
    /// Show the run as it was then: 14:03:10, +1m30s from its start, or RFC 3339.
    #[arg(long, value_name = "TIME", conflicts_with = "plain")]
    at: Option<When>,
    /// Show only what passes, as `transcri & dur > 100ms & !thread:worker-2`.
    #[arg(long, value_name = "EXPR")]
    filter: Option<Filter>,
    /// A process in which no span was open, none told of progress and no CPU was used for so long
    /// is shown as a zombie.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration)]
    zombie_after: Duration,
    /// Warn of a span that is open for so long; one that is open for ten times its own 99th percentile
    /// is warned of in any case.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    open_after: Option<Duration>,
    /// Never write, not even to repair the log of a program that was killed.
    #[arg(long)]
    read_only: bool,
}

/// Watches.
///
/// # Errors
///
/// The log cannot be read, or nobody takes the output.
pub(crate) fn run(args: &WatchArgs) -> anyhow::Result<ExitCode> {
    let options = ReadOptions { read_only: args.read_only };
    let mut source = Source::new(wanted(&args.logs)?, options);
    source.limits.open_ns = args.open_after.map(ns);
    let is_screen = stdout().is_terminal() && !args.plain;
    // Lines tell of what comes: of what was there is one look.
    let source = if args.once || (args.at.is_some() && !is_screen) {
        once::run(&mut source, args.filter.clone(), args.json, args.at)?;
        source
    } else if !is_screen {
        plain::run(source, args.filter.clone())?
    } else {
        source.from_end = true;
        let mut ui = Ui::new(args.filter.clone());
        ui.zombie_after_ns = ns(args.zombie_after);
        if let Some(when) = args.at {
            source.open_now()?;
            ui.travel = Travel::to(source.moment(when)?);
        }
        screen::run(source, ui, colours())?
    };
    Ok(source.run().map_or(ExitCode::SUCCESS, input::conclude))
}

/// What is to be watched.
fn wanted(logs: &[PathBuf]) -> anyhow::Result<Wanted> {
    if !logs.is_empty() {
        return Ok(Wanted::Named(logs.to_vec()));
    }
    match env::var_os("FERRET_LOG").filter(|path| !path.is_empty()) {
        Some(path) => Ok(Wanted::Named(vec![path.into()])),
        None => Ok(Wanted::Newest(env::current_dir()?)),
    }
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn colours() -> Colours {
    let none = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if none { Colours::None } else { Colours::Sixteen }
}
