//! The process as a whole: CPU, memory, threads, I/O.
//!
//! `sysinfo` gives memory and I/O; CPU time comes from the process's CPU clock, which is exact to
//! the nanosecond where `sysinfo` counts in hundredths of a second; the number of threads, which it
//! gives only by listing them all, from one line of `/proc`.

use crate::event::{LogTime, MetricSample};
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System};

/// CPU percent is not computed over less than this, ns: it would be noise.
const SHORTEST_WINDOW_NS: u64 = 50_000_000;

/// Reads the process's metrics, now and then.
#[derive(Debug)]
pub(super) struct Sampler {
    /// Absent where `sysinfo` does not know the system.
    system: Option<System>,
    pid: Pid,
    /// Where the CPU window began.
    window: Option<(LogTime, u64)>,
    /// The percentage over the last whole window.
    cpu_percent: Option<f64>,
}

impl Sampler {
    pub(super) fn new() -> Self {
        let pid = Pid::from_u32(std::process::id());
        // Without it memory and I/O stay empty, as any failed reading does.
        Self { system: System::new().ok(), pid, window: None, cpu_percent: None }
    }

    /// A METRIC for `now`. What cannot be read is left empty.
    pub(super) fn sample(&mut self, now: LogTime, open: (u32, u32)) -> MetricSample {
        let cpu_ns = cpu_ns();
        let cpu_percent = self.cpu_percent(now, cpu_ns);
        let process = self.process();
        MetricSample {
            cpu_percent,
            cpu_ns,
            rss_bytes: process.map(Process::memory).filter(|bytes| *bytes > 0),
            threads: threads(),
            open_spans: open.0,
            open_tasks: open.1,
            read_bytes: process.map(|process| process.disk_usage().total_read_bytes),
            written_bytes: process.map(|process| process.disk_usage().total_written_bytes),
        }
    }

    fn process(&mut self) -> Option<&Process> {
        let system = self.system.as_mut()?;
        let refresh = ProcessRefreshKind::nothing().with_memory().with_disk_usage();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), false, refresh);
        system.process(self.pid)
    }

    fn cpu_percent(&mut self, now: LogTime, cpu_ns: Option<u64>) -> Option<f64> {
        let cpu_ns = cpu_ns?;
        let Some((since, before)) = self.window else {
            self.window = Some((now, cpu_ns));
            return None;
        };
        let wall_ns = now.since(since);
        if wall_ns >= SHORTEST_WINDOW_NS {
            self.window = Some((now, cpu_ns));
            #[expect(clippy::cast_precision_loss, reason = "a ratio of a percentage's precision")]
            let percent = cpu_ns.saturating_sub(before) as f64 / wall_ns as f64 * 100.0;
            self.cpu_percent = Some(percent);
        }
        self.cpu_percent
    }
}

/// CPU time of the process so far.
fn cpu_ns() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).ok()?;
    Some(seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).ok()?)
}

/// Processes that the kernel has killed on this machine for want of memory, since it was started.
pub(super) fn oom_kills() -> Option<u64> {
    let counters = std::fs::read_to_string("/proc/vmstat").ok()?;
    counters.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

/// `num_threads`, field 20 of `/proc/self/stat` (proc(5)); the command name before it may hold
/// anything, so fields are counted from its closing parenthesis.
fn threads() -> Option<u32> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(17)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reading_is_there_on_linux() {
        let mut sampler = Sampler::new();
        sampler.sample(LogTime(0), (0, 0));
        let sample = sampler.sample(LogTime(1_000_000_000), (3, 4));
        assert!(sample.rss_bytes.is_some_and(|bytes| bytes > 100_000), "{sample:?}");
        assert!(sample.threads.is_some_and(|threads| threads >= 1), "{sample:?}");
        assert!(sample.cpu_percent.is_some() && sample.cpu_ns.is_some(), "{sample:?}");
        assert!(sample.read_bytes.is_some() && sample.written_bytes.is_some(), "{sample:?}");
        assert_eq!((sample.open_spans, sample.open_tasks), (3, 4));
    }

    #[test]
    fn cpu_is_taken_over_the_time_between_samples() {
        let mut sampler = Sampler::new();
        assert_eq!(sampler.cpu_percent(LogTime(0), Some(0)), None);
        assert_eq!(sampler.cpu_percent(LogTime(1_000_000_000), Some(1_500_000_000)), Some(150.0));
        // Too soon for a new reading: the last one stands.
        assert_eq!(sampler.cpu_percent(LogTime(1_000_001_000), Some(1_500_001_000)), Some(150.0));
        assert_eq!(sampler.cpu_percent(LogTime(2_000_000_000), Some(1_500_000_000)), Some(0.0));
    }
}
