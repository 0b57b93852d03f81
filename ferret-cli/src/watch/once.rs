//! One look at the run: the screen's panels as a page of text, or the same as JSON.

use super::document::Snapshot;
use super::source::Source;
use crate::analyze::StageThen;
use crate::exit;
use crate::filter::Filter;
use crate::tui::board::Scene;
use crate::tui::stages;
use crate::tui::travel::Travel;
use crate::tui::ui::Ui;
use crate::tui::view;
use crate::when::When;
use ferret::log;
use std::io::{self, IsTerminal as _, Write as _, stdout};

/// Open spans beyond so many rows are only counted.
const LIVE_ROWS: usize = 200;
/// Happenings on the page.
const RECENT_ROWS: usize = 10;
/// Columns where the output is no terminal.
const WIDTH: u16 = 100;
/// Entries folded at a time.
const BATCH: u64 = 100_000;

/// Reads all there is, or what there was then, and prints it.
///
/// # Errors
///
/// There is no log, it cannot be read, or nobody takes the output.
pub(super) fn run(
    source: &mut Source,
    filter: Option<Filter>,
    json: bool,
    at: Option<When>,
) -> anyhow::Result<()> {
    source.open_now()?;
    source.look_at_files().iter().for_each(exit::say);
    let at = at.map(|when| source.moment(when)).transpose()?;
    match at {
        Some(at) => source.go_at_once(at)?,
        None => while source.read(BATCH, |_, _, _| {})? > 0 {},
    }
    source.look_at_files().iter().for_each(exit::say);
    source.wait_for_before();
    let now = log::now();
    if json {
        let logs = source.infos();
        let snapshot = source.look(now, |scene| Snapshot::of(scene, filter.as_ref(), &logs));
        let mut out = stdout().lock();
        serde_json::to_writer_pretty(&mut out, &snapshot).map_err(io::Error::from)?;
        return Ok(writeln!(out)?);
    }
    let width = columns();
    let mut travel = at.map_or_else(Travel::default, Travel::to);
    travel.clock = now;
    let lines = source.look(now, |scene| page(scene, filter, width, travel));
    let mut out = stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The screen's panels as lines of text.
pub(super) fn page(
    scene: &Scene,
    filter: Option<Filter>,
    width: u16,
    travel: Travel,
) -> Vec<String> {
    let mut ui = Ui::new(filter);
    ui.travel = travel;
    let areas = ui.arrange_page(scene, width, LIVE_ROWS, RECENT_ROWS);
    let mut lines = view::page(scene, &ui, &areas);
    lines.extend(beside_the_last_good_run(scene));
    for warning in scene.warnings {
        lines.push(format!(" ⚠ {}", warning.what));
        lines.push(format!("   {}", warning.look));
    }
    lines
}

/// What the stages are to those of the last good run.
fn beside_the_last_good_run(scene: &Scene) -> Vec<String> {
    let Some(then) = stages::last_good(scene) else { return Vec::new() };
    let told = then.stages.iter().filter_map(StageThen::said);
    let mut lines: Vec<_> = told.map(|(words, _)| format!("   {words}")).collect();
    if !lines.is_empty() {
        lines.insert(0, format!(" Compared with the last good run, of {}:", then.when()));
    }
    lines
}

fn columns() -> u16 {
    // A terminal that does not know its size is given the width of a page.
    let size = if stdout().is_terminal() { crossterm::terminal::size().ok() } else { None };
    size.map_or(WIDTH, |(width, _)| width.clamp(40, 300))
}
