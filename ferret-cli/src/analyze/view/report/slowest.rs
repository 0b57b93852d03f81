//! `--slowest`: each span as a row, with its stack and what it said below it.

use super::{stack, tags};
use crate::analyze::document::Analysis;
use crate::analyze::report::Slow;
use crate::analyze::view::headline::program;
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};
use crate::text;

const COLUMNS: [(&str, u8); 6] = [
    ("SLOWEST", u8::MAX),
    ("TOOK", 100),
    ("SELF", 50),
    ("AT", 90),
    ("THREAD", 70),
    ("OUTCOME", 80),
];

/// Threads are named by people.
const WIDEST_THREAD: usize = 24;

pub(super) fn draw(analysis: &Analysis, rows: &[Slow], page: Page) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new(COLUMNS.map(|(title, weight)| Column { title, weight }).to_vec());
    for row in rows {
        table.row(cells(analysis, row));
    }
    let (drawn, hidden) = table.render(page);
    let mut lines = drawn.lines();
    let mut out = String::new();
    let mut push = |line: &str, style: Style| {
        out += &page.paint(line, style);
        out.push('\n');
    };
    push(lines.next().unwrap_or_default(), Style::Plain);
    for (line, row) in lines.zip(rows) {
        push(line, Style::Plain);
        let below = |text: String| match page.width {
            Some(width) => format!("  {}", text::fit(&text, width.saturating_sub(2))),
            None => format!("  {}", text::fit(&text, usize::MAX)),
        };
        if row.stack.len() > 1 {
            push(&below(stack(&row.stack)), Style::Faint);
        }
        if !row.tags.is_empty() {
            push(&below(tags(&row.tags)), Style::Faint);
        }
    }
    out + &crate::analyze::view::below(0, 0, "", &hidden, page)
}

fn cells(analysis: &Analysis, row: &Slow) -> Vec<Cell> {
    let process = analysis.processes.iter().find(|process| process.uid == row.process);
    let thread = row.thread.as_deref().unwrap_or("–");
    let thread = match process.filter(|_| analysis.processes.len() > 1) {
        Some(process) => format!("{thread} [{} {}]", program(process), process.pid),
        None => thread.to_owned(),
    };
    let style = match row.outcome.as_str() {
        "ok" => Style::Faint,
        "open" | "cancelled" => Style::Warn,
        _ => Style::Bad,
    };
    vec![
        Cell::new(row.name.clone()).styled(Style::Strong),
        Cell::new(format::duration(row.duration_ns)),
        Cell::new(row.self_ns.map_or_else(|| "–".to_owned(), format::duration)),
        Cell::new(format!("+{}", format::duration(row.start_ns))),
        Cell::new(text::fit(&thread, WIDEST_THREAD)),
        Cell::new(row.outcome.clone()).styled(style),
    ]
}
