//! How many spans a second are recorded one by one, and which where there are more.
//!
//! Credit is given as time passes and taken for each span that is recorded. While there is some, every span is.
//! When it runs out the recorder *samples*: it still folds every event, so calls are counted and timed exactly,
//! but a span is written only if it is worth it, which is decided when it has ended:
//!
//! - one that took [`SLOW_NS`] or more: a thread cannot have many of them (async ones it can);
//! - the first failure of its place in the call tree and thread for [`WINDOW_NS`], while there is credit; and the first
//!   call, while there is some left for failures;
//! - the slowest of its place this second, every so many-th of the others, and more failures, while there is some left
//!   for first calls. How many: what credit a window brings is shared out so that all of a rare place are written and
//!   of busy ones as many of each;
//! - any, while half of what may be saved is.
//!
//! The program's threads do what they do without a limit, and pay the same. Rejected: to count in the threads. A
//! span that is only counted costs a thread twice what one costs that is written and read by the recorder; a
//! place in the call tree is not known there, nor is a call's length before it has ended.

use crate::event::{LogTime, Outcome};

/// A place's calls are compared over this long, ns.
const WINDOW_NS: u64 = 100_000_000;
const WINDOWS_A_SECOND: u64 = SPAN.unsigned_abs() / WINDOW_NS;
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
    /// The second that is compared with the limit, in which so many spans have begun so far.
    second: LogTime,
    begun: u64,
}

/// What of a place in the call tree counts for which of its spans are written.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Calls in this window, and of these the failed ones.
    pub(super) seen: u64,
    failed: u64,
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
            second: LogTime::default(),
            begun: 0,
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
            (self.is_sampling, self.begun) = (true, 0);
            self.second = self.filled.unwrap_or_default();
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
        let may = |ns: u64| {
            per_second.saturating_mul(ns.min(60 * SPAN.unsigned_abs())) / SPAN.unsigned_abs()
        };
        let second_ns = now.since(self.second);
        if second_ns >= SPAN.unsigned_abs() {
            self.is_sampling &= self.begun > may(second_ns);
            (self.second, self.begun) = (now, 0);
        }
        // The first window has no beginning; later ones are as long as the looks make them.
        let may = may(now.since(self.window).clamp(WINDOW_NS, 10 * WINDOW_NS));
        self.window = now;
        self.windows += 1;
        // A part is left for those that are not written by turns.
        let level = level(seen, may - may / 4);
        move |seen: u64| seen.div_ceil(level).max(1)
    }

    /// Whether a second is over with this window.
    pub(super) fn is_second(&self) -> bool {
        self.windows.is_multiple_of(WINDOWS_A_SECOND)
    }

    /// Whether what took so long is always written, ns.
    pub(super) fn is_slow(ns: u64) -> bool {
        ns >= SLOW_NS
    }

    /// Whether to write a span that has ended, of a place with that share.
    pub(super) fn keeps(&self, share: &mut Share, ns: u64, outcome: Outcome) -> bool {
        self.keeps_async(share, ns, outcome) || Self::is_slow(ns)
    }

    /// The same of an async one: thousands may wait at the same time, and take long.
    pub(super) fn keeps_async(&self, share: &mut Share, ns: u64, outcome: Outcome) -> bool {
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
        let is_failure = outcome != Outcome::Ok;
        share.failed += u64::from(is_failure);
        let is_first_failure = is_failure && share.failed == 1;
        let is_next = is_next || (is_failure && share.failed.is_power_of_two());
        // Of what a second brings, so much must be left: the less there is of something, the less.
        let has = |parts: i64| {
            self.credit >= (self.per_second.unwrap_or(0) * (SPAN / 16) * parts).max(SPAN)
        };
        (is_first_failure && has(0))
            || (share.seen == 1 && has(1))
            || ((is_next || is_slowest) && has(2))
            || has(8)
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
        (self.seen, self.failed) = (0, 0);
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

    /// So many spans at once, every half second, for ten seconds; whether they are sampled at the end.
    fn ends_sampling(bursts: u64) -> bool {
        let mut budget = Budget::new(Some(1_000));
        budget.fill(LogTime(0));
        budget.spend(1_000);
        assert!(budget.is_sampling());
        for look in 1..=400_u64 {
            let now = LogTime(look * 25_000_000);
            if budget.fill(now) {
                drop(budget.turn(now, &mut []));
            }
            if look % 20 == 0 {
                budget.begin(bursts);
            }
        }
        !budget.is_sampling()
    }

    /// However unevenly they come.
    #[test]
    fn it_ends_when_a_second_brings_no_more_than_the_limit() {
        assert!(ends_sampling(0) && ends_sampling(300));
        assert!(!ends_sampling(1_200));
    }

    #[test]
    fn what_is_rare_is_written_and_of_the_rest_as_many_of_each() {
        let mut budget = Budget::new(Some(400));
        // 40 a window, of which 30 are shared out: 4 + 13 + 13.
        let every = budget.turn(LogTime(WINDOW_NS), &mut [1_300, 4, 130]);
        assert_eq!([1_300, 4, 130].map(every), [100, 1, 10]);
    }

    /// A budget with so many sixteenths of a second's credit, and a place that is written seldom.
    fn with_credit(sixteenths: i64) -> (Budget, Share) {
        let budget = Budget { credit: sixteenths * 100 * SPAN, ..Budget::new(Some(1_600)) };
        (budget, Share { every: 1_000, left: 1_000, ..Share::default() })
    }

    #[test]
    fn slow_ones_failed_ones_and_the_first_are_written() {
        let (budget, mut share) = with_credit(4);
        let mut keeps = |ns, outcome| budget.keeps(&mut share, ns, outcome);
        assert!(keeps(500, Outcome::Ok), "the first");
        assert!(!keeps(400, Outcome::Ok) && keeps(501, Outcome::Ok), "the slowest so far");
        assert!(keeps(1, Outcome::Err));
        assert!(!keeps(1, Outcome::Ok));
    }

    /// A function that fails each time took all there was, and nothing else was written any more.
    #[test]
    fn what_always_fails_is_as_busy_as_anything_else() {
        let (budget, mut share) = with_credit(4);
        let kept = (0..10_000).filter(|_| budget.keeps(&mut share, 1, Outcome::Err)).count();
        assert!((14..=30).contains(&kept), "{kept}");
    }

    #[test]
    fn the_less_there_is_of_something_the_longer_it_is_written() {
        let kept = |sixteenths| {
            let (budget, mut share) = with_credit(sixteenths);
            [
                budget.keeps(&mut share, 500, Outcome::Ok),
                budget.keeps(&mut share, 600, Outcome::Ok),
                budget.keeps(&mut share, 1, Outcome::Err),
                budget.keeps(&mut share, 10_000_000, Outcome::Ok),
                budget.keeps(&mut share, 1, Outcome::Ok),
            ]
        };
        assert_eq!(kept(0), [false, false, false, true, false], "what is slow, always");
        assert_eq!(Budget::new(Some(1_600)).credit, 1_600 * SPAN);
        let one = |credit| {
            let (mut budget, mut share) = with_credit(0);
            budget.credit = credit;
            [budget.keeps(&mut share, 500, Outcome::Ok), budget.keeps(&mut share, 1, Outcome::Err)]
        };
        assert_eq!(one(SPAN), [false, true], "a failure");
        assert_eq!(kept(1), [true, false, true, true, false], "and a first call");
        assert_eq!(kept(2), [true, true, true, true, false], "and the slowest");
        assert_eq!(kept(8), [true; 5]);
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
