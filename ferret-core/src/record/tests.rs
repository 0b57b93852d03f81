//! From guard to entry, without a log: the recorder drains into a list.
//!
//! There is one recording a process, so these tests take turns.
#![expect(clippy::wildcard_enum_match_arm, reason = "each test looks for a few kinds of entry")]

mod list;

use super::clock::{ClockMap, WITHOUT_TSC};
use super::engine::Engine;
use super::flight::Flight;
use super::recorder::{Recorder, Request};
use super::{Callsite, Key, enter, mark, progress, tag};
use crate::event::{
    CallsiteKind, EndKind, LogEntry, LogTime, Names, OpenTask, Outcome, PathId, Position, SpanId,
    TagValue, ThreadId,
};
use crate::options::Overflow;
use crate::value::TagValueRef;
use crossbeam_channel::bounded;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

pub(super) static TURN: Mutex<()> = Mutex::new(());

pub(super) static OUTER: Callsite = Callsite::new("outer", "m", "f.rs", 1, CallsiteKind::Function);
pub(super) static INNER: Callsite = Callsite::new("inner", "m", "f.rs", 2, CallsiteKind::Function);
pub(super) static TASK: Callsite = Callsite::new("task", "m", "f.rs", 3, CallsiteKind::Async);
pub(super) static KEY: Callsite = Callsite::new("key", "m", "f.rs", 4, CallsiteKind::Key);
static MARK: Callsite = Callsite::new("here", "m", "f.rs", 5, CallsiteKind::Mark);

/// A sink that keeps everything.
#[derive(Debug, Default)]
pub(crate) struct List {
    names: Names,
    pub(super) entries: Vec<(ThreadId, Position, LogTime, LogEntry)>,
    drained: u64,
    /// How large the recorder is to think an entry is.
    entry_bytes: usize,
    /// How many entries there were at the last commit, and how many commits there have been.
    committed: usize,
    pub(super) commits: usize,
    /// Open async spans and places, kept beside the entries.
    pub(super) kept: BTreeMap<SpanId, OpenTask>,
    /// Its log is lost before the next commit: another begins, without names.
    pub(super) loses_log: bool,
    /// Threads said to be silent, with how many frames.
    pub(super) silent: Vec<(ThreadId, usize)>,
}

impl List {
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// How many callsites and paths it has been told of.
    pub(super) fn told(&self) -> (usize, usize) {
        (self.names.callsites.len(), self.names.paths.len())
    }

    /// The entries of spans as text, one a line, without times.
    pub(crate) fn script(&self) -> Vec<String> {
        let lines = self.entries.iter().filter_map(|(thread, _, _, what)| {
            let name = |path: &PathId| self.names.span_name(*path).to_owned();
            let line = match what {
                LogEntry::SpanStart { path, parent, .. } => match parent {
                    Some(parent) => format!("start {} in {}", name(path), self.name_of(*parent)),
                    None => format!("start {}", name(path)),
                },
                LogEntry::SpanEnd { path, outcome, out_of_order, .. } => {
                    let order = if *out_of_order { " out of order" } else { "" };
                    format!("end {} {outcome:?}{order}", name(path))
                }
                LogEntry::Created { path, parent, .. } => match parent {
                    Some(parent) => format!("made {} in {}", name(path), self.name_of(*parent)),
                    None => format!("made {}", name(path)),
                },
                LogEntry::Enter { path, .. } => format!("enter {}", name(path)),
                LogEntry::Exit { path, .. } => format!("exit {}", name(path)),
                LogEntry::Polls { path, count, .. } => format!("{count} polls of {}", name(path)),
                LogEntry::Tag { span, key, value } => {
                    let key = self.names.callsite_name(*key);
                    format!("tag {} {key}={value}", self.name_of(*span))
                }
                LogEntry::Progress { done, total, .. } => format!("progress {done}/{total}"),
                LogEntry::Mark { callsite, .. } => {
                    format!("mark {}", self.names.callsite_name(*callsite))
                }
                LogEntry::ThreadEnd => "thread end".to_owned(),
                _ => return None,
            };
            Some(format!("{} {line}", thread.0))
        });
        lines.collect()
    }

    fn name_of(&self, span: SpanId) -> String {
        let found = self.entries.iter().find_map(|(_, _, _, what)| match what {
            LogEntry::SpanStart { span: s, path, .. } | LogEntry::Created { span: s, path, .. }
                if *s == span =>
            {
                Some(*path)
            }
            _ => None,
        });
        found.map_or_else(|| "?".to_owned(), |path| self.names.span_name(path).to_owned())
    }

    pub(super) fn count(&self, wanted: impl Fn(&LogEntry) -> bool) -> usize {
        self.entries.iter().filter(|(_, _, _, what)| wanted(what)).count()
    }
}

/// For a program that is being recorded: its values stay out from now on.
#[cfg(feature = "tracing")]
pub(crate) fn leave_values_out() {
    super::values::leave_out();
}

/// Records what `program` does on a thread of its own, the recorder running beside it unless
/// `late`: then it begins when the program is done.
pub(super) fn record_with(
    buffer_bytes: usize,
    late: bool,
    program: impl FnOnce() + Send + 'static,
) -> List {
    record_by(true, 0, buffer_bytes, late, program)
}

/// The same, by the TSC or without it, and with entries that fill a batch.
pub(super) fn record_by(
    tsc: bool,
    entry_bytes: usize,
    buffer_bytes: usize,
    late: bool,
    program: impl FnOnce() + Send + 'static,
) -> List {
    let turn = TURN.lock();
    super::values::begin(true);
    WITHOUT_TSC.store(!tsc, Ordering::Relaxed);
    let engine = Engine::new(Overflow::Drop, Flight::private(buffer_bytes).unwrap());
    engine.switch_on();
    let (ask, requests) = bounded(1);
    let list = List { entry_bytes, ..List::default() };
    let recorder = Recorder::new(engine, ClockMap::calibrate(), list, requests, |_trouble| {});
    let run = move || recorder.run(|| None);
    let spawn = |name: &str, f: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new().name(name.to_owned()).spawn(f).unwrap()
    };
    let list = if late {
        spawn("program", Box::new(program)).join().ok();
        ask.send(Request::Stop(EndKind::Closed)).unwrap();
        run().0
    } else {
        let recorder = std::thread::Builder::new().spawn(run).unwrap();
        spawn("program", Box::new(program)).join().ok();
        ask.send(Request::Stop(EndKind::Closed)).unwrap();
        recorder.join().unwrap().0
    };
    engine.switch_off();
    WITHOUT_TSC.store(false, Ordering::Relaxed);
    drop(turn);
    list
}

pub(crate) fn record(program: impl FnOnce() + Send + 'static) -> List {
    record_with(1 << 20, false, program)
}

#[track_caller]
pub(crate) fn check(program: impl FnOnce() + Send + 'static, expect: &[&str]) {
    let list = record(program);
    assert_eq!(list.script(), expect, "{:#?}", list.entries);
}

#[test]
fn nested_spans_have_their_parents() {
    check(
        || {
            let _outer = enter(&OUTER);
            enter(&INNER).finish(Outcome::Err);
        },
        &[
            "1 start outer",
            "1 start inner in outer",
            "1 end inner Err",
            "1 end outer Ok",
            "1 thread end",
        ],
    );
}

#[test]
fn a_span_dropped_before_its_child_is_taken_out_of_the_middle() {
    check(
        || {
            let outer = enter(&OUTER);
            let inner = enter(&INNER);
            drop(outer);
            drop(inner);
        },
        &[
            "1 start outer",
            "1 start inner in outer",
            "1 end outer Ok out of order",
            "1 end inner Ok",
            "1 thread end",
        ],
    );
}

#[test]
fn unwinding_is_a_panic_and_a_leaked_guard_ends_with_its_thread() {
    check(
        || {
            let caught = std::panic::catch_unwind(|| {
                let _outer = enter(&OUTER);
                std::panic::resume_unwind(Box::new(()));
            });
            assert!(caught.is_err());
            std::mem::forget(enter(&INNER));
        },
        &[
            "1 start outer",
            "1 end outer Panicked",
            "1 start inner",
            "1 end inner Unknown",
            "1 thread end",
        ],
    );
}

#[test]
fn notes_belong_to_the_innermost_span() {
    check(
        || {
            let _outer = enter(&OUTER);
            tag(Key::here(&KEY), TagValueRef::Text("grüße"));
            tag(Key::here(&KEY), TagValueRef::Signed(-3));
            progress(2, 5);
            mark(&MARK);
        },
        &[
            "1 start outer",
            "1 tag outer key=grüße",
            "1 tag outer key=-3",
            "1 progress 2/5",
            "1 mark here",
            "1 end outer Ok",
            "1 thread end",
        ],
    );
}

#[test]
fn a_long_tag_is_cut_at_a_character() {
    let list = record(|| {
        let _outer = enter(&OUTER);
        tag(Key::here(&KEY), TagValueRef::Text(&"ß".repeat(200)));
        tag(Key::here(&KEY), TagValueRef::Text(&format!("x{}", "ß".repeat(200))));
    });
    let texts: Vec<_> = list
        .entries
        .iter()
        .filter_map(|(_, _, _, what)| match what {
            LogEntry::Tag { value: TagValue::Text(text), .. } => Some(text.len()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, [256, 255]);
}

#[test]
fn a_hundred_thousand_spans_change_chunks_without_a_gap() {
    let list = record(|| {
        for _ in 0..100_000 {
            let _outer = enter(&OUTER);
            enter(&INNER).finish(Outcome::Ok);
        }
    });
    let starts = list.count(|what| matches!(what, LogEntry::SpanStart { .. }));
    let ends = list.count(|what| matches!(what, LogEntry::SpanEnd { .. }));
    let dropped: u64 = list
        .entries
        .iter()
        .map(|(_, _, _, what)| if let LogEntry::Dropped { spans, .. } = what { *spans } else { 0 })
        .sum();
    assert_eq!(starts, ends);
    assert_eq!(starts as u64 + dropped, 200_000);
    let mut last = LogTime(0);
    for (thread, _, time, _) in &list.entries {
        if thread.0 == 1 {
            assert!(*time >= last, "time went back in a thread");
            last = *time;
        }
    }
}

#[test]
fn without_a_free_chunk_spans_are_dropped_counted_and_balanced() {
    let list = record_with(1, true, || {
        let _outer = enter(&OUTER);
        for _ in 0..50_000 {
            enter(&INNER).finish(Outcome::Ok);
        }
    });
    let starts = list.count(|what| matches!(what, LogEntry::SpanStart { .. }));
    let ends = list.count(|what| matches!(what, LogEntry::SpanEnd { .. }));
    assert_eq!(starts, ends);
    let dropped: Vec<_> = list
        .entries
        .iter()
        .filter_map(|(_, _, _, what)| match what {
            LogEntry::Dropped { spans, busy_ns, top, .. } => Some((*spans, *busy_ns, *top)),
            _ => None,
        })
        .collect();
    let [(spans, busy_ns, top)] = dropped[..] else { panic!("{dropped:?}") };
    assert_eq!(starts as u64 + spans, 50_001);
    assert!(busy_ns > 0);
    let outer = list.entries.iter().find_map(|(_, _, _, what)| match what {
        LogEntry::SpanStart { span, .. } => Some(span.start),
        _ => None,
    });
    assert_eq!(top, outer, "they ran in outer, whose START is the first");
    assert_eq!(list.script().last().map(String::as_str), Some("1 thread end"));
}

#[test]
fn deep_recursion_past_the_reserve_still_balances_when_chunks_are_gone() {
    fn dive(depth: u32) {
        let _span = enter(&OUTER);
        if depth > 0 {
            dive(depth - 1);
        }
    }
    let list = record_with(1, true, || {
        let _hold = enter(&INNER);
        dive(20_000);
        dive(3);
    });
    let starts = list.count(|what| matches!(what, LogEntry::SpanStart { .. }));
    let ends = list.count(|what| matches!(what, LogEntry::SpanEnd { .. }));
    assert_eq!(starts, ends);
}

#[test]
fn metrics_come_at_once_and_at_the_end() {
    let list = record(|| enter(&OUTER).finish(Outcome::Ok));
    assert!(list.count(|what| matches!(what, LogEntry::Metric(_))) >= 1);
    let last = list.entries.last().map(|(_, _, _, what)| what.name());
    assert_eq!(last, Some("METRIC"));
}

#[test]
fn a_span_has_so_many_tags_and_then_says_how_many_more() {
    let keys: &'static [Callsite] = Vec::leak(
        (0..40).map(|_| Callsite::new("key", "m", "f.rs", 4, CallsiteKind::Key)).collect(),
    );
    let list = record(move || {
        let _outer = enter(&OUTER);
        for key in keys {
            tag(Key::here(key), TagValueRef::Bool(true));
        }
    });
    let tags: Vec<_> = list.script().into_iter().filter(|line| line.contains("tag ")).collect();
    assert_eq!(tags.len(), 33);
    assert_eq!(tags[32], "1 tag outer <other>=8");
    // And from elsewhere.
    let list = record(move || {
        let _outer = enter(&OUTER);
        let here = super::current_span();
        let tags = move || {
            let _in_outer = here.enter();
            for key in keys {
                tag(Key::here(key), TagValueRef::Bool(true));
            }
        };
        std::thread::Builder::new().spawn(tags).unwrap().join().unwrap();
    });
    let tags: Vec<_> = list.script().into_iter().filter(|line| line.contains("tag ")).collect();
    assert_eq!((tags.len(), tags[32].as_str()), (33, "2 tag outer <other>=8"));
}

/// The recorder of a program that never paused, and was slower than it, committed nothing until all
/// was read; and so nothing at all, if the program ended first.
#[test]
fn a_long_look_is_committed_in_parts() {
    let list = record_by(true, 1 << 10, 1 << 20, true, || {
        (0..20_000).for_each(|_| enter(&INNER).finish(Outcome::Ok));
    });
    // A batch is large at 2 MiB.
    assert!(list.commits >= 10, "{} commits", list.commits);
    assert_eq!(list.count(|what| matches!(what, LogEntry::SpanEnd { .. })), 20_000);
}
