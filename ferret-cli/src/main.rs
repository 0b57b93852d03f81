//! The `ferret` binary: reads the command line, runs one command, turns its answer into an exit
//! code. What a command does is in the file of its name; what several share is in `when` (times as
//! people write them), `exit` (codes) and the files that say so.

mod args;
mod completions;
mod exit;
#[cfg_attr(not(test), expect(dead_code, reason = "its users, analyze and watch, land next"))]
mod filter;
#[cfg_attr(not(test), expect(dead_code, reason = "its other users, log and analyze, land next"))]
mod format;
mod man;
mod text;
mod tui;
mod watch;
#[cfg_attr(not(test), expect(dead_code, reason = "its users, log, analyze and watch, land next"))]
mod when;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match args::Cli::try_parse() {
        Ok(cli) => cli.command.run().unwrap_or_else(|error| exit::report(&error)),
        Err(error) => exit::report_usage(&error),
    }
}
