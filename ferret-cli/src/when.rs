//! Times and durations as people write them: `250ms`, `1.5s`, `1m30s`; RFC 3339, `14:03:10`,
//! `+1m30s` from the run's start. Shared by every command that takes one.

use ferret::event::LogTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use std::str::FromStr;
use std::time::Duration;

/// A moment, as typed; [`When::resolve`] finds it in a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum When {
    /// A point on the calendar with its offset from UTC.
    Instant(Timestamp),
    /// A point on this machine's calendar.
    Local(civil::DateTime),
    /// A time of day, here.
    TimeOfDay(civil::Time),
    /// So long after the run began.
    AfterStart(Duration),
}

/// Where a run lies in log time and in wall time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunSpan {
    /// The run's first moment.
    pub(crate) start: LogTime,
    /// The same in wall time, ns since the Unix epoch.
    pub(crate) start_unix_ns: u64,
    /// The last moment known of it.
    pub(crate) end: LogTime,
}

/// Why a time or duration could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WhenError {
    /// No such duration.
    #[error("{0:?} is no duration: write it like 250ms, 1.5s or 1m30s (ns, us, ms, s, m, h, d)")]
    Duration(String),
    /// No run is that long.
    #[error("{0:?} is too long: 500 years are the most")]
    TooLong(String),
    /// No such time.
    #[error(
        "{0:?} is no time: write it like 2026-11-22T14:03:10Z, 14:03:10, or +1m30s from the \
         run's start"
    )]
    Time(String),
    /// The calendar knows no such moment.
    #[error("{0} is no moment this machine's calendar knows")]
    Calendar(String),
    /// A part of a run that ends before it begins.
    #[error("--since is later than --until: nothing is between them")]
    Backwards,
}

/// Reads a duration: one or more numbers with units, `1m30s`, `1.5s`, `250ms`.
///
/// # Errors
///
/// The text is no duration, or is longer than 500 years.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, WhenError> {
    let bad = || WhenError::Duration(text.to_owned());
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(bad());
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let part = part_of_duration(number, unit.trim()).ok_or_else(bad)?;
        let long = || WhenError::TooLong(text.to_owned());
        total = total.checked_add(part).filter(|sum| *sum <= LONGEST).ok_or_else(long)?;
        rest = tail;
    }
    Ok(total)
}

/// Log times are 64-bit nanoseconds; longer ones than this are mistakes.
const LONGEST: Duration = Duration::from_hours(500 * 365 * 24);

fn part_of_duration(number: &str, unit: &str) -> Option<Duration> {
    let unit_ns: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = u32::try_from(fraction.len()).ok().filter(|n| *n <= 18)?;
    let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let whole: u64 = whole.parse().ok()?;
    let fraction_ns = fraction * u128::from(unit_ns) / 10_u128.pow(digits);
    // What does not fit is too long, and so is the most that does.
    let ns = whole.saturating_mul(unit_ns).saturating_add(u64::try_from(fraction_ns).ok()?);
    Some(Duration::from_nanos(ns))
}

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, WhenError> {
        let text = text.trim();
        if let Some(after) = text.strip_prefix('+') {
            return parse_duration(after).map(Self::AfterStart);
        }
        // A time of day first: the calendar's own parser would need a date before it.
        if text.len() <= "hh:mm:ss.nnnnnnnnn".len()
            && text.contains(':')
            && !text.contains('-')
            && let Ok(time) = text.parse()
        {
            return Ok(Self::TimeOfDay(time));
        }
        if let Ok(instant) = text.parse() {
            return Ok(Self::Instant(instant));
        }
        if text.contains(':')
            && let Ok(local) = text.parse()
        {
            return Ok(Self::Local(local));
        }
        Err(WhenError::Time(text.to_owned()))
    }
}

impl When {
    /// The moment in `run`'s log time. A time of day means the first such moment within the run,
    /// or, if none lies within it, the one of the day it began. A moment before the machine
    /// booted is the beginning of log time.
    ///
    /// # Errors
    ///
    /// The calendar of `zone` has no such moment.
    pub(crate) fn resolve(self, run: &RunSpan, zone: &TimeZone) -> Result<LogTime, WhenError> {
        match self {
            Self::Instant(instant) => Ok(run.at(instant)),
            Self::Local(local) => in_zone(local, zone).map(|instant| run.at(instant)),
            Self::TimeOfDay(time) => run.at_time_of_day(time, zone),
            Self::AfterStart(after) => {
                Ok(run.start.after(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX)))
            }
        }
    }
}

impl RunSpan {
    fn at(&self, instant: Timestamp) -> LogTime {
        let since_start = instant.as_nanosecond() - i128::from(self.start_unix_ns);
        let time = (i128::from(self.start.0) + since_start).clamp(0, i128::from(u64::MAX));
        LogTime(u64::try_from(time).unwrap_or(u64::MAX))
    }

    fn at_time_of_day(&self, time: civil::Time, zone: &TimeZone) -> Result<LogTime, WhenError> {
        let began = Timestamp::from_nanosecond(i128::from(self.start_unix_ns))
            .map_err(|error| WhenError::Calendar(error.to_string()))?;
        let mut day = zone.to_datetime(began).date();
        let on_first_day = self.at(in_zone(day.to_datetime(time), zone)?);
        let mut found = on_first_day;
        while found < self.start {
            let Ok(tomorrow) = day.tomorrow() else { return Ok(on_first_day) };
            day = tomorrow;
            found = self.at(in_zone(day.to_datetime(time), zone)?);
        }
        Ok(if found <= self.end { found } else { on_first_day })
    }
}

fn in_zone(local: civil::DateTime, zone: &TimeZone) -> Result<Timestamp, WhenError> {
    zone.to_timestamp(local).map_err(|error| WhenError::Calendar(error.to_string()))
}

/// A moment on this machine's calendar, to the second.
pub(crate) fn local(rfc3339: &str) -> String {
    rfc3339.parse::<jiff::Timestamp>().map_or_else(
        |_| rfc3339.to_owned(),
        |at| {
            let zoned = at.to_zoned(jiff::tz::TimeZone::system());
            zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn check_duration(text: &str, expect_ns: Option<u64>) {
        let found = parse_duration(text).ok().map(|d| u64::try_from(d.as_nanos()).unwrap());
        assert_eq!(found, expect_ns, "{text}");
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        check_duration("250ms", Some(250_000_000));
        check_duration("1.5s", Some(1_500_000_000));
        check_duration("1m30s", Some(90 * SECOND));
        check_duration("2h", Some(7200 * SECOND));
        check_duration("3 us", Some(3_000));
        check_duration("7µs", Some(7_000));
        check_duration("0s", Some(0));
        check_duration("0.1ns", Some(0));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "5", "s", "1x", "1.2.3s", "-1s", "1s2", ".s", "999999999999d", "1e3s"] {
            check_duration(text, None);
        }
    }

    #[test]
    fn what_is_too_long_is_a_duration_all_the_same() {
        for text in ["999999999999d", "1000000d", "400000d 400000d"] {
            assert_eq!(parse_duration(text), Err(WhenError::TooLong(text.to_owned())), "{text}");
        }
    }

    /// A run from 2026-11-22 23:50:00 UTC, 40 minutes long, 1,000 s after boot.
    fn run() -> RunSpan {
        let start: Timestamp = "2026-11-22T23:50:00Z".parse().unwrap();
        RunSpan {
            start: LogTime(1_000 * SECOND),
            start_unix_ns: u64::try_from(start.as_nanosecond()).unwrap(),
            end: LogTime(3_400 * SECOND),
        }
    }

    fn check_time(text: &str, expect_seconds_of_run: i64) {
        let found = text.parse::<When>().unwrap().resolve(&run(), &TimeZone::UTC).unwrap();
        let of_run = i64::try_from(found.0 / SECOND).unwrap() - 1_000;
        assert_eq!(of_run, expect_seconds_of_run, "{text}");
    }

    #[test]
    fn times_are_found_in_the_run() {
        check_time("+1m30s", 90);
        check_time("2026-11-22T23:51:00Z", 60);
        check_time("2026-11-23T00:51:00+01:00", 60);
        check_time("2026-11-22T23:51:00", 60);
        check_time("2026-11-22 23:51:00", 60);
    }

    #[test]
    fn a_time_of_day_is_the_first_within_the_run_else_of_the_day_it_began() {
        check_time("23:52:10", 130);
        check_time("23:52", 120);
        check_time("00:05:00", 900);
        check_time("23:49:00", -60);
    }

    #[test]
    fn a_moment_before_boot_is_the_beginning_of_log_time() {
        check_time("2020-01-01T00:00:00Z", -1_000);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "25:00", "12", "+", "+5", "2026-11-22", "14:03:99"] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }
}
