//! What stages are to those of the last good run, below the table.

use crate::analyze::StageThen;
use crate::analyze::document::Analysis;
use crate::page::{Page, Style};

/// More stages than this are not told of.
const MOST: usize = 12;

pub(super) fn draw(analysis: &Analysis, page: Page) -> String {
    let Some(then) = analysis.last_good.as_ref().filter(|then| !then.stages.is_empty()) else {
        return String::new();
    };
    let when = then.when();
    let told: Vec<_> = then.stages.iter().filter_map(StageThen::said).take(MOST).collect();
    if told.is_empty() {
        let same = format!("\nStages take about as long as in the last good run, of {when}.");
        return page.sentence(&same, Style::Faint);
    }
    let head = format!("Compared with the last good run, of {when}:");
    let mut out = "\n".to_owned() + &page.sentence(&head, Style::Faint);
    for (words, is_slower) in told {
        let style = match is_slower {
            Some(true) => Style::Warn,
            Some(false) => Style::Good,
            None => Style::Plain,
        };
        out += &page.sentence(&format!("- {words}"), style);
    }
    out
}
