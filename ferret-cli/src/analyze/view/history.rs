//! What stages are to those of the last good run, below the table.

use super::headline::local;
use crate::analyze::document::Analysis;
use crate::analyze::history::StageThen;
use crate::format;
use crate::page::{Page, Style};

/// More stages than this are not told of.
const MOST: usize = 12;

pub(super) fn draw(analysis: &Analysis, page: Page) -> String {
    let Some(then) = analysis.last_good.as_ref().filter(|then| !then.stages.is_empty()) else {
        return String::new();
    };
    let when = then.start.as_deref().map_or_else(|| then.path.clone(), local);
    let told: Vec<_> = then.stages.iter().filter_map(line).take(MOST).collect();
    if told.is_empty() {
        let same = format!("\nStages take about as long as in the last good run, of {when}.");
        return page.sentence(&same, Style::Faint);
    }
    let head = format!("Compared with the last good run, of {when}:");
    let mut out = "\n".to_owned() + &page.sentence(&head, Style::Faint);
    for (line, style) in told {
        out += &page.sentence(&line, style);
    }
    out
}

fn line(stage: &StageThen) -> Option<(String, Style)> {
    let times = stage.words().map(|(words, is_slower)| {
        let style = if is_slower { Style::Warn } else { Style::Good };
        let (now, then) = (format::duration(stage.wall_ns), format::duration(stage.then_ns));
        // Of one that is not done, what it took so far is not to be compared with the whole.
        let text = match stage.left_ns {
            Some(_) => format!("{words} so far"),
            None => format!("{words} ({now}, {then} then)"),
        };
        (text, style)
    });
    let left = stage.left_ns.map(|ns| format!("about {} left", format::age(ns)));
    let style = times.as_ref().map_or(Style::Plain, |(_, style)| *style);
    let facts: Vec<String> = times.map(|(text, _)| text).into_iter().chain(left).collect();
    (!facts.is_empty()).then(|| (format!("- {}: {}", stage.name, facts.join(", ")), style))
}
