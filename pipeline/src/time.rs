//! Times as people read them: places in an episode, and "since when".

use std::fmt;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A place in an episode's audio, in milliseconds from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// The time of sample `at` at `rate_hz` samples a second.
    pub fn of_sample(at: usize, rate_hz: u32) -> Self {
        let at = u64::try_from(at).unwrap_or(u64::MAX / 1000);
        Self(at.saturating_mul(1000) / u64::from(rate_hz.max(1)))
    }

    /// The time from `earlier` to this one, zero where it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Millis {
    /// `m:ss`, or `h:mm:ss` from an hour on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if hours > 0 {
            write!(f, "{hours}:{minutes:02}:{seconds:02}")
        } else {
            write!(f, "{minutes}:{seconds:02}")
        }
    }
}

/// What `--since` accepts: an age (`12h`, `7d`, `2w`) or a date (`2026-11-01`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// This long before now.
    Ago(SignedDuration),
    /// From the beginning of this day, UTC.
    Day(Date),
}

impl Since {
    /// The moment meant, seen from `now`.
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(age) => now.saturating_sub(age).unwrap_or(Timestamp::MIN),
            Self::Day(day) => {
                day.to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |day| day.timestamp())
            }
        }
    }
}

impl std::str::FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!(
                "`{text}` is neither an age such as 12h, 7d or 2w, nor a date such as 2026-11-01"
            )
        };
        if let Ok(day) = text.parse::<Date>() {
            return Ok(Self::Day(day));
        }
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (count, unit) = text.split_at(unit_at);
        let hours_each = match unit {
            "h" => 1,
            "d" => 24,
            "w" => 7 * 24,
            _ => return Err(wrong()),
        };
        // 100,000 weeks is far outside jiff's range; beyond it the multiplication could overflow.
        let count = count.parse::<i64>().ok().filter(|n| *n <= 100_000).ok_or_else(wrong)?;
        Ok(Self::Ago(SignedDuration::from_hours(count * hours_each)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(text: &str) -> String {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        text.parse::<Since>().map_or_else(|wrong| wrong, |since| since.before(now).to_string())
    }

    #[test]
    fn an_age_counts_back_from_now() {
        assert_eq!(since("12h"), "2026-11-22T00:00:00Z");
        assert_eq!(since("7d"), "2026-11-15T12:00:00Z");
        assert_eq!(since("2w"), "2026-11-08T12:00:00Z");
    }

    #[test]
    fn a_date_is_its_midnight() {
        assert_eq!(since("2026-11-01"), "2026-11-01T00:00:00Z");
    }

    #[test]
    fn anything_else_is_refused_with_what_would_do() {
        for wrong in ["", "7", "d", "7 days", "-3d", "99999999999d"] {
            assert!(since(wrong).contains("such as 12h"), "{wrong}");
        }
    }

    #[test]
    fn a_place_shows_hours_only_where_there_are_any() {
        assert_eq!(Millis(0).to_string(), "0:00");
        assert_eq!(Millis(83_400).to_string(), "1:23");
        assert_eq!(Millis(3_600_000 + 62_000).to_string(), "1:01:02");
    }
}
