//! Records a program, and tells its log as a script: a line an entry, indented by parents.

use ferret::event::{CallsiteKind, Entry, LogEntry, Names, SpanId};
use ferret::log::{ReadOptions, Tail};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// There is one recording a process, so programs take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A log, read.
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
    pub(crate) names: Names,
}

/// Records `program`, and compares what it did with a script, whose common indent does not count.
#[track_caller]
pub(crate) fn check(program: impl FnOnce(), expected: &str) {
    let script = record(program).script();
    let indent = expected.lines().filter(|line| !line.trim().is_empty());
    let indent = indent.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines = expected.lines().map(|line| line.get(indent..).unwrap_or("").trim_end());
    let expected = lines.collect::<Vec<_>>().join("\n");
    assert_eq!(script.trim(), expected.trim(), "the log says:\n{script}");
}

/// Runs `program` while nothing is recorded.
pub(crate) fn unrecorded(program: impl FnOnce()) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    program();
}

/// Records `program`.
pub(crate) fn record(program: impl FnOnce()) -> Log {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let session = ferret::start(folder.path().join("run.redb")).unwrap();
    let path = session.path().to_owned();
    program();
    drop(session);
    let mut tail = Tail::open(&path, &ReadOptions::default()).unwrap();
    let mut entries = Vec::new();
    loop {
        let more = tail.poll(1_000).unwrap();
        if more.is_empty() {
            break;
        }
        entries.extend(more);
    }
    // Program order, over all threads: these programs do one thing at a time.
    entries.sort_by_key(|entry| entry.time);
    Log { entries, names: tail.names().clone() }
}

impl Log {
    /// The entries of spans. Those of another thread than the first begin with its name.
    pub(crate) fn script(&self) -> String {
        let mut depths = HashMap::new();
        let mut main = None;
        let mut script = String::new();
        for entry in &self.entries {
            let Some((depth, lines)) = self.line(entry, &mut depths) else { continue };
            let thread = *main.get_or_insert(entry.thread);
            for line in lines.lines() {
                write!(script, "{:1$}", "", 2 * depth).unwrap();
                if entry.thread != thread {
                    write!(script, "[{}] ", self.names.thread_name(entry.thread)).unwrap();
                }
                writeln!(script, "{line}").unwrap();
            }
        }
        script
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "scripts tell of spans alone")]
    fn line(&self, entry: &Entry, depths: &mut HashMap<SpanId, usize>) -> Option<(usize, String)> {
        let of = |span: &SpanId| depths.get(span).copied().unwrap_or(0);
        let name = |path| self.names.span_name(path);
        Some(match &entry.what {
            LogEntry::SpanStart { span, path, parent, .. } => {
                let depth = parent.as_ref().map_or(0, |parent| of(parent) + 1);
                depths.insert(*span, depth);
                let kind = match self.names.callsite_info(*path)?.kind {
                    CallsiteKind::Function => "",
                    CallsiteKind::Async => "async ",
                    CallsiteKind::Block => "block ",
                    CallsiteKind::Stage => "stage ",
                    CallsiteKind::AsyncStage => "async stage ",
                    CallsiteKind::Key | CallsiteKind::Mark => "not a span: ",
                };
                (depth, format!("{kind}{}", name(*path)))
            }
            LogEntry::SpanEnd { span, path, outcome, .. } => {
                let outcome = format!("{outcome:?}").to_lowercase();
                (of(span), format!("{}: {outcome}", name(*path)))
            }
            LogEntry::Enter { span, path } => (of(span), format!("enter {}", name(*path))),
            LogEntry::Exit { span, path, .. } => (of(span), format!("exit {}", name(*path))),
            // Whether polls are merged depends on when the recorder looks.
            LogEntry::Polls { span, path, count, .. } => {
                let poll = format!("enter {0}\nexit {0}\n", name(*path));
                (of(span), poll.repeat(usize::try_from(*count).unwrap()))
            }
            // Its line changes with the test's.
            LogEntry::Tag { key, .. } if self.names.callsite_name(*key) == "panic.at" => {
                return None;
            }
            LogEntry::Tag { span, key, value } => {
                (of(span) + 1, format!("{} = {value:?}", self.names.callsite_name(*key)))
            }
            LogEntry::Mark { span, callsite } => {
                let text = self.names.callsite_name(*callsite);
                (span.as_ref().map_or(0, |span| of(span) + 1), format!("mark {text}"))
            }
            _ => return None,
        })
    }
}
