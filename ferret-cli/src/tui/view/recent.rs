//! What happened lately, the newest at the bottom.

use super::super::board::Scene;
use super::super::layout::Area;
use super::super::ui::{Panel, Ui};
use super::super::wording::{self, Mood, Told};
use super::paint::{Ink, Paint};
use crate::text;

pub(super) fn draw(paint: &mut Paint, area: Area, scene: &Scene, ui: &Ui) {
    if area.height == 0 {
        return;
    }
    let (above, below) = ui.recent.beyond();
    let note = match (ui.recent.selected().is_some(), above, below) {
        (false, 0, _) => String::new(),
        (false, above, _) => format!("↑{above}"),
        (true, above, below) => format!("↑{above} ↓{below}  G follows"),
    };
    paint.title(area, "Recent", &note, super::has_focus(ui, Panel::Recent));
    let shown = ui.recent.shown_keys().iter();
    for (y, number) in (area.y + 1..area.y + area.height).zip(shown) {
        let Some(row) = scene.board.recent.row(*number) else { continue };
        draw_row(paint, area, y, &wording::told(scene, row));
        if super::has_focus(ui, Panel::Recent) && ui.recent.selected() == Some(*number) {
            paint.select(area, y);
        }
    }
}

fn draw_row(paint: &mut Paint, area: Area, y: u16, row: &Told) {
    let end = (area.x + area.width).saturating_sub(1);
    // Where it is narrow, milliseconds and the thread give way to the name.
    let wide = area.width >= 72;
    let time = if wide { &*row.time } else { row.time.get(..8).unwrap_or(&row.time) };
    let mut right = Vec::new();
    if !row.outcome.is_empty() {
        right.push((Ink::from(row.mood), format!("{}  ", row.outcome)));
    }
    right.push((Ink::Plain, text::pad_left(&row.took, 8)));
    if wide {
        let columns = usize::from(area.width / 7).min(24);
        right.push((Ink::Faint, format!("  {}", text::pad(&row.thread, columns))));
    }
    let width: usize = right.iter().map(|(_, piece)| text::width(piece)).sum();
    let name_end = end.saturating_sub(u16::try_from(width + 2).unwrap_or(u16::MAX));
    let x = paint.write(area.x + 2, y, end, &[(Ink::Faint, time), (Ink::Plain, "  ")]);
    let ink = match row.mood {
        Mood::Plain => Ink::Plain,
        Mood::Good | Mood::Warn | Mood::Bad => Ink::from(row.mood),
    };
    let x = paint.write(x, y, name_end, &[(ink, &row.name)]);
    paint.remark(x, y, name_end, Ink::Faint, &row.detail);
    let right: Vec<_> = right.iter().map(|(ink, piece)| (*ink, &**piece)).collect();
    paint.write_right(end, y, &right);
}
