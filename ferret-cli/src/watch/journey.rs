//! What is shown instead of the present: the past moment that the thread beside the screen has come to,
//! and what is still awaited of it.

use super::kept::{self, Kept};
use super::moment::Moment;
use super::travel::{Answer, Order, Shown, Travel};
use crate::tui::board::Board;
use ferret::event::{LogIndex, LogTime};
use ferret::log::{LogError, Run};

/// A moment that near to the present is not in the log as a whole, ns: the recorder commits twice a
/// second at least.
const FRESH_NS: u64 = 2_000_000_000;

/// The way to a moment, and what is seen there.
#[derive(Debug, Default)]
pub(super) struct Journey {
    travel: Option<Travel>,
    pub(super) shown: Option<Shown>,
    /// What is being carried out.
    underway: Option<Order>,
    /// When the last order was given.
    ordered: LogTime,
}

/// What has happened on the way.
#[derive(Debug)]
pub(crate) enum News {
    /// Another picture is there: of this moment, with what happened then. The last of what was ordered?
    At { at: LogTime, what: Option<String>, is_last: bool },
    /// How far it is, 0 to 1.
    Share(f64),
    /// Nothing of what was looked for is there.
    Nothing,
    /// The log cannot be read.
    Failed(String),
}

impl Journey {
    /// Leaves the present, if it was there: what was shown of it stays until there is something else.
    pub(super) fn leave(&mut self, board: &Board, past: Option<&Board>, at: LogTime) -> bool {
        let was_there = self.shown.is_none();
        if was_there {
            let (board, past, what) = (board.clone(), past.cloned(), None);
            self.shown = Some(Shown { at, board, past, what, is_last: true });
        }
        was_there
    }

    /// Goes to another moment of `run`, from one of the boards that are `kept`.
    ///
    /// # Errors
    ///
    /// The log cannot be opened once more, or there is no thread to do it.
    pub(super) fn order(
        &mut self,
        run: &Run,
        order: Order,
        kept: Kept,
        now: LogTime,
    ) -> anyhow::Result<()> {
        // A key that is held orders the same again and again until there is a picture.
        if self.underway.as_ref() == Some(&order) {
            return Ok(());
        }
        let files = kept::files(run);
        let travel = match self.travel.take().filter(|travel| travel.files == files) {
            Some(travel) => travel,
            None => Travel::start(run, run.waker())?,
        };
        travel.order(order.clone(), kept);
        (self.travel, self.underway, self.ordered) = (Some(travel), Some(order), now);
        Ok(())
    }

    /// Back to the present.
    pub(super) fn end(&mut self) {
        self.give_up();
        self.shown = None;
    }

    /// Stays where it is.
    pub(super) fn give_up(&mut self) {
        self.underway = None;
        if let Some(travel) = &self.travel {
            travel.give_up();
        }
    }

    /// When the last order was given.
    pub(super) fn ordered(&self) -> LogTime {
        self.ordered
    }

    /// Whether an order is being carried out.
    pub(super) fn is_underway(&self) -> bool {
        self.underway.is_some()
    }

    /// Whether the logs have other numbers than they had on the way here.
    pub(super) fn is_of_another(&self, run: &Run) -> bool {
        let files = kept::files(run);
        self.travel.as_ref().is_some_and(|travel| !files.starts_with(&travel.files))
    }

    /// Whether what is shown may not have been in the log as a whole when it was read, and is by now.
    pub(super) fn is_stale(&self, now: LogTime) -> bool {
        let settled = self.shown.as_ref().map(|shown| shown.at.after(FRESH_NS));
        !self.is_underway() && settled.is_some_and(|at| self.ordered < at && at <= now)
    }

    /// Takes what has come; `present` is the board of the present.
    pub(super) fn news(&mut self, present: &Board) -> Vec<News> {
        let answers = self.travel.as_ref().map_or_else(Vec::new, Travel::answers);
        answers.into_iter().map(|answer| self.take(answer, present)).collect()
    }

    /// Takes what is known of the files by now.
    pub(super) fn note_files(&mut self, present: &Board) {
        if let Some(shown) = &mut self.shown {
            as_of(&mut shown.board, shown.at, present);
        }
    }

    /// Goes to a moment of a run of which nothing has been read, and waits until it is there.
    ///
    /// # Errors
    ///
    /// No log can be read any more.
    pub(super) fn go_at_once(&mut self, run: &mut Run, at: LogTime) -> Result<(), LogError> {
        let mut moment = Moment::of(None);
        moment.advance(run, at, &mut |_, _| true)?;
        let (board, past, what) = (moment.board, None, None);
        self.shown = Some(Shown { at, board, past, what, is_last: true });
        Ok(())
    }

    fn take(&mut self, answer: Answer, present: &Board) -> News {
        match answer {
            Answer::Share(share) => {
                let past = self.shown.as_mut().and_then(|shown| shown.past.as_mut());
                if let Some(file) = past.and_then(|past| past.logs.first_mut()) {
                    file.read = part(file.entries, share);
                }
                News::Share(share)
            }
            Answer::Shown(mut shown) => {
                as_of(&mut shown.board, shown.at, present);
                let (at, what, is_last) = (shown.at, shown.what.take(), shown.is_last);
                if is_last {
                    self.underway = None;
                }
                self.shown = Some(*shown);
                News::At { at, what, is_last }
            }
            Answer::Nothing => {
                self.underway = None;
                News::Nothing
            }
            Answer::Failed(error) => {
                self.underway = None;
                News::Failed(error.to_string())
            }
        }
    }
}

/// What the files tell is of the present. Then, a process lived of which something was heard later.
fn as_of(board: &mut Board, at: LogTime, present: &Board) {
    board.logs.clone_from(&present.logs);
    for (log, file) in (0..).map(LogIndex).zip(&mut board.logs) {
        let heard = present.processes.get(log).map(ferret::projections::Process::last_heard);
        if heard.is_none_or(|heard| heard > at) {
            file.owned = Some(true);
        }
        file.outside = None;
        file.read = file.entries;
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share, for display"
)]
fn part(all: u64, share: f64) -> u64 {
    (all as f64 * share) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::script::{S, Script};

    /// Of a log that is damaged not all can be read, ever: its dead process ran for good.
    #[test]
    fn a_process_lived_until_it_was_last_heard_whatever_of_its_log_is_damaged() {
        let mut script = Script::default().process("crashed", 7).wait(S).start(1, "work");
        script.board.logs[0].owned = Some(false);
        (script.board.logs[0].entries, script.board.logs[0].read) = (10, 5);
        let owned = |at| {
            let mut then = script.board.clone();
            as_of(&mut then, LogTime(at), &script.board);
            then.logs[0].owned
        };
        let heard = script.board.processes.get(LogIndex(0)).unwrap().last_heard().0;
        assert_eq!(
            [heard - 1, heard, heard + S].map(owned),
            [Some(true), Some(false), Some(false)]
        );
    }
}
