//! Spans of futures, from guard to entry: polls on any thread, merged where they are short, and
//! parents elsewhere.
#![expect(clippy::wildcard_enum_match_arm, reason = "each test looks for a few kinds of entry")]

use super::tests::{INNER, KEY, OUTER, TASK, check, record, record_with};
use super::{Key, TaskSpan, Under, current_span, enter, progress, tag};
use crate::event::{LogEntry, OpenTask, Outcome, PathId, Position, SpanId, TaskLife, ThreadId};
use crate::value::TagValueRef;
use std::cell::Cell;

#[test]
fn a_task_is_polled_on_any_thread_under_the_parent_it_started_in() {
    let list = record(|| {
        let outer = enter(&OUTER);
        let mut task = TaskSpan::start(&TASK);
        let task = std::thread::Builder::new()
            .spawn(move || {
                let poll = task.enter();
                enter(&INNER).finish(Outcome::Ok);
                drop(poll);
                task
            })
            .unwrap()
            .join()
            .unwrap();
        drop(task);
        drop(outer);
    });
    let mut script = list.script();
    script.sort();
    assert_eq!(
        script,
        [
            "1 end outer Ok",
            "1 end task Cancelled",
            "1 start outer",
            "1 start task in outer",
            "1 thread end",
            "2 end inner Ok",
            "2 enter task",
            "2 exit task",
            "2 start inner in task",
            "2 thread end",
        ]
    );
}

/// The end of a task on one thread was folded before its polls on another, which were then lost,
/// and what ran in them was given to the span around them.
#[test]
fn polls_are_known_by_their_task_though_its_end_is_read_first() {
    let list = record_with(1 << 20, true, || {
        let _outer = enter(&OUTER);
        let polls = std::thread::Builder::new().spawn(|| {
            let mut task = TaskSpan::start(&TASK);
            let poll = task.enter();
            enter(&INNER).finish(Outcome::Ok);
            drop(poll);
            task
        });
        polls.unwrap().join().unwrap().end(Outcome::Ok);
    });
    let script = list.script();
    let of_the_other: Vec<_> = script.iter().filter(|line| line.starts_with('2')).collect();
    assert_eq!(
        of_the_other,
        [
            "2 start task",
            "2 enter task",
            "2 start inner in task",
            "2 end inner Ok",
            "2 exit task",
            "2 thread end",
        ]
    );
    assert_eq!(list.count(|what| matches!(what, LogEntry::SpanEnd { .. })), 3);
}

/// Threads and positions are numbered anew, so it was taken for another task, and ended that.
#[test]
fn a_task_of_a_recording_that_has_ended_is_nobody_in_the_next() {
    let (give, take) = std::sync::mpsc::channel();
    record(move || give.send(TaskSpan::start(&TASK)).unwrap());
    let list = record(move || {
        let task = TaskSpan::start(&TASK);
        let mut old = take.recv().unwrap();
        drop(old.enter());
        drop(old);
        task.end(Outcome::Ok);
    });
    assert_eq!(list.script(), ["1 start task", "1 end task Ok", "1 thread end"]);
}

/// Makes a task here, does `elsewhere` with it on another thread, and ends it there.
fn elsewhere(f: impl FnOnce(TaskSpan) + Send + 'static) {
    let _outer = enter(&OUTER);
    let task = TaskSpan::create(&TASK, Under::Here);
    std::thread::Builder::new().spawn(move || f(task)).unwrap().join().unwrap();
}

#[test]
fn a_task_begins_where_it_is_polled_under_the_span_it_was_made_in() {
    let list = record(|| {
        elsewhere(|mut task| {
            let _other = enter(&INNER);
            let poll = task.enter();
            enter(&INNER).finish(Outcome::Ok);
            drop(poll);
            task.end(Outcome::Err);
        });
    });
    let mut script = list.script();
    script.sort();
    assert_eq!(
        script,
        [
            "1 end outer Ok",
            "1 made task in outer",
            "1 start outer",
            "1 thread end",
            "2 end inner Ok",
            "2 end inner Ok",
            "2 end task Err",
            "2 enter task",
            "2 exit task",
            "2 start inner",
            "2 start inner in task",
            "2 start task in outer",
            "2 thread end",
        ]
    );
}

/// A task that was made here, begun elsewhere and ended here had, when this thread was read first, ended unseen.
#[test]
fn a_task_has_its_beginning_though_the_thread_that_began_it_is_read_last() {
    let list = record_with(1 << 20, true, || {
        let mut task = TaskSpan::create(&TASK, Under::Nowhere);
        let begins = std::thread::Builder::new().spawn(move || {
            drop(task.enter());
            task
        });
        begins.unwrap().join().unwrap().end(Outcome::Ok);
    });
    let starts = list.count(|what| matches!(what, LogEntry::SpanStart { .. }));
    assert_eq!(starts, 1, "{:?}", list.script());
    let created = list.entries.iter().find_map(|(_, _, time, what)| match what {
        LogEntry::Created { .. } => Some(*time),
        _ => None,
    });
    let ended = list.entries.iter().find_map(|(_, _, time, what)| match what {
        LogEntry::SpanEnd { start, outcome, .. } => Some((*start, *outcome, *time)),
        _ => None,
    });
    let (start, outcome, end) = ended.unwrap();
    assert_eq!(outcome, Outcome::Ok);
    assert!(created.unwrap() < start && start < end, "it began in between");
}

#[test]
fn a_task_that_is_never_polled_ends_without_a_beginning_and_took_no_time() {
    let list = record(|| elsewhere(drop));
    let ends: Vec<_> = list
        .entries
        .iter()
        .filter_map(|(thread, _, time, what)| match what {
            LogEntry::SpanEnd { start, outcome, .. } if thread.0 == 2 => {
                Some((time.since(*start), *outcome))
            }
            _ => None,
        })
        .collect();
    assert_eq!(ends, [(0, Outcome::Cancelled)]);
    assert_eq!(list.count(|what| matches!(what, LogEntry::SpanStart { .. })), 1);
}

/// The thread that made it is read after the one that polls it.
#[test]
fn the_span_a_task_was_made_in_is_read_before_the_task() {
    let list = record_with(1 << 20, true, || {
        let (give, take) = std::sync::mpsc::channel::<TaskSpan>();
        let polls = std::thread::Builder::new().spawn(move || {
            enter(&INNER).finish(Outcome::Ok);
            let mut task = take.recv().unwrap();
            drop(task.enter());
            task.end(Outcome::Ok);
        });
        let makes = std::thread::Builder::new().spawn(move || {
            let _outer = enter(&OUTER);
            give.send(TaskSpan::create(&TASK, Under::Here)).unwrap();
        });
        makes.unwrap().join().unwrap();
        polls.unwrap().join().unwrap();
    });
    let script = list.script();
    assert!(script.iter().any(|line| line.ends_with("start task in outer")), "{script:#?}");
    let at = |what: &str| script.iter().position(|line| line.ends_with(what));
    assert!(at("made task in outer") < at("start task in outer"), "{script:#?}");
}

#[test]
fn short_polls_that_call_nothing_are_merged_up_to_what_comes_next() {
    let list = record_with(1 << 20, true, || {
        let (mut a, mut b) = (TaskSpan::start(&TASK), TaskSpan::start(&TASK));
        for _ in 0..50 {
            drop(a.enter());
            drop(b.enter());
        }
        drop(a.enter());
        let poll = b.enter();
        enter(&INNER).finish(Outcome::Ok);
        drop(poll);
        drop(b.enter());
        a.end(Outcome::Ok);
        b.end(Outcome::Ok);
    });
    let script = list.script();
    // A slow machine may make a poll too long to be merged: what counts is that none is lost.
    let polls: u64 = list
        .entries
        .iter()
        .map(|(_, _, _, what)| match what {
            LogEntry::Polls { count, .. } => *count,
            LogEntry::Enter { .. } => 1,
            _ => 0,
        })
        .sum();
    assert_eq!(polls, 103, "{script:#?}");
    assert!(script.len() < 40, "{script:#?}");
    let inner = script.iter().position(|line| line == "1 start inner in task").unwrap();
    assert_eq!(script[inner - 1], "1 enter task");
    assert_eq!(script[inner + 2], "1 exit task");
}

#[test]
fn what_begins_in_a_span_entered_elsewhere_is_its_child() {
    let list = record(|| {
        let outer = enter(&OUTER);
        let here = current_span();
        std::thread::Builder::new()
            .spawn(move || {
                let _own = enter(&INNER);
                let again = here.clone();
                drop(here);
                {
                    let _in_outer = again.enter();
                    enter(&INNER).finish(Outcome::Ok);
                    progress(1, 2);
                    let _task = TaskSpan::start(&TASK);
                }
                enter(&INNER).finish(Outcome::Err);
            })
            .unwrap()
            .join()
            .unwrap();
        drop(outer);
    });
    let script = list.script();
    let of_the_other: Vec<_> = script.iter().filter(|line| line.starts_with('2')).collect();
    assert_eq!(
        of_the_other,
        [
            "2 start inner",
            "2 start inner in outer",
            "2 end inner Ok",
            "2 progress 1/2",
            "2 start task in outer",
            "2 end task Cancelled",
            "2 start inner in inner",
            "2 end inner Err",
            "2 end inner Ok",
            "2 thread end",
        ]
    );
    let told = list.entries.iter().find_map(|(_, _, _, what)| match what {
        LogEntry::Progress { span, .. } => Some(*span),
        _ => None,
    });
    assert_eq!(told.flatten().map(|span| span.thread), Some(ThreadId(1)));
}

#[test]
fn a_task_is_tagged_though_it_does_not_run() {
    check(
        || {
            let task = TaskSpan::create(&TASK, Under::Nowhere);
            tag(Key::of(&KEY, &task), TagValueRef::Text(&"long ".repeat(50)));
            tag(Key::of(&KEY, &task), TagValueRef::Unsigned(7));
            drop(task);
        },
        &[
            "1 made task",
            &format!("1 tag task key={}", "long ".repeat(50)),
            "1 tag task key=7",
            "1 end task Cancelled",
            "1 thread end",
        ],
    );
}

/// It was a call that took no time, and looked real.
#[test]
fn a_task_whose_beginning_was_lost_has_ended_unseen() {
    check(
        || TaskSpan::create(&TASK, Under::Nowhere).end(Outcome::Ok),
        &["1 made task", "1 end task Unknown", "1 thread end"],
    );
}

/// It stayed open: the thread had left the recording, and with it the way into the log.
#[test]
fn a_task_that_an_ending_thread_drops_has_ended() {
    struct Keeps(Cell<Option<TaskSpan>>);
    impl Drop for Keeps {
        fn drop(&mut self) {
            drop(self.0.take());
        }
    }
    thread_local! {
        // Made before the thread joins the recording, so dropped after it has left.
        static KEEPS: Keeps = const { Keeps(Cell::new(None)) };
    }
    let list = record(|| {
        KEEPS.with(|keeps| keeps.0.set(None));
        let task = TaskSpan::start(&TASK);
        KEEPS.with(|keeps| keeps.0.set(Some(task)));
    });
    let ends = |what: &LogEntry| matches!(what, LogEntry::SpanEnd { .. });
    assert_eq!(list.count(ends), 1, "{:#?}", list.script());
}

/// What is in no entry must be in a row while it is held.
#[test]
fn a_place_is_kept_while_it_is_held() {
    let list = record(|| {
        let _outer = enter(&OUTER);
        let place = current_span();
        drop(place.clone());
        std::mem::forget(place);
    });
    let kept: Vec<_> = list.kept.values().copied().collect();
    let outer = SpanId { thread: ThreadId(1), start: Position(2) };
    let span = SpanId { start: Position(3), ..outer };
    let (path, parent, life) = (PathId(1), Some(outer), TaskLife::Place);
    assert_eq!(kept, [OpenTask { span, path, parent, life }]);
}
