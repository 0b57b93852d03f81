//! What spreads take of entries: calls by path, polls as an async function's own time, merged parts.

use super::*;
use crate::event::{
    CallsiteId, CallsiteInfo, CallsiteKind, Offset, PathInfo, Position, SpanId, ThreadId,
};

const LOG: LogIndex = LogIndex(0);

/// Path 1 is a function, path 2 an async one below it.
fn names() -> Names {
    let mut names = Names::default();
    for (id, kind) in [(1, CallsiteKind::Function), (2, CallsiteKind::Async)] {
        let (module, file) = (String::new(), String::new());
        let info = CallsiteInfo { name: format!("f{id}"), module, file, line: id, kind };
        names.callsites.insert(CallsiteId(id), info);
        let parent = PathId(id - 1);
        names.paths.insert(PathId(id), PathInfo { parent, callsite: CallsiteId(id) });
    }
    names
}

fn entry(ms: u64, what: LogEntry) -> Entry {
    Entry { offset: Offset(ms), time: LogTime(ms * 1_000_000), thread: ThreadId(1), what }
}

fn span(position: u64) -> SpanId {
    SpanId { thread: ThreadId(1), start: Position(position) }
}

fn end(path: u32, start_ms: u64, end_ms: u64, child_ms: u64, outcome: Outcome) -> Entry {
    let what = LogEntry::SpanEnd {
        span: span(start_ms),
        path: PathId(path),
        start: LogTime(start_ms * 1_000_000),
        child_ns: child_ms * 1_000_000,
        outcome,
        out_of_order: false,
    };
    entry(end_ms, what)
}

fn spreads(entries: &[Entry]) -> Spreads {
    let mut spreads = Spreads::default();
    for entry in entries {
        spreads.apply(LOG, &names(), entry);
    }
    spreads
}

/// Path, calls, calls or polls by themselves, and the medians of both in ms.
fn told(spreads: &Spreads) -> Vec<(u32, u64, u64, u64, u64)> {
    let ms = |ns: Option<u64>| (ns.unwrap_or(0) + 500_000) / 1_000_000;
    let row = |(_, path, spread): (LogIndex, PathId, &PathSpread)| {
        let PathSpread { durations, own, .. } = spread;
        let medians = (ms(durations.percentile(50)), ms(own.percentile(50)));
        (path.0, durations.count(), own.count(), medians.0, medians.1)
    };
    spreads.paths().map(row).collect()
}

fn scene() -> Vec<Entry> {
    let polled = |busy_ms: u64, child_ms: u64| LogEntry::Exit {
        span: span(9),
        path: PathId(2),
        busy_ns: busy_ms * 1_000_000,
        child_ns: child_ms * 1_000_000,
    };
    vec![
        end(1, 0, 10, 4, Outcome::Ok),
        end(1, 10, 30, 4, Outcome::Err),
        end(1, 30, 60, 10, Outcome::Ok),
        end(1, 60, 90, 0, Outcome::Unknown),
        entry(91, polled(8, 3)),
        entry(92, polled(8, 3)),
        end(2, 90, 100, 0, Outcome::Cancelled),
        end(99, 0, 100, 0, Outcome::Ok),
    ]
}

#[test]
fn calls_count_where_they_were_made_and_polls_are_an_async_functions_own_time() {
    assert_eq!(told(&spreads(&scene())), [(1, 3, 3, 20, 16), (2, 1, 2, 10, 5)]);
}

#[test]
fn parts_are_merged_whichever_comes_first() {
    let all = scene();
    for at in 0..all.len() {
        let mut merged = spreads(&all[..at]);
        merged.merge(spreads(&all[at..]));
        let mut rows = told(&merged);
        rows.sort_unstable();
        assert_eq!(rows, told(&spreads(&all)), "cut at {at}");
    }
}
