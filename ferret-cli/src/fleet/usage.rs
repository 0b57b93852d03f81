//! What a process used in a slot of time, added up so that slots and processes can be added up further.

use ferret::event::MetricSample;
use ferret::projections::Totals;
use serde::{Deserialize, Serialize};

/// The readings and the counts of one slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// METRICs.
    pub(crate) samples: u64,
    /// CPU, percent of one core: the sum of the readings, how many there were, and the largest.
    pub(crate) cpu: Level,
    pub(crate) rss_bytes: Level,
    pub(crate) threads: Level,
    pub(crate) open_spans: Level,
    pub(crate) open_tasks: Level,
    /// Spans that ended.
    pub(crate) spans: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) cancelled: u64,
    pub(crate) dropped: u64,
}

/// Readings of something that goes up and down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Level {
    sum: f64,
    count: u64,
    max: f64,
}

impl Level {
    pub(crate) fn read(&mut self, value: f64) {
        self.add(&Self { sum: value, count: 1, max: value });
    }

    pub(crate) fn add(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.max = if self.count == 0 { other.max } else { self.max.max(other.max) };
        self.sum += other.sum;
        self.count = self.count.saturating_add(other.count);
    }

    /// None: nothing was read.
    #[expect(clippy::cast_precision_loss, reason = "a mean, for display")]
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    pub(crate) fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }
}

impl Usage {
    #[expect(clippy::cast_precision_loss, reason = "bytes below 2^53, for display")]
    pub(crate) fn read(&mut self, sample: &MetricSample) {
        self.samples += 1;
        if let Some(percent) = sample.cpu_percent {
            self.cpu.read(percent);
        }
        if let Some(bytes) = sample.rss_bytes {
            self.rss_bytes.read(bytes as f64);
        }
        if let Some(threads) = sample.threads {
            self.threads.read(f64::from(threads));
        }
        self.open_spans.read(f64::from(sample.open_spans));
        self.open_tasks.read(f64::from(sample.open_tasks));
    }

    /// Counts spans that ended.
    pub(crate) fn count(&mut self, totals: &Totals) {
        self.spans = self.spans.saturating_add(totals.calls).saturating_add(totals.unknown);
        self.errors = self.errors.saturating_add(totals.errors);
        self.panics = self.panics.saturating_add(totals.panics);
        self.cancelled = self.cancelled.saturating_add(totals.cancelled);
        self.dropped = self.dropped.saturating_add(totals.dropped);
    }

    /// Adds another slot of the same process.
    pub(crate) fn add(&mut self, other: &Self) {
        self.samples = self.samples.saturating_add(other.samples);
        self.cpu.add(&other.cpu);
        self.rss_bytes.add(&other.rss_bytes);
        self.threads.add(&other.threads);
        self.open_spans.add(&other.open_spans);
        self.open_tasks.add(&other.open_tasks);
        self.spans = self.spans.saturating_add(other.spans);
        self.errors = self.errors.saturating_add(other.errors);
        self.panics = self.panics.saturating_add(other.panics);
        self.cancelled = self.cancelled.saturating_add(other.cancelled);
        self.dropped = self.dropped.saturating_add(other.dropped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_is_not_zero() {
        let mut usage = Usage::default();
        usage.read(&MetricSample { cpu_percent: Some(40.0), ..MetricSample::default() });
        usage.read(&MetricSample { cpu_percent: Some(80.0), ..MetricSample::default() });
        assert_eq!((usage.cpu.mean(), usage.cpu.max()), (Some(60.0), Some(80.0)));
        assert_eq!((usage.rss_bytes.mean(), usage.rss_bytes.max()), (None, None));
        assert_eq!(usage.samples, 2);
    }

    #[test]
    fn slots_added_up_are_as_if_read_in_one() {
        let sample = |cpu| MetricSample { cpu_percent: Some(cpu), ..MetricSample::default() };
        let (mut one, mut other, mut both) = (Usage::default(), Usage::default(), Usage::default());
        for (usage, cpu) in [(&mut one, 1.0), (&mut other, 7.0)] {
            usage.read(&sample(cpu));
            both.read(&sample(cpu));
        }
        one.add(&other);
        assert_eq!(one, both);
    }
}
