//! `ferret log`: the raw entries of a log, like `tail -f`.

use crate::entry_line::{self, Context};
use crate::exit::say;
use crate::input;
use crate::reach;
use crate::when::When;
use anyhow::bail;
use ferret::event::{Entry, LogIndex, LogTime, Offset};
use ferret::log::{ReadOptions, Run, Tail};
use jiff::tz::TimeZone;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

/// Entries taken at once: a screenful comes at once, a long log in few steps.
const BATCH: usize = 4_096;

/// How long to wait before looking again where the file system does not tell of changes.
const PATIENCE: Duration = Duration::from_millis(500);

/// Arguments of `ferret log`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Columns: offset, seconds from the run's start, process (pid) where there \
    are several, thread, entry, details.")]
pub(crate) struct LogArgs {
    /// The log; with it its family is read. Or a folder.
    #[arg(value_name = "LOG", default_value = "run.redb")]
    log: PathBuf,
    /// Begin at this offset (of one log), or time: 14:03:10, +1m30s, RFC 3339.
    #[arg(long, value_name = "OFFSET|TIME")]
    from: Option<From>,
    /// Go on with what is written from now on.
    #[arg(short, long)]
    follow: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Write nothing, not even to repair the log of a killed process.
    #[arg(long)]
    read_only: bool,
}

/// Where to begin.
#[derive(Clone, Copy, Debug)]
enum From {
    Offset(Offset),
    When(When),
}

impl FromStr for From {
    type Err = crate::when::WhenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(offset) => Ok(Self::Offset(Offset(offset))),
            Err(_) => text.parse().map(Self::When),
        }
    }
}

/// Prints the entries.
pub(crate) fn run(args: &LogArgs) -> anyhow::Result<ExitCode> {
    let options = ReadOptions { read_only: args.read_only, ..ReadOptions::default() };
    let paths = [args.log.clone()];
    let mut run = input::open(&paths, options)?;
    let mut printer = Printer {
        out: BufWriter::new(io::stdout().lock()),
        json: args.json,
        start: input::first_time(&run),
        from: LogTime::default(),
        missed: 0,
    };
    match args.from {
        Some(From::Offset(offset)) => match run.logs().len() {
            1 => run.log_mut(LogIndex(0)).into_iter().for_each(|tail| tail.seek(offset)),
            count => bail!(
                "{} is a family of {count} logs, each with its own offsets: begin at a time instead",
                args.log.display(),
            ),
        },
        Some(From::When(when)) => {
            let span = input::span_of(&run, options)?;
            printer.from = when.resolve(&span, &TimeZone::system())?;
        }
        None => {}
    }
    loop {
        let entries = run.poll(BATCH)?;
        printer.say_missed(&run);
        if !entries.is_empty() {
            printer.print(&run, &entries)?;
            continue;
        }
        printer.out.flush()?;
        if !args.follow {
            return Ok(input::conclude(&run));
        }
        if run.replaced() {
            say(format_args!("a new run began in {}", args.log.display()));
            input::conclude(&run);
            run = input::open(&paths, options)?;
            printer.start = input::first_time(&run);
        } else {
            run.wait(PATIENCE);
        }
    }
}

struct Printer<W: Write> {
    out: W,
    json: bool,
    start: LogTime,
    /// Nothing earlier is wanted.
    from: LogTime,
    /// Entries missed so far, as far as that was said.
    missed: u64,
}

impl<W: Write> Printer<W> {
    /// That older entries were dropped before they were read.
    fn say_missed(&mut self, run: &Run) {
        let missed: u64 = run.logs().iter().map(Tail::missed).sum();
        if missed > self.missed {
            say(format_args!("{}", reach::missed(missed - self.missed)));
        }
        self.missed = missed;
    }

    fn print(&mut self, run: &Run, entries: &[(LogIndex, Entry)]) -> anyhow::Result<()> {
        let several = run.logs().len() > 1;
        for (log, entry) in entries.iter().filter(|(_, entry)| entry.time >= self.from) {
            let tail = &run.logs()[log.0];
            let pid = tail.info().pid;
            let context = Context { names: tail.names(), pid, start: self.start, several };
            if self.json {
                writeln!(self.out, "{}", entry_line::json(entry, &context)?)?;
            } else {
                writeln!(self.out, "{}", entry_line::line(entry, &context))?;
            }
        }
        Ok(())
    }
}
