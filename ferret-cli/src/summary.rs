//! What `ferret run` says when its command has ended: how it ended, and what was recorded.

use crate::child::Ended;
use crate::exit::say;
use crate::{entry_line, format, input};
use ferret::log::{LogError, ReadOptions, Run};
use ferret::projections::{Process, Processes};
use std::path::Path;
use std::time::Duration;

/// Entries taken at once.
const BATCH: usize = 65_536;

/// Why a command that ran may have recorded nothing.
const NO_LOG: &str = "no profiled function ran, so there is no log. Either none is annotated with \
    #[profile], or the run did not reach one; or the program was built with ferret-core's feature \
    `off`; or it did not get FERRET_LOG from its environment (sudo and `env -i` take it away)";

/// Says it on stderr.
///
/// # Errors
///
/// The run's logs cannot be read.
pub(crate) fn print(log: &Path, ended: Ended, took: Duration) -> anyhow::Result<()> {
    let how = match ended {
        Ended::Code(0) => "finished".to_owned(),
        Ended::Code(code) => format!("exited with code {code}"),
        Ended::Signal(signal) => format!("ended by {}", entry_line::signal(signal)),
    };
    let took = format::duration(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    let mut run = match Run::open(&[log.to_owned()], &ReadOptions::default()) {
        Err(LogError::NotFound { .. }) => {
            say(format_args!("{how} after {took}; {NO_LOG}"));
            return Ok(());
        }
        run => run?,
    };
    let processes = fold(&mut run)?;
    input::conclude(&run);
    let bytes = run.logs().iter().map(|tail| tail.info().bytes).sum();
    let count = |of: fn(&Process) -> u64| processes.iter().map(|(_, process)| of(process)).sum();
    let (spans, dropped): (u64, u64) = (count(|p| p.spans.started), count(|p| p.dropped));
    let by = match processes.iter().len() {
        1 => String::new(),
        several => format!(" of {several} processes"),
    };
    let (spans, bytes, name) = (format::count(spans), format::bytes(bytes), log.display());
    say(format_args!("{how} after {took}; {spans} spans{by} are in {name} ({bytes})"));
    if dropped > 0 {
        let dropped = format::count(dropped);
        say(format_args!("{dropped} spans could not be recorded: the counts are too low by them"));
    }
    say(format_args!("where the time went: ferret analyze {name}"));
    Ok(())
}

fn fold(run: &mut Run) -> anyhow::Result<Processes> {
    let mut processes = Processes::default();
    loop {
        let entries = run.poll(BATCH)?;
        if entries.is_empty() {
            return Ok(processes);
        }
        for (log, entry) in &entries {
            processes.apply(*log, entry);
        }
    }
}
