//! The command line as typed: one subcommand a file, each with its own arguments there.

#[cfg(feature = "serve")]
use crate::{alert, serve};
use crate::{analyze, check, completions, descriptors, diff, export, log, man, run, watch};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Records what a Rust program is doing, shows it while it runs, and tells where the time went.
///
/// Annotate functions with `#[profile]`, start the program with `ferret run`, look at it with
/// `ferret watch` from a second terminal, and at what it did with `ferret analyze`.
#[derive(Debug, Parser)]
#[command(name = "ferret", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 fine, 1 a gate held, 2 usage or unreadable input, \
    3 the log is damaged. `ferret run` exits as its command does.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a command recording, and say at its end where the time went.
    Run(run::RunArgs),
    /// Show what a program does while it runs, or did when it ended.
    Watch(watch::WatchArgs),
    /// Tell where a run's time went.
    Analyze(analyze::AnalyzeArgs),
    /// Tell what changed between runs, and whether that may be chance.
    Diff(diff::DiffArgs),
    /// Send a message when a rule about programs that run holds.
    #[cfg(feature = "serve")]
    Alert(alert::AlertArgs),
    /// Not in this build: send a message when a rule about programs that run holds.
    #[cfg(not(feature = "serve"))]
    Alert(NotBuilt),
    /// Write a run in the form that another tool opens.
    Export(export::ExportArgs),
    /// Show what processes do in a browser, and tell other systems their numbers.
    #[cfg(feature = "serve")]
    Serve(serve::ServeArgs),
    /// Not in this build: show what processes do in a browser.
    #[cfg(not(feature = "serve"))]
    Serve(NotBuilt),
    /// Print the raw entries of a log, like tail -f.
    Log(log::LogArgs),
    /// Read all of a log, and say what was found.
    Check(check::CheckArgs),
    /// Print a completion script for a shell.
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write one page per command into a folder.
    Man(man::ManArgs),
}

/// Arguments of a command that is not there.
#[cfg(not(feature = "serve"))]
#[derive(Debug, clap::Args)]
pub(crate) struct NotBuilt {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<std::ffi::OsString>,
}

impl Command {
    /// Does it.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        if !matches!(self, Self::Run(_)) {
            descriptors::take_all();
        }
        match self {
            Self::Run(args) => Ok(run::run(args)),
            Self::Watch(args) => watch::run(args),
            Self::Analyze(args) => analyze::run(args),
            Self::Diff(args) => diff::run(args),
            #[cfg(feature = "serve")]
            Self::Alert(args) => alert::run(args),
            Self::Export(args) => export::run(args),
            #[cfg(feature = "serve")]
            Self::Serve(args) => serve::run(args),
            #[cfg(not(feature = "serve"))]
            Self::Alert(_) | Self::Serve(_) => anyhow::bail!(
                "this ferret was built without `serve` and `alert`: \
                 cargo install --path ferret-cli --features serve"
            ),
            Self::Log(args) => log::run(args),
            Self::Check(args) => check::run(args),
            Self::Completions(args) => completions::run(args),
            Self::Man(args) => man::run(args),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
