//! `progress` and `tag!` as they are misused: nothing is made up, nothing is refused.

use crate::log::check;
use ferret::{profile, progress};

#[profile]
fn outer() {
    progress(1, 2);
    inner();
    progress(2, 2);
}

#[profile]
fn inner() {
    progress(7, 0);
}

#[test]
fn progress_is_the_innermost_spans_own_and_its_total_may_be_unknown() {
    check(
        outer,
        &[
            "outer begins",
            "outer: 1/2",
            "inner begins",
            "inner: 7/0",
            "inner ends: Ok",
            "outer: 2/2",
            "outer ends: Ok",
        ],
    );
}

#[test]
fn progress_past_its_total_or_back_is_recorded_as_it_is_said() {
    let overdone = || {
        let _span = ferret::span!("work");
        progress(12, 10);
        progress(u64::MAX, 10);
        progress(3, 10);
    };
    let most = format!("work: {}/10", u64::MAX);
    check(overdone, &["work begins", "work: 12/10", &most, "work: 3/10", "work ends: Ok"]);
}

#[test]
fn without_an_open_span_a_tag_is_dropped() {
    let tags = || {
        ferret::tag!(nobody = 1);
        drop(ferret::span!("work"));
        ferret::tag!(nobody = 2);
    };
    check(tags, &["work begins", "work ends: Ok"]);
}
