//! Programs of any shape, on several threads, with next to no memory for their events: whatever is
//! lost, what is recorded is whole, and the sum is right.
#![expect(clippy::wildcard_enum_match_arm, reason = "each check looks for a few kinds of entry")]

use super::clock::ClockMap;
use super::engine::Engine;
use super::flight::Flight;
use super::recorder::{Recorder, Request};
use super::tests::{INNER, List, OUTER, TASK, TURN, record_by};
use super::{Guard, TaskSpan, Under, clock, current_span, enter, progress};
use crate::event::{EndKind, LogEntry, LogTime, Outcome, SpanId, ThreadId};
use crate::options::Overflow;
use crossbeam_channel::bounded;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Frames open at once: ENDs of so many fit the reserve, so none is lost.
const DEEPEST: usize = 40;

/// What a thread does.
#[derive(Clone, Debug)]
enum Act {
    /// Opens a span, and keeps it.
    Enter,
    /// Ends the innermost span kept.
    Leave,
    /// Ends another, counted from the outermost.
    LeaveBelow(usize),
    /// So many spans, one behind the other.
    Burst(u16),
    /// A task, polled so often, with a span in each poll.
    Task(u8),
    /// A task made before it is polled so often, with nothing in its polls.
    Idle(u8),
    /// A span under the innermost one, from a place elsewhere.
    Away,
    Note,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => Just(Act::Enter),
        5 => Just(Act::Leave),
        2 => (0..DEEPEST).prop_map(Act::LeaveBelow),
        3 => (0..2000_u16).prop_map(Act::Burst),
        2 => (0..5_u8).prop_map(Act::Task),
        2 => (0..50_u8).prop_map(Act::Idle),
        1 => Just(Act::Away),
        1 => Just(Act::Note),
    ];
    proptest::collection::vec(act, 0..60)
}

/// Does it; gives how many spans that were.
fn perform(acts: &[Act]) -> u64 {
    let mut kept: Vec<Guard> = Vec::new();
    let mut begun = 0;
    for act in acts {
        match act {
            Act::Enter if kept.len() < DEEPEST => {
                kept.push(enter(&OUTER));
                begun += 1;
            }
            Act::Enter => {}
            Act::Leave => drop(kept.pop()),
            Act::LeaveBelow(index) => {
                if *index < kept.len() {
                    kept.remove(*index).finish(Outcome::Err);
                }
            }
            Act::Burst(spans) => {
                (0..*spans).for_each(|_| enter(&INNER).finish(Outcome::Ok));
                begun += u64::from(*spans);
            }
            Act::Task(polls) => {
                let mut task = TaskSpan::start(&TASK);
                for _ in 0..*polls {
                    let poll = task.enter();
                    enter(&INNER).finish(Outcome::Ok);
                    drop(poll);
                }
                task.end(Outcome::Ok);
                begun += 1 + u64::from(*polls);
            }
            Act::Idle(polls) => {
                let mut task = TaskSpan::create(&TASK, Under::Here);
                (0..*polls).for_each(|_| drop(task.enter()));
                task.end(Outcome::Ok);
                begun += 1;
            }
            Act::Away => {
                let here = current_span();
                let in_here = here.clone();
                let in_here = in_here.enter();
                enter(&INNER).finish(Outcome::Ok);
                drop(in_here);
                begun += 1;
            }
            Act::Note => progress(1, 2),
        }
    }
    while let Some(guard) = kept.pop() {
        drop(guard);
    }
    begun
}

/// Whether the list is what a program that began `begun` spans may have left.
pub(super) fn judge(list: &List, begun: u64) {
    let mut open: BTreeMap<ThreadId, Vec<SpanId>> = BTreeMap::new();
    let (mut tasks, mut made) = (BTreeSet::new(), BTreeSet::new());
    let (mut recorded, mut dropped) = (0, 0);
    for (thread, _, _, what) in &list.entries {
        let frames = open.entry(*thread).or_default();
        match what {
            LogEntry::SpanStart { span, parent, is_async, .. } => {
                assert_eq!(*parent, frames.last().copied(), "the parent is the innermost frame");
                recorded += u64::from(!made.remove(span));
                if *is_async {
                    assert!(tasks.insert(*span));
                } else {
                    frames.push(*span);
                }
            }
            LogEntry::Created { span, parent, .. } => {
                assert_eq!(*parent, frames.last().copied(), "the parent is the innermost frame");
                recorded += 1;
                assert!(made.insert(*span));
            }
            LogEntry::Polls { span, .. } => assert!(tasks.contains(span)),
            LogEntry::SpanEnd { span, .. } if tasks.remove(span) || made.remove(span) => {}
            LogEntry::Enter { span, .. } => frames.push(*span),
            LogEntry::SpanEnd { span, outcome, .. } => {
                assert_ne!(*outcome, Outcome::Unknown, "{span} ended, and that fits the reserve");
                close(frames, *span);
            }
            LogEntry::Exit { span, .. } => close(frames, *span),
            LogEntry::Dropped { spans, .. } => dropped += spans,
            _ => {}
        }
    }
    assert!(open.values().all(Vec::is_empty), "still open: {open:?}");
    assert!(tasks.is_empty() && made.is_empty(), "still open: {tasks:?}, {made:?}");
    assert_eq!(recorded + dropped, begun, "recorded {recorded}, dropped {dropped}");
}

/// Time never goes back in a thread, and is the program's; the clocks may differ by a millisecond.
fn judge_times(list: &List, began: LogTime) {
    const APART_NS: u64 = 1_000_000;
    let ended = clock::now();
    let mut last: BTreeMap<ThreadId, LogTime> = BTreeMap::new();
    for (thread, _, time, what) in &list.entries {
        let before = last.insert(*thread, *time).unwrap_or_default();
        assert!(*time >= before, "{time:?} after {before:?}");
        assert!(
            time.after(APART_NS) >= began && *time <= ended.after(APART_NS),
            "{time:?} {what:?}"
        );
    }
}

#[track_caller]
fn close(frames: &mut Vec<SpanId>, span: SpanId) {
    let index = frames.iter().rposition(|open| *open == span).expect("what ends is open");
    frames.remove(index);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_recorded_is_whole_and_what_is_not_is_counted(
        threads in proptest::collection::vec(acts(), 1..4),
        late: bool,
        tsc: bool,
        entry_bytes in prop_oneof![Just(0), Just(1 << 10), Just(1 << 20)],
    ) {
        let (say, hear) = std::sync::mpsc::channel();
        let began = clock::now();
        let list = record_by(tsc, entry_bytes, 1, late, move || {
            let threads: Vec<_> = threads
                .into_iter()
                .map(|acts| std::thread::Builder::new().spawn(move || perform(&acts)).unwrap())
                .collect();
            let begun: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
            say.send(begun).unwrap();
        });
        judge_times(&list, began);
        judge(&list, hear.recv().unwrap());
    }
}

/// They were open for ever, and known to the recorder for ever.
#[test]
fn tasks_that_end_where_there_is_no_room_end_all_the_same() {
    const TASKS: u64 = 20_000;
    let list = record_by(true, 0, 1 << 20, true, || {
        let tasks: Vec<_> = (0..TASKS).map(|_| TaskSpan::start(&TASK)).collect();
        (0..60_000).for_each(|_| enter(&INNER).finish(Outcome::Ok));
        for task in tasks {
            task.end(Outcome::Err);
        }
    });
    judge(&list, TASKS + 60_000);
    let failed = |what: &LogEntry| matches!(what, LogEntry::SpanEnd { outcome: Outcome::Err, .. });
    assert_eq!(list.count(failed) as u64, TASKS);
}

/// With the log in trouble each span waited its 100 ms.
#[test]
fn who_waits_for_a_chunk_in_vain_does_not_wait_again() {
    let _turn = TURN.lock();
    let engine = Engine::new(Overflow::Block, Flight::private(0).unwrap());
    engine.switch_on();
    // What does not fit and is no span counts too.
    let program = || {
        (0..20_000).for_each(|_| progress(1, 2));
        (0..100).for_each(|_| enter(&INNER).finish(Outcome::Ok));
    };
    let began = clock::now();
    std::thread::Builder::new().spawn(program).unwrap().join().unwrap();
    engine.switch_off();
    let took_ns = clock::now().since(began);
    assert!(took_ns >= 100_000_000, "it waits once: {took_ns} ns");
    // Each of them would be ten seconds.
    assert!(took_ns < 5_000_000_000, "{took_ns} ns");
}

/// A thread that lived on, and ran no span any more, never said what it had skipped: of ten million
/// spans, two million were neither in the log nor in its count.
#[test]
fn what_a_living_thread_has_skipped_is_counted_at_the_end() {
    let _turn = TURN.lock();
    let engine = Engine::new(Overflow::Drop, Flight::private(0).unwrap());
    engine.switch_on();
    let (ran, has_ran) = bounded(1);
    let (go, gone) = bounded::<()>(1);
    let program = move || {
        (0..50_000).for_each(|_| enter(&INNER).finish(Outcome::Ok));
        ran.send(()).unwrap();
        // Lives until the recording is over.
        gone.recv().unwrap_err();
    };
    let thread = std::thread::Builder::new().spawn(program).unwrap();
    has_ran.recv().unwrap();
    engine.switch_off();
    let (ask, requests) = bounded(1);
    ask.send(Request::Stop(EndKind::Closed)).unwrap();
    let recorder =
        Recorder::new(engine, ClockMap::calibrate(), List::default(), requests, |_trouble| {});
    let list = recorder.run(|| None).0;
    drop(go);
    thread.join().unwrap();
    judge(&list, 50_000);
}
