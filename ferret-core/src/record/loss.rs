//! What a thread keeps of spans it had to skip, until it can say so in its chunk.

use super::raw::{Kind, NO_SPAN, Slot, head};
use std::cell::Cell;

/// The spans skipped since the last report.
///
/// A *period* is a stretch of skipping: guards skipped in it know its number, so that one that
/// outlives its report does not disturb the next.
#[derive(Debug)]
pub(super) struct Loss {
    spans: Cell<u64>,
    busy_ticks: Cell<u64>,
    /// Skipped spans open, of this period.
    depth: Cell<u32>,
    /// When the outermost of them began.
    since: Cell<u64>,
    period: Cell<u32>,
    /// An END found no room: the log thinks its span still open.
    lost_end: Cell<bool>,
}

impl Loss {
    pub(super) const fn new() -> Self {
        Self {
            spans: Cell::new(0),
            busy_ticks: Cell::new(0),
            depth: Cell::new(0),
            since: Cell::new(0),
            period: Cell::new(0),
            lost_end: Cell::new(false),
        }
    }

    /// Whether there is something to report.
    pub(super) fn is_pending(&self) -> bool {
        self.spans.get() > 0 || self.lost_end.get()
    }

    /// Whether a skipped span is open: what is said now would land on the wrong one.
    pub(super) fn is_skipping(&self) -> bool {
        self.depth.get() > 0
    }

    /// How many spans were skipped since the last report.
    pub(super) fn spans(&self) -> u64 {
        self.spans.get()
    }

    /// A span was skipped; gives the period, which its guard brings back.
    pub(super) fn skip(&self, ticks: u64) -> u32 {
        self.spans.set(self.spans.get() + 1);
        if self.depth.get() == 0 {
            self.since.set(ticks);
        }
        self.depth.set(self.depth.get() + 1);
        self.period.get()
    }

    /// A span that is no frame of this thread was skipped.
    pub(super) fn skip_task(&self) {
        self.spans.set(self.spans.get() + 1);
    }

    /// A skipped span ended.
    pub(super) fn unskip(&self, period: u32, ticks: u64) {
        if period != self.period.get() || self.depth.get() == 0 {
            return;
        }
        self.depth.set(self.depth.get() - 1);
        if self.depth.get() == 0 {
            let busy = ticks.saturating_sub(self.since.get());
            self.busy_ticks.set(self.busy_ticks.get().saturating_add(busy));
        }
    }

    /// An END was lost.
    pub(super) fn lose_end(&self) {
        self.lost_end.set(true);
    }

    /// The event that says it, `current` being the innermost recorded span still open. Everything
    /// begins anew; skipped spans still open are counted as busy until now.
    pub(super) fn report(&self, ticks: u64, current: u32) -> [Slot; 2] {
        let mut busy = self.busy_ticks.get();
        if self.depth.get() > 0 {
            busy = busy.saturating_add(ticks.saturating_sub(self.since.get()));
            self.depth.set(0);
            self.period.set(self.period.get().wrapping_add(1));
        }
        let spans = self.spans.replace(0);
        self.busy_ticks.set(0);
        let lost_end = u32::from(self.lost_end.replace(false));
        [head(ticks, Kind::Dropped, lost_end, current), [spans, busy]]
    }

    /// Takes the count of a thread that will never report, and begins anew.
    pub(super) fn abandon(&self) -> u64 {
        let [_, [spans, _]] = self.report(0, NO_SPAN);
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_skipped_spans_are_counted_each_and_timed_once() {
        let loss = Loss::new();
        let (a, b) = (loss.skip(100), loss.skip(110));
        loss.unskip(b, 120);
        loss.unskip(a, 150);
        assert_eq!(loss.report(200, 7)[1], [2, 50]);
        assert!(!loss.is_pending());
    }

    #[test]
    fn a_span_still_open_at_the_report_is_busy_until_then_and_not_again() {
        let loss = Loss::new();
        let a = loss.skip(100);
        assert_eq!(loss.report(130, 7)[1], [1, 30]);
        loss.unskip(a, 900);
        let b = loss.skip(1000);
        loss.unskip(b, 1001);
        assert_eq!(loss.report(2000, 7)[1], [1, 1]);
    }

    /// What a thread could not say in one recording was counted as busy time in the next.
    #[test]
    fn what_is_abandoned_is_not_reported_later() {
        let loss = Loss::new();
        let a = loss.skip(100);
        loss.unskip(a, 150);
        let b = loss.skip(160);
        assert_eq!(loss.abandon(), 2);
        loss.unskip(b, 900);
        loss.skip_task();
        assert_eq!(loss.report(1000, 7)[1], [1, 0]);
    }
}
