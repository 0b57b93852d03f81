//! The line with the views' names.

use super::super::layout::Area;
use super::super::tabs;
use super::super::ui::Ui;
use super::paint::{Ink, Paint};

pub(super) fn draw(paint: &mut Paint, area: Area, ui: &Ui) {
    if area.height == 0 {
        return;
    }
    let end = area.x + area.width;
    for tab in tabs::tabs(area.width, ui.view) {
        let (number, name) = tab.text.split_at(1);
        let inks =
            if tab.view == ui.view { (Ink::Focus, Ink::Focus) } else { (Ink::Strong, Ink::Faint) };
        paint.write(area.x + tab.x, area.y, end, &[(inks.0, number), (inks.1, name)]);
    }
}
