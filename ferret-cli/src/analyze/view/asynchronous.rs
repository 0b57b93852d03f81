//! The table of async functions: how long they were at work, how long they waited, and whether a
//! poll held up what else runs where it did.

use super::functions::{names, so_far};
use super::{Options, below};
use crate::analyze::document::{Analysis, Function};
use crate::analyze::rows::percent;
use crate::format;
use crate::page::Page;
use crate::table::{Cell, Column, Table};

const COLUMNS: [(&str, u8); 7] = [
    ("ASYNC", u8::MAX),
    ("CALLS", 60),
    ("TOTAL", 80),
    ("BUSY", 90),
    ("IDLE", 100),
    ("POLLS", 50),
    ("LONGEST POLL", 70),
];

/// The table; nothing where no async function ran.
pub(super) fn draw(analysis: &Analysis, options: Options, page: Page) -> String {
    let run_ns = analysis.run.duration_ns;
    let is_shown = |row: &&Function| {
        let share = percent(row.total_ns.saturating_add(row.open_ns), run_ns);
        row.polls.is_some() && share >= options.min_percent
    };
    let rows: Vec<&Function> = analysis.functions.iter().filter(is_shown).collect();
    if rows.is_empty() {
        return String::new();
    }
    let columns = COLUMNS.map(|(title, weight)| Column { title, weight });
    let mut table = Table::new(columns.to_vec());
    let names = names(&analysis.functions);
    let top = if options.top == 0 { rows.len() } else { options.top };
    for row in rows.iter().take(top) {
        let name = names.get(&row.id).map_or(row.name.as_str(), String::as_str);
        table.row(cells(row, name));
    }
    let (text, hidden) = table.render(page);
    let below = below(rows.len().min(top), rows.len(), "async functions", &hidden, page);
    format!("\n{text}{below}")
}

fn cells(row: &Function, name: &str) -> Vec<Cell> {
    let so_far = |ns: u64| so_far(row.calls + row.open > 0, row.open > 0, format::duration(ns));
    let or_dash = |text: Option<String>| Cell::new(text.unwrap_or_else(|| "–".to_owned()));
    let idle_ns = row.idle_ns.unwrap_or(0).saturating_add(row.open_idle_ns.unwrap_or(0));
    vec![
        Cell::new(name),
        Cell::new(format::count(row.calls)),
        so_far(row.total_ns.saturating_add(row.open_ns)),
        or_dash((row.polls > Some(0)).then(|| format::duration(row.busy_ns))),
        so_far(idle_ns),
        or_dash(row.polls.map(format::count)),
        or_dash(row.longest_poll_ns.filter(|_| row.polls > Some(0)).map(format::duration)),
    ]
}
