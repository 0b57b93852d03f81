//! The tests, held against scipy 1.17.1: `stats.t.sf`, `brunnermunzel`, `mannwhitneyu`, `ttest_ind` and
//! `false_discovery_control`.

use super::*;

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn histogram(all: &[u64]) -> Histogram {
    let mut all = all.to_vec();
    all.sort_unstable();
    let calls: Vec<_> =
        all.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect();
    Histogram { independent: all.len() as f64, calls }
}

#[track_caller]
fn check(got: f64, expect: f64) {
    assert!((got - expect).abs() <= 1e-9 + expect.abs() * 1e-6, "{got} is not {expect}");
}

#[test]
fn the_distribution_of_students_t_is_scipys() {
    for (t, freedom, p) in [
        (2.0, 3.0, 0.139_325_968_558_843),
        (0.5, 1.0, 0.704_832_764_699_133),
        (4.5, 8.7, 0.001_621_403_131_255),
        (1.96, 1e7, 0.049_995_818_025_314),
        (3.3, 120.5, 0.001_271_924_780_161),
        (-2.0, 3.0, 0.139_325_968_558_843),
        (0.0, 5.0, 1.0),
        (f64::NAN, 5.0, 1.0),
    ] {
        check(two_sided(t, freedom), p);
    }
    let far = two_sided(12.0, 30.0);
    assert!((far / 5.580_185_415e-13 - 1.0).abs() < 1e-6, "{far}");
}

#[test]
fn ranks_are_compared_as_scipy_does() {
    // The pain scores of Brunner and Munzel's paper: 3.1374674823, p 0.005786208666.
    let (y, n) = ([1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1], [3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4]);
    let (off, error, freedom) = brunner_munzel(&histogram(&y), &histogram(&n));
    check(off / error.sqrt(), 3.137_467_482_302_95);
    check(two_sided(off / error.sqrt(), freedom), 0.005_786_208_666_151);
    // Without an overlap there is no spread of placements: Mann and Whitney's 8² / 2, z 3.3605.
    let low: Vec<u64> = (10..18).collect();
    let high: Vec<u64> = (20..28).collect();
    let (statistic, p) = shift(&histogram(&low), &histogram(&high)).unwrap();
    check(statistic, 3.360_672_201_667_23);
    assert!(p < 0.01, "{p}");
}

#[test]
fn few_calls_tell_nothing() {
    let (one, two) = (histogram(&[5]), histogram(&[5_000]));
    assert_eq!(shift(&one, &two), None);
    assert_eq!(percentile_shift(&histogram(&[1; 20]), &histogram(&[9; 20]), 0.95), None);
    let p = shift(&histogram(&[1, 2, 3]), &histogram(&[7, 8, 9])).unwrap().1;
    assert!(p > 0.05, "{p}: three and three are one of ten orders");
    assert_eq!(runs_differ(&[1.0], &[2.0]), None);
    assert_eq!(runs_differ(&[], &[2.0, 2.0, 2.0]), None);
}

#[test]
fn calls_that_are_worth_fewer_say_less() {
    let base: Vec<u64> = (1_000..1_400).collect();
    let head: Vec<u64> = (1_050..1_450).collect();
    let (base, mut head) = (histogram(&base), histogram(&head));
    let all = shift(&base, &head).unwrap().1;
    head.independent = 20.0;
    let few = shift(&base, &head).unwrap().1;
    assert!(all < 1e-6 && few > 0.05, "{all} {few}");
}

#[test]
fn percentiles_lie_between_calls_and_are_told_apart_by_enough_of_them() {
    let calls: Vec<u64> = (1..=1_000).map(|ns| ns * 1_000).collect();
    let of = histogram(&calls);
    check(at_share(&of, 0.5), 500_500.0);
    assert!((at_share(&of, 0.95) - 950_500.0).abs() < 1.0);
    check(at_share(&histogram(&[7]), 0.95), 7.0);
    let slower = calls.iter().map(|ns| ns + ns / 10).collect::<Vec<_>>();
    let p = percentile_shift(&of, &histogram(&slower), 0.95).unwrap();
    assert!(p < 1e-6, "{p}");
    check(percentile_shift(&of, &of, 0.95).unwrap(), 1.0);
}

#[test]
fn calls_that_all_grew_did_so_by_as_much_as_the_least() {
    let of = |all: [u64; 3]| Histogram { independent: 3.0, calls: all.map(|ns| (ns, 1)).to_vec() };
    let base = of([100, 200, 400]);
    let growth = |head| least_growth(&base, &of(head), &[0.1, 0.5, 0.9]);
    check(growth([110, 240, 420]), 0.05);
    check(growth([90, 190, 396]), -0.01);
    check(growth([100, 240, 420]), 0.0);
    check(growth([90, 240, 420]), 0.0);
}

#[test]
fn runs_are_compared_by_students_test_of_logarithms() {
    let base = [100.0, 103.0, 99.0, 106.0];
    check(runs_differ(&base, &[112.0, 109.0, 118.0]).unwrap(), 0.012_257_813_437_875);
    check(runs_differ(&base, &[125.0]).unwrap(), 0.009_706_522_522_455);
    // However alike runs look, they differ by 1 %.
    let p = runs_differ(&[100.0, 100.0], &[101.0, 101.0]).unwrap();
    assert!(p > 0.3, "{p}");
}

#[test]
fn the_more_is_asked_the_less_is_significant() {
    let mut all = [0.01, 0.04, 0.03, 0.005, 0.55, 0.02];
    correct(&mut all.iter_mut().collect::<Vec<_>>());
    for (got, expect) in all.into_iter().zip([0.03, 0.048, 0.045, 0.03, 0.55, 0.04]) {
        check(got, expect);
    }
    correct(&mut []);
}
