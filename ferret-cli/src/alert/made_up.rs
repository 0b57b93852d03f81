//! For tests: workers that are well.

use super::watched::WorkerNow;
use ferret::event::{ProcessState, ProcessUid};

pub(super) const SECOND: u64 = 1_000_000_000;
/// When the looking begins, s.
pub(super) const BEGIN: u64 = 1_000_000;

/// A worker that began long before, and is well.
pub(super) fn worker(number: u32, second: u64) -> WorkerNow {
    let started = BEGIN - 1_000;
    WorkerNow {
        uid: ProcessUid(u128::from(number)),
        program: "pipeline".to_owned(),
        pid: number,
        host: "box".to_owned(),
        log: "run.redb".to_owned(),
        state: ProcessState::Running,
        started_ns: started * SECOND,
        ended_ns: None,
        uptime_ns: (second + 1_000) * SECOND,
        heard_ns: Some(0),
        idle_ns: None,
        quiet_ns: Some(0),
        cpu_percent: Some(10.0),
        rss_bytes: Some(1 << 20),
        threads: Some(3),
        open_spans: 1,
        open_tasks: 0,
        spans_per_second: 1.0,
        spans: 0,
        errors: 0,
        panics: 0,
        dropped: 0,
        exit_code: None,
        signal: None,
        death: None,
        counters: Vec::new(),
        open: Vec::new(),
    }
}
