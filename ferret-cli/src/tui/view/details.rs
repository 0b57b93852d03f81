//! The page about one function or span.

use super::super::details::Details;
use super::super::layout::Area;
use super::paint::{Ink, Paint};
use crate::text;

pub(super) fn draw(paint: &mut Paint, area: Area, details: &Details, focus: bool) {
    if area.height == 0 {
        return;
    }
    let name = details.info().map_or("", |info| &info.name);
    // The note matters more than the end of a long name.
    let room = usize::from(area.width / 2);
    let title = text::fit(&format!("Details: {name}"), room);
    paint.title(area, &title, &details.note(), focus);
    let end = (area.x + area.width).saturating_sub(1);
    for (y, line) in (area.y + 1..area.y + area.height).zip(details.shown()) {
        let mut x = area.x + 1;
        let last = line.len().saturating_sub(1);
        for (index, (tone, piece)) in line.iter().enumerate() {
            let room = usize::from(end.saturating_sub(x));
            // What a call said may be long: its end is cut, not its middle.
            let cut = if index == last { text::cut(piece, room) } else { text::fit(piece, room) };
            x = paint.write(x, y, end, &[(Ink::from(*tone), &cut)]);
        }
    }
}
