//! The METRIC entries of every process as series, with the current value and the peak, each alone
//! and all summed.

use crate::event::{Entry, LogEntry, LogIndex, LogTime, MetricSample, ProcessState};
use std::collections::VecDeque;

/// The series of all processes.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    series: Vec<Series>,
    total_peak: Peak,
}

/// The samples of one process.
#[derive(Clone, Debug, Default)]
pub struct Series {
    samples: VecDeque<(LogTime, MetricSample)>,
    peak: Peak,
    /// When the process ended, if it has.
    end: Option<LogTime>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// CPU, percent of one core.
    Cpu,
    /// Resident memory, bytes.
    Rss,
    /// Threads of the process.
    Threads,
    /// Open spans.
    OpenSpans,
    /// Open async spans.
    OpenTasks,
}

/// The largest value of each [`Measure`] so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peak([Option<f64>; 5]);

impl Measure {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Cpu, Self::Rss, Self::Threads, Self::OpenSpans, Self::OpenTasks];

    /// Its value in a sample; none if that reading failed.
    #[expect(clippy::cast_precision_loss, reason = "bytes below 2^53, for a chart")]
    pub fn of(self, sample: &MetricSample) -> Option<f64> {
        match self {
            Self::Cpu => sample.cpu_percent,
            Self::Rss => sample.rss_bytes.map(|bytes| bytes as f64),
            Self::Threads => sample.threads.map(f64::from),
            Self::OpenSpans => Some(f64::from(sample.open_spans)),
            Self::OpenTasks => Some(f64::from(sample.open_tasks)),
        }
    }
}

impl Peak {
    /// The largest value so far; none if there was no reading.
    pub fn of(&self, measure: Measure) -> Option<f64> {
        self.0[measure as usize]
    }

    fn raise(&mut self, measure: Measure, value: Option<f64>) {
        let peak = &mut self.0[measure as usize];
        *peak = larger(*peak, value);
    }
}

impl Metrics {
    /// A value older than this says nothing about now, ns: as long as a silent process is taken
    /// to run.
    pub const STALE_NS: u64 = ProcessState::STALLED_AFTER_NS;

    /// Takes the next entry of `log`.
    pub fn apply(&mut self, log: LogIndex, entry: &Entry) {
        match &entry.what {
            LogEntry::Metric(sample) => {
                self.series_mut(log).add(entry.time, **sample);
                for measure in Measure::ALL {
                    self.total_peak.raise(measure, self.current(measure, entry.time));
                }
            }
            LogEntry::ProcessEnd(_) | LogEntry::ProcessExit(_) => {
                self.series_mut(log).end.get_or_insert(entry.time);
            }
            _ => {}
        }
    }

    /// The series of `log`'s process; none before its first sample.
    pub fn series(&self, log: LogIndex) -> Option<&Series> {
        self.series.get(log.0)
    }

    /// The sum of the processes' values at `now`; none if no process has one.
    pub fn current(&self, measure: Measure, now: LogTime) -> Option<f64> {
        sum(self.series.iter().map(|series| series.current(measure, now)))
    }

    /// The largest sum so far.
    pub fn peak(&self) -> &Peak {
        &self.total_peak
    }

    /// The sums of the processes' values as `count` columns, the last of which holds `now`.
    pub fn columns(&self, measure: Measure, now: LogTime, by: Columns) -> Vec<Option<f64>> {
        let mut total = vec![None; by.count];
        for series in &self.series {
            for (sum, value) in total.iter_mut().zip(series.columns(measure, now, by)) {
                *sum = plus(*sum, value);
            }
        }
        total
    }

    fn series_mut(&mut self, log: LogIndex) -> &mut Series {
        if self.series.len() <= log.0 {
            self.series.resize_with(log.0 + 1, Series::default);
        }
        &mut self.series[log.0]
    }
}

/// How time is divided for a chart. Columns begin at multiples of their width, so that a chart
/// moves by whole columns and does not shimmer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// How many.
    pub count: usize,
    /// How long each is, ns; at least 1.
    pub width_ns: u64,
}

impl Series {
    /// Samples kept: an hour, and some for the starts and ends of stages.
    pub const SAMPLES: usize = 4_096;

    /// The samples kept, oldest first.
    pub fn samples(&self) -> &VecDeque<(LogTime, MetricSample)> {
        &self.samples
    }

    /// The latest sample.
    pub fn last(&self) -> Option<&(LogTime, MetricSample)> {
        self.samples.back()
    }

    /// The largest values so far.
    pub fn peak(&self) -> &Peak {
        &self.peak
    }

    /// The latest reading; none if the process has ended or has long been silent at `now`.
    pub fn current(&self, measure: Measure, now: LogTime) -> Option<f64> {
        let ended = self.end.is_some_and(|end| end <= now);
        let fresh = |at: LogTime| now.since(at) <= Metrics::STALE_NS && !ended;
        self.samples
            .iter()
            .rev()
            .take_while(|(at, _)| fresh(*at))
            .find_map(|(_, sample)| measure.of(sample))
    }

    /// The values as columns, the last of which holds `now`: in each the largest reading, or
    /// where there was none the one before, as long as that is fresh.
    pub fn columns(&self, measure: Measure, now: LogTime, by: Columns) -> Vec<Option<f64>> {
        let mut columns = vec![None; by.count];
        let width = by.width_ns.max(1);
        let first = (now.0 / width + 1).saturating_sub(by.count as u64);
        let column = |at: LogTime| usize::try_from((at.0 / width).saturating_sub(first));
        // Only samples that can still show; they are few among many, and the latest.
        let from = LogTime((first * width).saturating_sub(Metrics::STALE_NS));
        let begin = self.samples.partition_point(|(at, _)| *at < from);
        let shown = || self.samples.range(begin..).take_while(|(at, _)| *at <= now);
        for (at, sample) in shown().filter(|(at, _)| at.0 / width >= first) {
            if let Ok(index) = column(*at)
                && let Some(value) = columns.get_mut(index)
            {
                *value = larger(*value, measure.of(sample));
            }
        }
        let before = shown().take_while(|(at, _)| at.0 / width < first).last();
        let mut known = before.and_then(|(at, sample)| Some((at.0, measure.of(sample)?)));
        for (index, value) in columns.iter_mut().enumerate() {
            let begin = (first + index as u64) * width;
            if let Some(value) = *value {
                known = Some((begin, value));
            } else if let Some((at, last)) = known
                && begin.saturating_sub(at) <= Metrics::STALE_NS.max(width)
                && self.end.is_none_or(|end| end.0 > begin)
            {
                *value = Some(last);
            }
        }
        columns
    }

    fn add(&mut self, time: LogTime, sample: MetricSample) {
        if self.samples.len() == Self::SAMPLES {
            self.samples.pop_front();
        }
        // Samples come from one thread, so their times do not go back.
        self.samples.push_back((time, sample));
        for measure in Measure::ALL {
            self.peak.raise(measure, measure.of(&sample));
        }
    }
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

/// The sum of what is known.
pub(super) fn plus(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

fn sum(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    values.fold(None, plus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EndKind, Offset, ProcessEnd, ThreadId};

    const S: u64 = 1_000_000_000;

    fn entry(at_ns: u64, what: LogEntry) -> Entry {
        Entry { offset: Offset(0), time: LogTime(at_ns), thread: ThreadId::RECORDER, what }
    }

    fn metrics(samples: &[(usize, u64, f64)]) -> Metrics {
        let mut metrics = Metrics::default();
        for (log, at_ns, cpu) in samples {
            let sample = MetricSample { cpu_percent: Some(*cpu), ..MetricSample::default() };
            metrics.apply(LogIndex(*log), &entry(*at_ns, LogEntry::Metric(Box::new(sample))));
        }
        metrics
    }

    fn cpu_columns(metrics: &Metrics, now_ns: u64, count: usize) -> Vec<Option<f64>> {
        metrics.columns(Measure::Cpu, LogTime(now_ns), Columns { count, width_ns: S })
    }

    #[test]
    fn processes_are_summed_and_the_peak_is_that_of_the_sum() {
        let metrics =
            metrics(&[(0, S, 90.0), (1, S + 1, 10.0), (0, 2 * S, 20.0), (1, 2 * S, 50.0)]);
        assert_eq!(metrics.current(Measure::Cpu, LogTime(2 * S)), Some(70.0));
        assert_eq!(metrics.peak().of(Measure::Cpu), Some(100.0));
        let first = metrics.series(LogIndex(0)).unwrap();
        assert_eq!(first.peak().of(Measure::Cpu), Some(90.0));
        assert_eq!(first.peak().of(Measure::Rss), None);
    }

    #[test]
    fn a_value_is_carried_on_until_it_is_stale() {
        let metrics = metrics(&[(0, S, 40.0), (0, 2 * S, 60.0)]);
        let columns = cpu_columns(&metrics, 7 * S, 8);
        let (a, b) = (Some(40.0), Some(60.0));
        assert_eq!(columns, [None, a, b, b, b, b, None, None]);
        assert_eq!(metrics.current(Measure::Cpu, LogTime(5 * S)), b);
        assert_eq!(metrics.current(Measure::Cpu, LogTime(6 * S)), None);
    }

    #[test]
    fn a_sample_left_of_the_chart_reaches_into_it() {
        let metrics = metrics(&[(0, 8 * S, 40.0)]);
        assert_eq!(cpu_columns(&metrics, 10 * S, 2), [Some(40.0), Some(40.0)]);
    }

    #[test]
    fn a_column_shows_its_largest_sample() {
        let metrics = metrics(&[(0, S, 10.0), (0, S + 5, 80.0), (0, S + 9, 20.0)]);
        assert_eq!(cpu_columns(&metrics, S + 10, 1), [Some(80.0)]);
    }

    #[test]
    fn an_ended_process_counts_no_more() {
        let mut metrics = metrics(&[(0, S, 10.0), (1, S, 5.0)]);
        let end = LogEntry::ProcessEnd(ProcessEnd { how: EndKind::Exited(Some(0)) });
        metrics.apply(LogIndex(0), &entry(S + S / 2, end));
        assert_eq!(metrics.current(Measure::Cpu, LogTime(2 * S)), Some(5.0));
        assert_eq!(cpu_columns(&metrics, 2 * S, 2), [Some(15.0), Some(5.0)]);
    }

    #[test]
    fn the_number_of_samples_is_bounded_and_the_peak_outlives_them() {
        let mut metrics = metrics(&[(0, 0, 99.0)]);
        for second in 1..=Series::SAMPLES as u64 + 3 {
            let sample = MetricSample { cpu_percent: Some(1.0), ..MetricSample::default() };
            metrics.apply(LogIndex(0), &entry(second * S, LogEntry::Metric(Box::new(sample))));
        }
        let series = metrics.series(LogIndex(0)).unwrap();
        assert_eq!(series.samples().len(), Series::SAMPLES);
        assert_eq!(series.peak().of(Measure::Cpu), Some(99.0));
    }
}
