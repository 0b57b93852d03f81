//! The tables of counters and gauges, and of marks.

use crate::analyze::document::{Analysis, Counter, Mark};
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};

const COUNTERS: [(&str, u8); 6] = [
    ("COUNTER", u8::MAX),
    ("KIND", 60),
    ("VALUE", 100),
    ("MIN", 70),
    ("MAX", 80),
    ("PER SECOND", 90),
];

const MARKS: [(&str, u8); 4] = [("MARK", u8::MAX), ("COUNT", 70), ("FIRST", 90), ("LAST", 80)];

/// The counters and gauges; nothing where there is none.
pub(super) fn counters(analysis: &Analysis, page: Page) -> String {
    let mut out = table(&COUNTERS, analysis.counters.iter().map(counter), page);
    let mut notes = Vec::new();
    if let Some(more) = format::more(analysis.counters_left_out, "key") {
        notes.push(format!("{more}: of each process, 256 names are kept"));
    }
    if analysis.counters_not_numbers > 0 {
        let values = format::count(analysis.counters_not_numbers);
        notes.push(format!("{values} values were no finite numbers, and are in no figure"));
    }
    out.extend(notes.iter().map(|note| page.sentence(note, Style::Warn)));
    out
}

/// The marks; nothing where there is none.
pub(super) fn marks(analysis: &Analysis, page: Page) -> String {
    let mut out = table(&MARKS, analysis.marks.iter().map(mark), page);
    if let Some(more) = format::more(analysis.marks_left_out, "mark") {
        let note = format!("{more}: 256 texts are kept");
        out += &page.sentence(&note, Style::Warn);
    }
    out
}

fn table(
    columns: &[(&'static str, u8)],
    rows: impl ExactSizeIterator<Item = Vec<Cell>>,
    page: Page,
) -> String {
    if rows.len() == 0 {
        return String::new();
    }
    let columns = columns.iter().map(|&(title, weight)| Column { title, weight });
    let mut table = Table::new(columns.collect());
    rows.for_each(|row| table.row(row));
    let (text, hidden) = table.render(page);
    format!("\n{text}{}", super::below(1, 1, "", &hidden, page))
}

fn counter(row: &Counter) -> Vec<Cell> {
    let rate = row.mean_per_second.map_or_else(|| "–".to_owned(), format::number);
    vec![
        Cell::new(row.name.clone()),
        Cell::new(row.kind.clone()),
        Cell::new(format::number(row.value)),
        Cell::new(format::number(row.min)),
        Cell::new(format::number(row.max)),
        Cell::new(rate),
    ]
}

fn mark(row: &Mark) -> Vec<Cell> {
    // The log may not tell wall time.
    let at = |time: Option<&String>, ns: u64| match time {
        Some(_) => format!("+{}", format::duration(ns)),
        None => "–".to_owned(),
    };
    vec![
        Cell::new(row.text.clone()),
        Cell::new(format::count(row.count)),
        Cell::new(at(row.first.as_ref(), row.first_ns)),
        Cell::new(at(row.last.as_ref(), row.last_ns)),
    ]
}
