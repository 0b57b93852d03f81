//! The page about one function, and about one span of it: which one, how far it is scrolled, and what
//! is known of the span. What is known of the function's calls comes from a reader of its own, since
//! it is too much to keep of every function.

mod facts;
mod lines;
mod span;

pub(crate) use facts::Facts;
pub(crate) use lines::{Line, place};

use super::board::Scene;
use super::functions::FunctionKey;
use super::layout::Area;
use super::press::Press;
use super::stack::Key;
use super::tabs::View;
use super::ui::{Panel, Ui};
use ferret::event::{CallsiteInfo, LogIndex, SpanId, ThreadId};
use ferret::projections::{FunctionId, News};
use std::sync::Arc;

/// What a row stands for that Enter was pressed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Function(FunctionKey),
    Stage(FunctionId),
    /// A row of the panel of stages.
    StageAt(usize),
    /// A span that is open, or a poll of it, in a thread.
    Frame(LogIndex, ThreadId, SpanId),
    /// An async span that is open.
    Task(LogIndex, SpanId),
    /// Spans that ended, by the number of their row.
    Ended(u64),
}

/// The page, while it is open.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    target: Target,
    /// The function; none until the page is first arranged.
    info: Option<CallsiteInfo>,
    /// What is known of the span, as of the last moment at which anything was.
    span: Vec<String>,
    /// It was open and is not any more.
    is_over: bool,
    facts: Option<Arc<Facts>>,
    pub(crate) lines: Vec<Line>,
    top: usize,
    page: usize,
}

impl Details {
    fn new(target: Target) -> Self {
        let (info, span, is_over, facts) = (None, Vec::new(), false, None);
        let (lines, top, page) = (Vec::new(), 0, 1);
        Self { target, info, span, is_over, facts, lines, top, page }
    }

    /// Which function it is about.
    pub(crate) fn info(&self) -> Option<&CallsiteInfo> {
        self.info.as_ref()
    }

    /// Takes what the reader found out.
    pub(crate) fn take(&mut self, facts: Option<Arc<Facts>>) {
        self.facts = facts;
    }

    /// The lines to show.
    pub(crate) fn shown(&self) -> &[Line] {
        let end = self.lines.len().min(self.top + self.page);
        &self.lines[self.top.min(end)..end]
    }

    /// What the title says on the right: how much has been read, and how much is out of sight.
    pub(crate) fn note(&self) -> String {
        let read = match &self.facts {
            None => "reading the log".to_owned(),
            Some(facts) => facts.reach(),
        };
        let below = self.lines.len().saturating_sub(self.top + self.page);
        match (self.top, below) {
            (0, 0) => read,
            (above, below) => format!("{read}  ↑{above} ↓{below}"),
        }
    }

    /// Finds out which function it is, and what is known of the span; says whether it is anything.
    fn resolve(&mut self, scene: &Scene) -> bool {
        let info = match self.target {
            Target::Function(key) => scene.functions.get(key).map(|row| row.info.clone()),
            Target::Stage(id) => {
                let mut stages = scene.stages.stages.iter();
                stages.find(|stage| stage.id == id).map(|stage| stage.info.clone())
            }
            Target::StageAt(index) => {
                scene.stages.stages.get(index).map(|stage| stage.info.clone())
            }
            Target::Frame(log, _, span) | Target::Task(log, span) => {
                let live = scene.board.live.process(log);
                let path = live.and_then(|live| live.path_of(span));
                path.and_then(|path| scene.names(log).callsite_info(path)).cloned()
            }
            Target::Ended(number) => scene.board.recent.row(number).and_then(|row| {
                let News::Spans(ended) = &row.what else { return None };
                scene.names(row.log).callsite_info(ended.path).cloned()
            }),
        };
        self.info = self.info.take().or(info);
        self.info.is_some()
    }

    fn arrange(&mut self, scene: &Scene, area: Area) {
        match span::facts(scene, self.target) {
            Some(known) => (self.span, self.is_over) = (known, false),
            None => self.is_over = matches!(self.target, Target::Frame(..) | Target::Task(..)),
        }
        let Some(info) = &self.info else { return };
        let width = usize::from(area.width.saturating_sub(2));
        let of_span = (&*self.span, self.is_over);
        self.lines = lines::lines(scene, info, of_span, self.facts.as_deref(), width);
        self.page = area.rows().max(1);
        self.top = self.top.min(self.lines.len().saturating_sub(self.page));
    }

    fn scroll(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(self.page);
        self.top = self.top.saturating_add_signed(by).min(last);
    }
}

impl Ui {
    /// Enter: the details of the selected row, or what is under it if it is none of a function.
    pub(super) fn enter(&mut self) {
        match self.target() {
            Some(target) => self.details = Some(Details::new(target)),
            None if self.view == View::Live && self.focus == Panel::Live => self.fold(None),
            None if self.view == View::Timeline || self.view == View::Processes => {}
            None => self.notice = Some("select a row first, with ↑ and ↓".to_owned()),
        }
    }

    fn target(&self) -> Option<Target> {
        match (self.view, self.focus) {
            (View::Live, Panel::Live) => match self.rows.get(self.live.selected_index()?)?.key {
                Key::Frame(log, thread, span) => Some(Target::Frame(log, thread, span)),
                Key::Task(log, span) => Some(Target::Task(log, span)),
                Key::Process(_)
                | Key::Thread(..)
                | Key::Alike(..)
                | Key::Gap(..)
                | Key::Idle(_)
                | Key::AlikeTasks(..)
                | Key::Quiet(_)
                | Key::Ended => None,
            },
            (View::Live, Panel::Stages) => self.stages.selected().map(Target::StageAt),
            (View::Live, Panel::Recent) => self.recent.selected().map(Target::Ended),
            (View::Functions, _) => self.functions.list.selected().map(Target::Function),
            (View::Stages, _) => self.pipeline.selected().map(Target::Stage),
            (View::Timeline | View::Processes, _) => None,
        }
    }

    /// A key for the page; says whether it was one.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other keys are not the page's")]
    pub(super) fn press_details(&mut self, press: Press) -> bool {
        let Some(details) = &mut self.details else { return false };
        let page = details.page.cast_signed();
        match press {
            Press::Esc | Press::Enter | Press::Char('q' | '\n') => self.details = None,
            Press::Up | Press::Char('k') => details.scroll(-1),
            Press::Down | Press::Char('j') => details.scroll(1),
            Press::WheelUp => details.scroll(-3),
            Press::WheelDown => details.scroll(3),
            Press::PageUp | Press::Ctrl('b' | 'u') => details.scroll(-page),
            Press::PageDown | Press::Ctrl('f' | 'd') => details.scroll(page),
            Press::Char('g') => details.top = 0,
            Press::Char('G') => details.scroll(isize::MAX),
            Press::Click(x, y) if self.areas.body.has(x, y) => {}
            Press::Left | Press::Right | Press::Char('h' | 'l') => {}
            // Another view takes its place.
            Press::Tab | Press::BackTab | Press::Click(..) => {
                self.details = None;
                return false;
            }
            Press::Char(key) if View::of_key(key).is_some() => {
                self.details = None;
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Lets go of a page that is about nothing.
    pub(super) fn resolve_details(&mut self, scene: &Scene) {
        if let Some(details) = &mut self.details
            && !details.resolve(scene)
        {
            self.details = None;
            self.notice = Some("nothing more is known of that".to_owned());
        }
    }

    pub(super) fn arrange_details(&mut self, scene: &Scene, area: Area) {
        if let Some(details) = &mut self.details {
            details.arrange(scene, area);
        }
    }
}

#[cfg(test)]
#[path = "details_tests.rs"]
mod tests;
