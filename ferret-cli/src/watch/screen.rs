//! The loop of the screen: takes inputs, reads the log, draws when something changed or a clock on
//! the screen must tick, and sleeps in between.

mod going;

use super::desk::Desk;
use super::inputs::{Input, Inputs};
use super::source::Source;
use super::terminal::{self, Screen};
use crate::tui::board::Board;
use crate::tui::press::Wish;
use crate::tui::travel::Go;
use crate::tui::ui::Ui;
use crate::tui::view::{self, Colours};
use ferret::event::LogTime;
use ferret::log;
use signal_hook::low_level;
use std::io;
use std::time::Duration;

const MS: u64 = 1_000_000;
/// Between two frames at least: at most twenty a second ...
const FRAME_NS: u64 = 50 * MS;
/// ... and of a large screen, or over a slow link, as many that drawing takes one part in so many of the time ...
const PER_FRAME: u64 = 150;
/// ... but four a second. The first of what comes after a pause are drawn at once, and so is the answer to a key.
const SLOWEST_NS: u64 = 250 * MS;
/// Frames that follow each other before that, each with something new.
const FIRST: u32 = 10;
/// Ages on the screen have tenths of a second.
const TICK_NS: u64 = 100 * MS;
/// How often files are looked at where nothing tells of a change: a process that was killed.
const LOOK_NS: u64 = 200 * MS;
/// When nothing can change but by itself.
const IDLE_NS: u64 = 1_000 * MS;
/// Entries folded between two looks at the keys.
const BATCH: u64 = 50_000;

/// The screen, what it shows and when it was last drawn.
struct Show {
    source: Source,
    ui: Ui,
    colours: Colours,
    inputs: Inputs,
    desk: Desk,
    /// An input that ended a sleep.
    pending: Option<Input>,
    /// Something is not on the screen yet.
    dirty: bool,
    /// The last frame showed something new.
    had_news: bool,
    drawn: LogTime,
    /// Between that frame and the next, at least, where one follows the other.
    frame_ns: u64,
    /// Frames that followed each other, each with something new.
    in_a_row: u32,
    looked: LogTime,
}

/// Runs until the user quits.
///
/// # Errors
///
/// The log cannot be read, or the terminal not be used.
pub(super) fn run(mut source: Source, ui: Ui, colours: Colours) -> anyhow::Result<Source> {
    // What cannot be read at all is told on a plain terminal.
    source.open()?;
    let mut screen = Screen::open()?;
    let inputs = Inputs::listen(true)?;
    inputs.wake(source.waker());
    let (drawn, looked) = (LogTime::default(), LogTime::default());
    let (pending, dirty, had_news) = (None, true, false);
    let (desk, frame_ns, in_a_row) = (Desk::default(), FRAME_NS, 0);
    let mut show = Show {
        source,
        ui,
        colours,
        inputs,
        desk,
        pending,
        dirty,
        had_news,
        drawn,
        frame_ns,
        in_a_row,
        looked,
    };
    if let Some(at) = show.ui.travel.at() {
        // Not the present, while that moment is not there yet.
        show.source.journey().leave(&Board::default(), None, at);
        show.look_at_files();
        show.go(Go::To(at));
    }
    while show.turn(&mut screen)? {}
    Ok(show.source)
}

impl Show {
    /// One turn; says whether to go on.
    fn turn(&mut self, screen: &mut Screen) -> anyhow::Result<bool> {
        while let Some(input) = self.pending.take().or_else(|| self.inputs.next()) {
            if !self.input(input, screen)? {
                return Ok(false);
            }
        }
        let more = if self.source.is_open() { self.read()? } else { self.try_open()? };
        let now = log::now();
        let due = self.due(now);
        if due <= now {
            self.draw(screen, now)?;
        }
        self.dirty |= self.desk.attend(&mut self.source, &mut self.ui);
        if !more {
            let due = self.due(log::now());
            self.sleep(due.since(log::now()));
        }
        Ok(true)
    }

    /// When the next frame is due.
    fn due(&self, now: LogTime) -> LogTime {
        let board = &self.source.board;
        let ticks = self.source.is_open() && board.is_live(now);
        let after = match (self.dirty, ticks) {
            (true, _) => self.pause_ns(),
            _ if self.ui.travel.plays() => self.frame_ns,
            (false, true) if board.live.open_spans() > 0 => TICK_NS.max(self.frame_ns),
            // The header's seconds.
            (false, true) => LOOK_NS,
            (false, false) => IDLE_NS,
        };
        self.drawn.after(after)
    }

    /// Between the last frame and one with something new, at least.
    fn pause_ns(&self) -> u64 {
        if self.in_a_row < FIRST { FRAME_NS } else { self.frame_ns }
    }

    fn input(&mut self, input: Input, screen: &mut Screen) -> anyhow::Result<bool> {
        // An input is answered at once.
        self.dirty = true;
        self.drawn = LogTime::default();
        // What was shown last may have been the end.
        self.ui.travel.end = self.source.end(log::now());
        match input {
            Input::Press(press) => match self.ui.press(press, log::now()) {
                Some(Wish::Quit) => return Ok(false),
                Some(Wish::Suspend) => screen.suspend()?,
                Some(Wish::Repaint) => screen.repaint()?,
                Some(wish @ (Wish::Copy | Wish::Snapshot | Wish::Flamegraph)) => {
                    let (source, ui) = (&mut self.source, &mut self.ui);
                    self.desk.carry_out(wish, source, ui, (screen, log::now()))?;
                }
                Some(Wish::Go(go)) => self.go(go),
                None => {}
            },
            Input::Resize => {}
            Input::Suspend => screen.suspend()?,
            Input::End(signal) => {
                terminal::give_back();
                low_level::emulate_default_handler(signal)?;
                return Ok(false);
            }
            Input::Closed => return Ok(false),
        }
        Ok(true)
    }

    /// Reads what is there; says whether there is more.
    fn read(&mut self) -> anyhow::Result<bool> {
        let now = log::now();
        if now.since(self.looked) >= LOOK_NS {
            self.looked = now;
            self.look_around()?;
            self.dirty |= self.source.reads_past();
        }
        if self.source.catch_up()? {
            self.inputs.wake(self.source.waker());
            if let Some(at) = self.ui.travel.at() {
                self.go(Go::To(at));
            } else {
                // Its rows are numbered from the run's beginning.
                self.ui.recent.forget();
            }
            self.look_at_files();
            self.dirty = true;
        }
        let read = self.source.read(BATCH, |_, _, _| {})?;
        // What comes does not change what was.
        self.dirty |= read > 0 && self.ui.travel.is_live();
        self.travel(now);
        Ok(read >= BATCH)
    }

    /// What no entry tells: a death without a word, another run under the name.
    fn look_around(&mut self) -> anyhow::Result<()> {
        self.look_at_files();
        self.ui.travel.end = self.source.end(self.looked);
        if !self.ui.travel.is_live() || !self.source.replaced() {
            return Ok(());
        }
        // The old run's last words come first.
        while self.source.read(BATCH, |_, _, _| {})? > 0 {}
        self.source.next_run();
        if self.try_open()? {
            self.ui.notice = Some("a new run took over this log's name: this is it".to_owned());
        }
        Ok(())
    }

    fn look_at_files(&mut self) {
        if let Some(said) = self.source.look_at_files().pop() {
            self.ui.notice = Some(said);
        }
    }

    fn try_open(&mut self) -> anyhow::Result<bool> {
        let opened = self.source.open()?;
        if opened {
            self.inputs.wake(self.source.waker());
            self.ui.new_run();
            self.desk.forget(&mut self.source);
            self.source.forget_reports();
            self.look_at_files();
            self.dirty = true;
        }
        Ok(opened)
    }

    fn draw(&mut self, screen: &mut Screen, now: LogTime) -> io::Result<()> {
        let (ui, colours) = (&mut self.ui, self.colours);
        if self.source.is_open() {
            self.source.view = ui.view;
            ui.travel.clock = now;
            self.source.look(now, |scene| {
                screen.draw(|frame| {
                    // Arranged for this very frame: the window may become smaller at any time.
                    let size = frame.area();
                    let areas = ui.arrange(scene, size.width, size.height);
                    view::draw(frame, scene, ui, &areas, colours);
                })
            })?;
        } else {
            let lines = self.source.waits_for();
            screen.draw(|frame| {
                ui.wait_in(frame.area().height);
                view::waiting(frame, &lines, ui, colours);
            })?;
        }
        self.had_news = std::mem::take(&mut self.dirty);
        self.in_a_row = if self.had_news { self.in_a_row.saturating_add(1) } else { 0 };
        self.drawn = log::now();
        let took_ns = self.drawn.since(now);
        self.frame_ns = took_ns.saturating_mul(PER_FRAME).clamp(FRAME_NS, SLOWEST_NS);
        Ok(())
    }

    /// Sleeps until an input, a change of the log, or for so long. What a busy program writes before the
    /// next frame may come is read at once when it does: it writes fifty times a second.
    fn sleep(&mut self, ns: u64) {
        let is_busy = self.had_news || self.dirty;
        let pause = self.drawn.after(self.pause_ns()).since(log::now());
        if !self.source.is_open() {
            self.pending = self.inputs.wait(Duration::from_nanos(ns.min(LOOK_NS)));
        } else if is_busy && pause > 0 {
            self.pending = self.inputs.wait(Duration::from_nanos(pause));
        } else {
            self.source.wait(Duration::from_nanos(ns.min(LOOK_NS)));
        }
    }
}
