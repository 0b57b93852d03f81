//! Exit codes, and how a failure is told: one sentence on stderr, the causes behind it. A closed
//! pipe is no failure: whoever read our output had enough.

use crate::text::printable;
use ferret::log::LogError;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

/// What ferret's exit codes mean; `ferret run` passes its command's code on instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Code {
    /// A gate held.
    GateHeld = 1,
    /// Usage or unreadable input.
    Unreadable = 2,
    /// The log is damaged; what could be read is printed.
    Damaged = 3,
    /// `ferret run` itself failed; like `env` and `timeout`.
    RunFailed = 125,
    /// `ferret run`: the command is there and cannot be executed.
    NotExecutable = 126,
    /// `ferret run`: there is no such command.
    NotFound = 127,
    /// Ctrl-C ended it; what was read by then is printed. As a shell says it of SIGINT.
    Interrupted = 130,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// Says on stderr why a command failed; the exit code for it.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        return ExitCode::SUCCESS;
    }
    say(sentence(error));
    let is_damage = error.downcast_ref::<LogError>().is_some_and(LogError::is_damage);
    if is_damage { Code::Damaged.into() } else { Code::Unreadable.into() }
}

/// An error and its causes in one line; a cause that its error quotes is not told twice.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    error.chain().skip(1).map(ToString::to_string).fold(error.to_string(), |text, cause| {
        if text.ends_with(&cause) { text } else { format!("{text}: {cause}") }
    })
}

/// Prints what clap found wrong with the command line, or the help that was asked for.
pub(crate) fn report_usage(error: &clap::Error) -> ExitCode {
    // Nobody reads it: then there is nobody to tell either.
    error.print().ok();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    // What follows `run` belongs to the command it starts, whose codes must stay its own.
    let is_run = std::env::args_os().nth(1).is_some_and(|verb| verb == "run");
    if is_run { Code::RunFailed.into() } else { Code::Unreadable.into() }
}

/// One line of ferret's own on stderr, in which no name moves the cursor.
pub(crate) fn say(line: impl Display) {
    let line = line.to_string();
    // A closed stderr must not stop the work that the line tells of.
    writeln!(io::stderr().lock(), "ferret: {}", printable(&line)).ok();
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(is_broken_pipe)
}

fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn a_cause_that_its_error_quotes_is_not_told_twice() {
        let error = anyhow::anyhow!("no space").context("writing: no space").context("saving");
        assert_eq!(sentence(&error), "saving: writing: no space");
    }

    #[test]
    fn a_closed_pipe_is_found_behind_its_context() {
        let closed = io::Error::from(ErrorKind::BrokenPipe);
        let error = Err::<(), _>(closed).context("printing the entries").unwrap_err();
        assert!(is_closed_pipe(&error));
        assert!(!is_closed_pipe(&anyhow::anyhow!("something else")));
    }
}
