//! The heap's rows: a name, what lives, and the most that did.

use super::super::board::Scene;
use super::super::heap;
use super::super::layout::Area;
use super::paint::{Ink, Paint};
use crate::text;

pub(super) fn draw(paint: &mut Paint, area: Area, scene: &Scene) {
    if area.height == 0 || area.width < 12 {
        return;
    }
    let (left, end) = (area.x + 1, area.x + area.width - 1);
    for (y, (index, row)) in
        (area.y..area.y + area.height).zip(heap::rows(scene).iter().enumerate())
    {
        let (name, live) =
            if index == 0 { (Ink::Plain, Ink::Strong) } else { (Ink::Faint, Ink::Memory) };
        let peak = format!("↑{}", row.peak);
        let sizes = text::width(&row.live) + text::width(&peak) + 3;
        let room = usize::from(end - left).saturating_sub(sizes);
        let label = if index == 0 { row.name.clone() } else { format!("  {}", row.name) };
        paint.write(left, y, end, &[(name, &text::fit(&label, room))]);
        paint.write_right(end, y, &[(live, &row.live), (Ink::Faint, "  "), (Ink::Faint, &peak)]);
    }
}
