//! What spans add up to.

use crate::event::{Outcome, Summary};

/// What spans add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Spans that ended ok, err, panicked or cancelled.
    pub calls: u64,
    /// Of those, how many returned an `Err`.
    pub errors: u64,
    /// Of those, how many unwound.
    pub panics: u64,
    /// Of those, how many were dropped before they completed.
    pub cancelled: u64,
    /// Of those, how many were counted instead of being recorded one by one.
    pub sampled: u64,
    /// Spans whose end was not seen. In no other figure.
    pub unknown: u64,
    /// Spans lost directly under these: what they were is not known.
    pub dropped: u64,
    /// From start to end, ns.
    pub total_ns: u64,
    /// Less the time in child spans, ns. Of an async span, its polls less the spans inside them.
    pub self_ns: u64,
    /// Polls that ended. Of spans that are not async, 0.
    pub polls: u64,
    /// Time in polls, ns. Of spans that are not async, 0.
    pub polled_ns: u64,
    /// The longest poll, ns: for so long nothing else ran where it did.
    pub longest_poll_ns: u64,
}

/// Polls of an async span, one or several merged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Polled {
    pub(super) count: u64,
    pub(super) busy_ns: u64,
    /// Of that, time in child spans, ns.
    pub(super) child_ns: u64,
    pub(super) longest_ns: u64,
}

impl Totals {
    /// Adds one span that took `ns`, `self_ns` of it by itself.
    #[inline]
    pub(super) fn end(&mut self, outcome: Outcome, ns: u64, self_ns: u64) {
        match outcome {
            Outcome::Ok => {}
            Outcome::Err => self.errors += 1,
            Outcome::Panicked => self.panics += 1,
            Outcome::Cancelled => self.cancelled += 1,
            Outcome::Unknown => {
                self.unknown += 1;
                return;
            }
        }
        self.calls += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        self.self_ns = self.self_ns.saturating_add(self_ns);
    }

    pub(super) fn poll(&mut self, polled: Polled) {
        let self_ns = polled.busy_ns.saturating_sub(polled.child_ns);
        self.polls = self.polls.saturating_add(polled.count);
        self.polled_ns = self.polled_ns.saturating_add(polled.busy_ns);
        self.longest_poll_ns = self.longest_poll_ns.max(polled.longest_ns);
        self.self_ns = self.self_ns.saturating_add(self_ns);
    }

    /// Adds calls that were only counted.
    pub(super) fn summary(&mut self, summary: &Summary) {
        let self_ns = summary.total_ns.saturating_sub(summary.child_ns);
        self.calls = self.calls.saturating_add(summary.calls);
        self.errors = self.errors.saturating_add(summary.errors);
        self.panics = self.panics.saturating_add(summary.panics);
        self.cancelled = self.cancelled.saturating_add(summary.cancelled);
        self.sampled = self.sampled.saturating_add(summary.calls);
        self.total_ns = self.total_ns.saturating_add(summary.total_ns);
        self.self_ns = self.self_ns.saturating_add(self_ns);
    }

    pub(in crate::projections) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.panics += other.panics;
        self.cancelled += other.cancelled;
        self.sampled += other.sampled;
        self.unknown += other.unknown;
        self.dropped += other.dropped;
        self.total_ns = self.total_ns.saturating_add(other.total_ns);
        self.self_ns = self.self_ns.saturating_add(other.self_ns);
        self.polls = self.polls.saturating_add(other.polls);
        self.polled_ns = self.polled_ns.saturating_add(other.polled_ns);
        self.longest_poll_ns = self.longest_poll_ns.max(other.longest_poll_ns);
    }
}
