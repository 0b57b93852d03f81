//! Where the processes of a run lie in time: on one line, counted from the run's start.
//!
//! Processes of one boot share a clock and keep its distances exactly; those of another boot or
//! machine are put where their wall time says.

use crate::analyze::Window;
#[cfg(feature = "serve")]
use crate::fleet::WallClock;
use crate::input;
use crate::when::When;
use anyhow::Context as _;
use ferret::event::{LogEntry, LogIndex, LogTime, Offset, ProcessStart};
use ferret::log::{Run, Tail};

/// The line.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    logs: Vec<Place>,
    /// Where the run starts, ns of the line.
    start: i128,
}

/// Where one process lies.
#[derive(Clone, Debug)]
struct Place {
    pid: u32,
    /// None if the log has lost its beginning.
    start: Option<(LogTime, Box<ProcessStart>)>,
    boot_id: String,
    /// The first that is known of it.
    first: LogTime,
    /// From log time to the line, ns.
    shift: i128,
}

impl Timeline {
    /// Of the logs that are open, of each of which the first entry is read.
    pub(super) fn new(run: &mut Run) -> Self {
        let mut places = Vec::new();
        for log in (0..run.logs().len()).map(LogIndex) {
            places.extend(run.log_mut(log).map(Place::of));
            run.seek(log, Offset(0));
        }
        Self::of(places)
    }

    /// Of one log alone, by the wall time of a fleet.
    #[cfg(feature = "serve")]
    pub(super) fn of_log(tail: &mut Tail) -> Self {
        let mut place = Place::of(tail);
        if let Some((at, start)) = &mut place.start {
            let clock = WallClock::of_process(&place.boot_id, *at, start.unix_ns);
            start.unix_ns = clock.unix_ns(*at);
        }
        Self::of(vec![place])
    }

    fn of(mut places: Vec<Place>) -> Self {
        for index in 0..places.len() {
            let boot = &places[index].boot_id;
            let same = places.iter().filter(|place| place.boot_id == *boot);
            let mut walls = same.filter_map(|place| place.start.as_ref());
            let wall = walls.next().map(|(at, start)| i128::from(start.unix_ns) - i128::from(at.0));
            places[index].shift = wall.unwrap_or(0);
        }
        let firsts = places.iter().map(|place| i128::from(place.first.0) + place.shift);
        Self { start: firsts.min().unwrap_or(0), logs: places }
    }

    /// The part that is asked for.
    ///
    /// # Errors
    ///
    /// No log tells when the run began, or the calendar has no such moment.
    pub(super) fn window(
        &self,
        since: Option<When>,
        until: Option<When>,
    ) -> anyhow::Result<Window> {
        if since.is_none() && until.is_none() {
            return Ok(Window::default());
        }
        let known = self.logs.iter().filter(|place| place.start.is_some());
        let first = known.min_by_key(|place| i128::from(place.first.0) + place.shift);
        let (at, start) = first.and_then(|place| place.start.as_ref()).context(
            "the log does not say any more when the run began: --since and --until need that",
        )?;
        let mut window = Window::new(since, until, *at, start)?;
        for (index, place) in self.logs.iter().enumerate() {
            if let Some((at, start)) = &place.start {
                window.process(LogIndex(index), *at, start);
            }
        }
        Ok(window)
    }

    /// How many processes there are.
    pub(super) fn len(&self) -> usize {
        self.logs.len()
    }

    /// Who a process is; none if its log has lost its beginning.
    pub(super) fn process(&self, log: LogIndex) -> Option<&ProcessStart> {
        self.logs.get(log.0)?.start.as_ref().map(|(_, start)| &**start)
    }

    /// The pid of a process, in its own namespace.
    pub(super) fn pid(&self, log: LogIndex) -> u32 {
        self.logs.get(log.0).map_or(0, |place| place.pid)
    }

    /// Nanoseconds from the run's start.
    pub(super) fn ns(&self, log: LogIndex, time: LogTime) -> u64 {
        let shift = self.logs.get(log.0).map_or(0, |place| place.shift);
        u64::try_from(i128::from(time.0) + shift - self.start).unwrap_or(0)
    }

    /// Wall time, ns since the Unix epoch; none if no log of that boot tells.
    pub(super) fn unix_ns(&self, log: LogIndex, time: LogTime) -> Option<u64> {
        let (at, start) = self.logs.get(log.0)?.start.as_ref()?;
        let since_start = i128::from(time.0) - i128::from(at.0);
        u64::try_from(i128::from(start.unix_ns) + since_start).ok()
    }

    /// The log time of a moment, Unix ms; none if the log does not tell.
    #[cfg(feature = "serve")]
    pub(super) fn log_time(&self, log: LogIndex, unix_ms: u64) -> Option<LogTime> {
        let (at, start) = self.logs.get(log.0)?.start.as_ref()?;
        let since_start = i128::from(unix_ms) * 1_000_000 - i128::from(start.unix_ns);
        Some(LogTime(u64::try_from(i128::from(at.0) + since_start).unwrap_or(0)))
    }

    /// When the run starts, ns since the Unix epoch; none if no log tells.
    pub(super) fn start_unix_ns(&self) -> Option<u64> {
        let is_told = self.logs.iter().any(|place| place.start.is_some());
        if is_told { u64::try_from(self.start).ok() } else { None }
    }

    /// The file name of a process's executable, or its pid if it has none.
    pub(super) fn program(&self, log: LogIndex) -> String {
        let Some(start) = self.process(log) else { return format!("process {}", self.pid(log)) };
        let path = if start.exe.is_empty() { start.args.first() } else { Some(&start.exe) };
        let name = path.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        if name.is_empty() { format!("process {}", start.pid) } else { name.to_owned() }
    }
}

impl Place {
    /// Of a log, which then stands anywhere.
    fn of(tail: &mut Tail) -> Self {
        let info = tail.info().clone();
        // One that is damaged or gone is told of by whoever reads on.
        let first = input::entry_at(tail, Offset(0)).ok().flatten();
        let start = first.and_then(|entry| match entry.what {
            LogEntry::ProcessStart(start) => Some((entry.time, start)),
            _ => None,
        });
        let began = start.as_ref().map_or(info.first_time, |(at, _)| *at);
        Self {
            pid: info.pid,
            first: began.min(info.first_time),
            start,
            boot_id: info.boot_id,
            shift: 0,
        }
    }
}

#[cfg(test)]
impl Timeline {
    /// Of processes that started so.
    pub(super) fn of_starts(starts: Vec<(LogTime, Box<ProcessStart>)>) -> Self {
        let place = |(at, start): (LogTime, Box<ProcessStart>)| Place {
            pid: start.pid,
            boot_id: start.boot_id.clone(),
            start: Some((at, start)),
            first: at,
            shift: 0,
        };
        Self::of(starts.into_iter().map(place).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_of_one_boot_keep_their_distance_and_others_lie_by_wall_time() {
        // The wall clock was set back by 5 between the first two.
        let starts = [("a", 100, 10_100), ("a", 130, 10_125), ("b", 7, 10_050)];
        let start = |(boot, at, unix_ns): (&str, u64, u64)| {
            let boot_id = boot.to_owned();
            (LogTime(at), Box::new(ProcessStart { boot_id, unix_ns, ..ProcessStart::default() }))
        };
        let line = Timeline::of_starts(starts.map(start).to_vec());
        let [first, second, other] = [0, 1, 2].map(LogIndex);
        assert_eq!(line.start_unix_ns(), Some(10_050));
        assert_eq!(line.ns(first, LogTime(100)), 50);
        assert_eq!(line.ns(second, LogTime(130)), 80, "30 after the first");
        assert_eq!(line.ns(other, LogTime(17)), 10);
        assert_eq!(line.unix_ns(second, LogTime(131)), Some(10_126), "as its own clock says");
    }
}
