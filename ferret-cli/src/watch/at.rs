//! The moment that `--at` names, in a run.

use crate::format;
use crate::input;
use crate::when::When;
use anyhow::bail;
use ferret::event::LogTime;
use ferret::log::{self, ReadOptions, Run};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The moment.
///
/// # Errors
///
/// The run's times cannot be told, or it had not begun then, or that is still to come.
pub(super) fn resolve(when: When, run: &Run, options: ReadOptions) -> anyhow::Result<LogTime> {
    let span = input::span_of(run, options)?;
    let at = when.resolve(&span, &TimeZone::system())?;
    if at < span.start {
        // How long before is not known: log time begins at boot.
        let began = Timestamp::from_nanosecond(i128::from(span.start_unix_ns))?;
        bail!("at that time the run had not begun: it did at {began:.0}");
    }
    let now = log::now();
    if at > now.max(span.end) {
        bail!("that time is still to come, in {}", format::age(at.since(now)));
    }
    Ok(at)
}
