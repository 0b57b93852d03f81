//! What is happening now can be seen from another process: soon, and while it lasts.

use ferret_tests::{Place, Talker, boot_time_ns, example, ferret, until};
use std::path::Path;

/// Starts the program that gets stuck on demand, and waits until its log is there.
fn stuck(log: &Path) -> Talker {
    let mut program = Talker::start(example("stuck").env("FERRET_LOG", log));
    program.hear_until("it listens", |line| (line == "ready").then_some(()));
    until("the log", || log.exists().then_some(()));
    program
}

/// The time of the entry in a line of `ferret log --json`, if it is of this kind and name.
fn time_of(line: &str, kind: &str, name: &str) -> Option<u64> {
    let entry: serde_json::Value = serde_json::from_str(line).expect("a JSON object a line");
    (entry["kind"] == kind && entry["name"] == name).then(|| entry["time"].as_u64()).flatten()
}

#[test]
fn a_span_open_in_a_stuck_thread_is_visible_to_another_process_within_100_ms() {
    let place = Place::new();
    let mut program = stuck(&place.log);
    let mut observer = Talker::start(ferret().args(["log", "--follow", "--json"]).arg(&place.log));
    let mut delays_ms = Vec::new();
    for _ in 0..8 {
        program.say("get stuck");
        let began = observer.hear_until("the open span", |line| {
            assert!(time_of(line, "SPAN_END", "serve").is_none(), "it is still running");
            time_of(line, "SPAN_START", "wait_for_a_word")
        });
        delays_ms.push(boot_time_ns().saturating_sub(began) / 1_000_000);
        program.say("go on");
        observer.hear_until("its end", |line| time_of(line, "SPAN_END", "wait_for_a_word"));
    }
    println!("seen after {delays_ms:?} ms");
    // On a machine that does other things at the same time, some tries are late.
    assert!(delays_ms.iter().min() < Some(&100), "{delays_ms:?} ms");
    assert!(program.end().success());
}
