//! Tests of recent activity.

use super::*;
use crate::event::{Offset, PathInfo, Position, TagValue};

const MS: u64 = 1_000_000;

struct Script {
    recent: Recent,
    names: Names,
}

impl Script {
    fn new(capacity: usize) -> Self {
        let mut names = Names::default();
        for id in 1..=20 {
            names
                .paths
                .insert(PathId(id), PathInfo { parent: PathId::ROOT, callsite: CallsiteId(id) });
        }
        Self { recent: Recent::new(capacity), names }
    }

    fn entry(mut self, thread: u32, end_ms: u64, what: LogEntry) -> Self {
        let (offset, time) = (Offset(0), LogTime(end_ms * MS));
        let entry = Entry { offset, time, thread: ThreadId(thread), what };
        self.recent.apply(LogIndex(0), &self.names, &entry);
        self
    }

    fn ended(self, path: u32, thread: u32, end_ms: u64, took_ms: u64, outcome: Outcome) -> Self {
        self.entry(
            thread,
            end_ms,
            LogEntry::SpanEnd {
                span: SpanId { thread: ThreadId(thread), start: Position(u64::from(path)) },
                path: PathId(path),
                start: LogTime((end_ms - took_ms) * MS),
                child_ns: 0,
                outcome,
                out_of_order: false,
            },
        )
    }

    /// Path, count, longest in ms, thread of each row of spans.
    fn spans(&self) -> Vec<(u32, u64, u64, Option<u32>)> {
        let spans = self.recent.rows().iter().filter_map(|row| match &row.what {
            News::Spans(e) => Some((e.path.0, e.count, e.longest_ns / MS, row.thread.map(|t| t.0))),
            _ => None,
        });
        spans.collect()
    }
}

#[test]
fn short_spans_of_a_path_share_a_row_for_a_second() {
    let ok = Outcome::Ok;
    let script = Script::new(100)
        .ended(1, 1, 1_000, 2, ok)
        .ended(2, 1, 1_001, 1, ok)
        .ended(1, 1, 1_500, 5, ok)
        .ended(1, 2, 1_900, 1, ok)
        .ended(1, 1, 2_000, 1, ok);
    let rows = script.spans();
    assert_eq!(rows, [(1, 3, 5, None), (2, 1, 1, Some(1)), (1, 1, 1, Some(1))]);
}

#[test]
fn long_spans_and_other_outcomes_have_rows_of_their_own() {
    let script = Script::new(100)
        .ended(1, 1, 1_000, 1, Outcome::Ok)
        .ended(1, 1, 1_001, 1, Outcome::Err)
        .ended(1, 1, 1_200, 100, Outcome::Ok)
        .ended(1, 1, 1_300, 100, Outcome::Ok);
    assert_eq!(script.spans().len(), 4);
}

#[test]
fn the_oldest_rows_go_and_are_counted() {
    let mut script = Script::new(3);
    for path in 1..=10 {
        script = script.ended(path, 1, 1_000, 1, Outcome::Ok);
    }
    assert_eq!(script.spans().iter().map(|row| row.0).collect::<Vec<_>>(), [8, 9, 10]);
    assert_eq!(script.recent.forgotten(), 7);
    // Its row is gone: it gets a new one.
    let script = script.ended(1, 1, 1_001, 1, Outcome::Ok);
    assert_eq!(script.spans().last().unwrap(), &(1, 1, 1, Some(1)));
}

#[test]
fn a_row_tells_what_its_span_said() {
    let span = SpanId { thread: ThreadId(1), start: Position(1) };
    let tag = LogEntry::Tag { span, key: CallsiteId(3), value: TagValue::Bool(true) };
    let script = Script::new(10).entry(1, 1, tag).ended(1, 1, 20, 1, Outcome::Ok);
    let News::Spans(ended) = &script.recent.rows()[0].what else { panic!("a span") };
    assert_eq!(ended.said.tags, [(CallsiteId(3), TagValue::Bool(true))]);
    assert!(script.recent.said.is_empty());
}

#[test]
fn a_loss_that_goes_on_is_one_row() {
    let lost = |spans| LogEntry::Dropped { spans, busy_ns: 0, top: None, path: None };
    let script = Script::new(10).entry(1, 1, lost(3)).entry(2, 5, lost(4));
    assert_eq!(script.recent.rows().len(), 1);
    assert_eq!(script.recent.rows()[0].what, News::Dropped { spans: 7 });
}

#[test]
fn a_path_the_log_never_named_takes_no_memory() {
    let script = Script::new(10).ended(u32::MAX, 1, 1_000, 1, Outcome::Ok);
    assert_eq!(script.spans().len(), 1);
    assert!(script.recent.joinable[0].is_empty());
}
