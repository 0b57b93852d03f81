//! What became of one counter second by second: for its rate and its chart.
//!
//! The latest seconds are kept one by one, and older ones joined into fewer and longer stretches, so
//! that a chart of the whole run has its beginning too. (Forgetting the oldest was rejected: a
//! counter that was busy for hours began out of nothing. Joining all alike was too: it would cost
//! the chart of a running program, a column a second, its detail.)

use super::reading::finite;
use crate::event::LogTime;
use crate::projections::metrics::Columns;
use std::collections::VecDeque;

const SECOND_NS: u64 = 1_000_000_000;

/// The stretches in which something was said, in order; none overlaps another. At most
/// [`Seconds::LATEST`] and [`Seconds::OLDER`].
#[derive(Clone, Debug, Default)]
pub(super) struct Seconds {
    stretches: VecDeque<Stretch>,
}

/// A second, or several that were joined.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// The numbers, from time 0, of the first and the last second in which something was said.
    first: u64,
    last: u64,
    /// By how much the value changed.
    change: f64,
    /// The most it was.
    most: f64,
    /// What it was at the end.
    level: f64,
}

/// A part of a stretch that lies in one column, or left of the first.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// None if it is left of the first.
    column: Option<usize>,
    /// How much of the stretch it is, 0 to 1.
    share: f64,
}

impl Stretch {
    /// Takes one in that is later.
    fn join(&mut self, later: &Self) {
        self.last = later.last;
        self.change = finite(self.change + later.change);
        self.most = self.most.max(later.most);
        self.level = later.level;
    }

    fn end_ns(&self) -> u64 {
        (self.last + 1).saturating_mul(SECOND_NS)
    }

    /// Its pieces as of `now`, in order; it may have begun left of the first column.
    #[expect(clippy::cast_precision_loss, reason = "a share, for a chart")]
    fn pieces(&self, now: LogTime, by: Columns) -> impl Iterator<Item = Piece> {
        let (width_ns, first) = (by.width_ns.max(1), first_column(now, by));
        let (begin_ns, end_ns) = (self.first.saturating_mul(SECOND_NS), self.end_ns());
        // A second is in the column in which it begins: only what was joined is divided.
        let is_one = self.first == self.last;
        let left = begin_ns / width_ns;
        let right = if is_one { left } else { (end_ns - 1) / width_ns };
        let shown = (left.max(first)..=right.min(first + by.count as u64)).map(move |column| {
            let from_ns = begin_ns.max(column * width_ns);
            let to_ns = end_ns.min((column + 1).saturating_mul(width_ns));
            let share = (to_ns - from_ns.min(to_ns)) as f64 / (end_ns - begin_ns) as f64;
            let column = usize::try_from(column - first).ok();
            Piece { column, share: if is_one { 1.0 } else { share } }
        });
        let before = (left < first).then_some(Piece { column: None, share: 0.0 });
        before.into_iter().chain(shown).filter(move |_| begin_ns <= now.0)
    }
}

impl Seconds {
    /// The latest seconds, kept one by one: more than a chart has columns.
    const LATEST: usize = 512;
    /// Stretches of older ones.
    const OLDER: usize = 512;

    /// The value changed by `change`, to `value`.
    pub(super) fn add(&mut self, time: LogTime, change: f64, value: f64) {
        let number = time.0 / SECOND_NS;
        // It is nearly always the last one, or a new one behind it.
        let at = self.stretches.iter().rposition(|stretch| stretch.first <= number);
        if let Some(stretch) = at.and_then(|at| self.stretches.get_mut(at))
            && number <= stretch.last
        {
            stretch.change = finite(stretch.change + change);
            stretch.most = stretch.most.max(value);
            if number == stretch.last {
                stretch.level = value;
            }
            return;
        }
        let (first, last, most, level) = (number, number, value, value);
        self.stretches
            .insert(at.map_or(0, |at| at + 1), Stretch { first, last, change, most, level });
        if self.stretches.len() > Self::LATEST + Self::OLDER {
            self.join_older();
        }
    }

    /// Joins neighbours among the older ones until they are half as many as there may be: those that
    /// begin in the same two, four, eight … seconds.
    fn join_older(&mut self) {
        let latest = self.stretches.split_off(self.stretches.len().saturating_sub(Self::LATEST));
        for doublings in 1..u64::BITS {
            let mut joined: VecDeque<Stretch> = VecDeque::with_capacity(self.stretches.len());
            for stretch in &self.stretches {
                match joined.back_mut() {
                    Some(back) if back.first >> doublings == stretch.first >> doublings => {
                        back.join(stretch);
                    }
                    _ => joined.push_back(*stretch),
                }
            }
            self.stretches = joined;
            if self.stretches.len() <= Self::OLDER / 2 {
                break;
            }
        }
        self.stretches.extend(latest);
    }

    /// The change per second in the last seconds before `now`.
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a few seconds")]
    pub(super) fn per_second(&self, now: LogTime) -> f64 {
        let last = now.0 / SECOND_NS;
        let first = (last + 1).saturating_sub(super::Counters::RATE_SECONDS);
        let all = self.stretches.iter().rev().skip_while(|stretch| stretch.first > last);
        let changes =
            all.take_while(|stretch| stretch.first >= first).map(|stretch| stretch.change);
        let change = changes.fold(0.0, |sum, change| finite(sum + change));
        // What began to count a moment ago has not counted for the whole window; but from less
        // than a second nothing can be told.
        let began = self.stretches.front().map_or(first, |stretch| stretch.first.max(first));
        let window_ns = (now.0 - (began * SECOND_NS).min(now.0)).max(SECOND_NS);
        finite(change * SECOND_NS as f64 / window_ns as f64)
    }

    /// The changes in columns; none in those before anything was said.
    pub(super) fn changes(&self, now: LogTime, by: Columns) -> Vec<Option<f64>> {
        let mut columns = vec![None; by.count];
        let Some(began) = self.stretches.front() else { return columns };
        let began = began.first.saturating_mul(SECOND_NS) / by.width_ns.max(1);
        for (column, number) in columns.iter_mut().zip(first_column(now, by)..) {
            *column = (number >= began).then_some(0.0);
        }
        for stretch in &self.stretches {
            for piece in stretch.pieces(now, by) {
                if let Some(column) = piece.column.and_then(|at| columns.get_mut(at)) {
                    let sum = column.unwrap_or(0.0) + stretch.change * piece.share;
                    *column = Some(finite(sum));
                }
            }
        }
        columns
    }

    /// The highest levels in columns; where nothing was said, the level stays what it was. None
    /// before anything was said, and behind `end`.
    pub(super) fn levels(
        &self,
        now: LogTime,
        by: Columns,
        end: Option<LogTime>,
    ) -> Vec<Option<f64>> {
        // The most in each column, and what it was at its end; and the level left of the first.
        let mut columns: Vec<Option<(f64, f64)>> = vec![None; by.count];
        let mut level = None;
        for stretch in &self.stretches {
            for piece in stretch.pieces(now, by) {
                match piece.column {
                    None => level = Some(stretch.level),
                    Some(at) => {
                        if let Some(column) = columns.get_mut(at) {
                            let most =
                                column.map_or(stretch.most, |(most, _)| most.max(stretch.most));
                            *column = Some((most, stretch.level));
                        }
                    }
                }
            }
        }
        let lived = first_column(now, by)..=end.map_or(u64::MAX, |end| end.0 / by.width_ns.max(1));
        let shown = lived.zip(columns).map(|(_, column)| {
            let most = column.map(|(most, _)| most);
            let shown = match (most, level) {
                (Some(most), Some(level)) => Some(most.max(level)),
                (most, level) => most.or(level),
            };
            level = column.map(|(_, after)| after).or(level);
            shown
        });
        let mut shown: Vec<_> = shown.collect();
        shown.resize(by.count, None);
        shown
    }
}

/// The number of the first column from time 0: columns begin at multiples of their width.
fn first_column(now: LogTime, by: Columns) -> u64 {
    (now.0 / by.width_ns.max(1) + 1).saturating_sub(by.count as u64)
}
