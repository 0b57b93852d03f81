//! The spans that have not ended, thread by thread, and the tasks that wait.

use super::headline::program;
use crate::analyze::document::{Analysis, Open, Process};
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};
use std::collections::BTreeMap;

/// More rows than this are only counted.
const MOST_OPEN: usize = 30;
/// From so many on, waiting tasks of one function share a row.
const ALIKE: usize = 4;

/// A row: a span, or several waiting tasks that are alike.
struct Line<'a> {
    /// The one that is open longest.
    span: &'a Open,
    count: usize,
    /// The longest that one of them waits; none of what does not wait.
    waits_ns: Option<u64>,
    /// All of theirs.
    polls: Option<u64>,
}

impl<'a> Line<'a> {
    fn of(span: &'a Open) -> Self {
        Self { span, count: 1, waits_ns: span.waits_ns, polls: span.polls }
    }

    fn join(&mut self, span: &'a Open) {
        self.count += 1;
        self.waits_ns = self.waits_ns.max(span.waits_ns);
        self.polls = self.polls.map(|polls| polls.saturating_add(span.polls.unwrap_or(0)));
        if span.age_ns > self.span.age_ns {
            self.span = span;
        }
    }
}

/// The table.
pub(super) fn draw(analysis: &Analysis, page: Page) -> String {
    if analysis.open.is_empty() {
        return String::new();
    }
    let has_several = analysis.processes.len() > 1;
    let lines = lines(&analysis.open);
    let shown = || lines.iter().take(MOST_OPEN);
    let has_tasks = shown().any(|line| line.polls.is_some());
    let mut columns = vec![("OPEN", u8::MAX), ("SINCE", 9)];
    if has_tasks {
        columns.extend([("WAITS", 8), ("POLLS", 7)]);
    }
    let columns = columns.into_iter().map(|(title, weight)| Column { title, weight });
    let mut table = Table::new(columns.collect());
    let mut add = |mut row: Vec<Cell>| {
        row.resize(if has_tasks { 4 } else { 2 }, Cell::default());
        table.row(row);
    };
    let mut place = None;
    for line in shown() {
        let span = line.span;
        let process = analysis.processes.iter().find(|process| process.uid == span.process);
        let here = (span.process.as_str(), span.thread.as_deref());
        if place != Some(here) {
            add(vec![Cell::new(title(process, span, has_several)).styled(Style::Strong)]);
            place = Some(here);
        }
        add(cells(line));
    }
    let mut out = String::from("\n");
    out += &table.render(page).0;
    let more: usize = lines.iter().skip(MOST_OPEN).map(|line| line.count).sum();
    if more > 0 {
        let more = format!("and {} more: --json has all", format::count(more as u64));
        out += &page.paint(&more, Style::Faint);
        out.push('\n');
    }
    out
}

/// Waiting tasks of one function under one parent are alike: four or more share a row.
fn lines(open: &[Open]) -> Vec<Line<'_>> {
    let mut groups: BTreeMap<Kind<'_>, Vec<&Open>> = BTreeMap::new();
    let is_waiting = |span: &&Open| span.thread.is_none();
    for span in open.iter().filter(is_waiting) {
        groups.entry(kind(span)).or_default().push(span);
    }
    groups.retain(|_, spans| spans.len() >= ALIKE);
    let mut lines = Vec::new();
    for span in open {
        if !is_waiting(&span) || groups.is_empty() {
            lines.push(Line::of(span));
            continue;
        }
        match groups.get_mut(&kind(span)).map(std::mem::take) {
            None => lines.push(Line::of(span)),
            // The group stands where its first one does.
            Some(spans) => lines.extend(spans.split_first().map(|(first, others)| {
                let mut line = Line::of(first);
                for span in others {
                    line.join(span);
                }
                line
            })),
        }
    }
    lines
}

/// What waiting tasks that are alike have in common: process, name, parent, and whether they began.
type Kind<'a> = (&'a str, &'a str, Option<&'a str>, bool);

fn kind(span: &Open) -> Kind<'_> {
    (&span.process, &span.name, span.under.as_deref(), span.begun)
}

fn cells(line: &Line<'_>) -> Vec<Cell> {
    let span = line.span;
    let count = line.count as u64;
    let times = if count > 1 { format!(" ×{}", format::count(count)) } else { String::new() };
    let under = span.under.as_ref().map(|under| format!(" under {under}")).unwrap_or_default();
    let how = match (span.begun, &span.task, &span.thread) {
        (false, ..) => " (not polled yet)",
        (true, Some(_), Some(_)) => " (polled)",
        (true, ..) => "",
    };
    let text = format!("{}{times}{under}{how}", span.name);
    let lead = "  ".repeat(span.depth.min(20) + 1);
    vec![
        Cell { lead, text, style: Style::Plain },
        Cell::new(format::duration(span.age_ns)).styled(Style::Warn),
        Cell::new(line.waits_ns.map(format::duration).unwrap_or_default()),
        Cell::new(line.polls.map(format::count).unwrap_or_default()),
    ]
}

fn title(process: Option<&Process>, span: &Open, has_several: bool) -> String {
    let place = match &span.thread {
        Some(thread) => format!("thread {thread}"),
        None => "waiting tasks".to_owned(),
    };
    let Some(process) = process else { return place };
    let when = match process.state.as_str() {
        "running" => "now",
        "stalled" => "now, though it stalls",
        "crashed" => "when it crashed",
        "stopped" => "when it was stopped",
        "unknown" => "when last heard of",
        _ => "when it ended",
    };
    if has_several {
        format!("{place} [{} {}], {when}", program(process), process.pid)
    } else {
        format!("{place}, {when}")
    }
}
