//! The thread that goes to past moments, so that the screen never waits for one. It is given one order
//! at a time; another takes the place of the one before. It reads the run's files once more, by itself.

use super::front::front;
use super::kept::{self, Base, Kept};
use super::moment::{Moment, distance, enter, targets};
use super::seek::{self, Place, Search, Wanted};
use crate::entry_line;
use crate::input;
use crate::tui::board::{Board, LogFile};
use ferret::event::{LogIndex, LogTime, Offset};
use ferret::log::{self, LogError, Run, Tail, Waker};
use parking_lot::{Condvar, Mutex};
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// A way of more entries takes long enough that a first picture is made of what is near the moment.
const DIRECT: u64 = if cfg!(test) { 300 } else { 100_000 };
/// Between two pictures of a moment that moves on for longer, ns; and between two tellings how far it is.
const SHOW_NS: u64 = 100_000_000;

/// Where to go.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Order {
    /// To this moment.
    To(LogTime),
    /// On to this moment, as a film goes on: pictures on the way are welcome.
    On(LogTime),
    /// To what is wanted next after, or before, a moment.
    Find { from: LogTime, later: bool, wanted: Wanted },
    /// To the first moment there is.
    Start,
}

/// What the thread has to say.
#[derive(Debug)]
pub(super) enum Answer {
    /// The run as it was.
    Shown(Box<Shown>),
    /// How far it is, 0 to 1.
    Share(f64),
    /// Nothing of what was wanted is there.
    Nothing,
    /// The log cannot be read.
    Failed(LogError),
}

/// The run as it was at a moment.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) at: LogTime,
    pub(super) board: Board,
    /// While the board knows that moment alone: the nearest one before it that knows the run from its
    /// beginning, and how far it is from there.
    pub(super) past: Option<Board>,
    /// What happened then, if that was looked for.
    pub(super) what: Option<String>,
    /// It is what was ordered, and all of it.
    pub(super) is_last: bool,
}

/// The thread, and what passes between it and the screen.
#[derive(Debug)]
pub(super) struct Travel {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
    /// The files that it reads, by log.
    pub(super) files: Vec<(u64, u64)>,
}

#[derive(Debug, Default)]
struct Desk {
    slot: Mutex<Slot>,
    given: Condvar,
}

#[derive(Debug, Default)]
struct Slot {
    order: Option<(Order, Kept)>,
    /// Of the order given last; answers to others nobody wants.
    number: u64,
    answers: Vec<Answer>,
    is_over: bool,
}

impl Travel {
    /// Begins to wait for orders. `run` is read from elsewhere; `waker` is told of answers.
    ///
    /// # Errors
    ///
    /// The files cannot be opened once more, or the system refuses a thread.
    pub(super) fn start(run: &Run, waker: Waker) -> anyhow::Result<Self> {
        let (files, run) = (kept::files(run), run.again()?);
        let desk = Arc::new(Desk::default());
        let theirs = Arc::clone(&desk);
        let near = [Kept::default(), Kept::default()];
        let guide =
            Guide { run, moment: None, stands: false, near, filling: 0, desk: theirs, waker };
        let thread: io::Result<_> =
            Builder::new().name("ferret-travel".to_owned()).spawn(move || guide.work());
        Ok(Self { desk, thread: Some(thread?), files })
    }

    /// Gives an order in place of the one before; `kept` are boards to begin from.
    pub(super) fn order(&self, order: Order, kept: Kept) {
        let mut slot = self.desk.slot.lock();
        slot.number += 1;
        slot.order = Some((order, kept));
        slot.answers.clear();
        self.desk.given.notify_one();
    }

    /// Nobody waits any more for what was ordered.
    pub(super) fn give_up(&self) {
        let mut slot = self.desk.slot.lock();
        slot.number += 1;
        slot.order = None;
        slot.answers.clear();
    }

    /// What it has to say since this was last asked.
    pub(super) fn answers(&self) -> Vec<Answer> {
        std::mem::take(&mut self.desk.slot.lock().answers)
    }
}

impl Drop for Travel {
    fn drop(&mut self) {
        {
            let mut slot = self.desk.slot.lock();
            slot.is_over = true;
            slot.number += 1;
        }
        self.desk.given.notify_one();
        if let Some(thread) = self.thread.take() {
            // Its panic it has told itself.
            drop(thread.join());
        }
    }
}

impl Desk {
    /// The next order, and its number; none when there will be none.
    fn next(&self) -> Option<(u64, Order, Kept)> {
        let mut slot = self.slot.lock();
        loop {
            if slot.is_over {
                return None;
            }
            if let Some((order, kept)) = slot.order.take() {
                return Some((slot.number, order, kept));
            }
            self.given.wait(&mut slot);
        }
    }

    fn is_wanted(&self, number: u64) -> bool {
        self.slot.lock().number == number
    }

    fn answer(&self, number: u64, answer: Answer) {
        let mut slot = self.slot.lock();
        if slot.number != number {
            return;
        }
        // Whoever is slow sees the latest alone.
        let replaces_all = !matches!(answer, Answer::Share(_));
        slot.answers.retain(|old| !replaces_all && !matches!(old, Answer::Share(_)));
        slot.answers.push(answer);
    }
}

/// What the thread knows.
struct Guide {
    run: Run,
    /// Where it is.
    moment: Option<Moment>,
    /// The run stands where the moment reads on.
    stands: bool,
    /// Boards kept on the way from one of those that were given; and on the way from one of the first.
    near: [Kept; 2],
    /// Which of them are being kept.
    filling: usize,
    desk: Arc<Desk>,
    waker: Waker,
}

/// An order that is being carried out.
#[derive(Clone, Copy)]
struct Task<'a> {
    number: u64,
    kept: &'a Kept,
    /// Pictures on the way are welcome.
    is_film: bool,
}

impl Guide {
    fn work(mut self) {
        let desk = Arc::clone(&self.desk);
        while let Some((number, order, kept)) = desk.next() {
            let is_film = matches!(order, Order::On(_));
            let task = Task { number, kept: &kept, is_film };
            if let Err(error) = self.carry_out(order, task) {
                (self.moment, self.stands) = (None, false);
                self.answer(number, Answer::Failed(error));
            }
        }
    }

    fn answer(&self, number: u64, answer: Answer) {
        self.desk.answer(number, answer);
        self.waker.wake();
    }

    fn carry_out(&mut self, order: Order, task: Task) -> Result<(), LogError> {
        match order {
            Order::To(at) | Order::On(at) => self.show(at, None, task),
            Order::Start => {
                for log in (0..self.run.logs().len()).map(LogIndex) {
                    // One that cannot be read any more began when it did.
                    drop(self.run.log_mut(log).map(Tail::refresh));
                }
                self.show(input::first_time(&self.run), None, task)
            }
            Order::Find { from, later, wanted } => {
                match self.find(from, later, &wanted, task.number)? {
                    Search::Found(place) => {
                        let what = Some(self.describe(&place));
                        self.show(place.1.time, what, task)
                    }
                    Search::Nothing => {
                        self.answer(task.number, Answer::Nothing);
                        Ok(())
                    }
                    Search::GivenUp => Ok(()),
                }
            }
        }
    }

    fn find(
        &mut self,
        from: LogTime,
        later: bool,
        wanted: &Wanted,
        number: u64,
    ) -> Result<Search, LogError> {
        self.stands = false;
        let (desk, waker) = (Arc::clone(&self.desk), self.waker.clone());
        let mut told = log::now();
        let mut see = |share: f64| {
            if log::now().since(told) >= SHOW_NS {
                told = log::now();
                desk.answer(number, Answer::Share(share));
                waker.wake();
            }
            desk.is_wanted(number)
        };
        seek::nearest(&mut self.run, from, later, wanted, &mut see)
    }

    fn describe(&self, (log, entry): &Place) -> String {
        let tail = &self.run.logs()[log.0];
        let several = self.run.logs().len() > 1;
        let (names, pid, start) = (tail.names(), tail.info().pid, input::first_time(&self.run));
        let line = entry_line::line(entry, &entry_line::Context { names, pid, start, several });
        line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ")
    }

    /// Goes to a moment, and shows it.
    fn show(&mut self, at: LogTime, what: Option<String>, task: Task) -> Result<(), LogError> {
        if self.go(at, what.as_ref(), task)?
            && let Some(moment) = &self.moment
        {
            let (board, past) = (moment.board.clone(), None);
            let shown = Shown { at, board, past, what, is_last: true };
            self.answer(task.number, Answer::Shown(Box::new(shown)));
        }
        Ok(())
    }

    /// Goes to a moment; says whether it is there, and not given up. Of one that is far there is a picture
    /// before.
    fn go(&mut self, at: LogTime, what: Option<&String>, task: Task) -> Result<bool, LogError> {
        let targets = targets(&mut self.run, at);
        let base = self.bases(at, task.kept).pop();
        let come = base.as_ref().map_or(0, |base| base.board.reached.entries);
        let is_behind = |moment: &Moment| moment.at > at || moment.board.reached.entries < come;
        if self.moment.as_ref().is_none_or(is_behind) {
            let next = base.as_ref().map_or(&[][..], |base| &base.board.reached.next);
            let way = distance(next, &targets);
            if way > DIRECT {
                self.show_front(at, what, base.as_deref(), way, task);
                self.keep_from(base.as_ref());
            }
            (self.moment, self.stands) = (Some(Moment::of(base.as_deref())), false);
        }
        let Some(mut moment) = self.moment.take() else { return Ok(false) };
        if !self.stands {
            enter(&mut self.run, moment.next());
        }
        let way = distance(moment.next(), &targets).max(1);
        let (desk, waker, kept) = (&self.desk, &self.waker, &mut self.near[self.filling]);
        let mut told = log::now();
        let mut see = |moment: &Moment, run: &Run| {
            if moment.is_even() {
                kept.offer(&moment.board, run);
            }
            if log::now().since(told) >= SHOW_NS {
                told = log::now();
                desk.answer(task.number, on_the_way(moment, at, (way, &targets), task));
                waker.wake();
            }
            desk.is_wanted(task.number)
        };
        self.stands = moment.advance(&mut self.run, at, &mut see)?;
        self.moment = Some(moment).filter(|_| self.stands);
        Ok(self.stands)
    }

    /// A first picture.
    fn show_front(
        &mut self,
        at: LogTime,
        what: Option<&String>,
        base: Option<&Base>,
        way: u64,
        task: Task,
    ) {
        let board = front(&mut self.run, at);
        let mut past = base.map_or_else(Board::default, |base| base.board.clone());
        past.logs = vec![LogFile { entries: way, ..LogFile::default() }];
        let (past, what, is_last) = (Some(past), what.cloned(), false);
        let shown = Shown { at, board, past, what, is_last };
        self.answer(task.number, Answer::Shown(Box::new(shown)));
    }

    /// The boards of no later moment, those that have come furthest last.
    fn bases(&self, at: LogTime, given: &Kept) -> Vec<Arc<Base>> {
        let files = kept::files(&self.run);
        let all = [given, &self.near[0], &self.near[1]];
        let mut bases: Vec<Arc<Base>> =
            all.iter().flat_map(|kept| kept.until(at, &files)).collect();
        bases.sort_by_key(|base| base.board.reached.entries);
        bases
    }

    /// On a long way from a board others are kept: the next way there is shorter.
    fn keep_from(&mut self, base: Option<&Arc<Base>>) {
        let is_near = |near: &Kept| base.is_some_and(|base| near.has(base));
        self.filling = usize::from(is_near(&self.near[0]) || is_near(&self.near[1]));
        for near in &mut self.near[self.filling..] {
            *near = Kept::default();
        }
    }
}

/// What there is to say on the way: of a film the picture so far, else how far it is.
fn on_the_way(
    moment: &Moment,
    to: LogTime,
    (way, targets): (u64, &[Offset]),
    task: Task,
) -> Answer {
    if task.is_film {
        let at = moment.board.reached.latest.min(to);
        let (board, past, what) = (moment.board.clone(), None, None);
        return Answer::Shown(Box::new(Shown { at, board, past, what, is_last: false }));
    }
    #[expect(clippy::cast_precision_loss, reason = "a share, for display")]
    let left = distance(moment.next(), targets) as f64 / way as f64;
    Answer::Share((1.0 - left).clamp(0.0, 1.0))
}

#[cfg(test)]
#[path = "travel_tests.rs"]
mod tests;
