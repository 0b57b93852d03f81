//! What the user chose to see, and how keys change it. Pure: keys in, state and wishes out.

use super::board::Scene;
use super::heap;
use super::layout::{self, Areas, Contents};
use super::list::List;
use super::pick;
use super::stack::{self, Key, Row};
use crate::filter::Filter;
use ferret::event::LogTime;
use ferret::projections::Happening;
use std::collections::BTreeSet;

/// A key, as far as this screen cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    Char(char),
    Ctrl(char),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Tab,
    BackTab,
    Enter,
    Esc,
}

/// What the user wants that is not a change of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Quit,
    /// Ctrl-Z: give the terminal back and stop.
    Suspend,
    /// Ctrl-L: draw everything anew.
    Repaint,
}

/// The panels that can be scrolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Panel {
    #[default]
    Live,
    Stages,
    Recent,
}

/// The state of the screen.
#[derive(Clone, Debug)]
pub(crate) struct Ui {
    pub(crate) focus: Panel,
    /// The moment at which the user stopped the picture; the program goes on.
    pub(crate) paused: Option<LogTime>,
    pub(crate) help: bool,
    pub(crate) live: List<Key>,
    pub(crate) stages: List<usize>,
    pub(crate) recent: List<u64>,
    /// The rows of the live panel, as last arranged.
    pub(crate) rows: Vec<Row>,
    /// A line the program wants seen; the next key takes it away.
    pub(crate) notice: Option<String>,
    /// What the user wants to see only.
    pub(crate) filter: Option<Filter>,
    /// Rows the user folded or unfolded.
    toggled: BTreeSet<Key>,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            focus: Panel::Live,
            paused: None,
            help: false,
            live: List::from_start(),
            stages: List::from_end(),
            recent: List::from_end(),
            rows: Vec::new(),
            notice: None,
            filter: None,
            toggled: BTreeSet::new(),
        }
    }
}

impl Ui {
    /// The state at first, showing only what passes a filter.
    pub(crate) fn new(filter: Option<Filter>) -> Self {
        Self { filter, ..Self::default() }
    }

    /// Forgets what belongs to a run that is gone; what the user set stays.
    pub(crate) fn new_run(&mut self) {
        let filter = self.filter.take();
        *self = Self { focus: self.focus, help: self.help, filter, ..Self::default() };
    }

    /// Takes what there is to show and the size to show it in. To be called before each drawing.
    pub(crate) fn arrange(&mut self, scene: &Scene, width: u16, height: u16) -> Areas {
        let contents = contents(scene);
        let mut areas = layout::divide(width, height, contents);
        heap::make_room(&mut areas, heap::rows(scene).len(), contents.stages);
        self.arrange_in(scene, areas);
        areas
    }

    /// Takes what there is to show, for a page that has room for all of the live panel up to
    /// `max_rows`, and for the latest `recent` happenings.
    pub(crate) fn arrange_page(
        &mut self,
        scene: &Scene,
        width: u16,
        max_rows: usize,
        recent: usize,
    ) -> Areas {
        let rows =
            stack::rows(scene, &self.toggled, self.filter.as_ref(), usize::MAX).len().min(max_rows);
        let recent = self.recent_rows(scene).len().min(recent);
        let mut areas = layout::page(width, rows, contents(scene), recent);
        heap::lengthen(&mut areas, heap::rows(scene).len());
        self.arrange_in(scene, areas);
        areas
    }

    /// The happenings that pass the filter, by number.
    fn recent_rows(&self, scene: &Scene) -> Vec<u64> {
        let rows = scene.board.recent.rows().iter();
        let passes = |row: &&Happening| {
            self.filter.as_ref().is_none_or(|filter| pick::happening(filter, scene, row))
        };
        rows.filter(passes).map(|row| row.number).collect()
    }

    fn arrange_in(&mut self, scene: &Scene, areas: Areas) {
        let filter = self.filter.as_ref();
        self.rows = stack::rows(scene, &self.toggled, filter, areas.live.rows());
        // The user's folds of rows that are gone would pile up.
        if self.toggled.len() > MAX_TOGGLED {
            let alive: BTreeSet<Key> = self.rows.iter().map(|row| row.key).collect();
            self.toggled.retain(|key| alive.contains(key));
        }
        self.live.arrange(self.rows.iter().map(|row| row.key).collect(), areas.live.rows());
        self.stages.arrange((0..scene.stages.stages.len()).collect(), areas.stages.rows());
        self.recent.arrange(self.recent_rows(scene), areas.recent.rows());
    }

    /// A key was pressed at `now`.
    pub(crate) fn press(&mut self, press: Press, now: LogTime) -> Option<Wish> {
        self.notice = None;
        match press {
            Press::Ctrl('c') => return Some(Wish::Quit),
            Press::Ctrl('z') => return Some(Wish::Suspend),
            Press::Ctrl('l') => return Some(Wish::Repaint),
            // Whatever else is pressed takes the help away.
            _ if self.help => self.help = false,
            Press::Char('q') => return Some(Wish::Quit),
            Press::Char('?') => self.help = true,
            Press::Char(' ') => self.paused = if self.paused.is_some() { None } else { Some(now) },
            Press::Tab | Press::BackTab => self.move_focus(press == Press::Tab),
            Press::Enter | Press::Char('\n') => self.fold(None),
            Press::Left | Press::Char('h') => self.fold(Some(false)),
            Press::Right | Press::Char('l') => self.fold(Some(true)),
            Press::Esc => self.forget(),
            Press::Char(_)
            | Press::Ctrl(_)
            | Press::Up
            | Press::Down
            | Press::PageUp
            | Press::PageDown
            | Press::Home
            | Press::End => self.scroll(press),
        }
        None
    }

    fn scroll(&mut self, press: Press) {
        match self.focus {
            Panel::Live => scroll(&mut self.live, press),
            Panel::Stages => scroll(&mut self.stages, press),
            Panel::Recent => scroll(&mut self.recent, press),
        }
    }

    fn forget(&mut self) {
        match self.focus {
            Panel::Live => self.live.forget(),
            Panel::Stages => self.stages.forget(),
            Panel::Recent => self.recent.forget(),
        }
    }

    fn move_focus(&mut self, forward: bool) {
        self.focus = match (self.focus, forward) {
            (Panel::Live, true) | (Panel::Recent, false) => Panel::Stages,
            (Panel::Stages, true) | (Panel::Live, false) => Panel::Recent,
            (Panel::Recent, true) | (Panel::Stages, false) => Panel::Live,
        };
    }

    /// Opens or closes the selected row of the live panel; `None`: the other of the two. Closing a
    /// row that has nothing to close goes to the row it is under.
    fn fold(&mut self, open: Option<bool>) {
        let Some(index) = self.live.selected_index().filter(|_| self.focus == Panel::Live) else {
            return;
        };
        let Some(row) = self.rows.get(index).copied() else { return };
        match (row.open, open) {
            (Some(is), wish) if wish != Some(is) => self.toggle(row.key),
            (_, Some(false)) => {
                let above = self.rows[..index].iter().rposition(|other| other.indent < row.indent);
                if let Some(above) = above {
                    self.live.step(above.cast_signed() - index.cast_signed());
                }
            }
            _ => {}
        }
    }
}

impl Ui {
    fn toggle(&mut self, key: Key) {
        if !self.toggled.remove(&key) {
            self.toggled.insert(key);
        }
    }
}

/// What there is to show besides what runs now.
fn contents(scene: &Scene) -> Contents {
    let counters = scene.board.counters.names().len();
    Contents { stages: scene.stages.stages.len(), counters }
}

/// More of the user's folds than this are looked through for ones that are no more.
const MAX_TOGGLED: usize = 256;

fn scroll<K: Copy + PartialEq>(list: &mut List<K>, press: Press) {
    match press {
        Press::Up | Press::Char('k') => list.step(-1),
        Press::Down | Press::Char('j') => list.step(1),
        Press::PageUp | Press::Ctrl('b' | 'u') => list.page(-1),
        Press::PageDown | Press::Ctrl('f' | 'd') => list.page(1),
        Press::Home | Press::Char('g') => list.first(),
        Press::End | Press::Char('G') => list.last(),
        // Every other key means nothing in a list.
        Press::Char(_)
        | Press::Ctrl(_)
        | Press::Left
        | Press::Right
        | Press::Tab
        | Press::BackTab
        | Press::Enter
        | Press::Esc => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::{S, Script};
    use super::super::stack::What;
    use super::*;

    const SIZE: (u16, u16) = (80, 24);

    /// Presses keys one by one, the screen being arranged anew before each.
    fn press(keys: &[Press]) -> (Ui, Vec<Option<Wish>>) {
        let script = Script::default().process("cast", 7).thread(2, "worker");
        let script = script.start(1, "run").start(1, "read").start(2, "work").mark(1, "m").wait(S);
        script.look(|scene| {
            let mut ui = Ui::default();
            let wishes = keys.iter().map(|key| {
                ui.arrange(scene, SIZE.0, SIZE.1);
                ui.press(*key, LogTime(5))
            });
            let wishes = wishes.collect();
            ui.arrange(scene, SIZE.0, SIZE.1);
            (ui, wishes)
        })
    }

    #[test]
    fn quitting_suspending_and_repainting_are_wishes() {
        let keys = [Press::Char('q'), Press::Ctrl('c'), Press::Ctrl('z'), Press::Ctrl('l')];
        let wishes = [Wish::Quit, Wish::Quit, Wish::Suspend, Wish::Repaint];
        assert_eq!(press(&keys).1, wishes.map(Some));
    }

    #[test]
    fn space_stops_the_picture_at_that_moment_and_lets_it_go_on() {
        assert_eq!(press(&[Press::Char(' ')]).0.paused, Some(LogTime(5)));
        assert_eq!(press(&[Press::Char(' '), Press::Char(' ')]).0.paused, None);
    }

    #[test]
    fn any_key_closes_the_help_and_does_nothing_else() {
        let (ui, wishes) = press(&[Press::Char('?'), Press::Char('q')]);
        assert_eq!((ui.help, wishes), (false, vec![None, None]));
        let (_, wishes) = press(&[Press::Char('?'), Press::Ctrl('c')]);
        assert_eq!(wishes[1], Some(Wish::Quit));
    }

    #[test]
    fn tab_goes_round_the_panels_both_ways() {
        let focus = |keys: &[Press]| press(keys).0.focus;
        assert_eq!(focus(&[Press::Tab]), Panel::Stages);
        assert_eq!(focus(&[Press::Tab, Press::Tab]), Panel::Recent);
        assert_eq!(focus(&[Press::Tab; 3]), Panel::Live);
        assert_eq!(focus(&[Press::BackTab]), Panel::Recent);
    }

    #[test]
    fn folding_a_span_goes_to_its_thread_and_then_folds_that() {
        let down = [Press::Down; 4];
        let (ui, _) = press(&down);
        let row = |ui: &Ui| ui.rows[ui.live.selected_index().unwrap()];
        assert_eq!(row(&ui).what, What::Frame { index: 1, innermost: true });
        let keys = [&down[..], &[Press::Left, Press::Left]].concat();
        let (ui, _) = press(&keys);
        assert_eq!((row(&ui).what, row(&ui).open), (What::Thread, Some(true)));
        let (ui, _) = press(&[&keys[..], &[Press::Left]].concat());
        assert_eq!((row(&ui).what, row(&ui).open), (What::Thread, Some(false)));
        let (ui, _) = press(&[&keys[..], &[Press::Left, Press::Enter]].concat());
        assert_eq!(row(&ui).open, Some(true));
    }

    #[test]
    fn a_new_run_keeps_the_users_panel_and_filter_alone() {
        let (mut ui, _) = press(&[Press::Down, Press::Tab, Press::Char(' ')]);
        ui.filter = Some("read".parse().unwrap());
        ui.new_run();
        assert_eq!((ui.focus, ui.paused, ui.live.selected()), (Panel::Stages, None, None));
        assert!(ui.filter.is_some());
    }
}
