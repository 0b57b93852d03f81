//! What is known of a process that died without a word: the line that its stacks are shown under.

use crate::format;
use ferret::event::{MetricSample, ProcessExit, ProcessState};
use ferret::log::LogInfo;
use ferret::projections::Process;
use serde::{Deserialize, Serialize};

/// How a process died, as far as that can be known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Death {
    /// The signal that ended it, where `ferret run` was its parent.
    pub(crate) signal: Option<i32>,
    /// Processes that the kernel killed for want of memory, on all of the machine, about that time. Null where
    /// that cannot be told.
    pub(crate) oom_kills: Option<u64>,
    /// A guess: the kernel killed it for want of memory.
    pub(crate) is_out_of_memory: bool,
    /// Entries that it had left in memory, and that are in its log now. Null where nothing of that was to be found.
    pub(crate) salvaged_entries: Option<u64>,
    /// Its last METRIC.
    pub(crate) last_metric: Option<LastMetric>,
}

/// The last METRIC of a process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LastMetric {
    /// How long before the last that was heard of the process.
    pub(crate) before_end_ns: u64,
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) os_threads: Option<u32>,
}

/// What a log tells beside its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) salvaged_entries: Option<u64>,
    pub(crate) oom_kills: Option<u64>,
}

impl From<&LogInfo> for Findings {
    fn from(info: &LogInfo) -> Self {
        let salvaged_entries = info.salvaged_at.map(|_| info.salvaged_entries);
        Self { salvaged_entries, oom_kills: info.oom_kills }
    }
}

impl Death {
    /// That of a process which crashed; none of any other.
    pub(crate) fn of(process: &Process, state: ProcessState, findings: Findings) -> Option<Self> {
        if state != ProcessState::Crashed {
            return None;
        }
        let signal = match process.exit {
            Some(ProcessExit::Signal(signal)) => Some(signal),
            Some(ProcessExit::Code(_)) | None => None,
        };
        let Findings { salvaged_entries, oom_kills } = findings;
        // The kernel kills with SIGKILL; what the signal was, only a parent knows.
        let may_be = signal.is_none_or(|signal| signal == SIGKILL);
        let is_out_of_memory = may_be && oom_kills.is_some_and(|kills| kills > 0);
        let last_metric = process.last_metric.zip(process.last_sample).map(|(at, sample)| {
            let MetricSample { cpu_percent, rss_bytes, threads, .. } = sample;
            let before_end_ns = process.last_heard().since(at);
            LastMetric { before_end_ns, cpu_percent, rss_bytes, os_threads: threads }
        });
        Some(Self { signal, oom_kills, is_out_of_memory, salvaged_entries, last_metric })
    }

    /// How, in words.
    pub(crate) fn how(&self) -> String {
        let how = match self.signal {
            Some(signal) => match signal_hook::low_level::signal_name(signal) {
                Some(name) => format!("killed by signal {signal} ({name})"),
                None => format!("killed by signal {signal}"),
            },
            None => "died without a word".to_owned(),
        };
        if !self.is_out_of_memory {
            return how;
        }
        let kills = self.oom_kills.unwrap_or(0);
        let processes = if kills == 1 { "a process" } else { "processes" };
        format!(
            "{how}, perhaps for want of memory: the kernel killed {processes} on this machine then"
        )
    }

    /// What is known beside that, in short phrases.
    pub(crate) fn facts(&self) -> Vec<String> {
        let mut facts = Vec::new();
        if let Some(last) = &self.last_metric {
            let readings = [
                last.cpu_percent.map(|cpu| format!("CPU {cpu:.0} %")),
                last.rss_bytes.map(|rss| format!("RSS {}", format::bytes(rss))),
                last.os_threads.map(|threads| format!("{threads} threads")),
            ];
            let readings: Vec<_> = readings.into_iter().flatten().collect();
            let before = format::duration(last.before_end_ns);
            facts.push(format!("last METRIC {before} before: {}", readings.join(", ")));
        }
        facts.push(match self.salvaged_entries {
            Some(0) => "the log had all it did".to_owned(),
            Some(1) => "1 entry saved from memory".to_owned(),
            Some(entries) => format!("{} entries saved from memory", format::count(entries)),
            None => "what it did in its last moments may be missing".to_owned(),
        });
        facts
    }
}

const SIGKILL: i32 = signal_hook::consts::SIGKILL;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(death: &Death, how: &str, facts: &[&str]) {
        assert_eq!(
            (death.how().as_str(), death.facts()),
            (how, facts.iter().map(|&fact| fact.to_owned()).collect())
        );
    }

    #[test]
    fn what_is_known_is_said_and_what_is_guessed_is_said_to_be() {
        check(
            &Death::default(),
            "died without a word",
            &["what it did in its last moments may be missing"],
        );
        let last_metric = Some(LastMetric {
            before_end_ns: 400_000_000,
            cpu_percent: Some(180.2),
            rss_bytes: Some(24 << 20),
            os_threads: None,
        });
        check(
            &Death {
                signal: Some(9),
                oom_kills: Some(1),
                is_out_of_memory: true,
                salvaged_entries: Some(1_234),
                last_metric,
            },
            "killed by signal 9 (SIGKILL), perhaps for want of memory: the kernel killed a process on this machine then",
            &[
                "last METRIC 400 ms before: CPU 180 %, RSS 24.0 MiB",
                "1,234 entries saved from memory",
            ],
        );
    }

    /// A crash of its own making is no kill of the kernel's, whatever else died meanwhile.
    #[test]
    fn another_signal_is_not_taken_for_want_of_memory() {
        let mut process = Process::default();
        process.exit = Some(ProcessExit::Signal(11));
        let findings = Findings { oom_kills: Some(3), ..Findings::default() };
        let death = Death::of(&process, ProcessState::Crashed, findings).unwrap();
        assert!(!death.is_out_of_memory && death.how() == "killed by signal 11 (SIGSEGV)");
        assert_eq!(Death::of(&process, ProcessState::Exited, findings), None);
    }
}
