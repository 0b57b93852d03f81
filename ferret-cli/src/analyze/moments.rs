//! When each process began, as of when it is shown and in what state, and where the run lies.

use super::build::LogFacts;
use super::fold::Fold;
use ferret::event::{LogIndex, LogTime, ProcessState};
use ferret::projections::{LogMoment, Process};

/// The moments of a run and its processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments {
    rows: Vec<Row>,
    /// When the run began, wall time.
    pub(super) start_unix_ns: Option<u64>,
    /// From the first moment that counts to the last, over all processes.
    pub(super) duration_ns: u64,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    began: LogTime,
    moment: LogMoment,
    state: ProcessState,
    /// Its levels count.
    is_present: bool,
}

impl Moments {
    /// Of what was folded, as of `now`.
    pub(super) fn new(fold: &Fold, logs: &[LogFacts<'_>], now: LogTime) -> Self {
        let mut moments = Self::default();
        // From first to last, on one line: log time among processes of one boot, wall time else.
        let (mut first, mut last) = (i128::MAX, i128::MIN);
        for (index, facts) in logs.iter().enumerate() {
            let row = row(fold, LogIndex(index), facts, now);
            moments.rows.push(row);
            if let Some(process) = fold.processes.get(LogIndex(index)) {
                let shift = wall_shift(fold, process);
                first = first.min(i128::from(row.began.0) + shift);
                last = last.max(i128::from(row.moment.at.0) + shift);
            }
        }
        let starts = fold
            .processes
            .iter()
            .filter_map(|(_, process)| process.began().and_then(|began| process.unix_ns(began)));
        moments.start_unix_ns = starts.min();
        moments.duration_ns = u64::try_from(last.saturating_sub(first)).unwrap_or(0);
        moments
    }

    /// The moment as of which a process is shown.
    pub(super) fn of(&self, log: LogIndex) -> LogMoment {
        let none = LogMoment { at: LogTime(0), live: false };
        self.rows.get(log.0).map_or(none, |row| row.moment)
    }

    /// How long after the run's start what counts begins, ns: with `--since`.
    pub(super) fn after_start_ns(&self, fold: &Fold) -> u64 {
        let after = |(index, row): (usize, &Row)| {
            let process = fold.processes.get(LogIndex(index))?;
            Some(process.unix_ns(row.began)?.saturating_sub(self.start_unix_ns?))
        };
        self.rows.iter().enumerate().filter_map(after).min().unwrap_or(0)
    }

    /// The same, to know whose levels count.
    pub(super) fn presence(&self, log: LogIndex) -> LogMoment {
        let live = self.rows.get(log.0).is_some_and(|row| row.is_present);
        LogMoment { live, ..self.of(log) }
    }

    /// The first moment of a process that counts.
    pub(super) fn began(&self, log: LogIndex) -> LogTime {
        self.rows.get(log.0).map_or(LogTime(0), |row| row.began)
    }

    /// The state of a process.
    pub(super) fn state(&self, log: LogIndex) -> ProcessState {
        self.rows.get(log.0).map_or(ProcessState::Unknown, |row| row.state)
    }
}

fn row(fold: &Fold, log: LogIndex, facts: &LogFacts<'_>, now: LogTime) -> Row {
    let Some(process) = fold.processes.get(log) else {
        let moment = LogMoment { at: facts.first_time, live: false };
        let (began, state) = (facts.first_time, ProcessState::Unknown);
        return Row { began, moment, state, is_present: false };
    };
    // Of one that was not read to its end nothing is known behind the last that was read: it lived then.
    let (owned, now) = match facts.unread {
        0 => (facts.owned, now),
        _ => (Some(true), process.last_heard()),
    };
    let state = process.state(owned, now);
    let known = process.known_until(state, now);
    let began = process.began().unwrap_or(facts.first_time);
    let since = fold.window.since(log).unwrap_or(began).max(began);
    // What ended after the last moment that counts lived then.
    let until = fold.window.until(log).filter(|&until| until < known);
    let moment = LogMoment {
        at: until.unwrap_or(known).max(since),
        live: until.is_some() || state.is_live(),
    };
    let is_present = moment.live || state.is_present(known, now);
    Row { began: since, moment, state, is_present }
}

/// What to add to a process's log time so that it lies with the others': nothing more among those
/// of one boot.
fn wall_shift(fold: &Fold, process: &Process) -> i128 {
    let boot = |process: &Process| process.start.as_ref().map(|start| start.boot_id.clone());
    let own = boot(process);
    let same = fold.processes.iter().map(|(_, other)| other).find(|other| boot(other) == own);
    let first = same.unwrap_or(process);
    let wall = first.began().and_then(|at| Some((at, first.unix_ns(at)?)));
    wall.map_or(0, |(at, unix_ns)| i128::from(unix_ns) - i128::from(at.0))
}
