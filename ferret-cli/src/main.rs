//! The `ferret` binary: reads the command line, runs one command, turns its answer into an exit
//! code. What a command does is in the file of its name; what several share is in `when` (times as
//! people write them), `exit` (codes) and the files that say so.

#[cfg(feature = "serve")]
mod alert;
mod analyze;
mod args;
mod callsite_names;
mod check;
mod child;
mod chosen;
mod completions;
mod death;
mod descriptors;
mod diff;
mod entry_line;
mod exit;
mod export;
mod filter;
mod flamegraph;
#[cfg(feature = "serve")]
mod fleet;
mod format;
mod input;
mod log;
#[cfg(test)]
mod made_up;
mod man;
mod markdown;
mod page;
mod pager;
mod passing;
mod progress;
mod reach;
mod run;
mod salvage;
#[cfg(feature = "serve")]
mod serve;
mod stop;
mod summary;
mod table;
mod text;
mod tmux;
mod tui;
mod watch;
mod when;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // redb panics on some damaged files; that becomes an error, which says all there is to say.
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !ferret::log::panics_are_damage() {
            tell(panic);
        }
    }));
    match args::Cli::try_parse() {
        Ok(cli) => cli.command.run().unwrap_or_else(|error| exit::report(&error)),
        Err(error) => exit::report_usage(&error),
    }
}
