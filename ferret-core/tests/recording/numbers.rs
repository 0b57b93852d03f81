//! `counter!` and `gauge!`: any number, from any thread, in or out of a span.

use crate::log::record;
use std::num::NonZero;
use std::thread;

/// What a gauge says of a level.
#[track_caller]
fn check(says: fn(), expect: f64) {
    let numbers = record(says).numbers("level");
    assert_eq!(numbers, [(expect, true)]);
}

#[test]
fn a_number_of_any_type_is_taken() {
    check(|| ferret::gauge!(level, 1_u8), 1.0);
    check(|| ferret::gauge!(level, -2_i16), -2.0);
    check(|| ferret::gauge!(level, u32::MAX), 4_294_967_295.0);
    check(|| ferret::gauge!(level, i64::MIN), -9_223_372_036_854_775_808.0);
    check(|| ferret::gauge!(level, u128::from(u64::MAX)), 18_446_744_073_709_551_616.0);
    check(|| ferret::gauge!("level", 0.5_f32), 0.5);
    check(|| ferret::gauge!("level", -0.25), -0.25);
    check(|| ferret::gauge!("level", [1, 2].len(),), 2.0);
    check(|| ferret::gauge!("level", &NonZero::<isize>::MIN), -9_223_372_036_854_775_808.0);
}

#[test]
fn threads_count_together_in_spans_and_without() {
    let log = record(|| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for n in 0..1000 {
                        ferret::counter!("bytes read", n);
                        let _span = ferret::span!("a span");
                        ferret::counter!("bytes read", 0.5);
                    }
                });
            }
        });
    });
    let sum: f64 = log.numbers("bytes read").iter().map(|(value, _)| value).sum();
    assert!((sum - 4.0 * (499_500.0 + 500.0)).abs() < f64::EPSILON, "{sum}");
}

#[test]
fn a_hot_loop_does_not_fill_the_log() {
    let log = record(|| {
        for _ in 0..1_000_000 {
            ferret::counter!(turns, 1);
        }
    });
    let numbers = log.numbers("turns");
    let sum: f64 = numbers.iter().map(|(value, _)| value).sum();
    assert!((sum - 1e6).abs() < f64::EPSILON, "{sum}");
    // 32 MB of raw events: an entry for each chunk, and for each look at one.
    assert!(numbers.len() < 5_000, "{} entries", numbers.len());
}

#[test]
fn a_number_is_not_evaluated_while_recording_is_off() {
    let _turn = crate::log::turn();
    // The first span finds out that nobody records.
    drop(ferret::span!("off"));
    ferret::counter!("never", unreachable::<u8>());
    ferret::gauge!("never", unreachable::<u8>());
}

fn unreachable<T>() -> T {
    unreachable!("recording is off")
}
