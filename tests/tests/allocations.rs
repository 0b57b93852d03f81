//! A real program whose allocator is wrapped, and what every command tells of it.

use ferret_tests::{analysis, example, ferret, json, output, row};
use serde_json::{Value, json};

const KIB: u64 = 1024;

#[test]
fn every_command_tells_what_a_program_allocated() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("run.redb");
    let done = output(example("allocations").env("FERRET_LOG", &log));
    assert_eq!(done.code, Some(0), "{}", done.stderr);

    let report = analysis(&log);
    let alloc = |name: &str| &row(&report, "functions", name)["alloc"];
    let figures = |name: &str, fields: [&str; 4]| fields.map(|field| alloc(name)[field].clone());
    let check = |name: &str, expect: [u64; 4]| {
        let fields = ["self_bytes", "self_count", "total_bytes", "live_bytes"];
        assert_eq!(figures(name, fields), expect.map(Value::from), "{name}: {}", alloc(name));
    };
    let blocks = 64 * 36 * KIB;
    check("load", [blocks, 8, blocks, 0]);
    check("checksum", [8 * blocks, 8, 8 * blocks, 0]);
    check("remember", [8 * KIB, 1, 8 * KIB, 8 * KIB]);
    check("work", [8 * 24, 1, 9 * blocks + 8 * KIB + 8 * 24, 0]);
    // All blocks, and the words of the largest.
    assert_eq!(alloc("work")["peak_bytes"], blocks + 8 * 512 * KIB + 8 * 24);
    assert!(report["run"]["heap"]["live_bytes"].as_u64().unwrap() >= 8 * KIB);

    let analyze =
        |args: &str| output(ferret().arg("analyze").arg(&log).args(args.split_whitespace()));
    let text = analyze("").stdout;
    assert!(text.contains("MEMORY") && text.contains("ALLOCS"), "{text}");
    assert_eq!(analyze("--fail-if remember.live>4KiB").code, Some(1));
    assert_eq!(analyze("--fail-if load.live>0").code, Some(0));

    let snapshot = json(ferret().args(["watch", "--once", "--json"]).arg(&log));
    let owner = json!({
        "name": "remember", "module": "allocations", "live_bytes": 8 * KIB, "live_count": 1,
        "peak_bytes": 8 * KIB,
    });
    assert_eq!(snapshot["heap"]["owners"][0], owner);
    let page = output(ferret().args(["watch", "--once"]).arg(&log)).stdout;
    assert!(page.lines().any(|line| line.contains("heap") && line.contains('↑')), "{page}");
    let lines = output(ferret().arg("log").arg(&log)).stdout;
    assert!(lines.contains("ALLOC") && lines.contains("the process"), "{lines}");
}

#[test]
fn a_program_with_another_allocator_has_no_such_table() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("run.redb");
    let done = output(example("hello").env("FERRET_LOG", &log));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let report = analysis(&log);
    assert_eq!(row(&report, "functions", "greet")["alloc"], Value::Null);
    assert_eq!(report["run"]["heap"]["live_bytes"], Value::Null);
    let text = output(ferret().arg("analyze").arg(&log)).stdout;
    assert!(!text.contains("MEMORY"), "{text}");
}
