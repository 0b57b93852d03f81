//! A program that runs for long with a limit: its memory is flat, its log is as large as it may be, and
//! whole. Twenty seconds here; `tests/soak.sh` runs the same for half an hour.

use ferret_tests::{Place, analysis, example, ferret, output, rows};

/// Spans a second, and the limit, which they fill in ten seconds. An unoptimised recorder is several
/// times slower.
const RATE: u64 = if cfg!(debug_assertions) { 50_000 } else { 200_000 };
const LIMIT_KIB: u64 = if cfg!(debug_assertions) { 2 << 10 } else { 8 << 10 };

/// Of the test, or as `tests/soak.sh` says.
fn seconds() -> u64 {
    std::env::var("FERRET_SOAK_SECONDS").ok().and_then(|said| said.parse().ok()).unwrap_or(20)
}

/// Memory and disk, KiB, second by second.
fn readings(stdout: &str) -> Vec<(u64, u64)> {
    let line = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        Some((words.get(2)?.parse().ok()?, words.get(4)?.parse().ok()?))
    };
    stdout.lines().filter_map(line).collect()
}

#[test]
fn memory_is_flat_and_the_log_as_large_as_it_may_be() {
    let place = Place::new();
    let done = output(
        example("soak")
            .args([seconds(), RATE].map(|number| number.to_string()))
            .env("FERRET_LOG", &place.log)
            .env("FERRET_MAX_BYTES", format!("{LIMIT_KIB}KiB")),
    );
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    let readings = readings(&done.stdout);
    assert!(readings.len() as u64 >= seconds() - 1, "{}", done.stdout);
    let most_on_disk = readings.iter().map(|(_, disk)| *disk).max().unwrap_or(0);
    assert!(most_on_disk <= LIMIT_KIB * 11 / 10, "{most_on_disk} KiB\n{}", done.stdout);
    // The log is full long before a third has passed of half an hour; what is taken then stays enough.
    let (early, late) = readings.split_at(readings.len() / 3);
    let most = |readings: &[(u64, u64)]| readings.iter().map(|(memory, _)| *memory).max();
    let (early, late) = (most(early).unwrap_or(0), most(late).unwrap_or(0));
    println!("memory {early} KiB, then {late} KiB; disk {most_on_disk} KiB");
    // Where the machine stands still, what waits for the recorder takes more: up to 16 MiB.
    assert!(late <= early + early / 10 + 16_384, "{early} KiB, then {late} KiB\n{}", done.stdout);

    let check = output(ferret().arg("check").arg(&place.log));
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
    assert!(check.stdout.contains("process   soak (pid "), "{}", check.stdout);
    let report = analysis(&place.log);
    let open: Vec<_> = rows(&report, "open").iter().map(|row| &row["name"]).collect();
    assert_eq!(open, ["waits"], "it began before all that is there");
    let log = &report["logs"][0];
    assert!(log["first_offset"].as_u64() > Some(1), "{log}");
    assert_eq!(log["max_bytes"], LIMIT_KIB << 10);
    let text = output(ferret().arg("analyze").arg(&place.log)).stdout;
    assert!(text.contains("the log reaches back to "), "{text}");
}
