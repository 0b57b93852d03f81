//! Functions whose self time is to a good part what recording costs: how they are marked, and what
//! can be done.

use super::functions::share_of_run;
use crate::analyze::document::{Analysis, Function};
use crate::page::{Page, Style};
use std::cmp::Reverse;

/// From this share on a row is marked.
const MARKED_PERCENT: f64 = 20.0;
/// Functions that are named.
const MOST_NAMED: usize = 5;

/// What the mark behind a self time means.
pub(super) const LEGEND: &str = "* 20% or more of it is likely ferret's own";

/// Whether a row is marked.
pub(super) fn is_marked(row: &Function) -> bool {
    row.overhead_percent.is_some_and(|percent| percent >= MARKED_PERCENT)
}

/// Says of which of these rows it is how much, heaviest first, and what helps.
pub(super) fn note<'a>(
    analysis: &Analysis,
    rows: impl Iterator<Item = &'a Function>,
    page: Page,
) -> String {
    let mut marked: Vec<&Function> = rows.filter(|row| is_marked(row)).collect();
    if marked.is_empty() {
        return String::new();
    }
    marked.sort_by_key(|row| Reverse(own_ns(row)));
    let named = |row: &&Function| {
        format!("{} of {}'s self time", share_of_run(row.overhead_percent.unwrap_or(0.0)), row.name)
    };
    let mut shares: Vec<String> = marked.iter().take(MOST_NAMED).map(named).collect();
    if marked.len() > MOST_NAMED {
        shares.push(format!("{} more", marked.len() - MOST_NAMED));
    }
    let costs =
        analysis.processes.iter().filter_map(|row| Some(row.span_inner_ns? + row.span_outer_ns?));
    let cost = costs.fold(0.0, f64::max);
    let text = format!(
        "Recording likely took {} (about {cost:.0} ns a span here; nothing is taken off). To have less \
         of it, leave out what is called so often (no #[profile], or #[profile(skip)] inside an impl \
         or a module), or put one span around many calls.",
        shares.join(", "),
    );
    page.sentence(&text, Style::Plain)
}

/// How much of its self time that is, ns: to put rows in order.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "an order, of what is 0 to 100 percent of a u64"
)]
fn own_ns(row: &Function) -> u64 {
    (row.overhead_percent.unwrap_or(0.0) / 100.0 * row.self_ns as f64) as u64
}
