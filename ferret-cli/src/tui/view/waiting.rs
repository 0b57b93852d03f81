//! The screen before there is a log: what is waited for, and how to make it come.

use super::super::layout::Area;
use super::super::ui::Ui;
use super::paint::{Colours, Ink, Paint};
use super::{help, prompt};
use ratatui::Frame;

/// Draws what is waited for, a line of it each.
pub(crate) fn waiting(frame: &mut Frame, lines: &[String], ui: &Ui, colours: Colours) {
    let mut paint = Paint::new(frame.buffer_mut(), colours);
    let screen = paint.screen();
    let Some(last) = screen.height.checked_sub(1) else { return };
    paint.write(screen.x, screen.y, screen.width, &[(Ink::Strong, " ferret watch")]);
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let first = screen.height.saturating_sub(count) / 3;
    for ((y, line), index) in (first.max(1)..last).zip(lines).zip(0..) {
        let ink = if index == 0 { Ink::Strong } else { Ink::Plain };
        paint.write(screen.x + 2, y, screen.width.saturating_sub(1), &[(ink, line)]);
    }
    help::controls(&mut paint, Area { y: last, height: 1, ..screen }, ui);
    if ui.help {
        help::draw(&mut paint, ui);
    }
    if let Some(open) = &ui.prompt {
        prompt::draw(&mut paint, open);
    }
}
