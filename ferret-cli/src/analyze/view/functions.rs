//! The table of functions.

use super::{Options, below, overhead};
use crate::analyze::document::{Analysis, Durations, Function};
use crate::analyze::rows::{SortBy, percent};
use crate::callsite_names::{self, Callsite};
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};
use std::collections::BTreeMap;

/// The columns behind the name, each with the weight it has where there is no room for all.
const COLUMNS: [(&str, u8); 11] = [
    ("CALLS", 90),
    ("TOTAL", 100),
    ("% RUN", 95),
    ("SELF", 80),
    ("MEAN", 60),
    ("P50", 30),
    ("P95", 20),
    ("P99", 70),
    ("MAX", 40),
    ("ERRORS", 10),
    ("% ERR", 65),
];

pub(super) fn draw(analysis: &Analysis, options: Options, page: Page) -> String {
    let run_ns = analysis.run.duration_ns;
    let all = &analysis.functions;
    let is_shown = |row: &&Function| {
        percent(row.total_ns.saturating_add(row.open_ns), run_ns) >= options.min_percent
    };
    let rows: Vec<&Function> = all.iter().filter(is_shown).collect();
    if rows.is_empty() {
        return super::notes::nothing_passes(options, page);
    }
    let top = if options.top == 0 { rows.len() } else { options.top };
    let has_errors = all.iter().any(|row| row.errors > 0);
    let mut columns = vec![Column { title: "FUNCTION", weight: u8::MAX }];
    let shown = COLUMNS.iter().filter(|(title, _)| has_errors || *title != "% ERR");
    columns.extend(shown.map(|&(title, weight)| Column {
        title,
        // What was asked for stands there; a column of noughts is the first to go.
        weight: match title {
            _ if title.eq_ignore_ascii_case(options.sort.name()) => 99,
            "ERRORS" if has_errors => 85,
            _ => weight,
        },
    }));
    let mut table = Table::new(columns);
    let names = names(all);
    for row in rows.iter().take(top) {
        let name = names.get(&row.id).map_or(row.name.as_str(), String::as_str);
        let mut cells = cells(row, name, run_ns, options.sort);
        if has_errors {
            cells.push(error_share(row));
        }
        table.row(cells);
    }
    let (mut text, hidden) = table.render(page);
    text += &below(rows.len().min(top), rows.len(), "functions", &hidden, page);
    let shown = || rows.iter().take(top);
    let mut marks = Vec::new();
    if shown().any(|row| row.sampled > 0) && !hidden.contains(&"CALLS") {
        marks.push(super::SAMPLED);
    }
    if shown().any(|row| row.open > 0) {
        marks.push("+ with what is still open");
    }
    if shown().any(|row| percent(row.total_ns.saturating_add(row.open_ns), run_ns) > 100.05) {
        marks.push("over 100%: several at once");
    }
    if shown().any(|row| overhead::is_marked(row)) && !hidden.contains(&"SELF") {
        marks.push(overhead::LEGEND);
    }
    text += &super::marks(&marks, page);
    text += &overhead::note(analysis, shown().copied(), page);
    text
}

/// What each function is called here: its name, with as much of the module as tells it from
/// others of the same name.
pub(in crate::analyze) fn names(functions: &[Function]) -> BTreeMap<u32, String> {
    let callsites: Vec<_> = functions
        .iter()
        .map(|row| Callsite { name: &row.name, module: &row.module, line: row.line })
        .collect();
    let names = callsite_names::names(&callsites);
    functions.iter().map(|row| row.id).zip(names).collect()
}

fn cells(row: &Function, name: &str, run_ns: u64, sort: SortBy) -> Vec<Cell> {
    // What is open counts up to now, and says so.
    let total_ns = row.total_ns.saturating_add(row.open_ns);
    let share = percent(total_ns, run_ns);
    let so_far = |text| so_far(row.calls + row.open > 0, row.open > 0, text);
    let dominates = if share >= 50.0 { Style::Strong } else { Style::Plain };
    let is_bad = if row.errors > 0 { Style::Bad } else { Style::Faint };
    let mut cells = vec![
        Cell::new(name).styled(dominates),
        super::calls(row.calls, row.sampled),
        so_far(format::duration(total_ns)),
        so_far(share_of_run(share)),
        self_time(row),
    ];
    cells.extend(durations(&row.durations));
    cells.push(Cell::new(format::count(row.errors)).styled(is_bad));
    let sorted = COLUMNS.iter().position(|(title, _)| title.eq_ignore_ascii_case(sort.name()));
    if let Some(cell) = sorted.and_then(|index| cells.get_mut(index + 1))
        && cell.style == Style::Plain
    {
        cell.style = Style::Strong;
    }
    cells
}

/// The self time; marked if much of it is ferret's own.
fn self_time(row: &Function) -> Cell {
    if row.calls == 0 && row.self_ns == 0 {
        return Cell::new("–");
    }
    let text = format::duration(row.self_ns);
    if overhead::is_marked(row) {
        Cell::new(text + "*").styled(Style::Warn)
    } else {
        Cell::new(text)
    }
}

/// Errors in percent of calls; nothing where there are none.
fn error_share(row: &Function) -> Cell {
    if row.errors == 0 {
        return Cell::default();
    }
    Cell::new(share_of_run(percent(row.errors, row.calls))).styled(Style::Bad)
}

/// A time that may still grow.
pub(super) fn so_far(is_seen: bool, is_open: bool, text: String) -> Cell {
    match (is_seen, is_open) {
        (false, _) => Cell::new("–"),
        (true, false) => Cell::new(text),
        (true, true) => Cell::new(text + "+").styled(Style::Warn),
    }
}

/// Mean, p50, p95, p99 and max.
pub(super) fn durations(durations: &Durations) -> [Cell; 5] {
    let Durations { mean_ns, p50_ns, p95_ns, p99_ns, max_ns, .. } = durations;
    let text = |ns: &Option<u64>| ns.map_or_else(|| "–".to_owned(), format::duration);
    [mean_ns, p50_ns, p95_ns, p99_ns, max_ns].map(|ns| Cell::new(text(ns)))
}

/// A share, of the run or of calls: `98.2%`, `<0.1%` for what is there but little, and `12,965×` for
/// what is ten wholes and more.
pub(super) fn share_of_run(share: f64) -> String {
    if share > 0.0 && share < 0.05 {
        return "<0.1%".to_owned();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    let times = (share / 100.0) as u64;
    // Tasks by the thousand, all open at once.
    if times >= 10 { format!("{}×", format::count(times)) } else { format!("{share:.1}%") }
}
