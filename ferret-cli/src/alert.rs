//! `ferret alert`: rules over logs, and a message when one holds. How a file of rules is written is in docs/alert.md.
//!
//! The rules' engine ([`alerts::Alerts`]) knows no log: workers and parts of logs are given to it, by a fleet that is
//! followed here or by `ferret serve` ([`watching::Watching`]), and by the replay of old logs.

mod alerts;
mod asked;
mod engine;
mod happened;
mod live;
#[cfg(test)]
mod made_up;
mod metric;
mod notice;
mod replay;
mod rules;
mod said;
mod sinks;
mod subject;
mod timeline;
mod watched;
mod watching;
mod window;
mod worker;

pub(crate) use alerts::Alerts;
pub(crate) use rules::Rules;
pub(crate) use sinks::SinkReport;
pub(crate) use watching::Watching;

use crate::exit::{Code, say};
use anyhow::Context as _;
use ferret::log::ReadOptions;
use rules::{Form, SinkKind};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `ferret alert`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    after_help = "A file of rules that is named like one of the commands is written with its folder: ./test."
)]
pub(crate) struct AlertArgs {
    #[command(subcommand)]
    command: Option<AlertCommand>,
    /// The file of rules.
    #[arg(value_name = "RULES", required = true)]
    rules: Option<PathBuf>,
    /// The logs, there or not yet; with each its family is read. Or folders.
    #[arg(value_name = "LOG|FOLDER", default_value = "run.redb")]
    logs: Vec<PathBuf>,
    /// Print messages as JSON, one a line.
    #[arg(long)]
    json: bool,
    /// Write nothing, not even to repair the log of a killed process.
    #[arg(long)]
    read_only: bool,
}

/// What else to do with rules.
#[derive(Debug, clap::Subcommand)]
enum AlertCommand {
    /// Say what rules would have told of old logs, and when; sinks are left alone.
    Test(TestArgs),
    /// Read a file of rules, and say what is wrong with it.
    Check(CheckArgs),
}

/// Arguments of `ferret alert test`.
#[derive(Debug, clap::Args)]
struct TestArgs {
    /// The file of rules.
    #[arg(value_name = "RULES")]
    rules: PathBuf,
    /// The logs; with each its family is read. Or folders.
    #[arg(value_name = "LOG|FOLDER", default_value = "run.redb")]
    logs: Vec<PathBuf>,
    /// Messages as JSON, one a line, and a last one about the rules.
    #[arg(long)]
    json: bool,
    /// Exit with code 1 if a rule would have told something.
    #[arg(long)]
    fail: bool,
    /// Write nothing, not even to repair the log of a killed process.
    #[arg(long)]
    read_only: bool,
}

/// Arguments of `ferret alert check`.
#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// The file of rules.
    #[arg(value_name = "RULES")]
    rules: PathBuf,
}

/// Does what was asked.
///
/// # Errors
///
/// Logs cannot be read, or a sink cannot start.
pub(crate) fn run(args: &AlertArgs) -> anyhow::Result<ExitCode> {
    let broken = ExitCode::from(Code::Unreadable);
    match (&args.command, &args.rules) {
        (Some(AlertCommand::Check(args)), _) => check(&args.rules),
        (Some(AlertCommand::Test(args)), _) => {
            let Some(rules) = read(&args.rules)? else { return Ok(broken) };
            let read = ReadOptions { read_only: args.read_only, ..ReadOptions::default() };
            let options = timeline::Options { json: args.json, fail: args.fail, read };
            timeline::test(rules, &args.logs, options)
        }
        (None, Some(path)) => {
            let Some(mut rules) = read(path)? else { return Ok(broken) };
            if args.json {
                rules.print_json();
            }
            live::run(rules, &args.logs, args.read_only)
        }
        (None, None) => {
            anyhow::bail!("name a file of rules, as in ferret alert rules.toml run.redb")
        }
    }
}

/// No file of rules is longer.
const LONGEST: u64 = 1 << 20;

/// Reads a file of rules; what is wrong in it is said on stderr.
///
/// # Errors
///
/// It cannot be read.
pub(crate) fn read(path: &Path) -> anyhow::Result<Option<Rules>> {
    let what = || format!("reading the rules in {}", path.display());
    let length = std::fs::metadata(path).with_context(what)?.len();
    anyhow::ensure!(
        length <= LONGEST,
        "{} is longer than 1 MiB: these are no rules",
        path.display()
    );
    let text = std::fs::read_to_string(path).with_context(what)?;
    match rules::read(&text) {
        Ok(rules) => Ok(Some(rules)),
        Err(faults) => {
            let mut stderr = std::io::stderr().lock();
            for fault in &faults {
                writeln!(stderr, "{}", fault.told(path))?;
            }
            if rules::is_yaml(path, &text) {
                let path = path.display();
                say(format_args!(
                    "{path} looks like YAML, and rules are written in TOML: begin each with [[rule]], as docs/alert.md shows"
                ));
            }
            Ok(None)
        }
    }
}

fn check(path: &Path) -> anyhow::Result<ExitCode> {
    let Some(rules) = read(path)? else { return Ok(Code::Unreadable.into()) };
    for sink in &rules.sinks {
        for why in sink.missing() {
            say(format_args!("sink {} does not work here: {why}", sink.name));
        }
    }
    let (count, sinks) = (rules.rules.len(), rules.sinks.len());
    let kinds: Vec<_> =
        rules.sinks.iter().map(|sink| format!("{} ({})", sink.name, sink.kind.name())).collect();
    let mut out = std::io::stdout().lock();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (s, of) = (plural(count), plural(sinks));
    writeln!(out, "{}: {count} rule{s}, {sinks} sink{of}: {}", path.display(), kinds.join(", "))?;
    Ok(ExitCode::SUCCESS)
}

impl Rules {
    /// Whatever prints, prints JSON.
    fn print_json(&mut self) {
        for sink in &mut self.sinks {
            if let SinkKind::Stdout(form) = &mut sink.kind {
                *form = Form::Json;
            }
        }
    }
}
