//! A comparison drawn for people: the verdict, what changed, and what must be known beside it.

use super::compare::Tree;
use super::document::{Change, Comparison, Function, Row, Stage, Verdict};
use super::words::{self, Unit};
use crate::format;
use crate::page::{Page, Style};
use crate::table::{Cell, Column, Table};
use std::collections::BTreeSet;

/// What is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// Rows that did not change too.
    pub(super) all: bool,
    /// Rows of a table; 0 for all.
    pub(super) top: usize,
}

type Metric = (&'static str, u8, &'static str, u8, Unit, fn(&Row) -> &Change);

/// Each with its title, and that of its change, and the weights they have where there is no room for all.
const METRICS: [Metric; 4] = [
    ("CALLS", 50, "Δ CALLS", 60, Unit::Count, |row| &row.calls),
    ("SELF", 75, "Δ SELF", 95, Unit::Ns, |row| &row.self_ns),
    ("P50", 65, "Δ P50", 90, Unit::Ns, |row| &row.p50_ns),
    ("P95", 55, "Δ P95", 85, Unit::Ns, |row| &row.p95_ns),
];

/// The whole text, but for gates.
pub(super) fn draw(all: &Comparison, tree: Option<&Tree>, options: Options, page: Page) -> String {
    let mut out = headline(all, page);
    for note in &all.notes {
        out += &page.sentence(&format!("- {}", crate::text::printable(note)), Style::Warn);
    }
    out.push('\n');
    out += &match tree {
        Some(tree) => places(tree, options, page),
        None => functions(&all.functions, options, page),
    };
    if tree.is_none() && !all.stages.is_empty() {
        out.push('\n');
        out += &stages(&all.stages, options, page);
    }
    out + &page.sentence(&words::method(all), Style::Faint)
}

fn headline(all: &Comparison, page: Page) -> String {
    let verdicts = words::verdicts(&all.summary);
    let (last, mut facts) = (verdicts.len().saturating_sub(1), Vec::new());
    for (index, (text, is_bad)) in verdicts.iter().enumerate() {
        let style = match is_bad {
            Some(true) => Style::Bad,
            Some(false) => Style::Good,
            None => Style::Strong,
        };
        facts.push((format!("{text}{}", if index == last { ';' } else { ',' }), style));
    }
    if facts.is_empty() {
        facts.push(("nothing changed;".to_owned(), Style::Good));
    }
    let unchanged = words::unchanged(&all.summary);
    facts.extend(unchanged.split(' ').map(|word| (word.to_owned(), Style::Plain)));
    let mut out = page.facts(&facts, " ");
    for (title, side) in [("base", &all.base), ("head", &all.head)] {
        // Programs are named by the log, and files by anybody.
        let side = format!("{title}  {}", words::side(side));
        out += &page.sentence(&crate::text::printable(&side), Style::Faint);
    }
    let duration = &all.duration_ns;
    let base = duration.base.map_or_else(String::new, |ns| Unit::Ns.text(ns));
    let change = Unit::Ns.change(duration);
    let change = if change.is_empty() { String::new() } else { format!("  {change}") };
    out + &page
        .sentence(&format!("took  {base} → {}{change}", Unit::Ns.now(duration)), Style::Faint)
}

fn table(title: &'static str) -> Table {
    let mut columns =
        vec![Column { title, weight: u8::MAX }, Column { title: "VERDICT", weight: 99 }];
    for (title, weight, of_change, weight_of_change, ..) in METRICS {
        columns.push(Column { title, weight });
        columns.push(Column { title: of_change, weight: weight_of_change });
    }
    Table::new(columns)
}

fn cells(name: Cell, row: &Row) -> Vec<Cell> {
    let mut cells = vec![name, Cell::new(row.verdict.words()).styled(style(row.verdict))];
    for (.., unit, of) in METRICS {
        cells.extend(number(unit, of(row)));
    }
    cells
}

/// What there is now, and its change.
fn number(unit: Unit, change: &Change) -> [Cell; 2] {
    let style = match change.direction() {
        Some(true) => Style::Bad,
        Some(false) => Style::Good,
        None => Style::Faint,
    };
    [Cell::new(unit.now(change)), Cell::new(unit.change(change)).styled(style)]
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Slower | Verdict::SlowerBelow => Style::Bad,
        Verdict::Faster | Verdict::FasterBelow => Style::Good,
        Verdict::New | Verdict::Gone | Verdict::MoreCalls | Verdict::FewerCalls => Style::Strong,
        Verdict::Unsure => Style::Warn,
        Verdict::Same => Style::Faint,
    }
}

fn functions(all: &[Function], options: Options, page: Page) -> String {
    let names = words::names(all);
    let rows: Vec<_> = all
        .iter()
        .zip(&names)
        .filter(|(function, _)| options.all || function.row.verdict.is_change())
        .collect();
    if rows.is_empty() {
        let what = if all.is_empty() {
            "no function is on either side"
        } else {
            "--all shows what did not change"
        };
        return page.sentence(what, Style::Faint);
    }
    let top = if options.top == 0 { rows.len() } else { options.top };
    let mut table = table("FUNCTION");
    for (function, name) in rows.iter().take(top) {
        table.row(cells(Cell::new(name.as_str()), &function.row));
    }
    end(&table, rows.len().min(top), rows.len(), all.len(), "functions", page)
}

/// The table, and what of it is not shown.
fn end(table: &Table, shown: usize, rows: usize, all: usize, what: &str, page: Page) -> String {
    let (mut out, hidden) = table.render(page);
    let mut notes = Vec::new();
    if shown < rows {
        notes.push(format!("{shown} of {rows} {what}: --top 0 shows all"));
    }
    if rows < all {
        let more = format::count((all - rows) as u64);
        notes.push(format!("{what} that did not change: {more}, --all shows them"));
    }
    if !hidden.is_empty() {
        let columns = hidden.join(", ").to_lowercase().replace('δ', "Δ");
        notes.push(format!("no room for {columns}: widen the terminal, or pipe"));
    }
    for note in notes {
        out += &page.sentence(&note, Style::Faint);
    }
    out
}

/// The call tree: what changed, and what is on the way there.
fn places(tree: &Tree, options: Options, page: Page) -> String {
    // Those above a place stand before it.
    let mut shown: BTreeSet<usize> = BTreeSet::new();
    let mut above: Vec<usize> = Vec::new();
    for (index, (way, row)) in tree.places.iter().enumerate() {
        while above.last().is_some_and(|&last| !way.starts_with(&tree.places[last].0)) {
            above.pop();
        }
        above.push(index);
        if options.all || row.verdict.is_change() {
            shown.extend(&above);
        }
    }
    if shown.is_empty() {
        return page.sentence("no place in the call tree changed: --all shows it", Style::Faint);
    }
    let top = if options.top == 0 { shown.len() } else { options.top };
    let mut table = table("PLACE");
    for (way, row) in shown.iter().take(top).map(|&index| &tree.places[index]) {
        let name = way.last().map_or("", |key| key.name.as_str());
        let lead = "  ".repeat(way.len() - 1);
        table.row(cells(Cell { lead, ..Cell::new(name) }, row));
    }
    end(&table, shown.len().min(top), shown.len(), tree.places.len(), "places", page)
}

fn stages(all: &[Stage], options: Options, page: Page) -> String {
    let columns = [
        ("STAGE", u8::MAX),
        ("VERDICT", 99),
        ("WALL", 80),
        ("Δ WALL", 95),
        ("PEAK RSS", 70),
        ("Δ RSS", 90),
        ("AVG CPU", 50),
        ("Δ CPU", 60),
    ];
    let mut table =
        Table::new(columns.iter().map(|&(title, weight)| Column { title, weight }).collect());
    let top = if options.top == 0 { all.len() } else { options.top };
    for stage in all.iter().take(top) {
        let mut row = vec![
            Cell::new(stage.name.as_str()),
            Cell::new(stage.verdict.words()).styled(style(stage.verdict)),
        ];
        row.extend(number(Unit::Ns, &stage.wall_ns));
        row.extend(number(Unit::Bytes, &stage.peak_rss_bytes));
        row.extend(number(Unit::Percent, &stage.avg_cpu_percent));
        table.row(row);
    }
    let mut out = end(&table, all.len().min(top), all.len(), all.len(), "stages", page);
    if all.iter().any(|stage| stage.verdict == Verdict::Unsure) {
        let unsure =
            "a stage is one call of a run: several runs a side tell its change from chance";
        out += &page.sentence(unsure, Style::Faint);
    }
    out
}
