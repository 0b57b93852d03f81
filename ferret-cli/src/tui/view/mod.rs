//! Draws the screen. Everything that is shown has been chosen and worded before; here it gets its
//! place and its colour.

mod charts;
mod counters;
mod details;
mod functions;
mod grid;
mod header;
mod heap;
mod help;
mod live;
mod paint;
mod pipeline;
mod processes;
mod prompt;
mod recent;
mod stages;
mod tabs;
mod timeline;
mod waiting;
mod warnings;

pub(crate) use paint::Colours;
pub(crate) use waiting::waiting;

use super::board::Scene;
use super::layout::Areas;
use super::tabs::View;
use super::ui::{Panel, Ui};
use paint::Paint;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the whole screen, as arranged for this size.
pub(crate) fn draw(frame: &mut Frame, scene: &Scene, ui: &Ui, areas: &Areas, colours: Colours) {
    let mut paint = Paint::new(frame.buffer_mut(), colours);
    match (&ui.details, ui.view) {
        _ if ui.warned.is_some() => {
            header::draw(&mut paint, areas.header, scene, ui);
            warnings::page(&mut paint, areas.body, scene, ui);
        }
        (Some(open), _) => {
            header::draw(&mut paint, areas.header, scene, ui);
            details::draw(&mut paint, areas.body, open, !ui.help);
        }
        (None, View::Live) => panels(&mut paint, scene, ui, areas),
        (None, View::Functions) => {
            header::draw(&mut paint, areas.header, scene, ui);
            functions::draw(&mut paint, areas.body, scene, ui);
        }
        (None, View::Timeline) => {
            header::draw(&mut paint, areas.header, scene, ui);
            timeline::draw(&mut paint, areas.body, scene, ui);
        }
        (None, View::Processes) => {
            header::draw(&mut paint, areas.header, scene, ui);
            processes::draw(&mut paint, areas.body, scene, ui);
        }
        (None, View::Stages) => {
            header::draw(&mut paint, areas.header, scene, ui);
            pipeline::draw(&mut paint, areas.body, scene, ui);
        }
    }
    warnings::band(&mut paint, areas.warnings, scene);
    tabs::draw(&mut paint, areas.tabs, ui);
    prompt::in_force(&mut paint, areas.filter, ui);
    help::controls(&mut paint, areas.controls, ui);
    if ui.help {
        help::draw(&mut paint, ui);
    }
    if let Some(prompt) = &ui.prompt {
        prompt::draw(&mut paint, prompt);
    }
}

/// The same on a page, as lines of text without colours: for an output that is no screen.
pub(crate) fn page(scene: &Scene, ui: &Ui, areas: &Areas) -> Vec<String> {
    let width = areas.header.width;
    let height = areas.recent.y + areas.recent.height;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    panels(&mut Paint::new(&mut buffer, Colours::None), scene, ui, areas);
    (0..height).map(|y| paint::line(&buffer, y)).collect()
}

fn panels(paint: &mut Paint, scene: &Scene, ui: &Ui, areas: &Areas) {
    header::draw(paint, areas.header, scene, ui);
    charts::draw(paint, areas.charts, scene);
    counters::draw(paint, areas.counters, scene);
    heap::draw(paint, areas.heap, scene);
    live::draw(paint, areas.live, scene, ui);
    stages::draw(paint, areas.stages, scene, ui);
    recent::draw(paint, areas.recent, scene, ui);
}

/// Whether a panel's selection is the one that keys move.
fn has_focus(ui: &Ui, panel: Panel) -> bool {
    ui.focus == panel && !ui.help
}
