//! What became of one counter second by second: for its rate and its chart.

use super::finite;
use crate::event::LogTime;
use crate::projections::metrics::Columns;
use std::collections::VecDeque;

const SECOND_NS: u64 = 1_000_000_000;

/// The seconds in which something was said, in order, the latest [`Seconds::KEPT`].
#[derive(Clone, Debug, Default)]
pub(super) struct Seconds {
    seconds: VecDeque<Second>,
}

#[derive(Clone, Copy, Debug)]
struct Second {
    /// Its number from time 0.
    number: u64,
    /// By how much the value changed.
    change: f64,
    /// The most it was.
    most: f64,
    /// What it was at the end.
    last: f64,
}

impl Seconds {
    /// Seconds kept: more than a chart has columns.
    const KEPT: usize = 512;

    /// The value changed by `change`, to `value`.
    pub(super) fn add(&mut self, time: LogTime, change: f64, value: f64) {
        let number = time.0 / SECOND_NS;
        // It is nearly always the last one, or a new one behind it.
        let at = self.seconds.iter().rposition(|second| second.number <= number);
        if let Some(second) = at.and_then(|at| self.seconds.get_mut(at))
            && second.number == number
        {
            second.change = finite(second.change + change);
            second.most = second.most.max(value);
            second.last = value;
            return;
        }
        let at = at.map_or(0, |at| at + 1);
        if self.seconds.len() == Self::KEPT {
            if at == 0 {
                return;
            }
            self.seconds.pop_front();
            self.seconds.insert(at - 1, Second { number, change, most: value, last: value });
        } else {
            self.seconds.insert(at, Second { number, change, most: value, last: value });
        }
    }

    /// The change per second in the last seconds before `now`.
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a few seconds")]
    pub(super) fn per_second(&self, now: LogTime) -> f64 {
        let last = now.0 / SECOND_NS;
        let first = (last + 1).saturating_sub(super::Counters::RATE_SECONDS);
        let all = self.seconds.iter().rev().skip_while(|second| second.number > last);
        let changes = all.take_while(|second| second.number >= first).map(|second| second.change);
        let change = changes.fold(0.0, |sum, change| finite(sum + change));
        // What began to count a moment ago has not counted for the whole window; but from less
        // than a second nothing can be told.
        let began = self.seconds.front().map_or(first, |second| second.number.max(first));
        let window_ns = (now.0 - (began * SECOND_NS).min(now.0)).max(SECOND_NS);
        finite(change * SECOND_NS as f64 / window_ns as f64)
    }

    /// The changes in columns.
    pub(super) fn changes(&self, now: LogTime, by: Columns) -> Vec<f64> {
        let mut columns = vec![0.0; by.count];
        for second in &self.seconds {
            if let Some(column) = column(second.number, now, by).and_then(|at| columns.get_mut(at))
            {
                *column = finite(*column + second.change);
            }
        }
        columns
    }

    /// The highest levels in columns; where nothing was said, the level stays what it was.
    pub(super) fn levels(&self, now: LogTime, by: Columns) -> Vec<f64> {
        let mut columns = vec![None; by.count];
        let first = first_column(now, by);
        let mut level = None;
        let mut after = vec![None; by.count];
        for second in &self.seconds {
            match column(second.number, now, by) {
                Some(at) if at < by.count => {
                    let most: &mut Option<f64> = &mut columns[at];
                    *most = Some(most.map_or(second.most, |most| most.max(second.most)));
                    after[at] = Some(second.last);
                }
                None if second.number * SECOND_NS / by.width_ns.max(1) < first => {
                    level = Some(second.last);
                }
                _ => {}
            }
        }
        let shown = columns.into_iter().zip(after).map(|(most, after)| {
            let shown = match (most, level) {
                (Some(most), Some(level)) => most.max(level),
                (most, level) => most.or(level).unwrap_or(0.0),
            };
            level = after.or(level);
            shown
        });
        shown.collect()
    }
}

/// The number of the first column from time 0: columns begin at multiples of their width.
fn first_column(now: LogTime, by: Columns) -> u64 {
    (now.0 / by.width_ns.max(1) + 1).saturating_sub(by.count as u64)
}

/// The column of a second; none if it lies before the first or after `now`.
fn column(second: u64, now: LogTime, by: Columns) -> Option<usize> {
    let width = by.width_ns.max(1);
    let start = second.saturating_mul(SECOND_NS);
    if start > now.0 {
        return None;
    }
    usize::try_from((start / width).checked_sub(first_column(now, by))?).ok()
}
