//! The pipeline: its stages as a table, the ones that are over first and the running one last.

use super::board::Scene;
use super::columns::{Cell, Column};
use super::headline::Tone;
use super::pick;
use super::wording::{self, Mood};
use crate::analyze::{self, LastGood, StageThen};
use crate::filter::Filter;
use crate::format;
use ferret::projections::{FunctionId, StageState, StageStats};

/// The columns of the table, in order.
const COLUMNS: [Column; 11] = [
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
    column("than before", 12, 2),
];

/// Those that a scene has: without an earlier run nothing is compared with it.
pub(crate) fn columns(scene: &Scene) -> &'static [Column] {
    if scene.before.is_some() { &COLUMNS } else { &COLUMNS[..COLUMNS.len() - 1] }
}

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
pub(crate) fn cells(scene: &Scene, stage: &StageStats) -> Vec<Cell> {
    let (state, mood) = wording::stage_state(stage.state);
    let running = stage.state == StageState::Running;
    let calls = stage.calls + stage.open;
    let progress = stage.progress.map(|progress| wording::progress(progress.done, progress.total));
    let rate = stage.per_second.map(|rate| format!("{}/s", format::short_rate(rate)));
    let then = then(scene, stage);
    // Its own pace tells more than that of another run.
    let own = stage.left_ns.filter(|ns| *ns > 0).map(format::age);
    let left = own.or_else(|| Some(format!("~{}", format::age(then.as_ref()?.left_ns?))));
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
        then.and_then(|then| then.words()).map_or_else(
            || Cell::faint(""),
            |(words, is_slower)| {
                Cell::toned(words, Tone::Mood(if is_slower { Mood::Warn } else { Mood::Good }))
            },
        ),
    ]
}

/// What all stages are to those of the last good run.
pub(crate) fn last_good(scene: &Scene) -> Option<LastGood> {
    let run_ns = scene.last_moment().since(scene.began()?);
    let now: Vec<_> = scene.stages.stages.iter().map(analyze::stage).collect();
    Some(scene.before?.compare(&now, run_ns))
}

/// The stage beside the same one in the last good run.
fn then(scene: &Scene, stage: &StageStats) -> Option<StageThen> {
    let run_ns = scene.last_moment().since(scene.began()?);
    scene.before?.stage(&analyze::stage(stage), run_ns)
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
        0 if stages.len() == 1 => "1 stage".to_owned(),
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
    use super::super::script::{MS, S, Script};
    use super::*;
    use crate::analyze::GoodRun;

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

    /// Whether the last column is there; a stage's `left`, and what it is to the run before.
    fn check(script: &Script, before: Option<&GoodRun>, expect: (bool, &str, &str)) {
        script.look(|scene| {
            let scene = Scene { before, ..*scene };
            let cells = cells(&scene, &scene.stages.stages[0]);
            assert_eq!(cells.len(), COLUMNS.len());
            let is_shown = columns(&scene).len() == COLUMNS.len();
            assert_eq!((is_shown, &*cells[6].text, &*cells[10].text), expect);
        });
    }

    #[test]
    fn a_stage_is_told_beside_the_last_good_run() {
        let then = |wall_ns: u64, done: Option<u64>| {
            let stage = analyze::Stage {
                name: "read".to_owned(),
                calls: 1,
                wall_ns,
                done,
                ..Default::default()
            };
            let stages = vec![stage];
            GoodRun::of(&analyze::Analysis { stages, ..Default::default() }, "run.1-2.redb")
        };
        let runs = || Script::default().process("cast", 7).stage(1, "read").wait(4 * S);
        check(&runs(), None, (false, "", ""));
        check(&runs(), Some(&then(10 * S, None)), (true, "~6.0 s", ""));
        check(&runs(), Some(&then(2 * S, None)), (true, "", "2.0 × slower"));
        check(&runs().end(1), Some(&then(8 * S, None)), (true, "", "2.0 × faster"));
        check(&runs().end(1), Some(&then(4 * S + 100 * MS, None)), (true, "", ""));
        // Of one that says how far it is, its own pace tells what is left.
        let far = runs().progress(1, 5, 10).wait(S).progress(1, 6, 10);
        far.look(|scene| assert!(scene.stages.stages[0].left_ns.is_some()));
        let faint = Some(then(10 * S, Some(10)));
        far.look(|scene| {
            let scene = Scene { before: faint.as_ref(), ..*scene };
            assert!(!cells(&scene, &scene.stages.stages[0])[6].text.starts_with('~'));
        });
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let script = Script::default().process("cast", 7).stage(1, "all").progress(1, 3, 10);
        script.wait(S).look(|scene| {
            let cells = cells(scene, &scene.stages.stages[0]);
            assert_eq!(cells.len(), COLUMNS.len());
            assert_eq!(cells[3].text, "━━━━────────────");
        });
    }
}
