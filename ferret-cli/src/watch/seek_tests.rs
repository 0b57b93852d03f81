//! Against the plain oracle: a look at all entries.

use super::super::moment::tests::Made;
use super::*;
use crate::made_up::Dice;

#[test]
fn the_nearest_entry_is_found_in_both_directions() {
    let made = Made::new(31);
    let entries = made.entries();
    let mut run = made.open();
    let names: Vec<Names> = run.logs().iter().map(|tail| tail.names().clone()).collect();
    let info = names[0].callsite_info(PathId(3)).unwrap().clone();
    let mut dice = Dice(8);
    for number in 0..45 {
        let wanted = match number % 3 {
            0 => Wanted::Any,
            1 => Wanted::Callsite(info.clone()),
            _ => Wanted::Stage,
        };
        let is_wanted = |entry: &Entry| match (&entry.what, &wanted) {
            (_, Wanted::Any) => true,
            (LogEntry::SpanStart { path, .. } | LogEntry::SpanEnd { path, .. }, Wanted::Stage) => {
                *path == PathId(1)
            }
            (LogEntry::SpanStart { path, .. } | LogEntry::SpanEnd { path, .. }, _) => {
                *path == PathId(3)
            }
            _ => false,
        };
        let at = made.moment(&entries, &mut dice);
        let times = || entries.iter().filter(|(_, e)| is_wanted(e)).map(|(_, e)| e.time);
        let found = nearest(&mut run, at, true, &wanted, &mut |_| true).unwrap();
        assert_eq!(time(found), times().filter(|time| *time > at).min(), "after {at:?}");
        let found = nearest(&mut run, at, false, &wanted, &mut |_| true).unwrap();
        assert_eq!(time(found), times().filter(|time| *time < at).max(), "before {at:?}");
    }
}

#[test]
fn what_is_nowhere_is_not_found_and_a_search_can_be_given_up() {
    let made = Made::new(3);
    let mut run = made.open();
    let mut info = CallsiteInfo {
        name: "f9".to_owned(),
        module: String::new(),
        file: String::new(),
        line: 0,
        kind: ferret::event::CallsiteKind::Function,
    };
    info.line = 1;
    let wanted = Wanted::Callsite(info);
    let found = nearest(&mut run, LogTime(0), true, &wanted, &mut |_| true).unwrap();
    assert!(matches!(found, Search::Nothing));
    let found = nearest(&mut run, made.end, false, &wanted, &mut |_| false).unwrap();
    assert!(matches!(found, Search::GivenUp));
}

fn time(found: Search) -> Option<LogTime> {
    match found {
        Search::Found((_, entry)) => Some(entry.time),
        Search::Nothing => None,
        Search::GivenUp => panic!("nobody gave it up"),
    }
}
