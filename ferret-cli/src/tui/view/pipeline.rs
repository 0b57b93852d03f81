//! The pipeline's view: every stage with its progress, pace and use of the machine.

use super::super::board::Scene;
use super::super::columns;
use super::super::layout::Area;
use super::super::stages;
use super::super::ui::Ui;
use super::grid::Grid;
use super::paint::{Ink, Paint};
use crate::text;

pub(super) fn draw(paint: &mut Paint, area: Area, scene: &Scene, ui: &Ui) {
    if area.height == 0 {
        return;
    }
    paint.title(area, &ui.title("Stages"), &stages::note(scene, area.width >= 72), !ui.help);
    let all = &scene.stages.stages;
    if ui.pipeline.len() == 0 && area.height > 2 {
        let none = if all.is_empty() {
            "no stage yet: #[profile(stage)] makes one"
        } else {
            "no stage passes the filter"
        };
        paint.write(area.x + 2, area.y + 2, area.x + area.width, &[(Ink::Faint, none)]);
        return;
    }
    // With the sign before it.
    let longest = all.iter().map(|stage| text::width(&stage.info.name) + 2).max().unwrap_or(0);
    let longest = u16::try_from(longest).unwrap_or(u16::MAX);
    let width = area.width.saturating_sub(2);
    let grid = Grid::new(area, columns::place(stages::columns(scene), width, longest, 0));
    grid.heading(paint, stages::columns(scene), None);
    for (row, id) in ui.pipeline.shown_keys().iter().enumerate() {
        let Some(stage) = all.iter().find(|stage| stage.id == *id) else { continue };
        let selected = ui.pipeline.selected() == Some(*id) && !ui.help;
        grid.row(paint, row, &stages::cells(scene, stage), selected);
    }
}
