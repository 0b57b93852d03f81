//! The page, of workers and functions with all that names can hold.

use super::*;
use crate::serve::question::WorkerId;
use crate::serve::serving::Check;
use ferret::event::ProcessUid;

fn worker(number: u128) -> WorkerNumbers {
    WorkerNumbers {
        id: WorkerId(ProcessUid(number)),
        program: "pipe\"line\\\n".to_owned(),
        pid: 4711,
        host: "box".to_owned(),
        state: State::Running,
        started_ms: Some(1_764_000_000_500),
        heard_ns: Some(120_000_000),
        idle_ns: None,
        cpu_percent: Some(93.5),
        rss_bytes: Some(104_857_600),
        threads: Some(12),
        open_spans: Some(7),
        open_tasks: Some(0),
        spans: 100,
        errors: 3,
        panics: 2,
        cancelled: 1,
        dropped: 0,
    }
}

fn function(name: &str, total_ns: u64) -> FunctionNumbers {
    FunctionNumbers {
        program: "pipeline".to_owned(),
        module: "pipeline::audio".to_owned(),
        name: name.to_owned(),
        calls: 7,
        errors: 1,
        panics: 0,
        cancelled: 0,
        total_ns,
    }
}

#[test]
fn the_page_is_as_prometheus_reads_it() {
    let gone = WorkerNumbers {
        state: State::Crashed,
        heard_ns: None,
        cpu_percent: None,
        rss_bytes: None,
        ..worker(2)
    };
    let check = |name: &str, status| Check { name: name.to_owned(), status, text: String::new() };
    let snapshot = Snapshot {
        now_ms: 0,
        workers: vec![worker(1), gone],
        functions: vec![function("decode", 1_500_000_000), function("decode", 500_000_000)],
        checks: vec![check("logs", Status::Healthy), check("store", Status::Degraded)],
    };
    insta::assert_snapshot!(text(&snapshot, &Counts::default()));
}

#[test]
fn there_are_so_many_series_at_most() {
    let snapshot = Snapshot {
        workers: (0..WORKERS as u128 + 5).map(worker).collect(),
        functions: (0..FUNCTIONS as u64 + 7).map(|n| function(&format!("f{n}"), n)).collect(),
        ..Snapshot::default()
    };
    let page = text(&snapshot, &Counts::default());
    let series = |name: &str| page.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(series("ferret_worker_up{"), WORKERS);
    assert_eq!(series("ferret_function_duration_seconds_sum{"), FUNCTIONS);
    assert!(page.contains("\nferret_workers_left_out 5\n"));
    assert!(page.contains("\nferret_functions_left_out 7\n"));
    assert!(!page.contains("function=\"f6\""), "the ones with least time are left out");
    // Names that differ only where they are cut are one.
    let long = |end: &str| function(&("é".repeat(5_000) + end), 1);
    let long = Snapshot { functions: vec![long("a"), long("b")], ..Snapshot::default() };
    let page = text(&long, &Counts::default());
    assert!(page.lines().all(|line| line.len() < 700));
    let name = "ferret_function_duration_seconds_count";
    let counts = page.lines().filter(|line| line.starts_with(name));
    assert_eq!(counts.map(|line| line.ends_with(" 14")).collect::<Vec<_>>(), [true]);
}
