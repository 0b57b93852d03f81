//! What the system says of time and memory: the clocks every measure here is taken with.

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longer than a recorder takes to catch up, whatever it was given here.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Wall time, from now on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) fn elapsed_ns(self) -> u64 {
        nanoseconds(self.elapsed())
    }
}

/// 584 years at most.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// CPU time of the calling thread.
pub(crate) fn thread_cpu_ns() -> u64 {
    cpu_ns(ClockId::ThreadCPUTime)
}

/// CPU time of all threads of this process.
pub(crate) fn process_cpu_ns() -> u64 {
    cpu_ns(ClockId::ProcessCPUTime)
}

fn cpu_ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// CPU time of all children of this process that have ended, and of theirs, to 10 ms.
pub(crate) fn children_cpu_ms() -> anyhow::Result<u64> {
    // The kernel counts in these to user space, whatever its own tick (proc(5), `cutime`).
    const TICK_MS: u64 = 10;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The second field is the program's name in parentheses, and may hold anything.
    let fields = stat.rsplit_once(')').context("no name in /proc/self/stat")?.1;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |field: usize| -> anyhow::Result<u64> {
        Ok(fields.get(field).context("a short /proc/self/stat")?.parse()?)
    };
    // Fields 16 and 17, the first behind the name being the third.
    Ok((ticks(13)? + ticks(14)?) * TICK_MS)
}

/// The most memory this process has had.
pub(crate) fn peak_rss_bytes() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.context("no VmHWM in /proc/self/status")?.trim().parse::<u64>()? * 1024)
}

/// CPU time of the recorder's thread in this process.
pub(crate) fn recorder_cpu_ns() -> anyhow::Result<u64> {
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.trim_end() == "ferret-recorder" {
            let ran = std::fs::read_to_string(task.join("schedstat"))?;
            let ran = ran.split(' ').next().context("an empty schedstat")?;
            return Ok(ran.parse()?);
        }
    }
    anyhow::bail!("this process has no recorder")
}

/// What the files in `folder` take on the disk: blocks, not lengths, which run ahead.
pub(crate) fn allocated_bytes(folder: &Path) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.blocks() * 512;
    }
    Ok(bytes)
}
