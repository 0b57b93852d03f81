//! Which moment of the run is shown: the present, a past one, or one that moves on like a film. Keys in,
//! state and wishes out; who goes to the moment is no concern of this.

mod badge;

use super::board::Scene;
use super::press::Press;
use super::stack::{Key, Row, What};
use super::tabs::View;
use super::ui::{Panel, Ui};
use ferret::event::{CallsiteInfo, LogTime};
use ferret::projections::News;

const SECOND: u64 = 1_000_000_000;

/// Where the user wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Go {
    /// To the present, to stay there.
    Live,
    /// To this moment.
    To(LogTime),
    /// On to this moment, as a film goes on.
    On(LogTime),
    /// From this moment to the entry after it, or before it.
    Step { from: LogTime, later: bool },
    /// The same, to an entry of the selected row's callsite.
    Jump { from: LogTime, later: bool },
    /// To the run's start.
    Start,
    /// What is looked for is not wanted any more.
    GiveUp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Live,
    Paused,
    /// It played from this moment on, when the clock was so far.
    Playing {
        from: LogTime,
        since: LogTime,
    },
}

/// How fast it plays, in thousandths.
const SPEEDS: [u64; 13] = [
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
    1_000_000,
];
const AS_IT_WAS: usize = 3;

/// What a key is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nothing: it is the view's.
    No,
    /// All that it means has been done.
    Done,
    Wants(Go),
}

/// Which keys the view has a use for, while the present is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ViewsKeys {
    /// Plus and minus; they are the view's at any moment.
    pub(crate) zooms: bool,
    /// The arrows to the left and right.
    pub(crate) moves: bool,
}

/// The moment shown, and how it moves.
#[derive(Clone, Debug)]
pub(crate) struct Travel {
    mode: Mode,
    at: LogTime,
    speed: usize,
    /// What the clock said last.
    pub(crate) clock: LogTime,
    /// The run's last moment, if it is over.
    pub(crate) end: Option<LogTime>,
    /// Something was ordered and is not there yet; how far it is, 0 to 1.
    pub(crate) awaits: Option<f64>,
    /// What is jumped to until another row is selected.
    pub(crate) callsite: Option<CallsiteInfo>,
}

impl Default for Travel {
    fn default() -> Self {
        Self {
            mode: Mode::Live,
            at: LogTime::default(),
            speed: AS_IT_WAS,
            clock: LogTime::default(),
            end: None,
            awaits: None,
            callsite: None,
        }
    }
}

impl Travel {
    /// Stopped at a moment.
    pub(crate) fn to(at: LogTime) -> Self {
        Self { mode: Mode::Paused, at, ..Self::default() }
    }

    /// Whether the present is shown.
    pub(crate) fn is_live(&self) -> bool {
        self.mode == Mode::Live
    }

    /// Whether the moment moves by itself.
    pub(crate) fn plays(&self) -> bool {
        matches!(self.mode, Mode::Playing { .. })
    }

    /// The moment shown; none in the present.
    pub(crate) fn at(&self) -> Option<LogTime> {
        (!self.is_live()).then_some(self.at)
    }

    /// The present is shown from now on.
    pub(crate) fn stay(&mut self) {
        (self.mode, self.awaits, self.callsite) = (Mode::Live, None, None);
    }

    /// It is there.
    pub(crate) fn arrive(&mut self, at: LogTime) {
        self.at = at;
    }

    /// The present: of a run that is over its end.
    pub(crate) fn present(&self) -> LogTime {
        self.end.map_or(self.clock, |end| end.min(self.clock))
    }

    /// Where a film is to be by now; in the present it is over.
    pub(crate) fn tick(&mut self, now: LogTime) -> Option<Go> {
        self.clock = now;
        let Mode::Playing { from, since } = self.mode else { return None };
        let passed = u128::from(now.since(since)) * u128::from(SPEEDS[self.speed]) / 1_000;
        let to = from.after(u64::try_from(passed).unwrap_or(u64::MAX));
        if to >= self.present() {
            self.mode = Mode::Live;
            return Some(Go::Live);
        }
        Some(Go::On(to))
    }

    /// A key was pressed at `now`, and may mean something here.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other keys are the view's")]
    pub(crate) fn press(&mut self, press: Press, now: LogTime, views: ViewsKeys) -> Taken {
        self.clock = now;
        let (live, zooms) = (self.is_live(), views.zooms);
        // What is over stands still already.
        let steps = !live || (self.end.is_some() && !views.moves);
        let from = if live { self.present() } else { self.at };
        let go = match press {
            Press::Char(' ') => self.space(now),
            Press::Home => self.stop(Go::Start),
            Press::End => self.go_live(),
            Press::Left if steps => self.stop(Go::Step { from, later: false }),
            Press::Right if !live => self.stop(Go::Step { from, later: true }),
            Press::Char('<' | ',') => self.stop(Go::To(LogTime(from.0.saturating_sub(SECOND)))),
            Press::Char('>' | '.') if !live => {
                let to = from.after(SECOND);
                if to >= self.present() { self.go_live() } else { self.stop(Go::To(to)) }
            }
            Press::Char('[') => self.stop(Go::Jump { from, later: false }),
            Press::Char(']') if !live => self.stop(Go::Jump { from, later: true }),
            Press::Char('+' | '=') if !live && !zooms => self.set_speed(self.speed + 1, now),
            Press::Char('-') if !live && !zooms => self.set_speed(self.speed.wrapping_sub(1), now),
            Press::Esc if self.awaits.is_some() && !self.plays() => Taken::Wants(Go::GiveUp),
            _ => Taken::No,
        };
        // Perhaps another row is selected now, or there will be others.
        if matches!(go, Taken::No | Taken::Wants(Go::Live)) {
            self.callsite = None;
        }
        go
    }

    /// The present stops, what stands still goes on, and a film stops.
    fn space(&mut self, now: LogTime) -> Taken {
        match self.mode {
            Mode::Live => self.stop(Go::To(self.present())),
            Mode::Paused if self.at >= self.present() => self.go_live(),
            Mode::Paused => {
                self.mode = Mode::Playing { from: self.at, since: now };
                // What was looked for is not waited for.
                if self.awaits.is_some() { Taken::Wants(Go::GiveUp) } else { Taken::Done }
            }
            Mode::Playing { .. } => self.stop(Go::To(self.at)),
        }
    }

    fn stop(&mut self, go: Go) -> Taken {
        if self.is_live() {
            self.at = self.present();
        }
        self.mode = Mode::Paused;
        Taken::Wants(go)
    }

    fn go_live(&mut self) -> Taken {
        self.mode = Mode::Live;
        Taken::Wants(Go::Live)
    }

    /// A film goes on from where it is, at another speed.
    fn set_speed(&mut self, speed: usize, now: LogTime) -> Taken {
        if speed < SPEEDS.len() {
            self.speed = speed;
        }
        if self.plays() {
            self.mode = Mode::Playing { from: self.at, since: now };
        }
        Taken::Done
    }
}

/// Which keys the view has a use for.
pub(crate) fn views_keys(ui: &Ui) -> ViewsKeys {
    let folds = ui.view == View::Live && ui.focus == Panel::Live && ui.live.selected().is_some();
    let zooms = ui.view == View::Timeline;
    ViewsKeys { zooms, moves: zooms || folds }
}

/// The callsite of the selected row; none where none is selected, or it has none.
pub(crate) fn selected(ui: &Ui, scene: &Scene) -> Option<CallsiteInfo> {
    match ui.view {
        View::Live => match ui.focus {
            Panel::Live => of_row(scene, ui.rows.get(ui.live.selected_index()?)?),
            Panel::Stages => Some(scene.stages.stages.get(ui.stages.selected()?)?.info.clone()),
            Panel::Recent => {
                let row = scene.board.recent.row(ui.recent.selected()?)?;
                let names = scene.names(row.log);
                match &row.what {
                    News::Spans(ended) => names.callsite_info(ended.path).cloned(),
                    News::Mark { callsite } => names.callsites.get(callsite).cloned(),
                    News::ProcessStart
                    | News::ProcessEnd(_)
                    | News::ProcessExit(_)
                    | News::Dropped { .. }
                    | News::Clock { .. } => None,
                }
            }
        },
        View::Functions => {
            let key = ui.functions.list.selected()?;
            let mut rows = scene.functions.rows.iter();
            rows.find(|row| row.key == key).map(|row| row.info.clone())
        }
        View::Stages => {
            let id = ui.pipeline.selected()?;
            let mut stages = scene.stages.stages.iter();
            stages.find(|stage| stage.id == id).map(|stage| stage.info.clone())
        }
        View::Timeline | View::Processes => None,
    }
}

/// The callsite of a row of what runs: of threads that do the same, of what they do.
fn of_row(scene: &Scene, row: &Row) -> Option<CallsiteInfo> {
    let (log, path) = match row.key {
        Key::Frame(log, thread, _) => {
            let What::Frame { index, .. } = row.what else { return None };
            let thread = scene.board.live.process(log)?.thread(thread)?;
            (log, thread.frames.get(index)?.path)
        }
        Key::Task(log, span) => (log, scene.board.live.process(log)?.task(span)?.path),
        Key::Alike(log, path, _) | Key::AlikeTasks(log, path, _) => (log, path),
        Key::Process(_)
        | Key::Thread(..)
        | Key::Gap(..)
        | Key::Idle(_)
        | Key::Quiet(_)
        | Key::Ended => return None,
    };
    scene.names(log).callsite_info(path).cloned()
}

#[cfg(test)]
#[path = "travel_tests.rs"]
mod tests;
