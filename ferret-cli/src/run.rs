//! `ferret run`: starts a command recording, stays out of its way, and says at the end where the
//! time went. The command's output is its own; everything of ferret's goes to stderr.

use crate::child::{Ended, Signals};
use crate::exit::{self, Code, say};
use crate::watch::StatusLines;
use crate::{input, summary, tmux};
use anyhow::Context as _;
use ferret::event::{LogEntry, LogIndex, Offset, ProcessExit};
use ferret::log::{LogError, ReadOptions};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Arguments of `ferret run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exits with CMD's code, 128+N if signal N ended it, 127 if it is not \
    found, 126 if it cannot be executed, 125 if ferret itself fails.")]
pub(crate) struct RunArgs {
    /// Where to record. A finished run that is there is kept under a new name.
    #[arg(long, value_name = "FILE", default_value = "run.redb")]
    log: PathBuf,
    /// Show the run in a tmux pane beside this one.
    #[arg(long, conflicts_with = "plain")]
    split: bool,
    /// Write a status line a second to stderr.
    #[arg(long)]
    plain: bool,
    /// The command, and its arguments.
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
}

/// Runs the command to its end.
pub(crate) fn run(args: &RunArgs) -> ExitCode {
    start(args).unwrap_or_else(|error| {
        say(exit::sentence(&error));
        Code::RunFailed.into()
    })
}

fn start(args: &RunArgs) -> anyhow::Result<ExitCode> {
    if args.split {
        tmux::check(&args.log)?;
    }
    let (log, token) = ferret::log::prepare_run(&args.log)
        .with_context(|| format!("preparing {} for this run", args.log.display()))?;
    let (program, rest) = args.command.split_first().context("there is no command to run")?;
    let mut command = Command::new(program);
    command.args(rest).env("FERRET_LOG", &log).env("FERRET_RUN", token.to_string());
    let signals = Signals::catch().context("catching signals")?;
    let status = args.plain.then(|| StatusLines::start(&args.log)).transpose()?;
    #[expect(clippy::disallowed_methods, reason = "the run may leave no log to tell its duration")]
    let began = Instant::now();
    let running = match signals.spawn(&mut command) {
        Ok(running) => running,
        Err(error) => return Ok(not_started(program, &error).into()),
    };
    // The command runs: that it cannot be watched is no reason to end it.
    if args.split
        && let Err(error) = split(&log)
    {
        say(format_args!("{}; the command goes on without", exit::sentence(&error)));
    }
    let child = Child { pid: running.pid(), start_ticks: running.start_ticks() };
    let ended = running.wait().context("waiting for the command to end")?;
    drop(status);
    conclude(&args.log, &child, ended, began.elapsed());
    Ok(ExitCode::from(ended.shell_code()))
}

/// Which process the command was.
struct Child {
    pid: u32,
    start_ticks: u64,
}

/// Says why the command could not be started, with the code that shells give it.
fn not_started(program: &OsStr, error: &io::Error) -> Code {
    let name = program.display();
    let kind = error.kind();
    if kind == io::ErrorKind::NotFound {
        // A script whose interpreter is missing is "not found", too.
        let is_there = Path::new(program).exists();
        let what = if is_there { "its interpreter is not found" } else { "command not found" };
        say(format_args!("{name}: {what}"));
        Code::NotFound
    } else if matches!(kind, io::ErrorKind::OutOfMemory | io::ErrorKind::WouldBlock) {
        say(format_args!("{name} could not be started: {error}"));
        Code::RunFailed
    } else {
        say(format_args!("{name} cannot be executed: {error}"));
        Code::NotExecutable
    }
}

fn split(log: &Path) -> anyhow::Result<()> {
    let ferret = std::env::current_exe().context("finding ferret's own program")?;
    tmux::split(&ferret, &[OsStr::new("watch"), log.as_os_str()])
}

/// Writes the command's end into its log, and says what the run was. Whatever fails here, the
/// command's code is passed on.
fn conclude(log: &Path, child: &Child, ended: Ended, took: Duration) {
    let exit = match ended {
        Ended::Code(code) => ProcessExit::Code(code),
        Ended::Signal(signal) => ProcessExit::Signal(signal),
    };
    if let Err(error) = note_end(log, child, exit) {
        say(format_args!("how the command ended is not in its log: {}", exit::sentence(&error)));
    }
    if let Err(error) = summary::print(log, ended, took) {
        say(exit::sentence(&error));
    }
}

/// Appends `PROCESS_EXIT` to the command's own log. Where it was a shell, or recorded nothing, there
/// is none; where it became another program by `exec`, or recorded several times, it is the last.
fn note_end(log: &Path, child: &Child, exit: ProcessExit) -> anyhow::Result<()> {
    let mut run = match input::open(&[log.to_owned()], ReadOptions::default()) {
        Err(LogError::NotFound { .. }) => return Ok(()),
        run => run?,
    };
    let mut last = None;
    for index in 0..run.logs().len() {
        let Some(tail) = run.log_mut(LogIndex(index)) else { break };
        let info = tail.info();
        if info.pid != child.pid {
            continue;
        }
        let Some(entry) = input::entry_at(tail, Offset(0))? else { continue };
        // Pids come round; pid and start time together do not.
        if matches!(entry.what, LogEntry::ProcessStart(start) if start.start_ticks == child.start_ticks)
        {
            last = last.max(Some((entry.time, index)));
        }
    }
    if let Some((_, index)) = last {
        ferret::log::append_exit(&run.logs()[index], exit, ferret::log::now())?;
    }
    Ok(())
}
