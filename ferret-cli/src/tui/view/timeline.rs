//! The picture of the last seconds.

use super::super::board::Scene;
use super::super::layout::Area;
use super::super::timeline::{self, Picture, Span};
use super::super::ui::Ui;
use super::super::wording;
use super::paint::{Ink, Paint};
use crate::text;

/// Columns of a thread's name.
const NAME: u16 = 14;

pub(super) fn draw(paint: &mut Paint, area: Area, scene: &Scene, ui: &Ui) {
    if area.height == 0 {
        return;
    }
    let moment = if ui.travel.is_live() { "now" } else { "then" };
    paint.title(area, &ui.title("Timeline"), &ui.timeline.note(moment), !ui.help);
    let names = NAME.min(area.width / 4);
    let columns = area.width.saturating_sub(names + 2);
    let mut y = area.y + 1;
    let axis = area.height >= 6;
    let end = area.y + area.height - u16::from(axis);
    if axis {
        let (from, until) = ui.timeline.ends(moment);
        let right = area.x + area.width - 1;
        paint.write(area.x + names + 1, end, right, &[(Ink::Faint, &from)]);
        paint.write_right(right, end, &[(Ink::Faint, &until)]);
    }
    for picture in ui.timeline.pictures(scene, ui.filter.as_ref(), columns) {
        if y >= end || columns == 0 {
            break;
        }
        let name = thread_name(scene, &picture);
        let name = text::fit(&name, usize::from(names.saturating_sub(1)));
        paint.write(area.x + 1, y, area.x + names, &[(Ink::Group, &name)]);
        for row in &picture.rows {
            if y < end {
                draw_row(paint, (area.x + names + 1, y), scene, &picture, row);
                y += 1;
            }
        }
        y += u16::from(picture.rows.is_empty());
    }
    if y == area.y + 1 && area.height > 2 {
        let none = if ui.filter.is_some() { "no span passes the filter" } else { "no span yet" };
        paint.write(area.x + 2, area.y + 2, area.x + area.width, &[(Ink::Faint, none)]);
    }
}

fn thread_name(scene: &Scene, picture: &Picture) -> String {
    let thread = scene.names(picture.log).thread_name(picture.thread);
    let several = scene.board.processes.iter().len() > 1;
    match scene.process(picture.log).filter(|_| several) {
        Some(process) => format!("{} {thread}", wording::process_name(process, true)),
        None => thread,
    }
}

fn draw_row(paint: &mut Paint, (x, y): (u16, u16), scene: &Scene, picture: &Picture, row: &[Span]) {
    let names = scene.names(picture.log);
    for span in row {
        let ink = match (span.open, span.failed) {
            (_, true) => Ink::Bad,
            (true, false) => Ink::Running,
            (false, false) => Ink::Plain,
        };
        let columns = span.until.saturating_sub(span.from);
        let bar = timeline::bar(names.span_name(span.path), usize::from(columns), span.many);
        paint.write(x + span.from, y, x + span.until, &[(ink, &bar)]);
    }
}
