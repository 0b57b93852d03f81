//! What the user chose to see, and how keys change it. Pure: keys in, state and wishes out.

use super::board::Scene;
use super::layout::{self, Areas};
use super::list::List;
use super::stack::{self, Key, Row};
use ferret::event::LogTime;
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
            toggled: BTreeSet::new(),
        }
    }
}

impl Ui {
    /// Forgets what belongs to a run that is gone; what the user set stays.
    pub(crate) fn new_run(&mut self) {
        *self = Self { focus: self.focus, help: self.help, ..Self::default() };
    }

    /// Takes what there is to show and the size to show it in. To be called before each drawing.
    pub(crate) fn arrange(&mut self, scene: &Scene, width: u16, height: u16) -> Areas {
        let areas = layout::divide(width, height, scene.stages.stages.len());
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
        let rows = stack::rows(scene, &self.toggled, usize::MAX).len().min(max_rows);
        let recent = scene.board.recent.rows().len().min(recent);
        let areas = layout::page(width, rows, scene.stages.stages.len(), recent);
        self.arrange_in(scene, areas);
        areas
    }

    fn arrange_in(&mut self, scene: &Scene, areas: Areas) {
        self.rows = stack::rows(scene, &self.toggled, areas.live.rows());
        // The user's folds of rows that are gone would pile up.
        if self.toggled.len() > MAX_TOGGLED {
            let alive: BTreeSet<Key> = self.rows.iter().map(|row| row.key).collect();
            self.toggled.retain(|key| alive.contains(key));
        }
        self.live.arrange(self.rows.iter().map(|row| row.key).collect(), areas.live.rows());
        self.stages.arrange((0..scene.stages.stages.len()).collect(), areas.stages.rows());
        let recent = scene.board.recent.rows();
        self.recent.arrange(recent.iter().map(|row| row.number).collect(), areas.recent.rows());
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
