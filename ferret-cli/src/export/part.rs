//! A part of one log, for who serves it: of a long log read from where the part begins, not from where the log does.
//!
//! What was open there is known of threads, by the log's own keyframes, and of async spans that are open still. Of
//! those that began before it and ended behind it only what they do in it is known then.

use super::flame::Flame;
use super::follow::Follow;
use super::form::Form;
use super::reading::{AT_ONCE, BySpan, Read, take};
use super::stacks::Added;
use super::timeline::Timeline;
use super::{Format, format};
use crate::analyze;
use crate::chosen::Chosen;
use crate::filter::Filter;
use crate::stop::Stop;
use crate::when::When;
use ferret::event::{Entry, LogEntry, LogIndex, LogTime, Offset, Opened, ProcessUid};
use ferret::log::{LogError, ReadOptions, Run, Tail};
use jiff::Timestamp;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Of a part of which nothing is said, the end of the log: so long.
const LAST: Duration = Duration::from_secs(10);

/// Where so few entries come before the part they are read, too: then all is known that the log tells.
const NEAR: Offset = Offset(50_000);

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Part {
    /// Whose: by the name of a log another may be found by now.
    pub(crate) worker: ProcessUid,
    /// From when until when, Unix ms. None: the last ten seconds.
    pub(crate) between_ms: Option<(u64, u64)>,
    pub(crate) filter: Option<Filter>,
    pub(crate) form: PartForm,
}

/// Into what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartForm {
    Export(Form),
    /// So many slices at most.
    Flame(usize),
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Nothing was there then.
    #[error("{0}")]
    NotThen(String),
    /// Nobody takes it, or not so long.
    #[error("{0}")]
    Write(#[from] io::Error),
    /// It cannot be made of this.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// Where the part lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    since: LogTime,
}

const LOG: LogIndex = LogIndex(0);

/// Writes a part of the log at `path`, or as much as there was when `stop` was asked.
///
/// # Errors
///
/// The log cannot be read, has nothing of then, or `out` takes no more.
pub(crate) fn write(
    path: &Path,
    part: Part,
    out: &mut dyn Write,
    stop: &Stop,
) -> Result<(), PartError> {
    let options = ReadOptions::default();
    let mut tail = Tail::open(path, &options)?;
    if tail.info().uid != part.worker {
        let why = "this worker's log has another name by now: ask again in a moment";
        return Err(PartError::NotThen(why.to_owned()));
    }
    let timeline = Timeline::of_log(&mut tail);
    let bounds = bounds(&mut tail, &timeline, part.between_ms)?;
    let (since, until) = (Some(at(bounds.from_ms)), Some(at(bounds.to_ms)));
    let chosen = Chosen { filter: part.filter, since, until };
    let window = timeline.window(since, until);
    let window = window.map_err(|error| PartError::NotThen(error.to_string()))?;
    let end = window.until(LOG).unwrap_or(LogTime(u64::MAX));
    let follow = Follow::new(window, chosen.filter.clone());
    let format = match part.form {
        PartForm::Export(form) => format(form, &timeline, follow, std::env::temp_dir())?,
        PartForm::Flame(limit) => {
            Format::BySpan(Box::new(Flame::new(timeline.clone(), follow, bounds, limit)))
        }
    };
    match format {
        Format::BySpan(mut format) => {
            format.begin(out)?;
            read(&mut tail, &mut *format, (bounds.since, end), out, stop)?;
            format.finish(&Read::of_log(&tail), out)?;
        }
        Format::ByStack(format) => {
            tail.seek(Offset(0));
            let mut run = Run::of(tail, &options);
            let (trees, failure) = analyze::trees(&mut run, &chosen, stop)?;
            failure.map_or(Ok(()), Err)?;
            format.write(&Added::new(&trees, &timeline, chosen.filter.as_ref()), out)?;
        }
    }
    Ok(())
}

/// Feeds what counts to the format, and what it must know of before.
fn read(
    tail: &mut Tail,
    format: &mut dyn BySpan,
    (since, until): (LogTime, LogTime),
    out: &mut dyn Write,
    stop: &Stop,
) -> Result<(), PartError> {
    let settled = tail.settled(until)?.unwrap_or(Offset(u64::MAX));
    // What is written while we read is none of it: a log that is written may never end.
    let end = settled.min(tail.info().next_offset);
    let mut begin = tail.unsettled(since)?;
    // Entries that are not later are in the stacks.
    let mut known = None;
    if begin <= NEAR {
        begin = Offset(0);
    } else {
        if let Some(first) = first(tail)? {
            take(format, (LOG, tail.names()), &first, out)?;
        }
        let snapshot = tail.snapshot_at(since)?;
        let stacks = snapshot.threads.into_iter().map(|(thread, stack, _)| (thread, stack));
        let (stacks, tasks) = (stacks.collect(), snapshot.tasks);
        let opened = Opened::Anew { missed: 0, stacks, tasks };
        format.resume(LOG, tail.names(), &opened)?;
        known = Some(since);
    }
    tail.seek(begin);
    while !stop.is_asked() {
        let entries = tail.poll(AT_ONCE)?;
        if entries.is_empty() {
            return Ok(());
        }
        for entry in &entries {
            if entry.offset >= end {
                return Ok(());
            }
            while let Some(opened) = tail.next_opened(entry.offset) {
                // The log has lost what lies before: what it says of here is more than the stacks of then.
                known = None;
                format.resume(LOG, tail.names(), &opened)?;
            }
            if known.is_none_or(|known| entry.time > known) {
                take(format, (LOG, tail.names()), entry, out)?;
            }
        }
    }
    Ok(())
}

/// The entry that says who is recorded. It is in every log, also in one that has lost the rest of its beginning.
fn first(tail: &mut Tail) -> Result<Option<Entry>, LogError> {
    tail.seek(Offset(0));
    let first = tail.poll(1)?.into_iter().next();
    Ok(first.filter(|entry| matches!(entry.what, LogEntry::ProcessStart(_))))
}

/// From when until when: the log has something of then, or may still get it.
fn bounds(
    tail: &mut Tail,
    timeline: &Timeline,
    between_ms: Option<(u64, u64)>,
) -> Result<Bounds, PartError> {
    let not_then = |why: String| PartError::NotThen(why);
    let unknown = || not_then("this log does not say any more when it was written".to_owned());
    let wall_ms = |time| timeline.unix_ns(LOG, time).map(|ns| ns / 1_000_000);
    let begin_ms = wall_ms(tail.info().first_time).ok_or_else(unknown)?;
    let end =
        if ferret::is_alive(tail) == Some(true) { ferret::log::now() } else { tail.last_time()? };
    let end_ms = wall_ms(end).ok_or_else(unknown)?.saturating_add(1);
    let last_ms = u64::try_from(LAST.as_millis()).unwrap_or(u64::MAX);
    let (from_ms, to_ms) = between_ms.unwrap_or((end_ms.saturating_sub(last_ms), end_ms));
    let (from_ms, to_ms) = (from_ms.max(begin_ms), to_ms.min(end_ms));
    if from_ms >= to_ms {
        let (begin, end) = (moment(begin_ms), moment(end_ms));
        return Err(not_then(format!(
            "this worker's log has nothing of then: it goes from {begin:.3} to {end:.3}"
        )));
    }
    let since = timeline.log_time(LOG, from_ms).ok_or_else(unknown)?;
    Ok(Bounds { from_ms, to_ms, since })
}

fn at(ms: u64) -> When {
    When::Instant(moment(ms))
}

fn moment(ms: u64) -> Timestamp {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}
