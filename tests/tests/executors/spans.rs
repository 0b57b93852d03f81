//! Records a program, and tells the spans that are in its log.

use ferret::event::{Entry, LogEntry, Names, Outcome, SpanId, ThreadId};
use ferret::log::{ReadOptions, Tail};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// There is one recording a process, so programs take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A log, read.
pub(crate) struct Log {
    entries: Vec<Entry>,
    names: Names,
}

/// Records `program`.
pub(crate) fn record(program: impl FnOnce()) -> Log {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let session = ferret::start(folder.path().join("run.redb")).unwrap();
    let path = session.path().to_owned();
    program();
    // Who drops it does not wait long.
    assert!(session.flush(ferret_tests::PATIENCE));
    drop(session);
    let mut tail = Tail::open(&path, &ReadOptions::default()).unwrap();
    let mut entries = Vec::new();
    loop {
        let more = tail.poll(1_000).unwrap();
        if more.is_empty() {
            return Log { entries, names: tail.names().clone() };
        }
        entries.extend(more);
    }
}

/// What became of a span.
#[derive(Debug, Default)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) parent: Option<SpanId>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) polls: u64,
    pub(crate) busy_ns: u64,
    pub(crate) lasted_ns: u64,
    pub(crate) polled_by: BTreeSet<ThreadId>,
}

/// The spans of a log.
pub(crate) struct Spans(BTreeMap<SpanId, Span>);

impl Spans {
    pub(crate) fn of(log: &Log) -> Self {
        let mut spans = BTreeMap::<SpanId, Span>::new();
        for entry in &log.entries {
            #[expect(clippy::wildcard_enum_match_arm, reason = "only spans are looked at")]
            match &entry.what {
                LogEntry::SpanStart { span, path, parent, .. }
                | LogEntry::Created { span, path, parent } => {
                    let row = spans.entry(*span).or_default();
                    log.names.span_name(*path).clone_into(&mut row.name);
                    row.parent = *parent;
                }
                LogEntry::SpanEnd { span, start, outcome, .. } => {
                    let row = spans.entry(*span).or_default();
                    row.outcome = Some(*outcome);
                    row.lasted_ns = entry.time.since(*start);
                }
                LogEntry::Exit { span, busy_ns, .. } => {
                    spans.entry(*span).or_default().polled(1, *busy_ns, entry.thread);
                }
                LogEntry::Polls { span, count, busy_ns, .. } => {
                    spans.entry(*span).or_default().polled(*count, *busy_ns, entry.thread);
                }
                _ => {}
            }
        }
        Self(spans)
    }

    /// `parent > name: outcome (polls)`, sorted; the number of polls where it is certain.
    pub(crate) fn told(&self, with_polls: bool) -> Vec<String> {
        let mut told: Vec<_> = self
            .0
            .values()
            .map(|span| {
                let above = span.parent.and_then(|parent| self.0.get(&parent));
                let above = above.map_or(String::new(), |above| format!("{} > ", above.name));
                let outcome = format!("{:?}", span.outcome).to_lowercase();
                let outcome = outcome.trim_start_matches("some(").trim_end_matches(')');
                let polls = if with_polls { format!(" {}", span.polls) } else { String::new() };
                format!("{above}{}: {outcome}{polls}", span.name)
            })
            .collect();
        told.sort();
        told
    }

    pub(crate) fn named(&self, name: &str) -> &Span {
        self.0.values().find(|span| span.name == name).unwrap()
    }
}

impl Span {
    fn polled(&mut self, count: u64, busy_ns: u64, by: ThreadId) {
        self.polls += count;
        self.busy_ns += busy_ns;
        self.polled_by.insert(by);
    }
}

#[track_caller]
pub(crate) fn check(program: impl FnOnce(), expected: &[&str]) {
    assert_eq!(Spans::of(&record(program)).told(false), expected);
}
