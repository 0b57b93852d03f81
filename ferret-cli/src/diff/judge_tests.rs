//! What is judged a change: of single calls, of runs, whichever side is which.

#![expect(
    clippy::cast_precision_loss,
    clippy::unnecessary_wraps,
    reason = "small numbers; a row may be missing"
)]

use super::*;
use crate::diff::document::Verdict::{
    self, Faster, FewerCalls, Gone, MoreCalls, New, Same, Slower, SlowerBelow, Unsure,
};

/// Durations that are skewed as real ones are, about a middle of `ns`; another seed, other calls.
fn calls(ns: u64, count: u64, seed: u64) -> Vec<u64> {
    let mixed = |index: u64| {
        let mixed = (index + seed * 1_000_003 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ mixed >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ mixed >> 29
    };
    let one = |index: u64| {
        let (mixed, tail) = (mixed(index), mixed(index ^ 0x5555) % 20 == 0);
        ns * (70 + mixed % 61) / 100 + if tail { ns * (mixed >> 8 & 3) } else { 0 }
    };
    (0..count).map(one).collect()
}

fn histogram(all: &[u64]) -> Histogram {
    let mut all = all.to_vec();
    all.sort_unstable();
    let pairs: Vec<_> =
        all.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect();
    Histogram { independent: all.len() as f64, calls: pairs }
}

/// A function whose calls took so long, and by themselves.
fn measured(durations: &[u64], own: &[u64]) -> Measured {
    let at = |percent: usize| {
        let mut sorted = durations.to_vec();
        sorted.sort_unstable();
        sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied()
    };
    Measured {
        calls: durations.len() as u64,
        total_ns: durations.iter().sum(),
        self_ns: own.iter().sum(),
        p50_ns: at(50),
        p95_ns: at(95),
        durations: Some(histogram(durations)),
        own: Some(histogram(own)),
        ..Measured::default()
    }
}

fn leaf(durations: &[u64]) -> Option<Measured> {
    Some(measured(durations, durations))
}

fn judged(base: &[Option<Measured>], head: &[Option<Measured>]) -> Row {
    let rules = Rules::new(0.05, base.len(), head.len());
    // Among forty others that are the same.
    let other = [leaf(&calls(5_000, 200, 3))];
    let mut rows: Vec<Sides<'_>> = vec![(base, head)];
    rows.extend((0..40).map(|_| (&other[..], &other[..])));
    let mut all = judge(&rows, rules);
    assert!(all[1..].iter().all(|row| row.verdict == Same));
    all.swap_remove(0)
}

#[track_caller]
fn check(base: Option<Measured>, head: Option<Measured>, expect: Verdict) {
    assert_eq!(judged(std::slice::from_ref(&base), std::slice::from_ref(&head)).verdict, expect);
    // The other way round it is the other verdict.
    let swapped = match expect {
        Slower => Faster,
        Faster => Slower,
        SlowerBelow => Verdict::FasterBelow,
        Verdict::FasterBelow => SlowerBelow,
        New => Gone,
        Gone => New,
        MoreCalls => FewerCalls,
        FewerCalls => MoreCalls,
        Unsure | Same => expect,
    };
    assert_eq!(judged(&[head], &[base]).verdict, swapped);
}

#[test]
fn the_same_is_the_same_however_often_it_is_asked() {
    for seed in 0..200 {
        for count in [3, 40, 2_000] {
            let pair =
                [leaf(&calls(10_000, count, 2 * seed)), leaf(&calls(10_000, count, 2 * seed + 1))];
            let verdict = judged(&pair[..1], &pair[1..]).verdict;
            assert!(matches!(verdict, Same | Unsure), "{seed} {count}: {verdict:?}");
            assert!(count == 3 || verdict == Same, "{seed} {count}: {verdict:?}");
        }
    }
}

#[test]
fn a_tenth_more_is_found_and_a_hundredth_is_not_told() {
    let base = calls(10_000, 2_000, 1);
    check(leaf(&base), leaf(&calls(11_000, 2_000, 2)), Slower);
    check(leaf(&base), leaf(&calls(10_100, 2_000, 2)), Same);
    // A tenth of 1 µs is less than one run a side can tell.
    check(leaf(&calls(1_000, 2_000, 1)), leaf(&calls(1_100, 2_000, 2)), Same);
}

#[test]
fn who_calls_a_slower_function_is_slower_below() {
    let (own, other) = (calls(10_000, 2_000, 1), calls(10_000, 2_000, 2));
    let with = |own: &[u64], callee: u64| {
        let durations: Vec<u64> = own.iter().map(|ns| ns + callee).collect();
        Some(measured(&durations, own))
    };
    check(with(&own, 50_000), with(&other, 60_000), SlowerBelow);
}

#[test]
fn slow_calls_alone_are_found_by_the_slowest() {
    let base = calls(10_000, 4_000, 1);
    let slowest = |ns: &u64| if *ns > 12_000 { ns * 2 } else { *ns };
    let head: Vec<u64> = calls(10_000, 4_000, 2).iter().map(slowest).collect();
    check(leaf(&base), leaf(&head), Slower);
}

#[test]
fn what_is_on_one_side_alone_is_new_or_gone() {
    check(None, leaf(&calls(1_000, 5, 1)), New);
}

#[test]
fn counts_that_chance_makes_are_no_change() {
    let of = |count| leaf(&calls(10_000, count, 1));
    check(of(1_000), of(2_000), MoreCalls);
    check(of(100), of(110), Same);
    check(of(10_000), of(10_300), Same);
}

#[test]
fn too_few_calls_are_unsure() {
    check(leaf(&[1_000_000]), leaf(&[2_000_000]), Unsure);
    check(leaf(&[1_000_000]), leaf(&[1_010_000]), Same);
    // Calls that all were slow in one stretch say as little.
    let worth = |ns, independent| {
        leaf(&calls(ns, 2_000, 1)).map(|mut row| {
            row.own.as_mut().unwrap().independent = independent;
            row.durations.as_mut().unwrap().independent = independent;
            row
        })
    };
    check(worth(10_000, 2.0), worth(12_000, 2.0), Unsure);
}

#[test]
fn a_self_time_that_is_the_profilers_is_not_judged() {
    let of = |ns, percent| {
        let own = calls(ns, 2_000, 1);
        let durations: Vec<u64> = own.iter().map(|ns| ns + 1_000_000).collect();
        Some(Measured { overhead_percent: Some(percent), ..measured(&durations, &own) })
    };
    check(of(10_000, 20.0), of(12_000, 20.0), Slower);
    check(of(10_000, 60.0), of(12_000, 60.0), Same);
}

#[test]
fn runs_are_judged_by_how_runs_differ() {
    let side = |middles: [u64; 4]| middles.map(|ns| leaf(&calls(ns, 300, ns))).to_vec();
    let base = side([10_000, 10_100, 9_900, 10_050]);
    assert_eq!(judged(&base, &side([11_000, 11_100, 10_900, 11_200])).verdict, Slower);
    assert_eq!(judged(&side([11_000, 11_100, 10_900, 11_200]), &base).verdict, Faster);
    // As far apart in the middle, and runs that differ by more than that.
    let wild = side([9_000, 13_000, 11_000, 11_200]);
    assert_eq!(judged(&side([8_500, 12_500, 10_100, 9_900]), &wild).verdict, Same);
    // In some runs it is not called; in one run of three it was before too.
    let mut seldom = base.clone();
    seldom[1] = None;
    assert_eq!(judged(&seldom, &base).verdict, Same);
}
