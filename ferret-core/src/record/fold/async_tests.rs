//! Polls of a task that is counted, on a thread that is read late.

use super::*;
use crate::record::budget::Budget;
use crate::record::clock::ClockMap;
use crate::record::raw::{head, short, with_polls};
use crate::record::tests::{List, TASK, TURN};

/// What two threads do with one task, of which the first two polls were on the second thread: that is read last.
fn read_late(commits_before: bool) -> List {
    let _turn = TURN.lock();
    let mut fold = Fold::new(List::default(), ClockMap::calibrate());
    fold.budget = Budget::new(Some(1));
    fold.budget.fill(LogTime(1));
    fold.budget.spend(2);
    let mut threads = [1, 2].map(|id| ThreadFold::new(ThreadId(id)));
    let mut read = |fold: &mut Fold<List>, of: usize, first: u64, slots: &[Slot]| {
        let mut at = 0;
        while let Some(head) = slots.get(at).and_then(|slot| Head::of(*slot)) {
            let (position, end) = (Position(first + at as u64), at + head.slots());
            let folded = fold.event(&mut threads[of], position, &head, &slots[at..end], false);
            assert_eq!(folded, Ok(()));
            at = end;
        }
    };
    let poll = |ticks: u64, at: u64| {
        [head(ticks, Kind::Enter, 0, 0), [1, 0], head(ticks + 100, Kind::Exit, 0, short(at))]
    };
    let end = [head(2_000_500, Kind::TaskCancelled, 0, 0), with_polls([1, 0], 3)];
    read(&mut fold, 0, 0, &[head(2_000_000, Kind::TaskStart, TASK.id(), 0)]);
    read(&mut fold, 0, 1, &[&poll(2_000_300, 1)[..], &end].concat());
    if commits_before {
        fold.say_tasks();
    }
    for number in 0..2 {
        read(&mut fold, 1, number * 3, &poll(2_000_100 + number * 100, number * 3));
    }
    for _ in 0..2 {
        fold.round(LogTime(0));
    }
    let [mut thread, other] = threads;
    for counted in fold.take_counted_tasks() {
        fold.count_task(Some(&mut thread), &counted);
    }
    drop(other);
    fold.say_counted(&mut thread, Position(6));
    fold.say_tasks();
    fold.sink
}

/// One whose polls are not all read when it ends is not counted before they are; if there is a commit in between it
/// is in the log, where whoever reads the chunks of a program that was killed looks for it.
#[test]
fn a_poll_that_is_read_behind_the_end_of_its_task_is_not_lost() {
    let polls = |what: &LogEntry| {
        if let LogEntry::Polls { count, .. } = what { *count } else { 0 }
    };
    for commits_before in [false, true] {
        let list = read_late(commits_before);
        assert_eq!(list.entries.iter().map(|(.., what)| polls(what)).sum::<u64>(), 3);
        let written = list.count(|what| matches!(what, LogEntry::SpanStart { .. }));
        let counted = list.count(|what| matches!(what, LogEntry::Summary(_)));
        let expected = if commits_before { [1, 0] } else { [0, 1] };
        assert_eq!([written, counted], expected);
    }
}
