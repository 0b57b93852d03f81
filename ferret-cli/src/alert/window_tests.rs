//! Windows of made-up calls.

use super::*;
use ferret::event::{
    CallsiteId, CallsiteKind, Entry, Offset, PathInfo, Position, SpanId, ThreadId,
};

const SECOND: u64 = 1_000_000_000;
const UID: ProcessUid = ProcessUid(1);

fn names(functions: u32) -> Names {
    let mut names = Names::default();
    for id in 1..=functions {
        let info = CallsiteInfo {
            name: format!("f{id}"),
            module: String::new(),
            file: String::new(),
            line: id,
            kind: CallsiteKind::Function,
        };
        names.callsites.insert(CallsiteId(id), info);
        let path = PathInfo { parent: PathId::ROOT, callsite: CallsiteId(id) };
        names.paths.insert(PathId(id), path);
    }
    names
}

fn entry(time: u64, what: LogEntry) -> Entry {
    Entry { offset: Offset(0), time: LogTime(time), thread: ThreadId(1), what }
}

fn ended(path: u32, end_ns: u64, ns: u64) -> Entry {
    let what = LogEntry::SpanEnd {
        span: SpanId { thread: ThreadId(1), start: Position(0) },
        path: PathId(path),
        start: LogTime(end_ns - ns),
        child_ns: 0,
        outcome: Outcome::Ok,
        out_of_order: false,
    };
    entry(end_ns, what)
}

fn see(windows: &mut Windows, names: &Names, path: u32, end_s: u64, ns: u64) {
    let ended = ended(path, end_s * SECOND, ns);
    windows.see(UID, WallClock::default(), names, Part::Other(&ended));
}

fn calls(windows: &Windows, now_s: u64) -> Vec<u64> {
    windows.rows(now_s * SECOND, &[UID], false).iter().map(|row| row.sums.calls).collect()
}

#[test]
fn calls_leave_the_window_and_late_ones_are_counted_where_they_belong() {
    let names = names(1);
    let mut windows = Windows::with_slots(5 * SECOND, SECOND, None);
    for second in [10, 11, 13, 12, 13] {
        see(&mut windows, &names, 1, second, 1_000);
    }
    assert_eq!([13, 15, 16, 17, 18, 19].map(|now| calls(&windows, now)[0]), [5, 5, 4, 3, 2, 0]);
    // Older than all that is kept.
    see(&mut windows, &names, 1, 3, 1_000);
    assert_eq!(calls(&windows, 13), [5]);
}

#[test]
fn a_call_is_seen_by_the_shortest_window_though_it_comes_late_and_rates_are_of_the_time_it_covers()
{
    let names = names(1);
    let mut windows = Windows::new(2 * SECOND, None);
    // Ten a second, each in the log two tenths after its end; looked at once a second.
    let mut seen = 0;
    for tenth in 100..200_u64 {
        if tenth.is_multiple_of(10) {
            let now = tenth * SECOND / 10;
            seen =
                seen.max(windows.rows(now, &[UID], false).first().map_or(0, |row| row.sums.calls));
            assert_eq!(windows.length_ns(now), 2 * SECOND);
        }
        let late = tenth - 2;
        windows.see(
            UID,
            WallClock::default(),
            &names,
            Part::Other(&ended(1, late * SECOND / 10, 1_000)),
        );
    }
    assert_eq!(seen, 18);
    assert_eq!(windows.length_ns(20 * SECOND + 300), 2 * SECOND + 300);
}

#[test]
fn percentiles_are_as_exact_as_their_buckets() {
    let names = names(1);
    let mut windows = Windows::new(60 * SECOND, None);
    for ms in 1..=100 {
        see(&mut windows, &names, 1, 100, ms * 1_000_000);
    }
    let rows = windows.rows(100 * SECOND, &[UID], false);
    for percent in [1, 50, 90, 95, 99, 100] {
        let found = rows[0].sums.percentile(percent).unwrap();
        let exact = u64::from(percent) * 1_000_000;
        assert!(found >= exact && found - exact <= exact / 31, "p{percent}: {found}");
    }
    assert_eq!(Sums::default().percentile(50), None);
}

#[test]
fn counted_calls_count_too() {
    let names = names(1);
    let mut windows = Windows::new(60 * SECOND, None);
    let summary = Summary {
        path: PathId(1),
        calls: 1_000,
        errors: 10,
        total_ns: 5_000,
        max_ns: 9,
        // An index that no writer makes is no reason to fail.
        histogram: vec![(5, 999), (60_000, 1)],
        ..Summary::default()
    };
    let counted = entry(100 * SECOND, LogEntry::Summary(Box::new(summary)));
    windows.see(UID, WallClock::default(), &names, Part::Other(&counted));
    let rows = windows.rows(100 * SECOND, &[UID], false);
    let sums = &rows[0].sums;
    assert_eq!((sums.calls, sums.errors, sums.percentile(50)), (1_000, 10, Some(5)));
}

#[test]
fn a_log_with_any_number_of_functions_takes_bounded_memory() {
    let most = u32::try_from(Windows::FUNCTIONS).unwrap();
    let names = names(most + 50);
    let mut windows = Windows::new(60 * SECOND, None);
    for path in 1..=most + 50 {
        see(&mut windows, &names, path, 100, 1);
    }
    assert_eq!((calls(&windows, 100).len(), windows.left_out()), (Windows::FUNCTIONS, 50));
}

#[test]
fn only_functions_that_are_asked_about_are_kept() {
    let names = names(12);
    let wanted = Some(vec!["f1 & p95 > 1s".parse().unwrap()]);
    let mut windows = Windows::new(60 * SECOND, wanted);
    (1..=12).for_each(|path| see(&mut windows, &names, path, 100, 1));
    // f1, f10, f11 and f12 have it in their names.
    assert_eq!(calls(&windows, 100), [1; 4]);
}
