//! CSV as RFC 4180 has it (<https://www.rfc-editor.org/rfc/rfc4180>): a row for each span that ended, in
//! the order of the ends, and at the end one for each that is open.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and names come from
//! the program: such a name gets an apostrophe before it, as
//! <https://owasp.org/www-community/attacks/CSV_Injection> advises. No number here is below zero, and
//! tags stand in an object.

use super::follow::Follow;
use super::reading::{BySpan, Read, Told};
use super::timeline::Timeline;
use crate::analyze::{kind, name_of};
use ferret::event::{
    CallsiteKind, Entry, LogEntry, LogIndex, LogTime, Names, PathId, SpanId, ThreadId,
};
use ferret::projections::{Said, path_depth};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

const COLUMNS: [&str; 15] = [
    "process",
    "pid",
    "thread",
    "function",
    "module",
    "file",
    "line",
    "kind",
    "start",
    "start_ns",
    "duration_ns",
    "self_ns",
    "outcome",
    "depth",
    "tags",
];

/// The rows.
#[derive(Debug)]
pub(super) struct Csv {
    timeline: Timeline,
    follow: Follow,
    programs: Vec<String>,
    /// Of async spans that are open, the time at work by themselves, ns.
    at_work: BTreeMap<(LogIndex, SpanId), u64>,
}

/// What a row says.
struct Row<'a> {
    log: LogIndex,
    thread: Option<ThreadId>,
    path: PathId,
    start: LogTime,
    /// None while it is open.
    took: Option<(u64, u64)>,
    outcome: &'a str,
    said: Option<&'a Said>,
}

impl Csv {
    pub(super) fn new(timeline: Timeline, follow: Follow) -> Self {
        let programs = (0..timeline.len()).map(|log| timeline.program(LogIndex(log))).collect();
        Self { timeline, follow, programs, at_work: BTreeMap::new() }
    }

    fn write(&self, names: &Names, row: &Row<'_>, out: &mut dyn Write) -> io::Result<()> {
        let callsite = names.callsite_info(row.path);
        let number = |number: u64| number.to_string();
        let text = |text: Option<&str>| harmless(text.unwrap_or_default()).into_owned();
        let thread = row.thread.map(|thread| names.thread_name(thread));
        let unix_ns = self.timeline.unix_ns(row.log, row.start);
        let cells = [
            text(self.programs.get(row.log.0).map(String::as_str)),
            number(u64::from(self.timeline.pid(row.log))),
            text(thread.as_deref()),
            text(Some(names.span_name(row.path))),
            text(callsite.map(|info| &*info.module)),
            text(callsite.map(|info| &*info.file)),
            callsite.map_or_else(String::new, |info| info.line.to_string()),
            kind(callsite.map_or(CallsiteKind::Function, |info| info.kind)).to_owned(),
            unix_ns.and_then(rfc3339).unwrap_or_default(),
            number(self.timeline.ns(row.log, row.start)),
            row.took.map_or_else(String::new, |(ns, _)| number(ns)),
            row.took.map_or_else(String::new, |(_, self_ns)| number(self_ns)),
            row.outcome.to_owned(),
            path_depth(names, row.path).to_string(),
            tags(names, row.said)?,
        ];
        record(&cells, out)
    }

    fn end(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let LogEntry::SpanEnd { span, path, start, child_ns, outcome, .. } = &entry.what else {
            return Ok(());
        };
        let is_async = names.callsite_info(*path).is_some_and(|info| info.kind.is_async());
        let at_work = self.at_work.remove(&(log, *span));
        if !self.follow.counts(log, names, entry) {
            return Ok(());
        }
        let ns = entry.time.since(*start);
        let self_ns = if is_async { at_work.unwrap_or(0) } else { ns.saturating_sub(*child_ns) };
        let row = Row {
            log,
            thread: Some(entry.thread),
            path: *path,
            start: *start,
            took: Some((ns, self_ns)),
            outcome: name_of(*outcome),
            said: self.follow.said(log, entry),
        };
        self.write(names, &row, out)?;
        self.follow.told.spans += 1;
        Ok(())
    }
}

impl BySpan for Csv {
    fn follow(&mut self) -> &mut Follow {
        &mut self.follow
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        record(&COLUMNS.map(str::to_owned), out)
    }

    fn entry(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match entry.what {
            LogEntry::Exit { span, busy_ns, child_ns, .. }
            | LogEntry::Polls { span, busy_ns, child_ns, .. } => {
                let at_work = self.at_work.entry((log, span)).or_default();
                *at_work = at_work.saturating_add(busy_ns.saturating_sub(child_ns));
                Ok(())
            }
            _ => self.end(log, names, entry, out),
        }
    }

    fn finish(self: Box<Self>, read: &Read<'_>, out: &mut dyn Write) -> io::Result<Told> {
        let mut told = self.follow.told;
        for log in (0..self.timeline.len()).map(LogIndex) {
            for open in self.follow.open(read, log).filter(|open| open.passes && open.is_span()) {
                let row = Row {
                    log,
                    thread: open.thread,
                    path: open.path,
                    start: open.since,
                    took: None,
                    outcome: "open",
                    said: Some(open.said),
                };
                self.write(read.names(log), &row, out)?;
                told.open += 1;
            }
        }
        told.spans += told.open;
        Ok(told)
    }
}

/// A row. A cell that has a comma, a quote or a line's end in it is quoted. (The crate `csv` was rejected:
/// for a program that only writes, these lines are all of it.)
fn record(cells: &[String], out: &mut dyn Write) -> io::Result<()> {
    let mut line = String::with_capacity(256);
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        if cell.contains([',', '"', '\r', '\n']) {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(cell);
        }
    }
    line.push_str("\r\n");
    out.write_all(line.as_bytes())
}

/// A name that no spreadsheet takes for a formula.
fn harmless(name: &str) -> Cow<'_, str> {
    if name.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{name}").into()
    } else {
        name.into()
    }
}

/// What a span said, as a JSON object; nothing of one that said nothing.
fn tags(names: &Names, said: Option<&Said>) -> io::Result<String> {
    let Some(said) = said.filter(|said| !said.tags.is_empty()) else { return Ok(String::new()) };
    let tags = said.tags.iter().map(|(key, value)| (names.callsite_name(*key), value));
    Ok(serde_json::to_string(&tags.collect::<BTreeMap<_, _>>())?)
}

fn rfc3339(unix_ns: u64) -> Option<String> {
    let time = jiff::Timestamp::from_nanosecond(i128::from(unix_ns)).ok()?;
    Some(format!("{time:.9}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_as_the_rfc_has_it() {
        let cells = ["plain", "a,b", "say \"x\"", "two\r\nlines", ""].map(str::to_owned);
        let mut row = Vec::new();
        record(&cells, &mut row).unwrap();
        assert_eq!(row, b"plain,\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\",\r\n");
    }

    #[test]
    fn no_name_is_a_formula() {
        for (name, expect) in [
            ("=1+1", "'=1+1"),
            ("-a", "'-a"),
            ("@b", "'@b"),
            ("+c", "'+c"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(harmless(name), expect);
        }
    }
}
