//! The logs a command reads: opening them, where they lie in time, and what could not be read of
//! them. What the entries mean is each command's own business.

use crate::exit::{Code, say};
use crate::salvage;
use crate::when::RunSpan;
use anyhow::Context as _;
use ferret::event::{Entry, LogEntry, LogIndex, LogTime, Offset};
use ferret::log::{LogError, ReadOptions, Run, Tail};
use std::path::PathBuf;
use std::process::ExitCode;

/// Opens the logs that `paths` name: files, with their families, or folders. One whose process died is brought to
/// its end, which is said on stderr.
///
/// # Errors
///
/// There is no log, or it cannot be read.
pub(crate) fn open(paths: &[PathBuf], options: ReadOptions) -> Result<Run, LogError> {
    let mut run = Run::open(paths, &options)?;
    salvage::look_once(&run, options);
    for index in (0..run.logs().len()).map(LogIndex) {
        // How far it goes by now. One that cannot be read says so when it is.
        run.log_mut(index).map(Tail::refresh).transpose().ok();
    }
    Ok(run)
}

/// Names what could not be read on stderr; the exit code: 3 if anything is damaged, 2 if a log of
/// the run is out of reach.
pub(crate) fn conclude(run: &Run) -> ExitCode {
    conclude_of(run.problems(), run.logs())
}

/// The same, of logs that were read each by itself.
pub(crate) fn conclude_of<'a>(
    problems: &[LogError],
    logs: impl IntoIterator<Item = &'a Tail>,
) -> ExitCode {
    let mut code = None;
    for error in problems {
        say(error);
        code = code.max(Some(if error.is_damage() { Code::Damaged } else { Code::Unreadable }));
    }
    for tail in logs {
        let Some(damage) = damage(tail) else { continue };
        code = Some(Code::Damaged);
        say(format_args!("{}: {damage}", tail.info().path.display()));
    }
    code.map_or(ExitCode::SUCCESS, ExitCode::from)
}

/// What of a log could not be read; none if all was.
pub(crate) fn damage(tail: &Tail) -> Option<String> {
    let (damages, count) = tail.damage();
    let first = damages.first()?;
    let more = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
    let (at, what) = (first.offset.0, &first.what);
    Some(format!(
        "damaged at entry {at} ({what}{more}); the rest was read, `ferret check` tells all"
    ))
}

/// Where the run lies in time: from its first process's start to the latest entry there is.
///
/// # Errors
///
/// No log of it still has its beginning, which alone ties its clock to wall time.
pub(crate) fn span_of(run: &Run, options: ReadOptions) -> anyhow::Result<RunSpan> {
    let mut span: Option<RunSpan> = None;
    for tail in run.logs() {
        let info = tail.info();
        let mut tail = Tail::open(&info.path, &options)?;
        let end = tail.last_time()?;
        let Some(first) = entry_at(&mut tail, Offset(0))? else { continue };
        let LogEntry::ProcessStart(process) = first.what else { continue };
        let (start, start_unix_ns) = (first.time, process.unix_ns);
        let earlier = span.filter(|span| span.start <= start);
        let end = span.map_or(end, |span| span.end.max(end));
        span = Some(match earlier {
            Some(span) => RunSpan { end, ..span },
            None => RunSpan { start, start_unix_ns, end },
        });
    }
    span.context("the beginning of this log is gone, so its times cannot be told")
}

/// The first moment of the run that is still there, from which times are counted.
pub(crate) fn first_time(run: &Run) -> LogTime {
    run.logs().iter().map(|tail| tail.info().first_time).min().unwrap_or_default()
}

/// The entry at this offset, or the first behind it; none at the end.
pub(crate) fn entry_at(tail: &mut Tail, offset: Offset) -> anyhow::Result<Option<Entry>> {
    tail.seek(offset);
    Ok(tail.poll(1)?.into_iter().next())
}
