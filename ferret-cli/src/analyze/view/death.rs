//! The processes that died without a word: how, and what they had open. Leads the report.

use super::headline::program;
use super::open;
use crate::analyze::document::{Analysis, Process};
use crate::death::Death;
use crate::page::{Page, Style};

/// More deaths than these are only counted.
const MOST: usize = 10;

/// The report; empty where none died.
pub(super) fn draw(analysis: &Analysis, page: Page) -> String {
    let died = || analysis.processes.iter().filter_map(|row| Some((row, row.death.as_ref()?)));
    let count = died().count();
    if count == 0 {
        return String::new();
    }
    let has_several = analysis.processes.len() > 1;
    let mut out = String::from("\n");
    for (process, death) in died().take(MOST) {
        out += &told(process, death, has_several, page);
    }
    if count > MOST {
        let more = format!("and {} more that died: --json has all", count - MOST);
        out += &page.sentence(&more, Style::Faint);
    }
    out + &open::draw(analysis, page)
}

fn told(process: &Process, death: &Death, has_several: bool, page: Page) -> String {
    let who =
        if has_several { format!("{} {} ", program(process), process.pid) } else { String::new() };
    let how = page.sentence(&format!("{who}{}", death.how()), Style::Bad);
    how + &page.sentence(&death.facts().join(" · "), Style::Plain)
}
