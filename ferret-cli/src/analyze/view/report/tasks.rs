//! `--by task`: what tasks did, and what they waited for.

use crate::analyze::document::Analysis;
use crate::analyze::report::Task;
use crate::analyze::rows::percent;
use crate::analyze::view::functions::so_far;
use crate::analyze::view::{Options, SAMPLED, below, calls, marks};
use crate::callsite_names::{self, Callsite};
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};

const COLUMNS: [(&str, u8); 13] = [
    ("TASK", u8::MAX),
    ("ENDED", 95),
    ("OPEN", 90),
    ("UNPOLLED", 25),
    ("CANCELLED", 55),
    ("ERRORS", 60),
    ("TOTAL", 80),
    ("BUSY", 100),
    ("IDLE", 98),
    ("POLLS", 70),
    ("LONGEST POLL", 85),
    ("FIRST POLL AFTER", 30),
    ("P99", 40),
];

pub(super) fn draw(analysis: &Analysis, rows: &[Task], options: Options, page: Page) -> String {
    let run_ns = analysis.run.duration_ns;
    let is_big = |row: &&Task| {
        percent(row.total_ns.saturating_add(row.open_ns), run_ns) >= options.min_percent
    };
    let rows: Vec<&Task> = rows.iter().filter(is_big).collect();
    if rows.is_empty() {
        if options.filtered || options.min_percent > 0.0 {
            return String::new();
        }
        let none = "No task ran: none of the annotated functions that ran is async.";
        return page.sentence(none, Style::Plain);
    }
    let has = |count: fn(&Task) -> u64| rows.iter().any(|row| count(row) > 0);
    let is_shown = |title: &str| match title {
        "UNPOLLED" => has(|row| row.unpolled),
        "CANCELLED" => has(|row| row.cancelled),
        "ERRORS" => has(|row| row.errors),
        "OPEN" => has(|row| row.open),
        "FIRST POLL AFTER" => has(|row| u64::from(row.mean_first_wait_ns.is_some())),
        _ => true,
    };
    let columns = COLUMNS.iter().filter(|(title, _)| is_shown(title));
    let mut table = Table::new(columns.map(|&(title, weight)| Column { title, weight }).collect());
    let callsites: Vec<_> = rows
        .iter()
        .map(|row| Callsite { name: &row.name, module: &row.module, line: row.line })
        .collect();
    let names = callsite_names::names(&callsites);
    let top = if options.top == 0 { rows.len() } else { options.top.min(rows.len()) };
    for (row, name) in rows.iter().zip(names).take(top) {
        let cells = COLUMNS.iter().zip(cells(row, name));
        table.row(cells.filter(|((title, _), _)| is_shown(title)).map(|(_, cell)| cell).collect());
    }
    let (mut text, hidden) = table.render(page);
    text += &below(top, rows.len(), "kinds of tasks", &hidden, page);
    let mut notes = Vec::new();
    if has(|row| row.sampled) {
        notes.push(SAMPLED);
    }
    if has(|row| row.open) {
        notes.push("+ with what is still open");
    }
    text + &marks(&notes, page)
}

fn cells(row: &Task, name: String) -> Vec<Cell> {
    let count = |count: u64, style| match count {
        0 => Cell::new("–").styled(Style::Faint),
        some => Cell::new(format::count(some)).styled(style),
    };
    let or_dash = |ns: Option<u64>| Cell::new(ns.map_or_else(|| "–".to_owned(), format::duration));
    let so_far = |ns: u64| so_far(row.calls + row.open > 0, row.open > 0, format::duration(ns));
    let has_polls = row.polls > 0;
    vec![
        Cell::new(name),
        calls(row.calls, row.sampled),
        count(row.open, Style::Warn),
        count(row.unpolled, Style::Warn),
        count(row.cancelled, Style::Warn),
        count(row.errors, Style::Bad),
        so_far(row.total_ns.saturating_add(row.open_ns)),
        or_dash(has_polls.then_some(row.busy_ns)),
        so_far(row.idle_ns),
        count(row.polls, Style::Plain),
        or_dash(has_polls.then_some(row.longest_poll_ns)),
        or_dash(row.mean_first_wait_ns),
        or_dash(row.durations.p99_ns),
    ]
}
