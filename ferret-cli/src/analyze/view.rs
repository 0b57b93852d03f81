//! An analysis drawn for people: a headline, one table, and what else must be known.

mod asynchronous;
mod branches;
mod death;
mod functions;
mod groups;
mod headline;
mod history;
mod memory;
mod notes;
mod open;
mod overhead;
mod report;
mod said;
mod stages;
mod tree;

pub(super) use functions::names;

use super::GroupedBy;
use super::document::Analysis;
use super::rows::SortBy;
use crate::format;
use crate::page::{Page, Style};
use crate::table::Cell;

/// What is drawn, and how much of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) by: GroupedBy,
    pub(super) tree: bool,
    pub(super) sort: SortBy,
    /// Rows of a table, or children of a node; 0 for all.
    pub(super) top: usize,
    pub(super) depth: usize,
    /// Rows below this are left out.
    pub(super) min_percent: f64,
    /// Whether a filter was given.
    pub(super) filtered: bool,
    /// Whether the run is shown as it was before its end.
    pub(super) cut_short: bool,
}

/// The whole text.
pub(super) fn draw(analysis: &Analysis, options: Options, page: Page) -> String {
    let mut out = headline::draw(analysis, page);
    let death = death::draw(analysis, page);
    out += &death;
    out.push('\n');
    let is_empty = analysis.run.spans == 0 && analysis.run.dropped_spans == 0;
    if is_empty && options.cut_short {
        out += &page.sentence("No span had begun by then.", Style::Plain);
    } else if is_empty {
        out += &notes::nothing_recorded(analysis, page);
    } else if let Some(report) = report::draw(analysis, options, page) {
        out += &report;
        return out + &notes::losses(analysis, page);
    } else if options.tree {
        out += &tree::draw(analysis, options, page);
    } else {
        out += &match options.by {
            GroupedBy::Function | GroupedBy::Task => {
                functions::draw(analysis, options, page) + &memory::draw(analysis, options, page)
            }
            GroupedBy::Stage => stages::draw(analysis, options, page),
            GroupedBy::Thread => groups::threads(analysis, options, page),
            GroupedBy::Process => groups::processes(analysis, options, page),
        };
    }
    if !is_empty {
        out += &history::draw(analysis, page);
    }
    if options.by == GroupedBy::Function && !options.tree {
        out += &asynchronous::draw(analysis, options, page);
        out += &said::counters(analysis, page);
        out += &said::marks(analysis, page);
    }
    if death.is_empty() {
        out += &open::draw(analysis, page);
    }
    out += &notes::losses(analysis, page);
    out
}

/// The heaviest functions of a summary.
const TOP_IN_SUMMARY: usize = 6;
/// Stages are few and in the order of the work: more of them are of use.
const STAGES_IN_SUMMARY: usize = 20;

/// The text in short: stages where there are any, and the heaviest functions.
pub(super) fn summary(analysis: &Analysis, page: Page) -> String {
    let options = Options {
        by: GroupedBy::Function,
        tree: false,
        sort: SortBy::default(),
        top: TOP_IN_SUMMARY,
        depth: 0,
        min_percent: 0.0,
        filtered: false,
        cut_short: false,
    };
    let mut out = headline::draw(analysis, page);
    let death = death::draw(analysis, page);
    out += &death;
    out.push('\n');
    if analysis.run.spans == 0 && analysis.run.dropped_spans == 0 {
        out += &notes::nothing_recorded(analysis, page);
    } else {
        if !analysis.stages.is_empty() {
            let options = Options { top: STAGES_IN_SUMMARY, ..options };
            out += &stages::draw(analysis, options, page);
            out.push('\n');
        }
        out += &functions::draw(analysis, options, page);
    }
    if death.is_empty() {
        out += &open::draw(analysis, page);
    }
    out += &notes::losses(analysis, page);
    out
}

/// What stands below a table: how many rows there are, and how to see more.
fn below(shown: usize, all: usize, what: &str, hidden: &[&str], page: Page) -> String {
    let mut notes = Vec::new();
    if shown < all {
        notes.push(format!("{shown} of {all} {what}: --top 0 shows all"));
    }
    if !hidden.is_empty() {
        let columns = hidden.join(" ").to_lowercase();
        notes.push(format!("no room for {columns}: widen the terminal, or pipe"));
    }
    notes.iter().map(|note| page.sentence(note, Style::Faint)).collect()
}

/// A number of calls; marked if some of them were only counted.
fn calls(calls: u64, sampled: u64) -> Cell {
    let mark = if sampled > 0 { "~" } else { "" };
    Cell::new(format::count(calls) + mark)
}

/// What that mark means.
const SAMPLED: &str = "~ counted and timed, of which a sample was recorded";

/// What the marks in a table mean.
fn marks(marks: &[&str], page: Page) -> String {
    if marks.is_empty() {
        return String::new();
    }
    page.sentence(&marks.join(" · "), Style::Faint)
}
