//! How fast a stage's progress goes: over the last ten to twenty seconds of its reports, so that one
//! that began with what was cached does not promise too much for ever. A mean over all of it is as
//! calm and was rejected for that.

use crate::event::LogTime;

/// A window begins at most two of these before the last report, or one report before.
const HALF_NS: u64 = 10_000_000_000;

/// How far something was, when.
type Mark = (LogTime, u64);

/// The pace of one open stage.
///
/// Invariant: `from`, `middle` and `last` ascend, in time and in what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    from: Mark,
    middle: Mark,
    last: Mark,
}

impl Pace {
    /// Nothing is done yet.
    pub(super) fn begin(at: LogTime) -> Self {
        let mark = (at, 0);
        Self { from: mark, middle: mark, last: mark }
    }

    /// So much is done now. Less than before begins anew.
    pub(super) fn report(&mut self, at: LogTime, done: u64) {
        if done < self.last.1 || at < self.last.0 {
            let mark = (at, done);
            *self = Self { from: mark, middle: mark, last: mark };
            return;
        }
        self.last = (at, done);
        if at.since(self.middle.0) >= HALF_NS {
            self.from = std::mem::replace(&mut self.middle, self.last);
        }
    }

    /// Units per second; none before there is one.
    pub(super) fn per_second(&self) -> Option<f64> {
        per_second(self.last.1 - self.from.1, self.last.0.since(self.from.0))
    }

    /// When it last reported.
    pub(super) fn reported(&self) -> LogTime {
        self.last.0
    }
}

/// So many in so long, per second; none if either is nothing.
#[expect(clippy::cast_precision_loss, reason = "a rate, for display")]
pub(super) fn per_second(done: u64, ns: u64) -> Option<f64> {
    (done > 0 && ns > 0).then(|| done as f64 * 1e9 / ns as f64)
}

/// How long what is left takes at a pace, the last report being `since_report_ns` old, ns. While the
/// next unit is overdue the time left does not run on: nobody knows how much of it is done.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, for display; never below 0"
)]
pub(super) fn time_left(left: u64, per_second: f64, since_report_ns: u64) -> u64 {
    let unit_ns = 1e9 / per_second;
    let passed_ns = (since_report_ns as f64).min(unit_ns);
    (left as f64 * unit_ns - passed_ns).max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    /// The pace after reports (second, done), in units per second.
    fn check(reports: &[(u64, u64)], expect: Option<f64>) {
        let mut pace = Pace::begin(LogTime(0));
        for (second, done) in reports {
            pace.report(LogTime(second * S), *done);
        }
        assert_eq!(pace.per_second(), expect, "{pace:?}");
    }

    #[test]
    fn at_first_it_is_the_mean_since_the_beginning() {
        check(&[], None);
        check(&[(2, 1)], Some(0.5));
        check(&[(2, 1), (4, 4)], Some(1.0));
    }

    #[test]
    fn a_fast_beginning_is_forgotten() {
        let slow: Vec<_> = (1..=40).map(|second| (second, 1_000 + second)).collect();
        check(&[&[(0, 1_000)], &slow[..]].concat(), Some(1.0));
    }

    #[test]
    fn rare_reports_tell_by_the_last_two() {
        check(&[(60, 1), (120, 2), (180, 4)], Some(2.0 / 60.0));
    }

    #[test]
    fn one_that_goes_back_begins_anew() {
        check(&[(5, 5), (6, 0)], None);
        check(&[(5, 5), (6, 0), (8, 4)], Some(2.0));
    }

    #[test]
    fn what_is_left_grows_less_until_the_next_unit_is_overdue() {
        assert_eq!(time_left(10, 0.5, 0), 20 * S);
        assert_eq!(time_left(10, 0.5, S), 19 * S);
        assert_eq!(time_left(10, 0.5, 60 * S), 18 * S);
        assert_eq!(time_left(0, 0.5, 60 * S), 0);
    }
}
