//! Folding many rows of the live panel at once, and following what a thread does. Which rows there
//! are is known when they are arranged: so a key says what is wanted, and the next arranging does it.

use super::board::Scene;
use super::stack::{self, Key, Row, What};
use super::ui::{Panel, Ui};
use ferret::event::{LogIndex, ThreadId};

/// What is unfolded may hold more that can be unfolded: groups, threads, deep stacks.
const LEVELS: usize = 4;

/// What is wanted of the live panel's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// To unfold or to fold a row and all below it; without a key all there are.
    fold: Option<(Option<Key>, bool)>,
    /// To begin to follow the thread of the selected row.
    follow: bool,
}

impl Ui {
    /// Unfolds or folds the selected row and all below it; all rows if none is selected.
    pub(super) fn fold_all(&mut self, open: bool) {
        if self.focus == Panel::Live {
            self.wanted.fold = Some((self.live.selected(), open));
        }
    }

    /// Begins to follow the selected row's thread, or ends it.
    pub(super) fn follow_or_not(&mut self) {
        if self.focus != Panel::Live {
            return;
        }
        self.notice = Some(if self.follows.take().is_some() {
            "follows no thread any more".to_owned()
        } else {
            self.wanted.follow = true;
            "follows what the selected thread runs, until you move".to_owned()
        });
    }

    /// The rows of the live panel, once what is wanted of them is done.
    pub(super) fn rows_as_wanted(&mut self, scene: &Scene, page: usize) -> Vec<Row> {
        let mut rows = self.arranged(scene, page);
        if let Some((key, open)) = self.wanted.fold.take() {
            for _ in 0..LEVELS {
                if !self.toggle_below(&rows, key, open) {
                    break;
                }
                rows = self.arranged(scene, page);
            }
        }
        if std::mem::take(&mut self.wanted.follow) {
            self.follows = thread_at(&rows, self.live.selected());
            if self.follows.is_none() {
                self.notice = Some("no thread runs a span here".to_owned());
            }
        }
        rows
    }

    /// Selects what the followed thread runs now; while it runs nothing, what was selected stays.
    pub(super) fn follow(&mut self) {
        let Some(thread) = self.follows else { return };
        let innermost = self.rows.iter().rfind(|row| thread_of(row) == Some(thread));
        if let Some(row) = innermost {
            self.live.go_to(row.key);
        }
    }

    fn arranged(&self, scene: &Scene, page: usize) -> Vec<Row> {
        stack::rows(scene, &self.toggled, self.filter.as_ref(), page)
    }

    /// Says whether any row was folded or unfolded.
    fn toggle_below(&mut self, rows: &[Row], key: Option<Key>, open: bool) -> bool {
        let mut range = 0..rows.len();
        if let Some(key) = key {
            let Some(first) = rows.iter().position(|row| row.key == key) else { return false };
            // A span has nothing to fold of its own: its thread has.
            let holds = |at: &usize| open || rows[*at].open.is_some();
            let above = |at: usize| rows[..at].iter().rposition(|row| row.indent < rows[at].indent);
            let first = std::iter::successors(Some(first), |at| above(*at)).find(holds);
            let Some(first) = first else { return false };
            let below = |row: &Row| row.indent > rows[first].indent;
            let count = rows[first + 1..].iter().take_while(|row| below(row)).count();
            range = first..first + 1 + count;
            self.live.go_to(rows[first].key);
        }
        let wrong = rows[range].iter().filter(|row| row.open == Some(!open));
        let wrong: Vec<Key> = wrong.map(|row| row.key).collect();
        for key in &wrong {
            self.toggle(*key);
        }
        !wrong.is_empty()
    }
}

/// The thread whose span or name a row shows.
fn thread_of(row: &Row) -> Option<(LogIndex, ThreadId)> {
    match (row.key, row.what) {
        (Key::Frame(log, thread, _) | Key::Thread(log, thread) | Key::Gap(log, thread), _) => {
            Some((log, thread))
        }
        // The one that stands for all.
        (Key::Alike(log, ..), What::Alike { oldest, .. }) => Some((log, oldest)),
        _ => None,
    }
}

/// The thread of the selected row, or the first below it that is of one.
fn thread_at(rows: &[Row], selected: Option<Key>) -> Option<(LogIndex, ThreadId)> {
    let from = selected.and_then(|key| rows.iter().position(|row| row.key == key)).unwrap_or(0);
    rows[from..].iter().find_map(thread_of)
}

#[cfg(test)]
mod tests {
    use super::super::press::Press;
    use super::super::script::{S, Script};
    use super::super::stack_text;
    use super::*;
    use ferret::event::LogTime;

    /// The rows after keys, the selected one marked.
    fn rows(script: &Script, ui: &mut Ui, keys: &[Press]) -> Vec<String> {
        script.look(|scene| {
            for key in keys {
                ui.arrange(scene, 100, 60);
                ui.press(*key, LogTime(5));
            }
            ui.arrange(scene, 100, 60);
            let name = |(index, row): (usize, &Row)| {
                let mark = if ui.live.selected_index() == Some(index) { ">" } else { "" };
                format!("{mark}{}", stack_text::text(scene, row).name)
            };
            ui.rows.iter().enumerate().map(name).collect()
        })
    }

    /// A pool of five that does the same, a deep stack, and one idle thread.
    fn pool() -> Script {
        let mut script = Script::default().process("pool", 7);
        for depth in 0..20 {
            script = script.start(1, &format!("level_{depth}"));
        }
        for id in 2..7 {
            script = script.thread(id, &format!("worker-{id}")).start(id, "serve");
        }
        script.thread(9, "lazy").wait(S)
    }

    #[test]
    fn e_unfolds_all_below_and_c_folds_it() {
        let (script, mut ui) = (pool(), Ui::default());
        let before = rows(&script, &mut ui, &[]);
        let all = rows(&script, &mut ui, &[Press::Char('e')]);
        // Seven levels of the deep stack, five threads with a span each, and the idle one.
        assert_eq!(all.len(), before.len() + 7 + 9 + 1, "{all:?}");
        let none = rows(&script, &mut ui, &[Press::Char('c')]);
        assert_eq!(none, ["pool 7"]);
        let again = rows(&script, &mut ui, &[Press::Char('e')]);
        assert_eq!(again, all);
    }

    #[test]
    fn of_a_selected_row_only_what_is_below_it_unfolds() {
        let (script, mut ui) = (pool(), Ui::default());
        rows(&script, &mut ui, &[Press::Char('G'), Press::Char('e')]);
        let shown = rows(&script, &mut ui, &[]);
        assert!(shown.ends_with(&[">1 idle thread".to_owned(), "lazy".to_owned()]), "{shown:?}");
        assert!(shown.contains(&"… 7 frames …".to_owned()), "{shown:?}");
        assert!(!shown.contains(&"level_5".to_owned()), "{shown:?}");
    }

    #[test]
    fn c_on_a_span_folds_its_thread() {
        let (script, mut ui) = (pool(), Ui::default());
        let down = [Press::Down; 5];
        let shown = rows(&script, &mut ui, &[&down[..], &[Press::Char('c')]].concat());
        assert_eq!(shown[..2], ["pool 7", ">main"], "{shown:?}");
        assert!(!shown.contains(&"level_0".to_owned()), "{shown:?}");
    }

    #[test]
    fn a_followed_thread_has_its_innermost_span_selected_until_the_user_moves() {
        let script = Script::default().process("cast", 7).thread(2, "worker").start(1, "run");
        let script = script.start(2, "work").wait(S);
        let mut ui = Ui::default();
        let keys = [Press::Down, Press::Down, Press::Down, Press::Char('F')];
        assert_eq!(rows(&script, &mut ui, &keys)[2], ">run");
        let script = script.start(1, "read").start(1, "seek").start(2, "wait").wait(S);
        assert_eq!(rows(&script, &mut ui, &[])[4], ">seek");
        let script = script.end(1).end(1).end(1).wait(S).start(1, "write");
        assert_eq!(rows(&script, &mut ui, &[])[2], ">write");
        rows(&script, &mut ui, &[Press::Down]);
        assert_eq!(ui.follows, None);
        let script = script.start(1, "flush").wait(S);
        assert!(!rows(&script, &mut ui, &[]).contains(&">flush".to_owned()));
    }

    #[test]
    fn with_nothing_selected_the_first_thread_is_followed_and_f_again_ends_it() {
        let script = Script::default().process("cast", 7).start(1, "run").wait(S);
        let mut ui = Ui::default();
        assert_eq!(rows(&script, &mut ui, &[Press::Char('F')])[2], ">run");
        rows(&script, &mut ui, &[Press::Char('F')]);
        assert_eq!(ui.follows, None);
        let idle = Script::default().process("cast", 7).wait(S);
        rows(&idle, &mut ui, &[Press::Char('F')]);
        assert_eq!(ui.notice.as_deref(), Some("no thread runs a span here"));
    }
}
