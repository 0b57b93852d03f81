//! The pipeline: its stages as a table, the ones that are over first and the running one last.

use super::board::Scene;
use super::columns::{Cell, Column};
use super::headline::Tone;
use super::pick;
use super::wording;
use crate::filter::Filter;
use crate::format;
use ferret::projections::{FunctionId, StageState, StageStats};

/// The columns of the table, in order.
pub(crate) const COLUMNS: [Column; 10] = [
    column("stage", 22, 9),
    column("calls", 6, 1),
    column("state", 10, 3),
    column("", BAR, 2),
    column("done", 11, 9),
    column("rate", 8, 4),
    column("left", 7, 7),
    column("wall", 8, 8),
    column("peak RSS", 9, 6),
    column("CPU", 7, 5),
];

/// The columns of a progress bar.
const BAR: u16 = 16;

const fn column(title: &'static str, width: u16, weight: u8) -> Column {
    Column { title, width, weight }
}

/// The stages that pass the filter, as they began, by their index.
pub(crate) fn shown(scene: &Scene, filter: Option<&Filter>) -> Vec<usize> {
    let passes = |stage: &StageStats| filter.is_none_or(|filter| pick::stage(filter, stage));
    let all = scene.stages.stages.iter().enumerate();
    all.filter(|(_, stage)| passes(stage)).map(|(index, _)| index).collect()
}

/// The same in the order of the table: as they began, but those that run behind all others.
pub(crate) fn order(scene: &Scene, filter: Option<&Filter>) -> Vec<FunctionId> {
    let all = &scene.stages.stages;
    let mut stages: Vec<&StageStats> =
        shown(scene, filter).into_iter().map(|index| &all[index]).collect();
    stages.sort_by_key(|stage| stage.state == StageState::Running);
    stages.into_iter().map(|stage| stage.id).collect()
}

/// What stands before a stage's name: how it stands, in one sign.
pub(crate) fn icon(state: StageState) -> &'static str {
    match state {
        StageState::Running => "▶",
        StageState::Done => "✓",
        StageState::Failed | StageState::Unfinished => "✗",
        StageState::Cancelled | StageState::Unknown => "–",
    }
}

/// A stage's row.
pub(crate) fn cells(stage: &StageStats) -> Vec<Cell> {
    let (state, mood) = wording::stage_state(stage.state);
    let running = stage.state == StageState::Running;
    let calls = stage.calls + stage.open;
    let progress = stage.progress.map(|progress| wording::progress(progress.done, progress.total));
    let rate = stage.per_second.map(|rate| format!("{}/s", format::short_rate(rate)));
    let left = stage.left_ns.filter(|ns| *ns > 0).map(format::age);
    let wall = if running { format::age(stage.wall_ns) } else { format::duration(stage.wall_ns) };
    // Memory and CPU are the process's: of both stages where two ran at once.
    let shared = |text: String| if stage.shared { text + "*" } else { text + " " };
    let rss = stage.peak_rss_bytes.map(format::bytes).map(shared);
    let cpu = stage.avg_cpu_percent.map(|cpu| shared(format!("{cpu:.0} %")));
    let tone = Tone::Mood(mood);
    vec![
        Cell::toned(format!("{} {}", icon(stage.state), stage.info.name), tone),
        Cell::faint(if calls > 1 {
            format!("×{}", format::short_count(calls))
        } else {
            String::new()
        }),
        Cell::toned(state, tone),
        Cell::toned(if running { bar(stage) } else { String::new() }, tone),
        Cell::plain(progress.unwrap_or_default()),
        Cell::faint(rate.unwrap_or_default()),
        Cell::plain(left.unwrap_or_default()),
        Cell::plain(wall),
        Cell::plain(rss.unwrap_or_default()),
        Cell::plain(cpu.unwrap_or_default()),
    ]
}

/// A progress bar; none where the total is not known.
fn bar(stage: &StageStats) -> String {
    let Some(progress) = stage.progress.filter(|progress| progress.total > 0) else {
        return String::new();
    };
    let share = u128::from(progress.done.min(progress.total)) * u128::from(BAR);
    let done = usize::try_from(share / u128::from(progress.total)).unwrap_or(0);
    "━".repeat(done) + &"─".repeat(usize::from(BAR).saturating_sub(done))
}

/// What the table's title says on the right; shorter where it is not `wide`.
pub(crate) fn note(scene: &Scene, wide: bool) -> String {
    let stages = &scene.stages.stages;
    if stages.is_empty() {
        return String::new();
    }
    let running = stages.iter().filter(|stage| stage.state == StageState::Running).count();
    let note = match running {
        0 => format!("{} stages", stages.len()),
        running => format!("{running} of {} running", stages.len()),
    };
    if !wide {
        return note;
    }
    let shared = stages.iter().any(|stage| stage.shared);
    let shared = if shared { "  * shared with another stage" } else { "" };
    format!("{note}, {} in all{shared}", format::age(scene.stages.total.wall_ns))
}

#[cfg(test)]
mod tests {
    use super::super::script::{S, Script};
    use super::*;

    fn names(script: &Script) -> Vec<String> {
        script.look(|scene| {
            let name = |id: FunctionId| {
                let mut all = scene.stages.stages.iter();
                all.find(|stage| stage.id == id).unwrap().info.name.clone()
            };
            order(scene, None).into_iter().map(name).collect()
        })
    }

    #[test]
    fn the_stage_that_runs_is_the_last() {
        let script = Script::default().process("cast", 7).stage(1, "all").wait(S);
        let script = script.stage(1, "read").wait(S).end(1).stage(1, "write").wait(S).end(1);
        assert_eq!(names(&script), ["read", "write", "all"]);
        assert_eq!(names(&script.end(1)), ["all", "read", "write"]);
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let script = Script::default().process("cast", 7).stage(1, "all").progress(1, 3, 10);
        script.wait(S).look(|scene| {
            let cells = cells(&scene.stages.stages[0]);
            assert_eq!(cells.len(), COLUMNS.len());
            assert_eq!(cells[3].text, "━━━━────────────");
        });
    }
}
