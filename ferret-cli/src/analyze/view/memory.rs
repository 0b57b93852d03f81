//! The table of what functions allocated, where the program's allocator tells.

use super::functions::names;
use super::{Options, below};
use crate::analyze::alloc::Alloc;
use crate::analyze::document::{Analysis, Function};
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};
use std::cmp::Reverse;

const COLUMNS: [(&str, u8); 6] =
    [("MEMORY", u8::MAX), ("TOTAL", 100), ("SELF", 90), ("ALLOCS", 60), ("LIVE", 80), ("PEAK", 70)];

pub(super) fn draw(analysis: &Analysis, options: Options, page: Page) -> String {
    let mut rows: Vec<(&Function, Alloc)> = analysis
        .functions
        .iter()
        .filter_map(|row| Some((row, row.alloc?)))
        .filter(|(_, alloc)| !alloc.is_empty())
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    rows.sort_by_key(|(row, alloc)| (Reverse(alloc.total_bytes), row.name.clone(), row.id));
    let top = if options.top == 0 { rows.len() } else { options.top };
    let columns = COLUMNS.map(|(title, weight)| Column { title, weight });
    let mut table = Table::new(columns.into());
    let names = names(&analysis.functions);
    for (row, alloc) in rows.iter().take(top) {
        let name = names.get(&row.id).map_or(row.name.as_str(), String::as_str);
        table.row(cells(name, alloc));
    }
    let (mut text, hidden) = table.render(page);
    text += &below(rows.len().min(top), rows.len(), "functions", &hidden, page);
    if let Some(heap) = &analysis.run.heap {
        let [live, peak] = [heap.live_bytes, heap.peak_bytes].map(format::bytes);
        let line = format!(
            "heap: {live} live in {} allocations, {peak} at most; what was allocated before the \
             recording is not counted",
            format::count(heap.live_count)
        );
        text += &page.sentence(&line, Style::Faint);
    }
    format!("\n{text}")
}

fn cells(name: &str, alloc: &Alloc) -> Vec<Cell> {
    let live = if alloc.live_bytes > 0 { Style::Plain } else { Style::Faint };
    vec![
        Cell::new(name),
        Cell::new(format::bytes(alloc.total_bytes)),
        Cell::new(format::bytes(alloc.self_bytes)),
        Cell::new(format::count(alloc.total_count)),
        Cell::new(format::bytes(alloc.live_bytes)).styled(live),
        Cell::new(format::bytes(alloc.peak_bytes)),
    ]
}
