//! Several threads at full speed, next to no memory for their events, and the recorder beside them:
//! nothing invented, nothing twice, nothing lost that is not counted.
#![expect(clippy::wildcard_enum_match_arm, reason = "each check looks for a few kinds of entry")]

use super::loss_tests::judge;
use super::tests::{INNER, KEY, List, OUTER, record_with};
use super::{Guard, Key, enter, tag};
use crate::event::{LogEntry, Outcome, SpanId, TagValue, ThreadId};
use crate::value::TagValueRef;
use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};
use std::thread::Builder;

const THREADS: u64 = 4;
/// Of each thread; two spans each.
const TURNS: u64 = 25_000;

/// A span with its number, and one in it.
fn turn(number: u64) {
    let outer: Guard = enter(&OUTER);
    tag(Key::here(&KEY), TagValueRef::Unsigned(number));
    enter(&INNER).finish(Outcome::Ok);
    outer.finish(Outcome::Ok);
}

/// Each thread counts up from its own number times 2^32.
fn count_up(threads: u64) -> List {
    record_with(0, false, move || {
        let together = Arc::new(Barrier::new(usize::try_from(threads).unwrap()));
        let spawn = |thread: u64| {
            let together = Arc::clone(&together);
            let run = move || {
                together.wait();
                (0..TURNS).for_each(|number| turn((thread << 32) | number));
            };
            Builder::new().spawn(run).unwrap()
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        for thread in running {
            thread.join().unwrap();
        }
    })
}

/// The numbers that are in the log: each thread's own, each at most once and in order, each the
/// number of a span of its own.
fn judge_numbers(list: &List) -> usize {
    let mut last: BTreeMap<ThreadId, (u64, SpanId)> = BTreeMap::new();
    let mut numbers = 0;
    for (thread, _, _, what) in &list.entries {
        let LogEntry::Tag { span, value: TagValue::Unsigned(number), .. } = what else { continue };
        assert!(number >> 32 < THREADS && number & 0xffff_ffff < TURNS, "invented: {number:#x}");
        assert_eq!(span.thread, *thread);
        if let Some((before, of)) = last.insert(*thread, (*number, *span)) {
            assert_eq!(number >> 32, before >> 32, "another thread's");
            assert!(*number > before, "{number:#x} after {before:#x}");
            assert!(span.start > of.start, "two numbers for {span}");
        }
        numbers += 1;
    }
    numbers
}

#[test]
fn threads_at_full_speed_lose_nothing_uncounted() {
    let list = count_up(THREADS);
    judge(&list, THREADS * TURNS * 2);
    let ended = list.count(|what| matches!(what, LogEntry::SpanEnd { .. }));
    let begun = list.count(|what| matches!(what, LogEntry::SpanStart { .. }));
    assert_eq!(ended, begun);
    let numbers = judge_numbers(&list);
    assert!(numbers > 0 && numbers <= begun, "{numbers} numbers of {begun} spans");
    let threads = list.count(|what| matches!(what, LogEntry::ThreadEnd)) as u64;
    assert_eq!(threads, THREADS, "one that opens no span has not joined");
}

/// Threads come and go while chunks go round: each hands over what it had, and says goodbye.
#[test]
fn threads_that_come_and_go_hand_over_what_they_had() {
    const WAVES: u64 = 100;
    const SPANS: u64 = 30;
    let list = record_with(0, false, || {
        for _ in 0..WAVES {
            let run = || (0..SPANS / 2).for_each(turn);
            let wave: Vec<_> = (0..THREADS).map(|_| Builder::new().spawn(run).unwrap()).collect();
            for thread in wave {
                thread.join().unwrap();
            }
        }
    });
    judge(&list, WAVES * THREADS * SPANS);
    assert_eq!(list.count(|what| matches!(what, LogEntry::Dropped { .. })), 0, "chunks were free");
    let mut spans: BTreeMap<ThreadId, u64> = BTreeMap::new();
    for (thread, _, _, what) in &list.entries {
        match what {
            LogEntry::SpanEnd { .. } => *spans.entry(*thread).or_default() += 1,
            LogEntry::ThreadEnd => assert_eq!(spans.get(thread), Some(&SPANS), "before it ends"),
            _ => {}
        }
    }
    assert_eq!(spans.len() as u64, WAVES * THREADS);
    let ends = list.count(|what| matches!(what, LogEntry::ThreadEnd)) as u64;
    assert_eq!(ends, WAVES * THREADS);
}
