//! JSON Lines (<https://jsonlines.org>): every entry as the object that `ferret log --json` prints, in
//! the order of time across processes. docs/json.md tells what the objects hold.

use super::follow::Follow;
use super::reading::{BySpan, Read, Told};
use super::timeline::Timeline;
use crate::analyze::SpanSubject;
use crate::entry_line::{self, Context};
use crate::filter::{Field, Subject, Value};
use ferret::event::{Entry, LogEntry, LogIndex, LogTime, Names, PathId, ThreadId};
use std::io::{self, Write};

/// The entries that pass.
#[derive(Debug)]
pub(super) struct Jsonl {
    timeline: Timeline,
    follow: Follow,
}

impl Jsonl {
    pub(super) fn new(timeline: Timeline, follow: Follow) -> Self {
        Self { timeline, follow }
    }

    /// An entry of a span is written where the filter holds for sure: one that asks how long spans took
    /// leaves their starts out, since their ends say when that was. What is of no span is left out by
    /// what is known of it alone.
    fn passes(&self, log: LogIndex, names: &Names, entry: &Entry) -> bool {
        if !self.follow.is_late(log, entry.time) {
            return false;
        }
        let Some(filter) = self.follow.filter() else { return true };
        let Some(path) = self.path(log, entry) else {
            let thread = Some(entry.thread).filter(|thread| *thread != ThreadId::RECORDER);
            let nobody = self.follow.subject(log, names, PathId::ROOT, thread);
            return filter.allows(&OfNoSpan(nobody));
        };
        let said = self.follow.said(log, entry);
        let span = SpanSubject {
            dur_ns: match &entry.what {
                LogEntry::SpanEnd { start, .. } => Some(entry.time.since(*start)),
                _ => None,
            },
            outcome: match &entry.what {
                LogEntry::SpanEnd { outcome, .. } => Some(*outcome),
                _ => None,
            },
            said,
            ..self.follow.subject(log, names, path, Some(entry.thread))
        };
        filter.test(&span) == Some(true)
    }

    /// The place in the call tree of the span that an entry is about; none if it is about none.
    fn path(&self, log: LogIndex, entry: &Entry) -> Option<PathId> {
        let open = |span| self.follow.live.process(log)?.path_of(span);
        match &entry.what {
            LogEntry::SpanStart { path, .. }
            | LogEntry::SpanEnd { path, .. }
            | LogEntry::Enter { path, .. }
            | LogEntry::Exit { path, .. }
            | LogEntry::Created { path, .. }
            | LogEntry::Polls { path, .. }
            | LogEntry::Alloc { path, .. } => Some(*path),
            LogEntry::Summary(counted) => Some(counted.path),
            LogEntry::Tag { span, .. } => open(*span).or(Some(PathId::ROOT)),
            LogEntry::Progress { span, .. } | LogEntry::Mark { span, .. } => open((*span)?),
            _ => None,
        }
    }
}

/// What has no name and no place, which a filter may ask for.
struct OfNoSpan<'a>(SpanSubject<'a>);

impl Subject for OfNoSpan<'_> {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            // What is of the whole process is kept out by no thread.
            Field::Thread if self.0.thread.is_none() => Value::Foreign,
            Field::Process | Field::Pid | Field::Host | Field::Thread => self.0.value(field),
            _ => Value::Foreign,
        }
    }
}

impl BySpan for Jsonl {
    fn follow(&mut self) -> &mut Follow {
        &mut self.follow
    }

    fn entry(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if self.passes(log, names, entry) {
            let pid = self.timeline.pid(log);
            let context = Context { names, pid, start: LogTime::default(), several: false };
            writeln!(out, "{}", entry_line::json(entry, &context)?)?;
            self.follow.told.spans += u64::from(matches!(entry.what, LogEntry::SpanEnd { .. }));
        }
        Ok(())
    }

    fn finish(self: Box<Self>, read: &Read<'_>, _: &mut dyn Write) -> io::Result<Told> {
        let mut told = self.follow.told;
        for log in (0..self.timeline.len()).map(LogIndex) {
            let open = self.follow.open(read, log).filter(|open| open.passes);
            told.open += open.count() as u64;
        }
        told.spans += told.open;
        // It has them: a SUMMARY is an entry.
        told.counted = 0;
        Ok(told)
    }
}
