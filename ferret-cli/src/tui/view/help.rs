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
            ("s", "sort"),
            ("S", "reverse"),
            ("↑↓", "move"),
        ],
        View::Timeline => &[
            ("q", "quit"),
            ("?", "help"),
            ("Tab", "view"),
            ("Space", "pause"),
            ("+ -", "zoom"),
            ("←→", "pan"),
            ("G", "now"),
        ],
        View::Stages | View::Processes => {
            &[("q", "quit"), ("?", "help"), ("Tab", "view"), ("Space", "pause"), ("↑↓", "move")]
        }
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

/// Lines that fit the smallest screen.
const HELP: [(&str, &str); 13] = [
    ("1 – 5  Tab  click", "another view"),
    ("Space", "pause; then ? tells of time travel"),
    ("Home  [  <", "the start; an entry, 1 s back"),
    ("p P", "in Live: the panel that keys move in"),
    ("↑ ↓  k j  wheel", "select a row"),
    ("PgUp PgDn  ^U ^D", "a screen up, down"),
    ("g G", "first, last; in Recent G follows"),
    ("← →  h l  Enter", "fold, or to the row above; unfold"),
    ("s S  click", "in Functions: sort by; reverse"),
    ("Esc", "select nothing"),
    ("^L  ^Z", "draw anew; suspend"),
    ("q  ^C", "quit; the program goes on"),
    ("+ -  ← →  G", "in Timeline: zoom, pan, now"),
];

/// The same while a past moment is shown.
const TRAVEL_HELP: [(&str, &str); 12] = [
    ("Space", "play on from here; pause"),
    ("+ -", "play faster, slower (but Timeline)"),
    ("← →", "the entry before, after"),
    ("[ ]", "the same, of the selected row's"),
    ("", "function, or of any stage"),
    ("< >  , .", "a second back, on"),
    ("Home", "the start of the run"),
    ("End", "the present, or the run's end"),
    ("Esc", "give up what is looked for"),
    ("h l  Enter", "fold, unfold; in Timeline: pan"),
    ("↑ ↓  g G  Tab  1 – 5", "as ever"),
    ("q  ^C", "quit; the program goes on"),
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
    let keys = if ui.travel.is_live() { keys(ui.view) } else { &TRAVEL_KEYS };
    for &(key, does) in keys {
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
    let help = if ui.travel.is_live() { &HELP[..] } else { &TRAVEL_HELP };
    let keys = help.iter().map(|(key, _)| text::width(key)).max().unwrap_or(0);
    let words = help.iter().map(|(_, does)| text::width(does)).max().unwrap_or(0);
    let width = u16::try_from(keys + words + 8).unwrap_or(u16::MAX).min(screen.width);
    let height = u16::try_from(help.len() + 2).unwrap_or(u16::MAX).min(screen.height);
    let (x, y) = ((screen.width - width) / 2, (screen.height - height) / 2);
    let area = Area { x, y, width, height };
    paint.clear(area);
    paint.title(area, "Help", "any key closes it", true);
    let end = (x + width).saturating_sub(2);
    for (y, (key, does)) in (y + 1..y + height - 1).zip(help) {
        let key = text::pad(key, keys);
        paint.write(x + 2, y, end, &[(Ink::Strong, &key), (Ink::Plain, "  "), (Ink::Plain, does)]);
    }
    let rule = "─".repeat(usize::from(width));
    paint.write(x, y + height.saturating_sub(1), x + width, &[(Ink::Faint, &rule)]);
}
