//! Counters and gauges from the call to the entry: few entries, and never a wrong sum.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of entry")]

use super::paths::OTHER;
use super::tests::{INNER, List, OUTER, record_by};
use super::{Callsite, count, enter, level};
use crate::event::{CallsiteId, CallsiteKind, LogEntry, Outcome, ThreadId};

static READ: Callsite = Callsite::new("read", "m", "f.rs", 1, CallsiteKind::Key);
static QUEUE: Callsite = Callsite::new("queue", "m", "f.rs", 2, CallsiteKind::Key);

/// Records on a thread of its own, and has all of it read at the end, in one go.
fn record(buffer_bytes: usize, program: impl FnOnce() + Send + 'static) -> List {
    record_by(true, 0, buffer_bytes, true, program)
}

/// The entries of one key: thread, value, whether it is a level.
fn numbers(list: &List, of: &'static Callsite) -> Vec<(ThreadId, f64, bool)> {
    let id = CallsiteId(of.id());
    let numbers = list.entries.iter().filter_map(|(thread, _, _, what)| {
        if let LogEntry::Counter { key, value, gauge } = what
            && *key == id
        {
            return Some((*thread, *value, *gauge));
        }
        None
    });
    numbers.collect()
}

fn sum(list: &List, of: &'static Callsite) -> f64 {
    numbers(list, of).iter().map(|(_, value, _)| value).sum()
}

#[test]
fn what_is_read_in_one_go_is_one_entry_a_key() {
    let list = record(1 << 20, || {
        for done in 0..1000 {
            count(&READ, 0.5);
            level(&QUEUE, f64::from(done));
            enter(&INNER).finish(Outcome::Ok);
        }
        level(&QUEUE, 3.0);
    });
    // These are 96 KB of raw events, in three chunks.
    assert_eq!(numbers(&list, &READ), [(ThreadId(1), 500.0, false)]);
    assert_eq!(numbers(&list, &QUEUE), [(ThreadId(1), 3.0, true)]);
}

#[test]
fn the_last_numbers_of_a_thread_come_before_its_end_and_time_does_not_go_back() {
    let list = record(1 << 20, || {
        let _outer = enter(&OUTER);
        count(&READ, 1.0);
        enter(&INNER).finish(Outcome::Ok);
    });
    let of_thread: Vec<_> = list.entries.iter().filter(|entry| entry.0 == ThreadId(1)).collect();
    assert!(of_thread.is_sorted_by_key(|(_, position, time, _)| (*position, *time)));
    let names: Vec<_> = of_thread.iter().map(|(_, _, _, what)| what.name()).collect();
    let expect = [
        "THREAD_START",
        "SPAN_START",
        "SPAN_START",
        "SPAN_END",
        "SPAN_END",
        "COUNTER",
        "THREAD_END",
    ];
    assert_eq!(names, expect);
}

#[test]
fn more_keys_than_are_kept_are_all_written() {
    let keys: Vec<&'static Callsite> = (0..200)
        .map(|line| Callsite::new("many", "m", "f.rs", line, CallsiteKind::Key))
        .map(|key| &*Box::leak(Box::new(key)))
        .collect();
    let counted = keys.clone();
    let list = record(1 << 20, move || {
        for _ in 0..2 {
            for key in &counted {
                count(key, 1.0);
            }
        }
    });
    for key in keys {
        assert!((sum(&list, key) - 2.0).abs() < f64::EPSILON);
    }
}

#[test]
fn what_finds_no_room_is_in_the_sum_all_the_same() {
    const TIMES: u32 = 50_000;
    let list = record(1, || {
        let _outer = enter(&OUTER);
        for done in 0..TIMES {
            count(&READ, 1.0);
            level(&QUEUE, f64::from(done));
            // Some of these are skipped: what is counted in them counts.
            let _inner = enter(&INNER);
            count(&READ, 1.0);
        }
    });
    assert!((sum(&list, &READ) - 2.0 * f64::from(TIMES)).abs() < f64::EPSILON);
    let levels = numbers(&list, &QUEUE);
    assert!(levels.contains(&(ThreadId::RECORDER, f64::from(TIMES - 1), true)), "{levels:?}");
}

#[test]
fn what_would_spoil_a_sum_is_not_recorded() {
    let list = record(1 << 20, || {
        for spoiler in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            count(&READ, spoiler);
            level(&QUEUE, spoiler);
        }
        count(&READ, -2.0);
    });
    assert_eq!(numbers(&list, &READ), [(ThreadId(1), -2.0, false)]);
    assert_eq!(numbers(&list, &QUEUE), []);
}

#[test]
fn numbers_that_find_no_place_at_all_are_counted() {
    let keys: &'static [Callsite] = Vec::leak(
        (0..70).map(|_| Callsite::new("key", "m", "f.rs", 3, CallsiteKind::Key)).collect(),
    );
    let list = record(0, move || {
        (0..100_000).for_each(|_| enter(&INNER).finish(Outcome::Ok));
        for key in keys.iter().chain(keys) {
            count(key, 1.0);
        }
    });
    let told: f64 = keys.iter().map(|key| sum(&list, key)).sum();
    let lost: f64 = list
        .entries
        .iter()
        .filter_map(|(_, _, _, what)| match what {
            LogEntry::Counter { key, value, .. } if *key == OTHER => Some(*value),
            _ => None,
        })
        .sum();
    assert_eq!((told, lost), (128.0, 12.0));
}
