//! What the user chose to see, and how keys change it. Pure: keys in, state and wishes out.

use super::board::Scene;
use super::details::Details;
use super::functions::Functions;
use super::heap;
use super::keys;
use super::layout::{self, Areas, Contents};
use super::list::List;
use super::pick;
use super::press::scroll;
use super::processes;
use super::prompt::{self, Prompt};
use super::stack::{self, Key, Row};
use super::stages;
use super::tabs::{self, View};
use super::timeline::Timeline;
use super::travel::{self, Go, Taken, Travel};
use super::unfold::Wanted;
use super::warnings;
use crate::filter::Filter;
use ferret::event::{LogIndex, LogTime, ThreadId};
use ferret::projections::{FunctionId, Happening};
use std::collections::BTreeSet;

pub(crate) use super::press::{Press, Wish};

/// The panels of *Live* that can be scrolled.
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
    pub(crate) view: View,
    pub(crate) focus: Panel,
    /// Which moment is shown.
    pub(crate) travel: Travel,
    pub(crate) help: bool,
    /// Where it has several pages, the one that is shown.
    pub(crate) help_page: usize,
    /// Rows of the screen, as last arranged.
    height: u16,
    pub(crate) live: List<Key>,
    pub(crate) stages: List<usize>,
    pub(crate) recent: List<u64>,
    pub(crate) functions: Functions,
    pub(crate) timeline: Timeline,
    pub(crate) processes: List<LogIndex>,
    /// A process that has done nothing for so long is a zombie, ns.
    pub(crate) zombie_after_ns: u64,
    /// The rows of the pipeline's view.
    pub(crate) pipeline: List<FunctionId>,
    /// The rows of the live panel, as last arranged.
    pub(crate) rows: Vec<Row>,
    /// A line the program wants seen; the next key takes it away.
    pub(crate) notice: Option<String>,
    /// What the user wants to see only.
    pub(crate) filter: Option<Filter>,
    /// The page about one function, while it is open.
    pub(crate) details: Option<Details>,
    /// The page with what looks wrong, while it is open.
    pub(crate) warned: Option<warnings::Page>,
    /// The line in which a filter is written, while it is open.
    pub(crate) prompt: Option<Prompt>,
    /// The filters of this session, oldest first.
    pub(super) earlier: Vec<String>,
    /// Rows the user folded or unfolded.
    pub(super) toggled: BTreeSet<Key>,
    /// What the next arranging is to do with them.
    pub(super) wanted: Wanted,
    /// The thread whose innermost span is kept selected.
    pub(super) follows: Option<(LogIndex, ThreadId)>,
    /// Where all stands, as last arranged.
    pub(super) areas: Areas,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            view: View::Live,
            focus: Panel::Live,
            travel: Travel::default(),
            help: false,
            help_page: 0,
            height: 0,
            live: List::from_start(),
            stages: List::from_end(),
            recent: List::from_end(),
            functions: Functions::default(),
            timeline: Timeline::default(),
            processes: List::from_start(),
            zombie_after_ns: processes::ZOMBIE_AFTER_NS,
            pipeline: List::from_end(),
            rows: Vec::new(),
            notice: None,
            filter: None,
            details: None,
            warned: None,
            prompt: None,
            earlier: Vec::new(),
            toggled: BTreeSet::new(),
            wanted: Wanted::default(),
            follows: None,
            areas: Areas::default(),
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
        let (prompt, earlier) = (self.prompt.take(), std::mem::take(&mut self.earlier));
        let (view, focus, help) = (self.view, self.focus, self.help);
        let zombie_after_ns = self.zombie_after_ns;
        let kept = Self { view, focus, help, zombie_after_ns, ..Self::default() };
        *self = Self { filter, prompt, earlier, ..kept };
    }

    /// Takes what there is to show and the size to show it in. To be called before each drawing.
    pub(crate) fn arrange(&mut self, scene: &Scene, width: u16, height: u16) -> Areas {
        let height = height - prompt::rows(self.prompt.as_ref(), height);
        let warned = if self.warned.is_some() { 0 } else { warnings::rows(scene.warnings, height) };
        let height = height - warned;
        self.height = height;
        self.resolve_details(scene);
        let mut areas = match self.view {
            _ if self.warned.is_some() => {
                let areas = layout::frame(width, height);
                self.arrange_warnings(scene.warnings.len(), areas.body);
                areas
            }
            _ if self.details.is_some() => {
                let areas = layout::frame(width, height);
                self.arrange_details(scene, areas.body);
                areas
            }
            View::Live => self.arrange_live(scene, width, height),
            View::Functions => {
                let areas = layout::frame(width, height);
                self.functions.arrange(scene, self.filter.as_ref(), areas.body);
                areas
            }
            View::Timeline => {
                self.timeline.arrange(scene, self.filter.as_ref());
                layout::frame(width, height)
            }
            View::Processes => {
                let areas = layout::frame(width, height);
                let order = processes::order(scene, self.filter.as_ref());
                self.processes.arrange(order, areas.body.table_rows());
                areas
            }
            View::Stages => {
                let areas = layout::frame(width, height);
                let order = stages::order(scene, self.filter.as_ref());
                self.pipeline.arrange(order, areas.body.table_rows());
                areas
            }
        };
        prompt::make_room(&mut areas, self.filter.as_ref());
        warnings::make_room(&mut areas, warned);
        self.areas = areas;
        areas
    }

    fn arrange_live(&mut self, scene: &Scene, width: u16, height: u16) -> Areas {
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
        self.rows = self.rows_as_wanted(scene, areas.live.rows());
        // The user's folds of rows that are gone would pile up.
        if self.toggled.len() > MAX_TOGGLED {
            let alive: BTreeSet<Key> = self.rows.iter().map(|row| row.key).collect();
            self.toggled.retain(|key| alive.contains(key));
        }
        self.live.arrange(self.rows.iter().map(|row| row.key).collect(), areas.live.rows());
        self.follow();
        self.stages.arrange(stages::shown(scene, self.filter.as_ref()), areas.stages.rows());
        self.recent.arrange(self.recent_rows(scene), areas.recent.rows());
    }

    /// A key was pressed at `now`.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other keys are the view's")]
    pub(crate) fn press(&mut self, press: Press, now: LogTime) -> Option<Wish> {
        self.notice = None;
        let views = travel::views_keys(self);
        match press {
            Press::Ctrl('c') => return Some(Wish::Quit),
            Press::Ctrl('z') => return Some(Wish::Suspend),
            Press::Ctrl('l') => return Some(Wish::Repaint),
            _ if self.prompt.is_some() => self.type_in(press),
            // Whatever else is pressed takes the help away.
            _ if self.help => self.turn_help(press),
            _ if self.press_warnings(press) || self.press_details(press) => {}
            Press::Char('q') => return Some(Wish::Quit),
            Press::Char('?') => (self.help, self.help_page) = (true, 0),
            Press::Char('/') => self.open_prompt(),
            Press::Char('!') => self.warned = Some(warnings::Page::default()),
            Press::Char('y') => return Some(Wish::Copy),
            Press::Char('w') => return Some(Wish::Snapshot),
            Press::Char('f') => return Some(Wish::Flamegraph),
            Press::Enter | Press::Char('\n') => self.enter(),
            Press::Tab | Press::BackTab => self.turn_to(self.view.beside(press == Press::Tab)),
            Press::Click(x, y) => {
                self.travel.callsite = None;
                self.click(x, y);
            }
            Press::Char(key) if let Some(view) = View::of_key(key) => self.turn_to(view),
            _ => match self.travel.press(press, now, views) {
                Taken::No => self.press_view(press),
                Taken::Done => {}
                Taken::Wants(go) => {
                    if go == Go::Live {
                        self.timeline.follow();
                    }
                    return Some(Wish::Go(go));
                }
            },
        }
        None
    }

    fn press_view(&mut self, press: Press) {
        match self.view {
            View::Live => self.press_live(press),
            View::Functions => self.functions.press(press),
            View::Timeline => self.timeline.press(press),
            View::Processes => scroll(&mut self.processes, press),
            View::Stages => scroll(&mut self.pipeline, press),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other keys are the panel's")]
    fn press_live(&mut self, press: Press) {
        match press {
            Press::Char('p') => self.move_focus(true),
            Press::Char('P') => self.move_focus(false),
            Press::Left | Press::Char('h') => self.fold(Some(false)),
            Press::Right | Press::Char('l') => self.fold(Some(true)),
            Press::Char('e') => self.fold_all(true),
            Press::Char('c') => self.fold_all(false),
            Press::Char('F') => self.follow_or_not(),
            _ => match self.focus {
                Panel::Live => {
                    self.follows = None;
                    scroll(&mut self.live, press);
                }
                Panel::Stages => scroll(&mut self.stages, press),
                Panel::Recent => scroll(&mut self.recent, press),
            },
        }
    }

    /// Another view, in which another row is selected.
    fn turn_to(&mut self, view: View) {
        (self.view, self.travel.callsite) = (view, None);
    }

    /// A view's name shows that view, a panel takes the keys, a row is selected.
    fn click(&mut self, x: u16, y: u16) {
        let areas = self.areas;
        if areas.tabs.has(x, y) {
            self.view = tabs::at(x, areas.tabs.width, self.view).unwrap_or(self.view);
            return;
        }
        match self.view {
            View::Live if areas.live.has(x, y) => {
                (self.focus, self.follows) = (Panel::Live, None);
                self.live.point(usize::from(y - areas.live.y), 1);
            }
            View::Live if areas.stages.has(x, y) => {
                self.focus = Panel::Stages;
                self.stages.point(usize::from(y - areas.stages.y), 1);
            }
            View::Live if areas.recent.has(x, y) => {
                self.focus = Panel::Recent;
                self.recent.point(usize::from(y - areas.recent.y), 1);
            }
            View::Functions if areas.body.has(x, y) => {
                self.functions.click(x - areas.body.x, y - areas.body.y);
            }
            View::Stages if areas.body.has(x, y) => {
                self.pipeline.point(usize::from(y - areas.body.y), 2);
            }
            View::Processes if areas.body.has(x, y) => {
                self.processes.point(usize::from(y - areas.body.y), 2);
            }
            View::Live | View::Functions | View::Stages | View::Timeline | View::Processes => {}
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
    pub(super) fn fold(&mut self, open: Option<bool>) {
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
    /// There is no log yet to be arranged, but a screen of so many rows.
    pub(crate) fn wait_in(&mut self, height: u16) {
        self.height = height;
    }

    /// The next page of the help, or none any more.
    fn turn_help(&mut self, press: Press) {
        self.help_page += 1;
        self.help = press == Press::Char('?')
            && !keys::page(keys::help(self.travel.is_live()), self.help_page, self.height)
                .is_empty();
    }

    pub(super) fn toggle(&mut self, key: Key) {
        if !self.toggled.remove(&key) {
            self.toggled.insert(key);
        }
    }
}

/// What there is to show besides what runs now.
fn contents(scene: &Scene) -> Contents {
    let counters = scene.whole().counters.names().len();
    Contents { stages: scene.stages.stages.len(), counters }
}

/// More of the user's folds than this are looked through for ones that are no more.
const MAX_TOGGLED: usize = 256;

#[cfg(test)]
#[path = "ui_tests.rs"]
mod tests;
