//! `--errors`: each place as a row, with where it was called from and what was said below it.

use super::{stack, tags};
use crate::analyze::report::ErrorRow;
use crate::analyze::view::functions::share_of_run;
use crate::analyze::view::{Options, below, calls};
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};
use crate::text;

const COLUMNS: [(&str, u8); 6] = [
    ("FAILED", u8::MAX),
    ("HOW", 95),
    ("COUNT", 100),
    ("% CALLS", 80),
    ("PASSED ON", 70),
    ("LAST AT", 60),
];

pub(super) fn draw(rows: &[ErrorRow], options: Options, page: Page) -> String {
    if rows.is_empty() {
        let none =
            if options.filtered { "Nothing that passes --filter failed" } else { "Nothing failed" };
        return page.paint(none, Style::Strong) + ".\n";
    }
    let top = if options.top == 0 { rows.len() } else { options.top.min(rows.len()) };
    let mut table = Table::new(COLUMNS.map(|(title, weight)| Column { title, weight }).to_vec());
    rows.iter().take(top).for_each(|row| table.row(cells(row)));
    let (drawn, hidden) = table.render(page);
    let mut lines = drawn.lines();
    let mut out = format!("{}\n", lines.next().unwrap_or_default());
    for (line, row) in lines.zip(rows) {
        out += line;
        out.push('\n');
        let mut add = |text: &str, style: Style| {
            let room = page.width.map_or(usize::MAX, |width| width.saturating_sub(2));
            out += &page.paint(&format!("  {}", text::fit(text, room)), style);
            out.push('\n');
        };
        if row.stack.len() > 1 {
            add(&stack(&row.stack), Style::Faint);
        }
        if let Some(panic) = &row.panic {
            add(panic, Style::Bad);
        }
        let others: Vec<_> = row
            .tags
            .iter()
            .filter(|tag| row.panic.is_none() || tag.key != "panic")
            .cloned()
            .collect();
        if !others.is_empty() {
            add(&tags(&others), Style::Faint);
        }
    }
    out += &below(top, rows.len(), "places", &hidden, page);
    let mut marks = Vec::new();
    if rows.iter().any(|row| row.sampled > 0) && !hidden.contains(&"COUNT") {
        marks.push(crate::analyze::view::SAMPLED);
    }
    if rows.iter().take(top).any(|row| row.passed_on > 0) && !hidden.contains(&"PASSED ON") {
        marks.push("passed on: it failed because what it called last had");
    }
    out + &crate::analyze::view::marks(&marks, page)
}

fn cells(row: &ErrorRow) -> Vec<Cell> {
    let style = if row.outcome == "cancelled" { Style::Warn } else { Style::Bad };
    let passed_on =
        if row.passed_on == 0 { "–".to_owned() } else { format::count(row.passed_on) };
    vec![
        Cell::new(row.name.clone()).styled(Style::Strong),
        Cell::new(row.outcome.clone()).styled(style),
        calls(row.count, row.sampled),
        Cell::new(row.percent.map_or_else(|| "–".to_owned(), share_of_run)),
        Cell::new(passed_on),
        Cell::new(format!("+{}", format::duration(row.last_ns))),
    ]
}
