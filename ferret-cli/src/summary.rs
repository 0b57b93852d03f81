//! What `ferret run` says when its command has ended: how it ended, and what was recorded.

use crate::child::Ended;
use crate::exit::say;
use crate::page::Page;
use crate::{analyze, descriptors, entry_line, format, input};
use ferret::log::{LogError, ReadOptions, Run};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

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
    descriptors::take_all();
    let mut run = match Run::open(&[log.to_owned()], &ReadOptions::default()) {
        Err(LogError::NotFound { .. }) => {
            say(format_args!("{how} after {took}; {NO_LOG}"));
            return Ok(());
        }
        run => run?,
    };
    let text = analyze::summary(&mut run, Page::of_stderr())?;
    input::conclude(&run);
    say(format_args!("{how} after {took}"));
    let (mut stderr, name) = (io::stderr().lock(), log.display());
    writeln!(stderr, "\n{}\n\nferret analyze {name}   tells more", text.trim_end())?;
    Ok(())
}
