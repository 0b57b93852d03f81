//! The table of functions.

use super::super::board::Scene;
use super::super::functions::{self, COLUMNS, WHOLE};
use super::super::layout::Area;
use super::super::ui::Ui;
use super::grid::Grid;
use super::paint::{Ink, Paint};

pub(super) fn draw(paint: &mut Paint, area: Area, scene: &Scene, ui: &Ui) {
    if area.height == 0 {
        return;
    }
    let (report, state) = (scene.functions, &ui.functions);
    paint.title(area, &ui.title("Functions"), &functions::note(report, &state.list), !ui.help);
    if state.list.shown_keys().is_empty() && area.height > 2 {
        let none =
            if report.rows.is_empty() { "no call yet" } else { "no function passes the filter" };
        paint.write(area.x + 2, area.y + 2, area.x + area.width, &[(Ink::Faint, none)]);
        return;
    }
    let grid = Grid::new(area, state.placed.clone());
    grid.heading(paint, &COLUMNS, Some((state.by.index(), state.mark())));
    for (row, key) in state.list.shown_keys().iter().enumerate() {
        let Some(function) = report.get(*key) else { continue };
        let cells = functions::cells(function, report.share < WHOLE);
        grid.row(paint, row, &cells, state.list.selected() == Some(*key) && !ui.help);
    }
}
