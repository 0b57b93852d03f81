//! The table of processes.

use super::super::board::Scene;
use super::super::columns;
use super::super::layout::Area;
use super::super::processes::{self, COLUMNS};
use super::super::ui::Ui;
use super::grid::Grid;
use super::paint::{Ink, Paint};
use crate::text;

pub(super) fn draw(paint: &mut Paint, area: Area, scene: &Scene, ui: &Ui) {
    if area.height == 0 {
        return;
    }
    paint.title(area, &ui.title("Processes"), &processes::note(scene, area.width >= 72), !ui.help);
    let names = scene.board.processes.iter().map(|(_, process)| text::width(&process.name()));
    let Some(longest) = names.max() else {
        let none = "no process yet";
        paint.write(area.x + 2, area.y + 2, area.x + area.width, &[(Ink::Faint, none)]);
        return;
    };
    if ui.processes.len() == 0 {
        let none = "no process passes the filter";
        paint.write(area.x + 2, area.y + 2, area.x + area.width, &[(Ink::Faint, none)]);
        return;
    }
    let longest = u16::try_from(longest).unwrap_or(u16::MAX);
    let width = area.width.saturating_sub(2);
    let grid = Grid::new(area, columns::place(&COLUMNS, width, longest, 0));
    grid.heading(paint, &COLUMNS, None);
    for (row, log) in ui.processes.shown_keys().iter().enumerate() {
        let cells = processes::cells(scene, *log, ui.zombie_after_ns);
        grid.row(paint, row, &cells, ui.processes.selected() == Some(*log) && !ui.help);
    }
}
