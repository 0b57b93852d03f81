//! How finely the past is kept: slots of ten seconds for hours, of five minutes for days, of an hour for a year;
//! and what everything adds up to, for good.

use super::slots::Slot;
use crate::when::parse_duration;
use std::str::FromStr;

/// One fineness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    TenSeconds,
    FiveMinutes,
    Hour,
    /// One slot for everything.
    All,
}

impl Level {
    pub(crate) const EVERY: [Self; 4] =
        [Self::TenSeconds, Self::FiveMinutes, Self::Hour, Self::All];

    /// How long a slot of it is, seconds.
    pub(crate) fn seconds(self) -> u64 {
        match self {
            Self::TenSeconds => 10,
            Self::FiveMinutes => 300,
            Self::Hour => 3_600,
            Self::All => u64::MAX,
        }
    }

    /// As a key of the store.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::TenSeconds => 0,
            Self::FiveMinutes => 1,
            Self::Hour => 2,
            Self::All => 3,
        }
    }

    /// The slot of this level that a slot of ten seconds is in.
    pub(crate) fn slot_of(self, slot: Slot) -> Slot {
        match self {
            Self::TenSeconds => slot,
            Self::FiveMinutes => Slot(slot.0 / 30),
            Self::Hour => Slot(slot.0 / 360),
            Self::All => Slot(0),
        }
    }

    /// The slot of this level that a moment is in.
    pub(crate) fn slot_at(self, unix_ms: u64) -> Slot {
        let slot = unix_ms / 1_000 / self.seconds();
        Slot(u32::try_from(slot).unwrap_or(u32::MAX))
    }

    /// When a slot of it begins.
    pub(crate) fn begin_ms(self, slot: Slot) -> u64 {
        u64::from(slot.0).saturating_mul(self.seconds()).saturating_mul(1_000)
    }
}

/// For how long each level is kept, seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    pub(crate) ten_seconds: u64,
    pub(crate) five_minutes: u64,
    pub(crate) hour: u64,
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

impl Default for Keep {
    fn default() -> Self {
        Self { ten_seconds: 6 * HOUR, five_minutes: 7 * DAY, hour: 400 * DAY }
    }
}

impl Keep {
    /// For how long a level is kept, seconds.
    pub(crate) fn seconds(self, level: Level) -> u64 {
        match level {
            Level::TenSeconds => self.ten_seconds,
            Level::FiveMinutes => self.five_minutes,
            Level::Hour => self.hour,
            Level::All => u64::MAX,
        }
    }

    /// The first slot of a level that is kept at `now_ms`.
    pub(crate) fn first(self, level: Level, now_ms: u64) -> Slot {
        level.slot_at(now_ms.saturating_sub(self.seconds(level).saturating_mul(1_000)))
    }
}

impl FromStr for Keep {
    type Err = String;

    /// `10s=6h,5m=7d,1h=400d`, or some of it.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut keep = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let form = || format!("{part:?}: write it like 10s=6h,5m=7d,1h=400d");
            let (level, long) = part.split_once('=').ok_or_else(form)?;
            let long = parse_duration(long.trim()).map_err(|error| error.to_string())?.as_secs();
            match level.trim() {
                "10s" => keep.ten_seconds = long,
                "5m" => keep.five_minutes = long,
                "1h" => keep.hour = long,
                _ => return Err(format!("{part:?}: what is kept is 10s, 5m and 1h")),
            }
        }
        Ok(keep)
    }
}

/// The level, and how many of its slots are one step, so that a span of time has about 200 steps at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) level: Level,
    pub(crate) slots: u32,
    /// The first step, and how many there are.
    pub(crate) first: Slot,
    pub(crate) count: u32,
}

impl Steps {
    /// Steps of a series, at most; one more where they do not begin where the span does.
    const MOST: u64 = 200;
    /// Steps that a level must give a span to be fine enough.
    const FEWEST: u64 = 60;

    /// Slots that a table of that time is added up from, at least: by so much its ends may be off.
    const FEWEST_OF_TABLE: u64 = 12;

    /// The steps of a series.
    pub(crate) fn of(from_ms: u64, to_ms: u64, keep: Keep, now_ms: u64) -> Self {
        Self::with(Self::FEWEST, (from_ms, to_ms), keep, now_ms)
    }

    /// The slots that a table is added up from.
    pub(crate) fn for_table(from_ms: u64, to_ms: u64, keep: Keep, now_ms: u64) -> Self {
        Self::with(Self::FEWEST_OF_TABLE, (from_ms, to_ms), keep, now_ms)
    }

    fn with(fewest: u64, (from_ms, to_ms): (u64, u64), keep: Keep, now_ms: u64) -> Self {
        let seconds = to_ms.saturating_sub(from_ms).div_ceil(1_000).max(1);
        let kept = |level: Level| {
            from_ms / 1_000 + keep.seconds(level) >= now_ms / 1_000 || level == Level::Hour
        };
        let fine = |level: &Level| seconds / level.seconds() >= fewest;
        let coarse_first = [Level::Hour, Level::FiveMinutes, Level::TenSeconds];
        let finest = *Level::EVERY.iter().find(|level| kept(**level)).unwrap_or(&Level::Hour);
        let level = coarse_first.into_iter().find(fine).unwrap_or(Level::TenSeconds).max(finest);
        let (first, last) = (level.slot_at(from_ms), level.slot_at(to_ms.saturating_sub(1)));
        let all = u64::from(last.0.saturating_sub(first.0)) + 1;
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let slots = small(all.div_ceil(Self::MOST).max(1));
        // Steps begin at multiples of their length, so that a chart moves by whole steps.
        let first = Slot(first.0 - first.0 % slots);
        let all = u64::from(last.0.saturating_sub(first.0)) + 1;
        Self { level, slots, first, count: small(all.div_ceil(u64::from(slots))) }
    }

    pub(crate) fn step_ms(self) -> u64 {
        self.level.seconds() * 1_000 * u64::from(self.slots)
    }

    /// How much of a step is in a store that has what was until then, ms. It is a second at least: what is shown of less
    /// is rather too low than a leap.
    pub(crate) fn covered_ms(self, step: usize, counted_ms: u64) -> u64 {
        counted_ms.saturating_sub(self.begin_ms(step)).clamp(1_000, self.step_ms())
    }

    /// When a step begins.
    pub(crate) fn begin_ms(self, step: usize) -> u64 {
        self.level.begin_ms(self.first) + step as u64 * self.step_ms()
    }

    /// When each begins.
    pub(crate) fn times_ms(self) -> Vec<u64> {
        (0..self.count as usize).map(|step| self.begin_ms(step)).collect()
    }

    /// The step a slot is in.
    pub(crate) fn index(self, slot: Slot) -> Option<usize> {
        let index = slot.0.checked_sub(self.first.0)? / self.slots;
        (index < self.count).then_some(index as usize)
    }

    /// The last slot of the last step.
    pub(crate) fn last(self) -> Slot {
        let all = u64::from(self.slots) * u64::from(self.count);
        let last = u64::from(self.first.0) + all.saturating_sub(1);
        Slot(u32::try_from(last).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_764_000_000_000;

    fn check(range_s: u64, level: Level, step_s: u64) {
        let steps = Steps::of(NOW_MS - range_s * 1_000, NOW_MS, Keep::default(), NOW_MS);
        assert_eq!((steps.level, steps.step_ms()), (level, step_s * 1_000), "{range_s} s");
        assert!(u64::from(steps.count) <= Steps::MOST + 1, "{steps:?}");
        assert_eq!(steps.times_ms().len(), steps.count as usize);
        let last = steps.index(level.slot_at(NOW_MS - 1));
        assert_eq!(last, Some(steps.count as usize - 1), "the end is in the last step");
    }

    #[test]
    fn a_span_of_time_has_two_hundred_steps_at_most_and_is_as_fine_as_they_allow() {
        check(60, Level::TenSeconds, 10);
        check(HOUR, Level::TenSeconds, 20);
        check(6 * HOUR, Level::FiveMinutes, 300);
        check(DAY, Level::FiveMinutes, 600);
        check(7 * DAY, Level::Hour, HOUR);
        check(30 * DAY, Level::Hour, 4 * HOUR);
    }

    #[test]
    fn of_the_last_step_only_what_has_been_counts() {
        let now_ms = NOW_MS + 5_000;
        let steps = Steps::of(now_ms - HOUR * 1_000, now_ms, Keep::default(), now_ms);
        let last = steps.count as usize - 1;
        assert_eq!((steps.begin_ms(last), steps.covered_ms(last, now_ms)), (NOW_MS, 5_000));
        assert_eq!(steps.covered_ms(last - 1, now_ms), 20_000);
        assert_eq!(steps.covered_ms(last, NOW_MS), 1_000, "none is divided by nothing");
    }

    #[test]
    fn what_is_not_kept_finely_any_more_is_told_coarsely() {
        let from_ms = NOW_MS - 3 * DAY * 1_000;
        let steps = Steps::of(from_ms, from_ms + HOUR * 1_000, Keep::default(), NOW_MS);
        assert_eq!(steps.level, Level::FiveMinutes);
    }

    #[test]
    fn what_is_kept_is_read_as_it_is_written() {
        let keep: Keep = "10s=1h, 1h=30d".parse().unwrap();
        let want = Keep { ten_seconds: HOUR, hour: 30 * DAY, ..Keep::default() };
        assert_eq!(keep, want);
        assert_eq!("".parse::<Keep>(), Ok(Keep::default()));
        assert!("10s".parse::<Keep>().is_err() && "2s=1h".parse::<Keep>().is_err());
    }
}
