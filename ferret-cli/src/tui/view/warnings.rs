//! What looks wrong: the worst above the controls, and the page with all.

use super::super::board::Scene;
use super::super::layout::Area;
use super::super::ui::Ui;
use super::super::warnings::{Kind, Page};
use super::paint::{Ink, Paint};
use crate::text;

/// A row for each of the worst; the last says how many more there are.
pub(super) fn band(paint: &mut Paint, area: Area, scene: &Scene) {
    let end = area.x + area.width;
    let mut left = scene.warnings.len();
    let rows = area.y..area.y + area.height;
    for (y, warning) in rows.clone().zip(scene.warnings) {
        left -= 1;
        let more = if y + 1 == rows.end && left > 0 { format!(" +{left}") } else { String::new() };
        let more = format!("{more}  ! tells more ");
        let room = usize::from(end.saturating_sub(paint.write(
            area.x,
            y,
            end,
            &[(ink(warning.kind), " ⚠ ")],
        )));
        let what = text::cut(&warning.what, room.saturating_sub(text::width(&more)));
        let is_last = y + 1 == rows.end;
        paint.write(area.x + 3, y, end, &[(ink(warning.kind), &what)]);
        if is_last {
            paint.write_right(end, y, &[(Ink::Faint, &more)]);
        }
    }
}

/// All of them, each with where to look.
pub(super) fn page(paint: &mut Paint, area: Area, scene: &Scene, ui: &Ui) {
    let Some(Page { top }) = ui.warned.filter(|_| area.height > 0) else { return };
    let warnings = scene.warnings;
    let note = format!("{}", warnings.len());
    paint.title(area, "What looks wrong", &note, !ui.help);
    let end = area.x + area.width;
    let (first, last) = (area.y + 1, area.y + area.height);
    if warnings.is_empty() && first < last {
        paint.write(area.x + 1, first, end, &[(Ink::Faint, "Nothing does.")]);
    }
    let mut y = first;
    for warning in warnings.iter().skip(top) {
        if y + 1 >= last {
            break;
        }
        let room = usize::from(end.saturating_sub(area.x + 4));
        let [what, look] = [&warning.what, &warning.look].map(|line| text::cut(line, room));
        paint.write(area.x + 1, y, end, &[(ink(warning.kind), "⚠ "), (ink(warning.kind), &what)]);
        paint.write(area.x + 3, y + 1, end, &[(Ink::Faint, &look)]);
        y += 2;
    }
}

fn ink(kind: Kind) -> Ink {
    match kind {
        Kind::Silent | Kind::Stuck | Kind::Dropped => Ink::Bad,
        Kind::Blocks | Kind::Overdue | Kind::Grows | Kind::Clock => Ink::Warn,
    }
}
