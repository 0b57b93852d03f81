//! How many spans a second are recorded one by one, and which where there are more.
//!
//! Credit is given as time passes and taken for each span that is recorded. While there is some, every span is.
//! When it runs out the recorder *samples*: it still folds every event, so calls are counted and timed exactly,
//! but a span is written only if it is worth it, which is decided when it has ended:
//!
//! - one that took [`SLOW_NS`] or more: there cannot be many of them;
//! - one that failed, the first of its place in the call tree for [`WINDOW_NS`], and the slowest of it this
//!   second, while there is credit;
//! - every so many-th of the others, while there is more credit than those may need. How many: what credit there
//!   is for a window is shared out so that all of a rare place are written and of busy ones as many of each.
//!
//! The program's threads do what they do without a limit, and pay the same. Rejected: to count in the threads. A
//! span that is only counted costs a thread twice what one costs that is written and read by the recorder; a
//! place in the call tree is not known there, nor is a call's length before it has ended.

use crate::event::{LogTime, Outcome};

/// A place's calls are compared over this long, ns.
const WINDOW_NS: u64 = 100_000_000;
const WINDOWS_A_SECOND: u64 = 10;
/// A span this long is always written, ns.
const SLOW_NS: u64 = 10_000_000;
/// One span, in billionths: what a nanosecond brings is `per_second` of them.
const SPAN: i64 = 1_000_000_000;
/// Nobody means more than this.
const MOST_PER_SECOND: u64 = 1_000_000_000;

/// What may be recorded one by one.
#[derive(Debug)]
pub(super) struct Budget {
    /// Any number if there is none.
    per_second: Option<i64>,
    /// In billionths of a span; at most what a second brings, and at least less than nothing by as much.
    credit: i64,
    filled: Option<LogTime>,
    is_sampling: bool,
    window: LogTime,
    windows: u64,
    /// Spans begun in this window.
    begun: u64,
    /// Windows in a row in which no more began than may be recorded.
    calm: u64,
}

/// What of a place in the call tree counts for which of its spans are written.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Calls in this window.
    pub(super) seen: u64,
    /// Every so many-th is written; 0 while that is not known.
    every: u64,
    /// How many more until the next.
    left: u64,
    /// The slowest of this second, ns.
    slowest_ns: u64,
}

impl Budget {
    pub(super) fn new(per_second: Option<u64>) -> Self {
        let per_second = per_second.map(|spans| spans.clamp(1, MOST_PER_SECOND));
        let per_second = per_second.and_then(|spans| i64::try_from(spans).ok());
        Self {
            per_second,
            credit: per_second.unwrap_or(0).saturating_mul(SPAN),
            filled: None,
            is_sampling: false,
            window: LogTime::default(),
            windows: 0,
            begun: 0,
            calm: 0,
        }
    }

    /// Whether there are more spans than may be written.
    #[inline]
    pub(super) fn is_sampling(&self) -> bool {
        self.is_sampling
    }

    /// How many spans may begin, and be written, before it is to be asked again.
    #[inline]
    pub(super) fn left(&self) -> usize {
        match self.per_second {
            None => usize::MAX,
            Some(_) => usize::try_from(self.credit / SPAN).unwrap_or(0).max(1),
        }
    }

    /// So many spans have begun.
    #[inline]
    pub(super) fn begin(&mut self, spans: u64) {
        self.begun += spans;
    }

    /// So many are written.
    #[inline]
    pub(super) fn spend(&mut self, spans: u64) {
        let Some(per_second) = self.per_second else { return };
        let spent = i64::try_from(spans).unwrap_or(i64::MAX).saturating_mul(SPAN);
        self.credit = self.credit.saturating_sub(spent).max(-per_second * SPAN);
        if self.credit < SPAN && !self.is_sampling {
            (self.is_sampling, self.calm) = (true, 0);
        }
    }

    /// Time has passed; whether a window is over, and [`Budget::turn`] is due.
    pub(super) fn fill(&mut self, now: LogTime) -> bool {
        let Some(per_second) = self.per_second else { return false };
        let since = *self.filled.get_or_insert(now);
        let passed_ns = i64::try_from(now.since(since).min(SPAN.unsigned_abs())).unwrap_or(SPAN);
        self.filled = Some(now.max(since));
        let most = per_second * SPAN;
        self.credit = self.credit.saturating_add(per_second * passed_ns).min(most);
        now.since(self.window) >= WINDOW_NS
    }

    /// A window is over, in which each place had so many calls: gives of how many of one place's calls one is to be
    /// written, by how many there were.
    pub(super) fn turn(&mut self, now: LogTime, seen: &mut [u64]) -> impl Fn(u64) -> u64 + use<> {
        let per_second = self.per_second.unwrap_or(0).unsigned_abs();
        let may = per_second.div_ceil(WINDOWS_A_SECOND);
        self.calm = if self.begun <= may { self.calm + 1 } else { 0 };
        if self.calm >= WINDOWS_A_SECOND {
            self.is_sampling = false;
        }
        (self.window, self.begun) = (now, 0);
        self.windows += 1;
        // A part is left for those that are not written by turns.
        let level = level(seen, may - may / 4);
        move |seen: u64| seen.div_ceil(level).max(1)
    }

    /// Whether a second is over with this window.
    pub(super) fn is_second(&self) -> bool {
        self.windows.is_multiple_of(WINDOWS_A_SECOND)
    }

    /// Whether to write a span that has ended, of a place with that share.
    pub(super) fn keeps(&self, share: &mut Share, ns: u64, outcome: Outcome) -> bool {
        share.seen += 1;
        let is_slowest = ns > share.slowest_ns;
        share.slowest_ns = share.slowest_ns.max(ns);
        share.left = share.left.saturating_sub(1);
        let is_next = match share.every {
            0 => share.seen.is_power_of_two(),
            every => {
                let is_next = share.left == 0;
                if is_next {
                    share.left = every;
                }
                is_next
            }
        };
        let reserve = self.per_second.unwrap_or(0) * (SPAN / 8);
        let is_rare = share.seen == 1 || outcome != Outcome::Ok;
        ns >= SLOW_NS
            || (is_rare && self.credit >= SPAN)
            || ((is_next || is_slowest) && self.credit >= reserve.max(SPAN))
    }

    /// How long to wait, ns, so that so many spans are a quarter of what may be written.
    pub(super) fn time_for(&self, spans: u64) -> u64 {
        self.per_second.map_or(0, |per_second| {
            spans.saturating_mul(4 * SPAN.unsigned_abs()) / per_second.unsigned_abs()
        })
    }
}

impl Share {
    /// A window is over, a second with it if `is_second`; of the next, every so many-th call is to be written.
    pub(super) fn turn(&mut self, every: u64, is_second: bool) {
        self.seen = 0;
        self.left = self.left.clamp(1, every);
        self.every = every;
        if is_second {
            self.slowest_ns = 0;
        }
    }
}

/// Up to how many of each place are written, so that it is no more than `may` in all; 1 at least.
fn level(seen: &mut [u64], may: u64) -> u64 {
    seen.sort_unstable();
    let (mut left, mut places) = (may, seen.len() as u64);
    for &count in seen.iter() {
        let share = left / places;
        if count > share {
            return share.max(1);
        }
        left -= count;
        places -= 1;
    }
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_a_limit_nothing_is_ever_sampled() {
        let mut budget = Budget::new(None);
        budget.spend(u64::MAX);
        assert!(!budget.fill(LogTime(5)) && !budget.is_sampling());
        assert_eq!(budget.left(), usize::MAX);
    }

    #[test]
    fn a_second_is_had_at_once_and_then_what_time_brings() {
        let mut budget = Budget::new(Some(1_000));
        budget.fill(LogTime(0));
        assert_eq!(budget.left(), 1_000);
        budget.spend(1_000);
        assert!(budget.is_sampling());
        budget.fill(LogTime(5_000_000));
        assert_eq!(budget.left(), 5);
        budget.fill(LogTime(u64::MAX));
        assert_eq!(budget.left(), 1_000, "no more than a second's are saved");
    }

    #[test]
    fn a_limit_below_what_a_look_brings_is_not_rounded_to_none() {
        let mut budget = Budget::new(Some(1));
        budget.fill(LogTime(0));
        budget.spend(2);
        for look in 1..=100 {
            budget.fill(LogTime(look * 20_000_000));
        }
        assert_eq!(budget.credit, SPAN);
    }

    #[test]
    fn it_ends_after_a_second_of_calm() {
        let mut budget = Budget::new(Some(1_000));
        budget.fill(LogTime(0));
        budget.spend(1_000);
        for window in 1..=11 {
            budget.begin(if window == 1 { 101 } else { 100 });
            assert!(budget.is_sampling(), "{window}");
            assert!(budget.fill(LogTime(window * WINDOW_NS)));
            drop(budget.turn(LogTime(window * WINDOW_NS), &mut []));
        }
        assert!(!budget.is_sampling());
    }

    #[test]
    fn what_is_rare_is_written_and_of_the_rest_as_many_of_each() {
        let mut budget = Budget::new(Some(400));
        // 40 a window, of which 30 are shared out: 4 + 13 + 13.
        let every = budget.turn(LogTime(0), &mut [1_300, 4, 130]);
        assert_eq!([1_300, 4, 130].map(every), [100, 1, 10]);
    }

    #[test]
    fn slow_ones_failed_ones_and_the_first_are_written() {
        let mut budget = Budget::new(Some(1_000));
        budget.fill(LogTime(0));
        let mut share = Share { every: 100, left: 100, ..Share::default() };
        let mut keeps = |ns, outcome| budget.keeps(&mut share, ns, outcome);
        assert!(keeps(500, Outcome::Ok), "the first");
        assert!(!keeps(400, Outcome::Ok) && keeps(501, Outcome::Ok), "the slowest so far");
        assert!(keeps(1, Outcome::Err));
        assert!(!keeps(1, Outcome::Ok));
        budget.spend(2_000);
        let mut keeps = |ns, outcome| budget.keeps(&mut share, ns, outcome);
        assert!(!keeps(1, Outcome::Err) && !keeps(9_999_999, Outcome::Ok), "there is no credit");
        assert!(keeps(10_000_000, Outcome::Ok), "always");
    }

    proptest! {
        /// The plain way: raise the level until it is too much.
        #[test]
        fn the_level_is_the_highest_that_fits(
            mut seen in proptest::collection::vec(1..200_u64, 1..20), may in 0..500_u64
        ) {
            let written = |level: u64| seen.iter().map(|count| (*count).min(level)).sum::<u64>();
            let plain = (1..200).take_while(|level| written(*level) <= may).last().unwrap_or(1);
            let all: u64 = seen.iter().sum();
            let found = level(&mut seen, may);
            prop_assert_eq!(found.min(199), if all <= may { 199 } else { plain });
        }
    }
}
