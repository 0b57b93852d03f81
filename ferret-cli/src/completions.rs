//! `ferret completions SHELL`: a completion script on stdout, made from the command line's own
//! description, so that it cannot fall behind it.

use crate::args::Cli;
use clap::CommandFactory as _;
use clap_complete::Shell;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Arguments of `ferret completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "For bash:  ferret completions bash > \
    ~/.local/share/bash-completion/completions/ferret")]
pub(crate) struct CompletionsArgs {
    /// The shell to write for.
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    // Through memory: clap_complete panics when its writer fails.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ferret", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_a_script_that_names_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "ferret", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("completions"), "{shell}: {script}");
        }
    }
}
