//! The `ferret` binary: reads the command line, runs one command, turns its answer into an exit
//! code. What a command does is in the file of its name; what several share is in `when` (times as
//! people write them), `exit` (codes) and the files that say so.

mod analyze;
mod args;
mod completions;
mod exit;
mod filter;
mod format;
mod man;
mod page;
mod progress;
mod table;
mod text;
mod tui;
mod watch;
mod when;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match args::Cli::try_parse() {
        Ok(cli) => cli.command.run().unwrap_or_else(|error| exit::report(&error)),
        Err(error) => exit::report_usage(&error),
    }
}
