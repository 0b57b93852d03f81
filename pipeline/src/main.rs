//! The command line of the pipeline: arguments in, lines out, an exit code.
//!
//! 0: all episodes are done. 1: something failed, and was said. 2: the arguments make no sense. 130: stopped by Ctrl-C.

mod cli;
mod commands;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use pipeline::interrupt::Interrupt;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = wait_without_spinning() {
        // Only speed is lost.
        eprintln!(
            "pipeline: OMP_WAIT_POLICY could not be set ({error}); transcription may be slow"
        );
    }
    let mut out = io::stdout().lock();
    let result = match cli.command {
        Command::Run(args) => commands::run::run(&args, &stop_on_ctrl_c(), &mut out),
        Command::Search(args) => commands::search::search(&args, &mut out),
        Command::Digest(args) => commands::digest::digest(&args, &mut out),
        Command::Status(args) => commands::status::status(&args, &mut out),
        Command::ConvertModel(args) => commands::convert_model::convert_model(&args, &mut out),
    };
    let result = result.and_then(|code| Ok(out.flush().map(|()| code)?));
    match result {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pipeline: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The first Ctrl-C (or SIGTERM) asks for an orderly end, the second ends at once.
fn stop_on_ctrl_c() -> Interrupt {
    let interrupt = Interrupt::default();
    let asked = interrupt.clone();
    let set = ctrlc::set_handler(move || {
        if asked.request() {
            std::process::exit(130);
        }
        eprintln!("pipeline: stopping after the piece at hand; once more ends at once");
    });
    if let Err(error) = set {
        eprintln!("pipeline: Ctrl-C will end the program at once ({error})");
    }
    interrupt
}

/// whisper.cpp's threads spin while they wait, and two that spin lose to one on a busy machine. The OpenMP runtime reads its
/// setting before `main`, so the program starts itself once more with it.
#[cfg(unix)]
fn wait_without_spinning() -> io::Result<()> {
    use std::os::unix::process::CommandExt;

    const SETTING: &str = "OMP_WAIT_POLICY";
    if std::env::var_os(SETTING).is_some() {
        return Ok(());
    }
    let mut again = std::process::Command::new(std::env::current_exe()?);
    Err(again.args(std::env::args_os().skip(1)).env(SETTING, "passive").exec())
}

#[cfg(not(unix))]
fn wait_without_spinning() -> io::Result<()> {
    Ok(())
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}
