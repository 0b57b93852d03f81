//! The controls line, and the help that `?` opens.

use super::super::keys;
use super::super::layout::Area;
use super::super::tabs::View;
use super::super::ui::Ui;
use super::paint::{Ink, Paint};
use crate::text;

/// What can be pressed in each view, the most useful first: where it is narrow the last are left out.
fn keys_of(view: View) -> &'static [(&'static str, &'static str)] {
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

/// What can be pressed while a past moment is shown.
const TRAVEL_KEYS: [(&str, &str); 9] = [
    ("Space", "play"),
    ("←→", "step"),
    ("[ ]", "jump"),
    ("End", "live"),
    ("?", "help"),
    ("< >", "1 s"),
    ("Home", "start"),
    ("Tab", "view"),
    ("q", "quit"),
];

/// What can be pressed on the page with what looks wrong.
const ON_WARNINGS: &[(&str, &str)] =
    &[("Esc", "back"), ("?", "help"), ("↑↓", "scroll"), ("w", "snapshot")];

/// What can be pressed on the page about a function.
const ON_DETAILS: [(&str, &str); 6] = [
    ("Esc", "back"),
    ("?", "help"),
    ("↑↓", "scroll"),
    ("g G", "ends"),
    ("y", "copy the place"),
    ("w", "snapshot"),
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
    let shown = match (ui.warned, &ui.details) {
        (Some(_), _) => ON_WARNINGS,
        (None, Some(_)) => &ON_DETAILS[..],
        (None, None) if ui.travel.is_live() => keys_of(ui.view),
        (None, None) => &TRAVEL_KEYS,
    };
    for &(key, does) in shown {
        let does = if key == "Space" && ui.travel.plays() { "pause" } else { does };
        let width = text::width(key) + text::width(does) + 3;
        if usize::from(end.saturating_sub(x)) < width {
            break;
        }
        let pieces = [(Ink::Plain, " "), (Ink::Strong, key), (Ink::Plain, " "), (Ink::Faint, does)];
        x = paint.write(x, area.y, end, &pieces) + 1;
    }
}

/// The help, in the middle of the screen.
pub(super) fn draw(paint: &mut Paint, ui: &Ui) {
    let screen = paint.screen();
    let help = keys::help(ui.travel.is_live());
    let lines = keys::page(help, ui.help_page, screen.height);
    let keys = help.iter().map(|(key, _)| text::width(key)).max().unwrap_or(0);
    let words = help.iter().map(|(_, does)| text::width(does)).max().unwrap_or(0);
    let width = u16::try_from(keys + words + 8).unwrap_or(u16::MAX).min(screen.width);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(screen.height);
    let (x, y) = ((screen.width - width) / 2, (screen.height - height) / 2);
    let area = Area { x, y, width, height };
    paint.clear(area);
    let is_last = keys::page(help, ui.help_page + 1, screen.height).is_empty();
    paint.title(area, "Help", if is_last { "any key closes it" } else { "? has more" }, true);
    let end = (x + width).saturating_sub(2);
    for (y, (key, does)) in (y + 1..y + height - 1).zip(lines) {
        let key = text::pad(key, keys);
        paint.write(x + 2, y, end, &[(Ink::Strong, &key), (Ink::Plain, "  "), (Ink::Plain, does)]);
    }
    let rule = "─".repeat(usize::from(width));
    paint.write(x, y + height.saturating_sub(1), x + width, &[(Ink::Faint, &rule)]);
}
