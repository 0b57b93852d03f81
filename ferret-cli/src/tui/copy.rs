//! The selected row as a line of text, for the clipboard: all that it tells, also where the screen has
//! no room for it.

use super::board::Scene;
use super::columns::Cell;
use super::functions::{self, WHOLE};
use super::stack_text;
use super::tabs::View;
use super::ui::{Panel, Ui};
use super::{processes, stages, wording};

/// What is between two columns.
const GAP: &str = "  ";

/// The selected row; none if none is.
pub(crate) fn selected(scene: &Scene, ui: &Ui) -> Option<String> {
    if let Some(details) = &ui.details {
        return details.info().map(super::details::place);
    }
    match ui.view {
        View::Live => match ui.focus {
            Panel::Live => {
                let words = stack_text::text(scene, ui.rows.get(ui.live.selected_index()?)?);
                Some(join([words.name, words.detail, words.right]))
            }
            Panel::Stages => {
                let stage = scene.stages.stages.get(ui.stages.selected()?)?;
                Some(cells(stages::cells(scene, stage)))
            }
            Panel::Recent => {
                let row = scene.board.recent.row(ui.recent.selected()?)?;
                let told = wording::told(scene, row);
                let outcome = told.outcome.to_owned();
                Some(join([told.time, told.name, told.detail, told.took, outcome, told.thread]))
            }
        },
        View::Functions => {
            let row = scene.functions.get(ui.functions.list.selected()?)?;
            Some(cells(functions::cells(row, scene.functions.share < WHOLE)))
        }
        View::Stages => {
            let id = ui.pipeline.selected()?;
            let stage = scene.stages.stages.iter().find(|stage| stage.id == id)?;
            Some(cells(stages::cells(scene, stage)))
        }
        View::Processes => {
            let log = ui.processes.selected()?;
            Some(cells(processes::cells(scene, log, ui.zombie_after_ns)))
        }
        View::Timeline => None,
    }
}

fn cells(cells: Vec<Cell>) -> String {
    join(cells.into_iter().map(|cell| cell.text))
}

/// What there is, without control characters: a terminal that it is pasted into would obey them.
fn join(pieces: impl IntoIterator<Item = String>) -> String {
    let pieces = pieces.into_iter().map(|piece| piece.trim().to_owned());
    let pieces: Vec<String> = pieces.filter(|piece| !piece.is_empty()).collect();
    pieces.join(GAP).replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::super::press::Press;
    use super::super::script::{S, Script, podcast};
    use super::*;
    use ferret::event::{LogTime, TagValue};

    #[track_caller]
    fn check(script: &Script, keys: &[Press], expect: Option<&str>) {
        let copied = script.look(|scene| {
            let mut ui = Ui::default();
            for key in keys {
                ui.arrange(scene, 80, 24);
                ui.press(*key, LogTime(0));
            }
            ui.arrange(scene, 80, 24);
            selected(scene, &ui)
        });
        assert_eq!(copied.as_deref(), expect, "{keys:?}");
    }

    #[test]
    fn the_selected_row_is_copied_with_all_it_tells() {
        use Press::{Char, Down, Enter, Up};
        let script = podcast();
        check(&script, &[], None);
        let transcription = "transcription  3/10  episode=42  22.3 s";
        check(&script, &[Down, Down, Down], Some(transcription));
        let ended = "11:07:01.558  decode_frame ×2  mean 2.50 ms  max 3.00 ms  5.00 ms  worker-1";
        check(&script, &[Char('P'), Up], Some(ended));
        let stage = "✓ media_download  done  1.54 s  52.0 MiB  100 %";
        check(&script, &[Char('3'), Up, Up], Some(stage));
        check(&script, &[Char('4'), Down], None);
        let function = "run  0  –  24.3 s+  –  –  –  –  –  –  –";
        check(&script, &[Char('2'), Down], Some(function));
        check(&script, &[Char('2'), Down, Enter], Some("program::run  src/main.rs:1"));
    }

    #[test]
    fn control_characters_are_not_pasted_into_a_shell() {
        let script = Script::default().process("cast", 7).start(1, "run");
        let script = script.tag(1, "x", TagValue::Text("a\nrm -rf \u{1b}[0m".to_owned())).wait(S);
        let keys = [Press::Down, Press::Down, Press::Down];
        check(&script, &keys, Some("run  x=a\u{fffd}rm -rf \u{fffd}[0m  1.0 s"));
    }
}
