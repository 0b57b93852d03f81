//! The controls line, and the help that `?` opens.

use super::super::layout::Area;
use super::super::tabs::View;
use super::super::ui::Ui;
use super::paint::{Ink, Paint};
use crate::text;

/// What can be pressed in each view, the most useful first: where it is narrow the last are left out.
fn keys(view: View) -> &'static [(&'static str, &'static str)] {
    match view {
        View::Live => &[
            ("q", "quit"),
            ("?", "help"),
            ("Tab", "view"),
            ("Space", "pause"),
            ("/", "filter"),
            ("⏎", "details"),
            ("p", "panel"),
            ("↑↓", "move"),
            ("←→", "fold"),
            ("G", "newest"),
        ],
        View::Functions => &[
            ("q", "quit"),
            ("?", "help"),
            ("Tab", "view"),
            ("Space", "pause"),
            ("/", "filter"),
            ("⏎", "details"),
            ("s", "sort"),
            ("S", "reverse"),
            ("↑↓", "move"),
        ],
        View::Timeline => &[
            ("q", "quit"),
            ("?", "help"),
            ("Tab", "view"),
            ("Space", "pause"),
            ("/", "filter"),
            ("+ -", "zoom"),
            ("←→", "pan"),
            ("G", "now"),
        ],
        View::Stages => &[
            ("q", "quit"),
            ("?", "help"),
            ("Tab", "view"),
            ("Space", "pause"),
            ("/", "filter"),
            ("⏎", "details"),
            ("↑↓", "move"),
        ],
        View::Processes => &[
            ("q", "quit"),
            ("?", "help"),
            ("Tab", "view"),
            ("Space", "pause"),
            ("/", "filter"),
            ("↑↓", "move"),
        ],
    }
}

/// What can be pressed on the page about a function.
const ON_DETAILS: [(&str, &str); 6] = [
    ("Esc", "back"),
    ("?", "help"),
    ("↑↓", "scroll"),
    ("g G", "ends"),
    ("y", "copy the place"),
    ("w", "snapshot"),
];

/// Lines that fit the smallest screen.
const HELP: [(&str, &str); 12] = [
    ("1 – 5  Tab  click", "another view"),
    ("Space", "pause the picture, go on again"),
    ("p P", "in Live: the panel that keys move in"),
    ("↑ ↓  k j  wheel", "select a row"),
    ("PgUp PgDn  ^U ^D", "a screen up, down"),
    ("g G  Home End", "first, last; in Recent G follows"),
    ("← →  h l  Enter", "fold, or to the row above; unfold"),
    ("s S  click", "in Functions: sort by; reverse"),
    ("Esc", "select nothing"),
    ("^L  ^Z", "draw anew; suspend"),
    ("q  ^C", "quit; the program goes on"),
    ("+ -  ← →  G", "in Timeline: zoom, pan, now"),
];

/// The last row: what can be pressed, or what the program wants seen.
pub(super) fn controls(paint: &mut Paint, area: Area, ui: &Ui) {
    if area.height == 0 {
        return;
    }
    let end = area.x + area.width;
    if let Some(notice) = &ui.notice {
        paint.write(area.x, area.y, end, &[(Ink::Plain, " "), (Ink::Warn, notice)]);
        return;
    }
    let mut x = area.x;
    let keys = if ui.details.is_some() { &ON_DETAILS } else { keys(ui.view) };
    for &(key, does) in keys {
        let does = if key == "Space" && ui.paused.is_some() { "go on" } else { does };
        let width = text::width(key) + text::width(does) + 3;
        if usize::from(end.saturating_sub(x)) < width {
            break;
        }
        let pieces = [(Ink::Plain, " "), (Ink::Strong, key), (Ink::Plain, " "), (Ink::Faint, does)];
        x = paint.write(x, area.y, end, &pieces) + 1;
    }
}

/// The help, in the middle of the screen.
pub(super) fn draw(paint: &mut Paint) {
    let screen = paint.screen();
    let keys = HELP.iter().map(|(key, _)| text::width(key)).max().unwrap_or(0);
    let words = HELP.iter().map(|(_, does)| text::width(does)).max().unwrap_or(0);
    let width = u16::try_from(keys + words + 8).unwrap_or(u16::MAX).min(screen.width);
    let height = u16::try_from(HELP.len() + 2).unwrap_or(u16::MAX).min(screen.height);
    let (x, y) = ((screen.width - width) / 2, (screen.height - height) / 2);
    let area = Area { x, y, width, height };
    paint.clear(area);
    paint.title(area, "Help", "any key closes it", true);
    let end = (x + width).saturating_sub(2);
    for (y, (key, does)) in (y + 1..y + height - 1).zip(HELP) {
        let key = text::pad(key, keys);
        paint.write(x + 2, y, end, &[(Ink::Strong, &key), (Ink::Plain, "  "), (Ink::Plain, does)]);
    }
    let rule = "─".repeat(usize::from(width));
    paint.write(x, y + height.saturating_sub(1), x + width, &[(Ink::Faint, &rule)]);
}
