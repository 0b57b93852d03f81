//! The numbers that processes have over time: how each is read out of what a slot holds, and added up over workers.

use super::super::question::Measure;
use super::functions::seconds;
use crate::analyze::hundredths;
use crate::fleet::Usage;

impl Measure {
    /// As it is written.
    pub(super) fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(_, measure)| *measure == self).map_or("", |(name, _)| name)
    }

    /// In what it is measured.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::CpuPercent | Self::CpuMaxPercent => "percent",
            Self::RssBytes => "bytes",
            Self::SpansPerSecond | Self::ErrorsPerSecond => "per_second",
            Self::Threads | Self::OpenSpans | Self::OpenTasks | Self::Dropped | Self::Alive => {
                "count"
            }
        }
    }

    /// What one worker's step of so many ms comes to; none where it said nothing.
    #[expect(clippy::cast_precision_loss, reason = "counts for a chart")]
    pub(super) fn of(self, usage: &Usage, step_ms: u64) -> Option<f64> {
        let per_second = |count: u64| Some(hundredths(count as f64 / seconds(step_ms)));
        match self {
            Self::CpuPercent => usage.cpu.mean().map(hundredths),
            Self::CpuMaxPercent => usage.cpu.max().map(hundredths),
            Self::RssBytes => usage.rss_bytes.mean().map(f64::round),
            Self::Threads => usage.threads.max(),
            Self::OpenSpans => usage.open_spans.max(),
            Self::OpenTasks => usage.open_tasks.max(),
            Self::SpansPerSecond => per_second(usage.spans),
            Self::ErrorsPerSecond => per_second(usage.errors.saturating_add(usage.panics)),
            Self::Dropped => Some(usage.dropped as f64),
            Self::Alive => (usage.samples > 0 || usage.spans > 0).then_some(1.0),
        }
    }

    /// With one worker more, who was there for this share of the step. They are summed: what has a level at each moment
    /// by that share. A largest value is one worker's.
    pub(super) fn plus(self, all: Option<f64>, one: Option<f64>, share: f64) -> Option<f64> {
        let Some(one) = one else { return all };
        let all = all.unwrap_or_default();
        Some(match self {
            Self::CpuMaxPercent => all.max(one),
            Self::SpansPerSecond | Self::ErrorsPerSecond | Self::Dropped => hundredths(all + one),
            Self::CpuPercent
            | Self::RssBytes
            | Self::Threads
            | Self::OpenSpans
            | Self::OpenTasks
            | Self::Alive => hundredths(all + one * share),
        })
    }
}
