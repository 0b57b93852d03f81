//! The line in which a filter is written, what is wrong with it below, and the filter in force.

use super::super::layout::Area;
use super::super::prompt::{self, Prompt, Shown};
use super::super::ui::Ui;
use super::paint::{Ink, Paint};
use crate::text;

/// What can be done, where nothing is wrong.
const HINT: &str = "Enter keeps it, Esc takes back what was, ↑ earlier filters";
/// What can be written, where nothing is.
const EXAMPLE: &str = "transcri & dur > 100ms & !thread:worker-2";

/// Draws the line in the last rows of the screen.
pub(super) fn draw(paint: &mut Paint, prompt: &Prompt) {
    let screen = paint.screen();
    let rows = prompt::rows(Some(prompt), screen.height);
    let (end, bottom) = (screen.x + screen.width, screen.y + screen.height);
    let Some(y) = bottom.checked_sub(1 + rows).filter(|_| screen.width > 1) else { return };
    paint.clear(Area { y, height: 1 + rows, ..screen });
    let columns = usize::from(screen.width) - 1;
    let Shown { text, cursor, caret } = prompt.shown(columns);
    let error = prompt.error();
    let ink = if error.is_some() { Ink::Bad } else { Ink::Strong };
    paint.write(screen.x, y, end, &[(Ink::Focus, "/"), (ink, &text)]);
    let at = screen.x + 1 + u16::try_from(cursor).unwrap_or(u16::MAX);
    paint.select(Area { x: at.min(end - 1), y, width: 1, height: 1 }, y);
    if rows == 0 {
        return;
    }
    if let Some(error) = error {
        let (x, line) = below(&error, caret, columns);
        paint.write(screen.x + 1 + x, y + 1, end, &[(Ink::Bad, &line)]);
    } else {
        let hint = if text.is_empty() { EXAMPLE } else { HINT };
        let hint = text::cut(hint, columns);
        paint.write(screen.x + 1, y + 1, end, &[(Ink::Faint, &hint)]);
    }
}

/// The filter in force, beside the views' names.
pub(super) fn in_force(paint: &mut Paint, area: Area, ui: &Ui) {
    let Some(filter) = ui.filter.as_ref().filter(|_| area.width > 2) else { return };
    let text = text::cut(&format!("/{filter}"), usize::from(area.width) - 2);
    paint.write_right(area.x + area.width - 1, area.y, &[(Ink::Warn, &text)]);
}

/// Where the line about an error begins, and it: behind a caret, or before one that stands far right.
fn below(error: &str, caret: Option<usize>, columns: usize) -> (u16, String) {
    let width = text::width(error) + 2;
    let column = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
    match caret {
        Some(at) if at + width <= columns => (column(at), format!("^ {error}")),
        Some(at) if at + 1 >= width => (column(at + 1 - width), format!("{error} ^")),
        Some(_) | None => (0, text::cut(error, columns)),
    }
}
