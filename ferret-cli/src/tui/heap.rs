//! The heap, in a few rows below CPU and memory: what lives, and who made most of it. Of programs
//! whose allocator tells; others have no such rows.

use super::board::Scene;
use super::layout::{Area, Areas};
use crate::format;

/// Owners shown at most.
const OWNERS: usize = 4;

/// What the rows say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) live: String,
    pub(crate) peak: String,
}

/// The process's row, or that of all processes, then those of the owners with the most.
pub(crate) fn rows(scene: &Scene) -> Vec<Row> {
    let row = |name: &str, bytes: u64, peak_bytes: u64| Row {
        name: name.to_owned(),
        live: format::bytes(bytes),
        peak: format::bytes(peak_bytes),
    };
    let Some(living) = scene.heap() else { return Vec::new() };
    let owners = scene.heap_owners();
    let owners = owners.iter().filter(|(_, living)| living.bytes > 0).take(OWNERS);
    let owners = owners.map(|(info, living)| row(&info.name, living.bytes, living.peak_bytes));
    [row("heap", living.bytes, living.peak_bytes)].into_iter().chain(owners).collect()
}

/// Takes room for the rows: from what the stages leave in their column, or else from what runs now
/// as long as that keeps the most. `stages` is how many there are.
pub(crate) fn make_room(areas: &mut Areas, rows: usize, stages: usize) {
    let wanted = to_u16(rows);
    let is_beside = areas.stages.x > 0 && areas.stages.x == areas.charts[0].x;
    if is_beside {
        let spare = areas.stages.height.saturating_sub(to_u16(stages).saturating_add(1));
        let least = u16::from(areas.stages.height >= 4);
        areas.heap = cut_top(&mut areas.stages, wanted.min(spare.max(least)));
    } else if areas.charts[0].height >= 2 && areas.live.height >= 8 {
        let room = (areas.live.height / 5).max(1);
        areas.heap = cut_top(&mut areas.live, wanted.min(room));
    }
}

/// Makes room on a page, which is as long as it must be.
pub(crate) fn lengthen(areas: &mut Areas, rows: usize) {
    let height = to_u16(rows);
    areas.heap = Area { height, ..areas.live };
    for area in [&mut areas.live, &mut areas.stages, &mut areas.recent] {
        area.y = area.y.saturating_add(height);
    }
}

fn cut_top(area: &mut Area, height: u16) -> Area {
    let height = height.min(area.height);
    let top = Area { height, ..*area };
    area.y += height;
    area.height -= height;
    top
}

fn to_u16(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::script::{S, Script};

    #[test]
    fn the_heap_of_a_process_that_died_is_no_more() {
        let heap = |script: Script, kib| script.heap(None, kib, 70).heap(Some("load"), kib, 70);
        let script = heap(Script::default().process("web", 7), 60).wait(S);
        let mut script = heap(script.process("web", 8), 20);
        script.board.logs[0].owned = Some(false);
        let rows = script.look(rows);
        let rows: Vec<_> = rows.iter().map(|row| (&*row.name, &*row.live, &*row.peak)).collect();
        assert_eq!(rows, [("heap", "20.0 KiB", "140 KiB"), ("load", "20.0 KiB", "140 KiB")]);
    }
}
