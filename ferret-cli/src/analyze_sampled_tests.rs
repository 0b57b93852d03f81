//! Calls of which a sample was recorded, or none: every table says so, and what is known of single ones is not made
//! up for the others.

use super::*;
use ferret::event::{Summary, summary_bucket};

/// A function that calls another: each ran once more than was counted.
fn busy() -> Made {
    let mut made = Made::new(7);
    made.start(1, "work");
    made.start(1, "hot");
    let path = made.threads[&1].0.path();
    made.now += 5 * MS;
    made.end(1, Outcome::Ok);
    made.now += 95 * MS;
    made.say(
        1,
        LogEntry::Summary(Box::new(Summary {
            cancelled: 0,
            path,
            calls: 99_999,
            errors: 12,
            panics: 0,
            total_ns: 60 * MS,
            child_ns: 0,
            min_ns: 400,
            max_ns: 900_000,
            histogram: vec![(summary_bucket(600), 99_900), (summary_bucket(900_000), 99)],
        })),
    );
    made.end(1, Outcome::Ok);
    made
}

#[test]
fn rows_of_which_a_sample_was_recorded_are_marked() {
    let all = ["", "--tree", "--by thread", "--by process"];
    insta::assert_snapshot!(all.map(|line| show(&[busy()], line, None)).join("\n"));
}

#[test]
fn a_filter_counts_them_only_where_it_can() {
    let calls = |line: &str| {
        let analysis = analyze(&[busy()], &args(line));
        let hot = analysis.functions.iter().find(|row| row.name == "hot");
        (hot.map_or(0, |row| row.calls), analysis.run.not_told_apart)
    };
    assert_eq!(calls("--filter hot"), (100_000, 0));
    assert_eq!(calls("--filter hot&dur>1ms"), (1, 99_999));
    assert_eq!(calls("--filter outcome:err"), (0, 99_999));
    assert_eq!(calls("--filter !hot&dur>1ms"), (0, 0), "the name alone decides");
    assert!(show(&[busy()], "--filter dur>1ms", None).contains("99,999 calls were only counted"));
}

#[test]
fn what_was_lost_is_named() {
    let mut made = Made::new(5);
    made.start(1, "flood");
    made.now += 100 * MS;
    made.lose(1, 12_345, 60);
    made.start(1, "cut_off");
    made.end(1, Outcome::Unknown);
    made.end(1, Outcome::Ok);
    made.lost_head = 500;
    made.exit(3);
    insta::assert_snapshot!("lost", show(&[made], "", Some(80)));
}
