//! What `analyze` shows of a process whose allocator tells.

use super::{Made, analyze, args, show};
use crate::analyze::analysis;
use crate::analyze::reading::begin;
use ferret::event::{CallsiteId, CallsiteKind, HeapUse, LogEntry, LogIndex, LogTime, Outcome};
use std::process::ExitCode;

const KIB: u64 = 1024;

impl Made {
    /// The innermost span of a thread has allocated, and freed the half of it.
    fn allocate(&mut self, thread: u32, bytes: u64, count: u64, peak_bytes: u64) {
        let top = *self.threads[&thread].0.top().unwrap();
        let heap = HeapUse { bytes, count, freed_bytes: bytes / 2, frees: count / 2, peak_bytes };
        self.say(thread, LogEntry::Alloc { span: top.span, path: top.path, heap });
    }

    fn lives(&mut self, callsite: CallsiteId, live_bytes: u64, peak_bytes: u64) {
        let live_count = live_bytes / 100;
        self.say(0, LogEntry::Heap { callsite, live_bytes, live_count, peak_bytes });
    }
}

/// `main` calls `load`, which recurses, and `idle`, which allocates nothing.
fn loads() -> Made {
    let mut made = Made::new(9);
    made.start(1, "main");
    made.start(1, "load");
    made.start(1, "load");
    made.allocate(1, 300 * KIB, 30, 200 * KIB);
    made.now += 5_000_000;
    made.end(1, Outcome::Ok);
    made.allocate(1, 100 * KIB, 10, 250 * KIB);
    made.end(1, Outcome::Ok);
    made.call(1, "idle", 20);
    made.allocate(1, 5 * KIB, 1, 260 * KIB);
    made.end(1, Outcome::Ok);
    let load = made.callsite("load", CallsiteKind::Function);
    made.lives(CallsiteId::PROCESS, 210 * KIB, 270 * KIB);
    made.lives(load, 200 * KIB, 250 * KIB);
    made.exit(0);
    made
}

#[test]
fn a_table_of_memory_stands_below_the_functions() {
    insta::assert_snapshot!("memory_80", show(&[loads()], "", Some(80)));
    for width in 60..130 {
        show(&[loads()], "", Some(width));
    }
}

#[test]
fn the_document_has_what_each_function_allocated() {
    let json: serde_json::Value = serde_json::from_str(&show(&[loads()], "--json", None)).unwrap();
    let load = json["functions"].as_array().unwrap().iter().find(|row| row["name"] == "load");
    assert_eq!(
        load.unwrap()["alloc"],
        serde_json::json!({
            "self_bytes": 400 * KIB, "self_count": 40, "total_bytes": 400 * KIB, "total_count": 40,
            "freed_bytes": 200 * KIB, "peak_bytes": 250 * KIB, "live_bytes": 200 * KIB,
            "live_peak_bytes": 250 * KIB,
        })
    );
    assert_eq!(json["run"]["heap"]["live_bytes"], 210 * KIB);
    let main = json["functions"].as_array().unwrap().iter().find(|row| row["name"] == "main");
    assert_eq!(main.unwrap()["alloc"]["total_bytes"], 405 * KIB);
}

#[test]
fn gates_and_filters_ask_about_memory() {
    let passes = |line: &str| {
        let (args, made) = (args(line), loads());
        let mut fold = begin(&args, &[]).unwrap();
        for entry in &made.entries {
            fold.apply(LogIndex(0), &made.names, entry);
        }
        let logs = [made.facts(0)];
        let analysis = analysis(&mut fold, &logs, LogTime(60_000_000_000), &args);
        super::gates(&analysis, &args).unwrap() == ExitCode::SUCCESS
    };
    assert!(passes("--fail-if any.live>1MiB --fail-if load.allocated>400KiB"));
    assert!(!passes("--fail-if load.live>=200KiB"));
    assert!(!passes("--fail-if main.allocs>40"));
    assert!(!passes("--fail-if main.peak>250KiB"));
    let text = show(&[loads()], "--filter allocated>404KiB", Some(80));
    assert!(text.contains("main") && !text.contains("load"), "{text}");
}

/// What has no duration and no outcome is not chosen by those.
#[test]
fn since_and_threads_choose_among_allocations_and_durations_do_not() {
    let mut made = loads();
    made.start(2, "load");
    made.now += 50_000_000;
    made.allocate(2, 7 * KIB, 1, 7 * KIB);
    made.end(2, Outcome::Err);
    let check = |line: &str, own_kib: Option<u64>| {
        let analysis = analyze(std::slice::from_ref(&made), &args(line));
        let load = analysis.functions.iter().find(|row| row.name == "load");
        let alloc = load.map(|row| row.alloc.unwrap());
        assert_eq!(alloc.map(|alloc| alloc.self_bytes), own_kib.map(|kib| kib * KIB), "{line}");
        if let Some(alloc) = alloc {
            assert_eq!(alloc.live_bytes, 200 * KIB, "{line}: what lives is of the whole run");
        }
    };
    check("", Some(407));
    check("--since +40ms", Some(7));
    check("--until +40ms", Some(400));
    check("--filter thread:worker-2", Some(7));
    check("--filter thread:main", Some(400));
    check("--filter dur>40ms", Some(407));
    check("--filter outcome=err", Some(407));
    check("--filter dur>4ms&thread:main", Some(400));
    check("--filter idle", None);
}
