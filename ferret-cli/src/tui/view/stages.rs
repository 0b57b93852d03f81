//! The stages of the program's work: how each stands, how far it is, how long it took and what the
//! process used meanwhile.

use super::super::board::Scene;
use super::super::layout::Area;
use super::super::stages;
use super::super::ui::{Panel, Ui};
use super::super::wording;
use super::paint::{Ink, Paint};
use crate::{format, text};
use ferret::projections::{StageState, StageStats};

/// The width of a progress bar.
const BAR: usize = 10;

pub(super) fn draw(paint: &mut Paint, area: Area, scene: &Scene, ui: &Ui) {
    if area.height == 0 {
        return;
    }
    let stages = &scene.stages.stages;
    paint.title(area, "Stages", &note(stages), super::has_focus(ui, Panel::Stages));
    if ui.stages.len() == 0 && area.height > 1 {
        let none = if stages.is_empty() {
            "no stage yet: #[profile(stage)] makes one"
        } else {
            "no stage passes the filter"
        };
        paint.write(area.x + 2, area.y + 1, area.x + area.width, &[(Ink::Faint, none)]);
    }
    for (y, &index) in (area.y + 1..area.y + area.height).zip(ui.stages.shown_keys()) {
        let Some(stage) = stages.get(index) else { break };
        draw_stage(paint, area, y, stage);
        if super::has_focus(ui, Panel::Stages) && ui.stages.selected() == Some(index) {
            paint.select(area, y);
        }
    }
}

fn note(stages: &[StageStats]) -> String {
    let running = stages.iter().filter(|stage| stage.state == StageState::Running).count();
    match (stages.len(), running) {
        (0, _) => String::new(),
        (all, 0) => all.to_string(),
        (all, running) => format!("{running} of {all} running"),
    }
}

fn draw_stage(paint: &mut Paint, area: Area, y: u16, stage: &StageStats) {
    let (state, mood) = wording::stage_state(stage.state);
    let icon = stages::icon(stage.state);
    let ink = if stage.state == StageState::Running { Ink::Running } else { Ink::from(mood) };
    let end = (area.x + area.width).saturating_sub(1);
    let columns = columns(area.width, stage, state);
    let width: usize = columns.iter().map(|(_, column)| text::width(column)).sum();
    let name_end = end.saturating_sub(u16::try_from(width + 1).unwrap_or(u16::MAX));
    let name = &stage.info.name;
    let times = if stage.calls + stage.open > 1 {
        format!(" ×{}", format::short_count(stage.calls + stage.open))
    } else {
        String::new()
    };
    let room = usize::from(name_end.saturating_sub(area.x + 4)).saturating_sub(text::width(&times));
    let name = text::fit(name, room);
    let pieces = [(ink, icon), (Ink::Plain, " "), (ink, &*name), (Ink::Faint, &*times)];
    paint.write(area.x + 2, y, name_end.max(area.x + 2), &pieces);
    let columns: Vec<_> = columns.iter().map(|(ink, column)| (*ink, &**column)).collect();
    paint.write_right(end, y, &columns);
}

/// What stands right of the name, as far as there is room: progress, wall time, memory, CPU.
fn columns(width: u16, stage: &StageStats, state: &str) -> Vec<(Ink, String)> {
    let mut columns = Vec::new();
    let running = stage.state == StageState::Running;
    // Where not all has room, what was used matters more than a bar beside the numbers.
    let (with_usage, with_bar) = (width >= 52, !(52..64).contains(&width));
    match stage.progress {
        Some(progress) if running && progress.total > 0 && with_bar => {
            let (done, left) = bar(progress.done, progress.total);
            columns.push((Ink::Good, done));
            columns.push((Ink::Faint, left));
            columns.push((Ink::Plain, " ".to_owned()));
        }
        _ if !running && stage.state != StageState::Done => {
            columns.push((Ink::Warn, format!("{state} ")));
        }
        _ => {}
    }
    if let Some(progress) = stage.progress {
        let words = wording::progress(progress.done, progress.total);
        columns.push((Ink::Plain, format!("{words} ")));
    }
    let wall = if running { format::age(stage.wall_ns) } else { format::duration(stage.wall_ns) };
    columns.push((Ink::Plain, text::pad_left(&wall, 8)));
    if with_usage {
        let rss = stage.peak_rss_bytes.map(format::bytes).unwrap_or_default();
        columns.push((Ink::Faint, text::pad_left(&rss, 10)));
        let cpu = stage.avg_cpu_percent.map(|cpu| format!("{cpu:.0} %")).unwrap_or_default();
        columns.push((Ink::Faint, text::pad_left(&cpu, 7)));
    }
    columns
}

/// A bar of [`BAR`] columns, done and left.
fn bar(done: u64, total: u64) -> (String, String) {
    let share = u128::from(done.min(total)) * BAR as u128 / u128::from(total.max(1));
    let done = usize::try_from(share).unwrap_or(BAR).min(BAR);
    ("━".repeat(done), "─".repeat(BAR - done))
}
