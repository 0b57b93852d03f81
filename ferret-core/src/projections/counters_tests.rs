//! Tests of counters and gauges.

#![expect(clippy::float_cmp, reason = "whole numbers are exact")]

use super::*;
use crate::event::{CallsiteInfo, CallsiteKind, EndKind, Offset, ProcessEnd, ThreadId};
use proptest::prelude::*;

const S: u64 = 1_000_000_000;
const ALL: LogIndex = LogIndex(usize::MAX);

/// Counters by hand. Keys are numbers, whose names are theirs; odd hundreds repeat the names of the
/// even ones, as two callsites of one name do.
struct Script {
    counters: Counters,
    names: Names,
    /// The last moments of processes that live no more.
    dead: BTreeMap<LogIndex, LogTime>,
}

impl Script {
    fn new() -> Self {
        let mut names = Names::default();
        for id in 0..2_000 {
            let (name, kind) = (format!("n{}", id % 1_000), CallsiteKind::Key);
            let (module, file) = (String::new(), String::new());
            let info = CallsiteInfo { name, module, file, line: id, kind };
            names.callsites.insert(CallsiteId(id), info);
        }
        Self { counters: Counters::default(), names, dead: BTreeMap::new() }
    }

    fn entry(mut self, log: usize, at_ns: u64, what: LogEntry) -> Self {
        let (offset, thread, time) = (Offset(0), ThreadId(1), LogTime(at_ns));
        let entry = Entry { offset, time, thread, what };
        self.counters.apply(LogIndex(log), &self.names, &entry);
        self
    }

    /// A gauge is set before the part of the run that counts.
    fn before(mut self, log: usize, at_ns: u64, key: u32, value: f64) -> Self {
        let what = LogEntry::Counter { key: CallsiteId(key), value, gauge: true };
        let (offset, thread, time) = (Offset(0), ThreadId(1), LogTime(at_ns));
        self.counters.begin_with(LogIndex(log), &self.names, &Entry { offset, time, thread, what });
        self
    }

    fn count(self, log: usize, at_ns: u64, key: u32, value: f64) -> Self {
        let key = CallsiteId(key);
        self.entry(log, at_ns, LogEntry::Counter { key, value, gauge: false })
    }

    fn gauge(self, log: usize, at_ns: u64, key: u32, value: f64) -> Self {
        let key = CallsiteId(key);
        self.entry(log, at_ns, LogEntry::Counter { key, value, gauge: true })
    }

    /// A process ends without a word.
    fn die(mut self, log: usize, at_ns: u64) -> Self {
        self.dead.insert(LogIndex(log), LogTime(at_ns));
        self
    }

    fn all(&self) -> impl Iterator<Item = (&str, Reading)> {
        self.counters.all(|log| self.moment(log))
    }

    fn moment(&self, log: LogIndex) -> LogMoment {
        let dead = self.dead.get(&log);
        LogMoment { at: dead.copied().unwrap_or_default(), live: dead.is_none() }
    }

    fn end(mut self, log: usize, at_ns: u64) -> Self {
        self.dead.entry(LogIndex(log)).or_insert(LogTime(at_ns));
        let how = EndKind::Exited(Some(0));
        self.entry(log, at_ns, LogEntry::ProcessEnd(ProcessEnd { how }))
    }

    /// Value, least, most, of a process or of all.
    fn numbers(&self, log: LogIndex, name: &str) -> (f64, f64, f64) {
        let reading = if log == ALL {
            self.counters.all(|log| self.moment(log)).find(|(of, _)| *of == name)
        } else {
            self.counters.get(log, name).map(|reading| (name, *reading))
        };
        let reading = reading.unwrap().1;
        (reading.value, reading.min, reading.max)
    }

    fn columns(&self, name: &str, now: u64, count: usize) -> Vec<Option<f64>> {
        self.wide_columns(name, now, Columns { count, width_ns: S })
    }

    fn wide_columns(&self, name: &str, now: u64, by: Columns) -> Vec<Option<f64>> {
        self.counters.columns(name, LogTime(now), by, |log| self.moment(log))
    }
}

#[test]
fn a_counter_adds_up_and_a_gauge_has_its_last_level() {
    let script = Script::new().count(0, 1, 7, 3.0).count(0, 2, 7, 4.5).count(0, 3, 7, -1.0);
    assert_eq!(script.numbers(LogIndex(0), "n7"), (6.5, 0.0, 7.5));
    let script = script.gauge(0, 5, 8, 40.0).gauge(0, 6, 8, 10.0).gauge(0, 9, 8, 20.0);
    assert_eq!(script.numbers(LogIndex(0), "n8"), (20.0, 10.0, 40.0));
    let kinds: Vec<_> = script.all().map(|(name, r)| (name, r.gauge, r.changes)).collect();
    assert_eq!(kinds, [("n7", false, 3), ("n8", true, 3)]);
}

#[test]
fn two_callsites_of_one_name_are_one_counter() {
    let script = Script::new().count(0, 1, 7, 3.0).count(0, 2, 1_007, 4.0);
    assert_eq!(script.numbers(LogIndex(0), "n7"), (7.0, 0.0, 7.0));
}

#[test]
fn a_level_that_was_set_before_the_one_known_is_old_whenever_it_is_read() {
    let script = Script::new().gauge(0, 50, 1, 5.0).gauge(0, 40, 1, 9.0);
    assert_eq!(script.numbers(LogIndex(0), "n1").0, 5.0);
}

#[test]
fn counters_of_all_processes_add_up_and_levels_of_those_that_live() {
    let script = Script::new().count(0, 1, 1, 3.0).count(1, 2, 1, 4.0);
    let script = script.gauge(0, 3, 2, 10.0).gauge(1, 4, 2, 5.0);
    assert_eq!((script.numbers(ALL, "n1").0, script.numbers(ALL, "n2").0), (7.0, 15.0));
    let script = script.end(1, 9);
    assert_eq!(script.numbers(ALL, "n1"), (7.0, 0.0, 7.0));
    assert_eq!(script.numbers(ALL, "n2"), (10.0, 10.0, 15.0));
    let script = script.end(0, 10).end(0, 11);
    assert_eq!(script.numbers(ALL, "n2").0, 10.0, "the level at the last moment");
    assert_eq!(script.counters.last_log("n2"), Some(LogIndex(1)));
}

/// A process that was killed has no end marker, and its level counted for ever; one that ended last
/// left the level of one that had died before it.
#[test]
fn a_level_of_a_process_that_died_without_a_word_counts_no_more() {
    let script = Script::new().gauge(0, S, 2, 10.0).gauge(1, 2 * S, 2, 5.0).die(0, 3 * S);
    assert_eq!(script.numbers(ALL, "n2"), (5.0, 5.0, 15.0));
    assert_eq!(
        script.columns("n2", 6 * S, 6),
        [Some(10.0), Some(15.0), Some(15.0), Some(5.0), Some(5.0), Some(5.0)]
    );
    let script = script.end(1, 9 * S);
    assert_eq!(script.numbers(ALL, "n2").0, 5.0, "of the one that lived last");
    let other = Script::new().gauge(0, S, 2, 10.0).gauge(1, S, 2, 5.0).end(1, 9).die(0, 8);
    assert_eq!(other.numbers(ALL, "n2").0, 5.0);
}

/// What was before is in the level alone: not in the least and the most, and it is no change.
#[test]
fn a_gauge_begins_with_the_level_it_was_set_to_before() {
    let script = Script::new().before(0, 1, 2, 90.0).before(0, 3, 2, 4.0).before(0, 2, 2, 70.0);
    assert_eq!(script.numbers(ALL, "n2"), (4.0, 4.0, 4.0));
    let script = script.before(1, 4, 2, 3.0);
    assert_eq!(script.numbers(ALL, "n2"), (7.0, 7.0, 7.0));
    let script = script.gauge(0, 10, 2, 6.0);
    assert_eq!(script.numbers(LogIndex(0), "n2"), (6.0, 4.0, 6.0));
    assert_eq!(script.numbers(ALL, "n2"), (9.0, 7.0, 9.0));
    let changes: Vec<_> = script.all().map(|(_, r)| (r.changes, r.last_change)).collect();
    assert_eq!(changes, [(1, LogTime(10))]);
    assert_eq!(script.counters.get(LogIndex(1), "n2").unwrap().changes, 0);
    let script = script.before(1, 5, 2, 1.0);
    assert_eq!(script.numbers(ALL, "n2"), (7.0, 7.0, 9.0), "what has counted is not forgotten");
}

#[test]
fn the_rate_is_that_of_the_last_seconds() {
    let mut script = Script::new();
    for tenth in 0..200 {
        script = script.count(0, tenth * S / 10, 1, 2.0);
    }
    let rate = |now: u64| script.counters.per_second("n1", LogTime(now));
    assert_eq!(rate(20 * S - 1).round(), 20.0);
    assert_eq!(rate(10 * S - 1).round(), 20.0, "what comes later is not in it");
    assert_eq!(rate(25 * S), 0.0);
    let young = Script::new().count(0, 100 * S, 1, 3.0);
    assert_eq!(young.counters.per_second("n1", LogTime(100 * S + S / 10)), 3.0);
    assert_eq!(young.counters.per_second("unheard_of", LogTime(5)), 0.0);
}

#[test]
fn a_chart_has_the_changes_of_a_counter_and_the_levels_of_a_gauge() {
    let script = Script::new().count(0, 3 * S, 1, 2.0).count(1, 3 * S + 5, 1, 3.0);
    let script = script.count(0, 5 * S, 1, 7.0);
    assert_eq!(script.columns("n1", 6 * S, 5), [None, Some(5.0), Some(0.0), Some(7.0), Some(0.0)]);
    let script = script.gauge(0, S, 2, 4.0).gauge(0, 4 * S, 2, 9.0).gauge(0, 4 * S + 5, 2, 1.0);
    assert_eq!(script.columns("n2", 6 * S, 4), [4.0, 9.0, 1.0, 1.0].map(Some));
    assert_eq!(script.columns("n2", 2 * S, 3), [None, Some(4.0), Some(4.0)]);
    let wide = Columns { count: 3, width_ns: 2 * S };
    assert_eq!(script.wide_columns("n2", 6 * S, wide), [4.0, 9.0, 1.0].map(Some));
}

/// All but the latest 512 seconds were forgotten: the chart of a run that was over began with
/// nothing, whatever there had been.
#[test]
fn the_chart_of_a_long_run_has_its_beginning() {
    const HOURS: u64 = 3 * 3_600;
    let mut script = Script::new();
    for second in 0..HOURS {
        let level = if second < HOURS / 2 { 9.0 } else { 2.0 };
        script = script.count(0, second * S, 1, 1.0).gauge(0, second * S, 2, level);
    }
    let wide = Columns { count: 60, width_ns: HOURS / 60 * S };
    let now = HOURS * S - 1;
    let changes: Vec<_> =
        script.wide_columns("n1", now, wide).into_iter().map(Option::unwrap).collect();
    let sum: f64 = changes.iter().sum();
    assert!((sum - 10_800.0).abs() < 1e-6, "{sum}");
    assert!(changes.iter().all(|change| (change - 180.0).abs() < 1e-6), "{changes:?}");
    let levels = script.wide_columns("n2", now, wide);
    let seen = [0, 28, 31, 59].map(|column| levels[column]);
    assert_eq!(seen, [Some(9.0), Some(9.0), Some(2.0), Some(2.0)]);
    let latest = script.columns("n1", HOURS * S - 1, 500);
    assert_eq!(latest, [Some(1.0); 500], "a running program's chart keeps its detail");
    assert_eq!(script.counters.per_second("n1", LogTime(now)).round(), 1.0);
}

#[test]
fn seconds_that_come_late_are_counted_among_the_oldest() {
    let mut script = Script::new().count(0, 0, 1, 0.0);
    for second in (0..4_000_u64).rev() {
        script = script.count(0, second * S, 1, 2.0);
    }
    let wide = Columns { count: 10, width_ns: 400 * S };
    let columns = script.wide_columns("n1", 4_000 * S - 1, wide);
    let sum: f64 = columns.iter().flatten().sum();
    assert!((sum - 8_000.0).abs() < 1e-6, "{columns:?}");
}

#[test]
fn names_are_bounded_and_the_rest_is_counted() {
    let mut script = Script::new();
    for id in 0..300 {
        script = script.count(0, 1, id, 1.0).count(0, 1, id, 1.0).count(1, 1, 5, 1.0);
    }
    assert_eq!(script.counters.names().len(), Counters::NAMES);
    assert_eq!(script.counters.left_out(), 300 - 256);
    for id in 0..1_000 {
        script = script.count(2, 1, u32::MAX - id, 1.0);
    }
    assert_eq!(script.numbers(LogIndex(2), "?").0, 1_000.0, "made-up keys share a name");
}

#[test]
fn what_is_no_number_breaks_nothing() {
    let mut script = Script::new();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        script = script.count(0, 1, 1, value).gauge(0, 1, 2, value);
    }
    assert_eq!((script.counters.not_numbers(), script.counters.names().len()), (6, 0));
    for value in [f64::MAX, f64::MAX, f64::MIN] {
        script = script.count(0, S, 1, value).count(1, S, 1, value).gauge(0, S, 2, value);
    }
    let columns = script.columns("n1", S, 2);
    let rate = script.counters.per_second("n1", LogTime(S));
    assert!(columns.iter().flatten().all(|value| value.is_finite()) && rate.is_finite());
    assert!(script.all().all(|(_, r)| [r.value, r.min, r.max].iter().all(|v| v.is_finite())));
}

proptest! {
    #[test]
    fn seconds_are_kept_in_order_whatever_order_they_come_in(
        changes in prop::collection::vec((0..20_u64, -5..5_i32), 0..50)
    ) {
        let mut script = Script::new();
        let mut plain = vec![0.0; 20];
        for (second, change) in changes {
            script = script.count(0, second * S, 1, f64::from(change));
            plain[usize::try_from(second).unwrap()] += f64::from(change);
        }
        let columns = script.columns("n1", 19 * S, 20);
        let columns: Vec<_> = columns.into_iter().map(|column| column.unwrap_or(0.0)).collect();
        prop_assert_eq!(columns, plain);
    }
}
