//! The part of a run that is analysed: `--since`, `--until`, in the log time of each process.

use crate::when::{RunSpan, When, WhenError};
use ferret::event::{LogIndex, LogTime, ProcessStart};
use jiff::tz::TimeZone;

/// From when until when. Processes of one boot share their log time; of others the same wall time
/// is meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    since: Option<LogTime>,
    until: Option<LogTime>,
    /// The clock that those are of.
    clock: Option<Clock>,
    /// What to add to them for each log, ns.
    shifts: Vec<i64>,
}

/// Where entries lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// All count.
    Inside,
    /// None counts, and what they open does.
    Before,
    /// None counts but how a process ended.
    Behind,
    /// Some count.
    AtEdge,
}

/// What log time is in wall time, in one process.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Clock {
    boot_id: String,
    wall_ns: i64,
}

impl Clock {
    fn of(at: LogTime, start: &ProcessStart) -> Self {
        let wall_ns = i128::from(start.unix_ns) - i128::from(at.0);
        // Beyond the year 2262 nothing is aligned.
        Self { boot_id: start.boot_id.clone(), wall_ns: i64::try_from(wall_ns).unwrap_or(0) }
    }
}

impl Window {
    /// The window between two moments as typed, of a run whose first process began so.
    ///
    /// # Errors
    ///
    /// The calendar has no such moment, or it ends before it begins.
    pub(crate) fn new(
        since: Option<When>,
        until: Option<When>,
        at: LogTime,
        start: &ProcessStart,
    ) -> Result<Self, WhenError> {
        // A time of day means its first occurrence in the run, whose end is not known yet.
        let run = RunSpan { start: at, start_unix_ns: start.unix_ns, end: LogTime(u64::MAX) };
        let zone = TimeZone::system();
        let resolve = |when: Option<When>| when.map(|w| w.resolve(&run, &zone)).transpose();
        let (since, until) = (resolve(since)?, resolve(until)?);
        if since.zip(until).is_some_and(|(since, until)| since > until) {
            return Err(WhenError::Backwards);
        }
        Ok(Self { since, until, clock: Some(Clock::of(at, start)), shifts: Vec::new() })
    }

    /// A process begins.
    pub(crate) fn process(&mut self, log: LogIndex, at: LogTime, start: &ProcessStart) {
        let Some(clock) = &self.clock else { return };
        let own = Clock::of(at, start);
        let shift = if own.boot_id == clock.boot_id { 0 } else { clock.wall_ns - own.wall_ns };
        if self.shifts.len() <= log.0 {
            self.shifts.resize(log.0 + 1, 0);
        }
        self.shifts[log.0] = shift;
    }

    /// What is to be done with entries of which none is earlier than the first of `times`, or later than the
    /// second.
    pub(super) fn place(&self, log: LogIndex, (first, last): (LogTime, LogTime)) -> Place {
        let (since, until) = (self.since(log), self.until(log));
        if until.is_some_and(|until| first > until) {
            Place::Behind
        } else if since.is_some_and(|since| last < since) {
            Place::Before
        } else if since.is_none_or(|since| first >= since)
            && until.is_none_or(|until| last <= until)
        {
            Place::Inside
        } else {
            Place::AtEdge
        }
    }

    /// The first moment that counts, in the log time of `log`.
    pub(crate) fn since(&self, log: LogIndex) -> Option<LogTime> {
        self.since.map(|since| self.shifted(log, since))
    }

    /// The last moment that counts, in the log time of `log`.
    pub(crate) fn until(&self, log: LogIndex) -> Option<LogTime> {
        self.until.map(|until| self.shifted(log, until))
    }

    fn shifted(&self, log: LogIndex, time: LogTime) -> LogTime {
        let shift = self.shifts.get(log.0).copied().unwrap_or(0);
        LogTime(time.0.saturating_add_signed(shift))
    }
}
