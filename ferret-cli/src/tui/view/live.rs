//! What runs now: process → thread or task → spans, each with the time it has been open.

use super::super::board::Scene;
use super::super::layout::Area;
use super::super::stack::Row;
use super::super::stack_text::{self, OpenNow, RowText, Weight};
use super::super::ui::{Panel, Ui};
use super::super::wording::Mood;
use super::paint::{Ink, Paint};
use crate::format;
use crate::text;

pub(super) fn draw(paint: &mut Paint, area: Area, scene: &Scene, ui: &Ui) {
    if area.height == 0 {
        return;
    }
    let title = match ui.filter_in_title() {
        Some(_) => ui.title("Live"),
        None => death(scene).unwrap_or_else(|| "Live".to_owned()),
    };
    paint.title(area, &title, &note(scene, ui), super::has_focus(ui, Panel::Live));
    let shown = ui.live.shown();
    for (y, index) in (area.y + 1..area.y + area.height).zip(shown) {
        let Some(row) = ui.rows.get(index) else { break };
        draw_row(paint, area, y, row, &stack_text::text(scene, row));
        if super::has_focus(ui, Panel::Live) && ui.live.selected_index() == Some(index) {
            paint.select(area, y);
        }
    }
}

/// Of the only process, how it died: then its last moment is what is shown.
fn death(scene: &Scene) -> Option<String> {
    let mut processes = scene.board.processes.iter();
    let (Some((log, _)), None) = (processes.next(), processes.next()) else { return None };
    let death = scene.board.death(log, scene.now)?;
    Some(format!("{}; {}", death.how(), death.facts().join(" · ")))
}

/// What the title says on the right: counts, and how much is out of sight.
fn note(scene: &Scene, ui: &Ui) -> String {
    let OpenNow { spans, threads, tasks } = stack_text::open_now(scene);
    let counted = |count: usize, noun: &str| {
        let s = if count == 1 { "" } else { "s" };
        format!("{} {noun}{s}", format::count(count as u64))
    };
    let places = match (threads, tasks) {
        (_, 0) => counted(threads, "thread"),
        (0, _) => counted(tasks, "task"),
        (_, _) => format!("{}, {}", counted(threads, "thread"), counted(tasks, "task")),
    };
    let note = format!("{} in {places}", counted(spans, "open span"));
    match ui.live.beyond() {
        (0, 0) => note,
        (above, below) => format!("{note}  ↑{above} ↓{below}"),
    }
}

fn draw_row(paint: &mut Paint, area: Area, y: u16, row: &Row, words: &RowText) {
    let end = area.x + area.width;
    // A column stays free on the right, and two between name and age.
    let right_width = u16::try_from(text::width(&words.right)).unwrap_or(0);
    let right_start = end.saturating_sub(right_width + 1);
    let name_end = if right_width > 0 { right_start.saturating_sub(2) } else { right_start };
    let indent = row.indent.saturating_mul(2).min(area.width / 3);
    let marker = match row.open {
        Some(true) => "▾ ",
        Some(false) => "▸ ",
        None => "  ",
    };
    let x = paint.write(area.x + indent, y, name_end, &[(Ink::Faint, marker)]);
    let name_ink = name_ink(words);
    let room = usize::from(name_end.saturating_sub(x));
    // The detail gives way to the name, down to nothing.
    let name = text::fit(&words.name, room);
    let x = paint.write(x, y, name_end, &[(name_ink, &name)]);
    let ink = if words.weight == Weight::Head { words.mood.into() } else { Ink::Faint };
    paint.remark(x, y, name_end, ink, &words.detail);
    let ink = if words.weight == Weight::Inner { name_ink } else { Ink::Plain };
    paint.write_right(end.saturating_sub(1), y, &[(ink, &words.right)]);
}

fn name_ink(words: &RowText) -> Ink {
    match words.weight {
        Weight::Head => Ink::Strong,
        Weight::Group => Ink::Group,
        Weight::Outer => Ink::Plain,
        Weight::Inner if words.mood == Mood::Bad => Ink::Bad,
        Weight::Inner => Ink::Running,
        Weight::Faint => Ink::Faint,
    }
}
