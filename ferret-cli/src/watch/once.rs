//! One look at the run: the screen's panels as a page of text, or the same as JSON.

use super::document::Snapshot;
use super::source::Source;
use crate::exit;
use crate::filter::Filter;
use crate::tui::ui::Ui;
use crate::tui::view;
use ferret::log;
use std::io::{self, IsTerminal as _, Write as _, stdout};

/// Open spans beyond so many rows are only counted.
const LIVE_ROWS: usize = 200;
/// Happenings on the page.
const RECENT_ROWS: usize = 10;
/// Columns where the output is no terminal.
const WIDTH: u16 = 100;
/// Entries folded at a time.
const BATCH: usize = 100_000;

/// Reads all there is and prints it.
///
/// # Errors
///
/// There is no log, it cannot be read, or nobody takes the output.
pub(super) fn run(source: &mut Source, filter: Option<Filter>, json: bool) -> anyhow::Result<()> {
    source.open_now()?;
    source.look_at_files().iter().for_each(exit::say);
    while source.read(BATCH, |_, _, _| {})? > 0 {}
    source.look_at_files().iter().for_each(exit::say);
    let now = log::now();
    if json {
        let logs = source.infos();
        let snapshot = source.look(now, |scene| Snapshot::of(scene, filter.as_ref(), &logs));
        let mut out = stdout().lock();
        serde_json::to_writer_pretty(&mut out, &snapshot).map_err(io::Error::from)?;
        return Ok(writeln!(out)?);
    }
    let width = columns();
    let lines = source.look(now, |scene| {
        let mut ui = Ui::new(filter);
        let areas = ui.arrange_page(scene, width, LIVE_ROWS, RECENT_ROWS);
        view::page(scene, &ui, &areas)
    });
    let mut out = stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn columns() -> u16 {
    // A terminal that does not know its size is given the width of a page.
    let size = if stdout().is_terminal() { crossterm::terminal::size().ok() } else { None };
    size.map_or(WIDTH, |(width, _)| width.clamp(40, 300))
}
