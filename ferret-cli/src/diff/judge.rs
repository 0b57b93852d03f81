//! What became of each row: whether it changed, in what, and whether that may be chance.
//!
//! A change is called one if it is large enough to matter *and* too large for chance. With one run on a side its calls are
//! compared, each as much as it is worth; with several, one number of each run. The time that calls take by themselves
//! is asked about apart from their whole duration: so a function is slower, and those that call it are
//! slower below.

use super::document::{Change, Row, Verdict};
use super::matching::Measured;
use super::statistics::{at_share, correct, least_growth, percentile_shift, runs_differ, shift};
use crate::analyze::Histogram;

/// What counts as a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rules {
    /// A change by a smaller share is none.
    pub(super) least_share: f64,
    /// A change of durations by less is none, ns: below, the cost of recording and the clock are much of it.
    pub(super) least_ns: f64,
    /// Of what is called a change, so large a share may be chance.
    pub(super) chance: f64,
}

impl Rules {
    /// Those for so many runs. There are many calls and few runs, so of runs more is left to chance: at 1 % five a side
    /// would not do. Of one run a side nothing below 250 ns is believed: where its code and data lie in the caches makes as
    /// much.
    pub(super) fn new(least_share: f64, base: usize, head: usize) -> Self {
        let is_single = base == 1 && head == 1;
        let (least_ns, chance) = if is_single { (250.0, 0.01) } else { (20.0, 0.05) };
        Self { least_share, least_ns, chance }
    }
}

/// A row's two sides.
pub(super) type Sides<'a> = (&'a [Option<Measured>], &'a [Option<Measured>]);

/// From so many percent on.
const MOSTLY_OURS: f64 = 50.0;
/// Fewer calls, of what they are worth, cannot show a change however large.
const FEW: f64 = 8.0;
/// Standard errors by which counts of one run each must differ.
const ERRORS_OF_COUNTS: f64 = 2.0;

/// Judges all rows together: the more there are, the more differ by chance.
pub(super) fn judge(rows: &[Sides<'_>], rules: Rules) -> Vec<Row> {
    let evidence = |sides: &Sides<'_>| {
        let all = Evidence::of(*sides);
        let (own, own_p95) =
            if is_mostly_ours(*sides) { Default::default() } else { (all.own, all.own_p95) };
        Evidence { own, own_p95, ..all }
    };
    let mut evidence: Vec<Evidence> = rows.iter().map(evidence).collect();
    // Each question is one of its own: that the slowest calls of many rows differ makes nothing else more doubtful.
    for question in 0..QUESTIONS {
        let all =
            evidence.iter_mut().filter_map(|row| row.each().into_iter().nth(question).flatten());
        correct(&mut all.collect::<Vec<_>>());
    }
    rows.iter().zip(evidence).map(|(sides, evidence)| row(*sides, &evidence, rules)).collect()
}

/// Of a self time that is ferret's own for the most part, a change says nothing of the program.
fn is_mostly_ours((base, head): Sides<'_>) -> bool {
    let rows = base.iter().chain(head).flatten();
    rows.filter_map(|row| row.overhead_percent).any(|percent| percent >= MOSTLY_OURS)
}

/// What is asked of each row.
const QUESTIONS: usize = 5;

/// What speaks for a change of a row.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    calls: Option<f64>,
    own: Sign,
    own_p95: Sign,
    p50: Sign,
    p95: Sign,
}

/// What speaks for a change of a duration.
#[derive(Clone, Copy, Debug, Default)]
struct Sign {
    /// How probable it is by chance; none where that cannot be told.
    p_value: Option<f64>,
    /// By how large a share of the base it grew, or less than 0; none where what is shown says it.
    growth: Option<f64>,
    /// By how many times the least it has to, and by the square of that in ns.
    times: f64,
}

/// The percentiles that must all change for calls to be called slower, or faster, ...
const OF_MOST: [f64; 3] = [0.1, 0.25, 0.5];
/// ... and for the slowest of them.
const OF_SLOWEST: [f64; 3] = [0.9, 0.95, 0.98];
/// The slowest calls of two runs differ by more.
const TIMES_OF_SLOWEST: f64 = 2.0;

impl Evidence {
    fn each(&mut self) -> [Option<&mut f64>; QUESTIONS] {
        let Self { calls, own, own_p95, p50, p95 } = self;
        let durations = [own, own_p95, p50, p95].map(|sign| sign.p_value.as_mut());
        let [own, own_p95, p50, p95] = durations;
        [calls.as_mut(), own, own_p95, p50, p95]
    }

    fn of((base, head): Sides<'_>) -> Self {
        if let ([base], [head]) = (base, head) {
            let (Some(base), Some(head)) = (base, head) else { return Self::default() };
            return Self::of_calls(base, head);
        }
        let differ = |of: fn(&Measured) -> Option<f64>| {
            let p_value = runs_differ(&values(base, of), &values(head, of));
            Sign { p_value, growth: None, times: 1.0 }
        };
        let counts = |side: &[Option<Measured>]| {
            side.iter().map(Option::as_ref).map(calls).collect::<Vec<_>>()
        };
        Self {
            calls: runs_differ(&counts(base), &counts(head)),
            own: differ(self_p50),
            own_p95: differ(self_p95),
            p50: differ(|row| number(row.p50_ns)),
            p95: differ(|row| number(row.p95_ns)),
        }
    }

    fn of_calls(base: &Measured, head: &Measured) -> Self {
        let both = |of: fn(&Measured) -> &Option<Histogram>| {
            Some((of(base).as_ref()?, of(head).as_ref()?))
        };
        let of_most = |(base, head)| Sign {
            p_value: shift(base, head).map(|(_, p)| p),
            growth: Some(least_growth(base, head, &OF_MOST)),
            times: 1.0,
        };
        let of_slowest = |(base, head)| Sign {
            p_value: percentile_shift(base, head, 0.95),
            growth: Some(least_growth(base, head, &OF_SLOWEST)),
            times: TIMES_OF_SLOWEST,
        };
        let (own, durations) = (both(|row| &row.own), both(|row| &row.durations));
        Self {
            calls: None,
            own: own.map(of_most).unwrap_or_default(),
            own_p95: own.map(of_slowest).unwrap_or_default(),
            p50: durations.map(of_most).unwrap_or_default(),
            p95: durations.map(of_slowest).unwrap_or_default(),
        }
    }
}

fn row((base, head): Sides<'_>, evidence: &Evidence, rules: Rules) -> Row {
    let middle = |of: fn(&Measured) -> Option<f64>| {
        Change::between(median(values(base, of)), median(values(head, of)))
    };
    let of_ns = |of, sign: Sign| rules.of_sign(middle(of), sign);
    let mut judged = Row {
        calls: rules.of_counts((base, head), evidence.calls),
        errors: middle(|row| number(Some(row.errors))),
        total_ns: middle(|row| number(Some(row.total_ns))),
        self_ns: middle(|row| number(Some(row.self_ns))),
        self_p50_ns: of_ns(self_p50, evidence.own),
        mean_ns: middle(|row| number(row.mean_ns)),
        p50_ns: of_ns(|row| number(row.p50_ns), evidence.p50),
        p95_ns: of_ns(|row| number(row.p95_ns), evidence.p95),
        p99_ns: middle(|row| number(row.p99_ns)),
        max_ns: middle(|row| number(row.max_ns)),
        verdict: Verdict::Same,
    };
    let own = judged.self_p50_ns.direction().or(of_ns(self_p95, evidence.own_p95).direction());
    // More of it by itself: because calls take longer, or because there are more.
    let because = own.into_iter().chain(judged.calls.direction());
    let grew = judged.self_ns.change.unwrap_or(0) > 0;
    judged.self_ns.significant =
        rules.matters(&judged.self_ns) && because.into_iter().any(|grows| grows == grew);
    judged.self_ns.p_value = judged.self_p50_ns.p_value;
    let below = judged.p50_ns.direction().or(judged.p95_ns.direction());
    let is_there = |side: &[Option<Measured>]| side.iter().any(Option::is_some);
    judged.verdict = match (is_there(base), is_there(head)) {
        (false, _) => Verdict::New,
        (_, false) => Verdict::Gone,
        (true, true) => match (own, below, judged.calls.direction()) {
            (Some(true), ..) => Verdict::Slower,
            (Some(false), ..) => Verdict::Faster,
            (None, Some(true), _) => Verdict::SlowerBelow,
            (None, Some(false), _) => Verdict::FasterBelow,
            (None, None, Some(true)) => Verdict::MoreCalls,
            (None, None, Some(false)) => Verdict::FewerCalls,
            (None, None, None) if is_unsure((base, head), &judged, evidence, rules) => {
                Verdict::Unsure
            }
            (None, None, None) => Verdict::Same,
        },
    };
    judged
}

/// Whether it changed by so much that more calls, or runs, could show it.
fn is_unsure((base, head): Sides<'_>, judged: &Row, evidence: &Evidence, rules: Rules) -> bool {
    let changed = rules.matters(&judged.p50_ns) || rules.matters(&judged.self_p50_ns);
    let worth = |side: &[Option<Measured>]| {
        let own = side.iter().flatten().filter_map(|row| row.own.as_ref());
        own.map(|own| own.independent).fold(0.0, f64::max)
    };
    let is_single = base.len() == 1 && head.len() == 1;
    let cannot =
        if is_single { worth(base).min(worth(head)) < FEW } else { evidence.own.p_value.is_none() };
    changed && cannot
}

impl Rules {
    /// Whether so much would be of interest.
    pub(super) fn matters(self, change: &Change) -> bool {
        let (Some(base), Some(change)) = (change.base, change.change) else { return false };
        #[expect(clippy::cast_precision_loss, reason = "durations below 104 days are exact")]
        let (base, change) = (base as f64, change.unsigned_abs() as f64);
        change >= (base * self.least_share).max(self.least_ns)
    }

    pub(super) fn of_durations(self, change: Change, p_value: Option<f64>) -> Change {
        let significant = p_value.is_some_and(|p| p < self.chance) && self.matters(&change);
        Change { p_value, significant, ..change }
    }

    fn of_sign(self, change: Change, Sign { p_value, growth, times }: Sign) -> Change {
        let least_ns = self.least_ns * times * times;
        let change = Self { least_ns, ..self }.of_durations(change, p_value);
        // A change that most calls do not share is none, nor is one the other way round.
        let is_shared = growth.is_none_or(|growth| {
            growth.abs() >= self.least_share * times
                && change.change.is_none_or(|change| (change > 0) == (growth > 0.0))
        });
        Change { significant: change.significant && is_shared, ..change }
    }

    /// Counts are facts, and of one run each nothing says how much they vary. As much as chance alone makes
    /// them is left out.
    fn of_counts(self, (base, head): Sides<'_>, p_value: Option<f64>) -> Change {
        let counts = |side: &[Option<Measured>]| {
            median(side.iter().map(Option::as_ref).map(calls).collect())
        };
        let (base, head) = (counts(base), counts(head));
        let (all, off) = (base.unwrap_or(0.0), head.unwrap_or(0.0) - base.unwrap_or(0.0));
        let is_large = off.abs() >= all * self.least_share && off != 0.0;
        let is_sure = match p_value {
            Some(p) => p < self.chance,
            None => off.abs() > ERRORS_OF_COUNTS * (all + head.unwrap_or(0.0)).sqrt(),
        };
        Change { p_value, significant: is_large && is_sure, ..Change::between(base, head) }
    }
}

/// What the runs of a side say that have the row.
pub(super) fn values<T>(side: &[Option<T>], of: impl Fn(&T) -> Option<f64>) -> Vec<f64> {
    side.iter().flatten().filter_map(of).collect()
}

/// The middle one; of an even number, between the two.
pub(super) fn median(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    let middle = all.len() / 2;
    let upper = *all.get(middle)?;
    Some(if all.len() % 2 == 1 { upper } else { f64::midpoint(all[middle - 1], upper) })
}

#[expect(clippy::cast_precision_loss, reason = "durations below 104 days are exact")]
fn number(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

fn calls(row: Option<&Measured>) -> f64 {
    row.and_then(|row| number(Some(row.calls))).unwrap_or(0.0)
}

/// Of one call by itself; of what has no histogram, the mean.
fn self_p50(row: &Measured) -> Option<f64> {
    let mean = || (row.calls > 0).then(|| number(Some(row.self_ns / row.calls))).flatten();
    row.own.as_ref().map(|own| at_share(own, 0.5)).or_else(mean)
}

fn self_p95(row: &Measured) -> Option<f64> {
    row.own.as_ref().map(|own| at_share(own, 0.95))
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
