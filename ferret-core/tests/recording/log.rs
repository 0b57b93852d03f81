//! Records a program, and tells its log as lines.

use ferret::event::{Entry, LogEntry, Names, SpanId};
use ferret::log::{ReadOptions, Tail};
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// There is one recording a process, so tests take turns where they share one.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock()
}

/// Far more than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A log, read.
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
    names: Names,
}

/// Records `program`.
pub(crate) fn record(program: impl FnOnce()) -> Log {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let session = ferret::start(folder.path().join("run.redb")).unwrap();
    let path = session.path().to_owned();
    program();
    // The drop alone waits 200 ms at most.
    assert!(session.flush(PATIENCE));
    drop(session);
    read(&path)
}

/// Records `program`, and compares what the log says of its spans.
#[track_caller]
pub(crate) fn check(program: impl FnOnce(), expect: &[&str]) {
    assert_eq!(record(program).script(), expect);
}

/// Reads a log that is there.
pub(crate) fn read(path: &Path) -> Log {
    let mut tail = Tail::open(path, &ReadOptions::default()).unwrap();
    let entries = tail.poll(usize::MAX).unwrap();
    Log { entries, names: tail.names().clone() }
}

impl Log {
    /// What is said of spans, in the log's order.
    #[expect(clippy::wildcard_enum_match_arm, reason = "of spans alone")]
    pub(crate) fn script(&self) -> Vec<String> {
        let starts = self.entries.iter().filter_map(|entry| match &entry.what {
            LogEntry::SpanStart { span, path, .. } => Some((*span, self.names.span_name(*path))),
            _ => None,
        });
        let spans: HashMap<SpanId, &str> = starts.collect();
        let of = |span| spans.get(span).map_or("?", |name| *name);
        let lines = self.entries.iter().filter_map(|entry| {
            Some(match &entry.what {
                LogEntry::SpanStart { path, .. } => {
                    format!("{} begins", self.names.span_name(*path))
                }
                LogEntry::SpanEnd { path, outcome, .. } => {
                    format!("{} ends: {outcome:?}", self.names.span_name(*path))
                }
                LogEntry::Tag { span, key, value } => {
                    format!("{}: {} = {value}", of(span), self.names.callsite_name(*key))
                }
                LogEntry::Progress { span, done, total } => {
                    let of = span.as_ref().map_or("nothing", of);
                    format!("{of}: {done}/{total}")
                }
                _ => return None,
            })
        });
        lines.collect()
    }

    /// The values of a counter or gauge, by name, and whether they are levels.
    pub(crate) fn numbers(&self, name: &str) -> Vec<(f64, bool)> {
        let numbers = self.entries.iter().filter_map(|entry| {
            if let LogEntry::Counter { key, value, gauge } = &entry.what
                && self.names.callsite_name(*key) == name
            {
                return Some((*value, *gauge));
            }
            None
        });
        numbers.collect()
    }
}
