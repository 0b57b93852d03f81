//! The table of functions: by which column it is sorted, and what stands in its rows.

mod report;

pub(crate) use report::{Costs, Function, FunctionKey, Report};

use super::board::Scene;
use super::columns::{self, Cell, Column, Placed};
use super::headline::Tone;
use super::layout::Area;
use super::list::List;
use super::press::{Press, scroll};
use super::wording::Mood;
use crate::filter::Filter;
use crate::{format, text};
use ferret::projections::DurationStats;
use std::cmp::Ordering;

/// The columns, in order; rows are sorted by any but the last.
pub(crate) const COLUMNS: [Column; 12] = [
    Column::new("function", 20, 255),
    Column::new("calls", 7, 90),
    Column::new("/s", 6, 79),
    Column::new("total", 9, 100),
    Column::new("self", 8, 78),
    Column::new("mean", 7, 50),
    Column::new("p50", 7, 30),
    Column::new("p95", 7, 45),
    Column::new("p99", 7, 65),
    Column::new("max", 7, 60),
    Column::new("errors", 7, 55),
    Column::new("latency", 12, 40),
];

/// The columns as they matter: where nothing failed, errors matter least.
fn weighed(report: &Report) -> [Column; 12] {
    let mut columns = COLUMNS;
    let errors = &mut columns[SortBy::Errors.index()];
    errors.weight = if report.rows.iter().any(|row| row.errors() > 0) { 77 } else { 0 };
    columns
}

/// What rows are sorted by: a column but that of histograms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SortBy {
    Name,
    Calls,
    Rate,
    #[default]
    Total,
    SelfTime,
    Mean,
    P50,
    P95,
    P99,
    Max,
    Errors,
}

impl SortBy {
    const ALL: [Self; 11] = [
        Self::Name,
        Self::Calls,
        Self::Rate,
        Self::Total,
        Self::SelfTime,
        Self::Mean,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::Max,
        Self::Errors,
    ];

    /// Its column.
    pub(crate) fn index(self) -> usize {
        Self::ALL.iter().position(|by| *by == self).unwrap_or(0)
    }

    fn next(self) -> Self {
        Self::ALL[(self.index() + 1) % Self::ALL.len()]
    }
}

/// What the user chose to see of the table.
#[derive(Clone, Debug)]
pub(crate) struct Functions {
    pub(crate) by: SortBy,
    /// Smallest first, or names from the end of the alphabet.
    pub(crate) reversed: bool,
    pub(crate) list: List<FunctionKey>,
    /// The columns that have room, as last arranged.
    pub(crate) placed: Vec<Placed>,
}

impl Default for Functions {
    fn default() -> Self {
        let (by, list, placed) = (SortBy::default(), List::from_start(), Vec::new());
        Self { by, reversed: false, list, placed }
    }
}

impl Functions {
    /// Takes the functions there are now and the panel to show them in.
    pub(crate) fn arrange(&mut self, scene: &Scene, filter: Option<&Filter>, area: Area) {
        let mut rows: Vec<&Function> = scene.functions.rows.iter().collect();
        rows.retain(|row| filter.is_none_or(|filter| filter.allows(*row)));
        rows.sort_by(|a, b| self.compare(a, b));
        let longest = rows.iter().map(|row| text::width(&row.name)).max().unwrap_or(0);
        let longest = u16::try_from(longest).unwrap_or(u16::MAX);
        self.list.arrange(rows.iter().map(|row| row.key).collect(), area.table_rows());
        // A column stays free on both sides.
        let width = area.width.saturating_sub(2);
        self.placed = columns::place(&weighed(scene.functions), width, longest, self.by.index());
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other keys are the list's")]
    pub(crate) fn press(&mut self, press: Press) {
        match press {
            Press::Char('s') => (self.by, self.reversed) = (self.by.next(), false),
            Press::Char('S') => self.reversed = !self.reversed,
            _ => scroll(&mut self.list, press),
        }
    }

    /// A click at a cell of the panel: on a column's name it sorts, and once more reverses.
    pub(crate) fn click(&mut self, x: u16, line: u16) {
        if line != 1 {
            self.list.point(usize::from(line), 2);
            return;
        }
        let hit = |at: &&Placed| (at.x..=at.x + at.width).contains(&x.saturating_sub(1));
        let hit = self.placed.iter().find(hit);
        match hit.and_then(|at| SortBy::ALL.get(at.index)) {
            Some(by) if *by == self.by => self.reversed = !self.reversed,
            Some(by) => (self.by, self.reversed) = (*by, false),
            None => {}
        }
    }

    /// What stands behind the name of the column that rows are sorted by.
    pub(crate) fn mark(&self) -> &'static str {
        // Names begin with A.
        if self.reversed == (self.by == SortBy::Name) { "▾" } else { "▴" }
    }

    /// The largest first, and among equals by name.
    fn compare(&self, a: &Function, b: &Function) -> Ordering {
        let by = if self.by == SortBy::Name {
            a.name.cmp(&b.name)
        } else if self.by == SortBy::Rate {
            b.per_second.total_cmp(&a.per_second)
        } else {
            number(self.by, b).cmp(&number(self.by, a))
        };
        let by = if self.reversed { by.reverse() } else { by };
        by.then_with(|| a.name.cmp(&b.name)).then(a.key.cmp(&b.key))
    }
}

/// What rows are sorted by; a function that has not ended has no durations, and counts as 0.
fn number(by: SortBy, row: &Function) -> u64 {
    let duration = |of: fn(&DurationStats) -> u64| row.durations.as_ref().map_or(0, of);
    match by {
        SortBy::Name | SortBy::Rate => 0,
        SortBy::Calls => row.totals.calls,
        SortBy::Total => row.total_ns(),
        SortBy::SelfTime => row.totals.self_ns,
        SortBy::Mean => duration(|stats| stats.mean_ns),
        SortBy::P50 => duration(|stats| stats.p50_ns),
        SortBy::P95 => duration(|stats| stats.p95_ns),
        SortBy::P99 => duration(|stats| stats.p99_ns),
        SortBy::Max => duration(|stats| stats.max_ns),
        SortBy::Errors => row.errors(),
    }
}

/// A function's row. `partial`: more of the run is to be read.
pub(crate) fn cells(row: &Function, partial: bool) -> Vec<Cell> {
    let totals = &row.totals;
    let sampled = if totals.sampled > 0 { "~" } else { " " };
    let open = if row.open.calls > 0 { "+" } else { " " };
    let at_least = if partial { "≥" } else { "" };
    let calls = format!("{at_least}{}{sampled}", format::short_count(totals.calls));
    let total = format!("{at_least}{}{open}", format::duration(row.total_ns()));
    let duration = |of: fn(&DurationStats) -> u64| {
        known(row.durations.is_some(), || {
            row.durations.as_ref().map_or_else(String::new, |stats| format::duration(of(stats)))
        })
    };
    let errors = match row.errors() {
        0 => Cell::faint("–"),
        errors => Cell::toned(format::short_count(errors), Tone::Mood(Mood::Bad)),
    };
    let name = if row.open.calls > 0 { Mood::Good } else { Mood::Plain };
    vec![
        Cell::toned(row.name.clone(), Tone::Mood(name)),
        known(totals.calls > 0 || !partial, || calls),
        known(row.per_second > 0.0, || format::short_rate(row.per_second)),
        known(totals.calls + row.total_ns() > 0, || total),
        known(totals.self_ns > 0, || format::duration(totals.self_ns)),
        duration(|stats| stats.mean_ns),
        duration(|stats| stats.p50_ns),
        duration(|stats| stats.p95_ns),
        duration(|stats| stats.p99_ns),
        duration(|stats| stats.max_ns),
        errors,
        Cell::faint(bars(&row.shape)),
    ]
}

/// A figure, or a dash where there is nothing to tell.
fn known(is_known: bool, text: impl FnOnce() -> String) -> Cell {
    if is_known { Cell::plain(text()) } else { Cell::faint("–") }
}

/// A histogram in a line: a bar for each column that anything lies in, a blank for the others.
pub(crate) fn bars(shape: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = shape.iter().copied().max().unwrap_or(0).max(1);
    let bar = |&count: &u64| {
        let step = (u128::from(count) * 8).div_ceil(u128::from(most));
        let step = usize::try_from(step).unwrap_or(8);
        step.checked_sub(1).and_then(|at| BARS.get(at)).copied().unwrap_or(' ')
    };
    shape.iter().map(bar).collect()
}

/// What the table's title says on the right, and whether it is a warning.
pub(crate) fn note(report: &Report, list: &List<FunctionKey>) -> String {
    if report.share < WHOLE {
        return format!("totals of {:.0} % of the run so far", report.share * 100.0);
    }
    let count = format::count(list.len() as u64);
    match list.beyond() {
        (0, 0) => count,
        (above, below) => format!("{count}  ↑{above} ↓{below}"),
    }
}

/// From here on the rest is what the program is just doing.
pub(crate) const WHOLE: f64 = 0.98;

#[cfg(test)]
#[path = "functions_tests.rs"]
mod tests;
