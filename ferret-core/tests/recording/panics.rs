//! A panic's message and place are tags of the span it happened in, whatever becomes of it.

use crate::log::{PATIENCE, check, record};
use crate::part::{play, plays};
use ferret::{Session, profile};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::path::Path;
use std::process::abort;
use std::sync::OnceLock;

const SHIP: u32 = 7;

#[profile]
fn catches(does: fn()) {
    assert!(catch_unwind(does).is_err());
}

#[profile]
fn sinks() {
    panic!("ship {SHIP} sinks")
}

/// The place of the panic in [`sinks`].
const AT: &str = "sinks: panic.at = ferret-core/tests/recording/panics.rs:20:5";

#[test]
fn who_panicked_says_what_and_where_and_who_caught_it_is_well() {
    check(
        || catches(sinks),
        &[
            "catches begins",
            "sinks begins",
            "sinks: panic = ship 7 sinks",
            AT,
            "sinks ends: Panicked",
            "catches ends: Ok",
        ],
    );
}

/// The message that a panic's payload leaves.
#[track_caller]
fn check_message(does: fn(), expect: &str) {
    let script = record(|| catches(does)).script();
    let said = script.iter().find_map(|line| line.strip_prefix("catches: panic = "));
    assert_eq!(said, Some(expect), "{script:?}");
}

#[test]
fn any_payload_leaves_a_message() {
    check_message(|| panic!("plain"), "plain");
    check_message(|| panic_any("owned".to_owned()), "owned");
    check_message(|| panic_any(5), "Box<dyn Any>");
    check_message(|| panic!("é{}", "x".repeat(300)), &format!("é{}", "x".repeat(254)));
    check_message(|| panic!("x{}", "é".repeat(300)), &format!("x{}", "é".repeat(127)));
    let lines = "assertion `left == right` failed: ships\n  left: 7\n right: 8";
    check_message(|| assert_eq!(SHIP, 8, "ships"), lines);
}

/// No hook runs: nothing is said twice.
#[test]
fn what_goes_on_unwinding_has_been_said() {
    #[profile]
    fn passes_on() {
        let panic = catch_unwind(sinks).unwrap_err();
        resume_unwind(panic);
    }
    check(
        || catches(passes_on),
        &[
            "catches begins",
            "passes_on begins",
            "sinks begins",
            "sinks: panic = ship 7 sinks",
            AT,
            "sinks ends: Panicked",
            "passes_on ends: Panicked",
            "catches ends: Ok",
        ],
    );
}

/// Compares the script without the places.
#[track_caller]
fn check_messages(script: &[String], expect: &[&str]) {
    let script: Vec<_> = script.iter().filter(|line| !line.contains("panic.at")).collect();
    assert_eq!(script, expect);
}

#[test]
fn a_panic_of_a_destructor_while_another_unwinds_is_told_apart() {
    struct Lifeboat;
    impl Drop for Lifeboat {
        fn drop(&mut self) {
            catches(leaks);
        }
    }
    #[profile]
    fn leaks() {
        panic!("the boat leaks")
    }
    #[profile]
    fn has_a_boat() {
        let _boat = Lifeboat;
        panic!("a rock")
    }
    check_messages(
        &record(|| catches(has_a_boat)).script(),
        &[
            "catches begins",
            "has_a_boat begins",
            "has_a_boat: panic = a rock",
            "catches begins",
            "leaks begins",
            "leaks: panic = the boat leaks",
            "leaks ends: Panicked",
            "catches ends: Ok",
            "has_a_boat ends: Panicked",
            "catches ends: Ok",
        ],
    );
}

#[test]
fn in_a_poll_it_is_the_tasks() {
    #[profile]
    async fn task() {
        std::future::ready(()).await;
        panic!("in a poll")
    }
    #[profile]
    fn polls() {
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        let mut task = Box::pin(task());
        let poll = || task.as_mut().poll(context).is_ready();
        assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
    }
    check_messages(
        &record(polls).script(),
        &[
            "polls begins",
            "task begins",
            "task: panic = in a poll",
            "task ends: Panicked",
            "polls ends: Ok",
        ],
    );
}

#[test]
fn without_an_open_span_nobody_is_told() {
    #[profile]
    fn calm() {}
    let panics = || {
        assert!(catch_unwind(|| panic!("outside")).is_err());
        calm();
        assert!(catch_unwind(|| panic!("outside")).is_err());
    };
    check(panics, &["calm begins", "calm ends: Ok"]);
}

#[track_caller]
fn check_part(part: &str, expect: &[&str]) {
    let played = play(part, "panics::plays_its_part", &[], &[]);
    check_messages(&played.log("run.redb").script(), expect);
}

#[test]
fn a_hook_that_was_there_is_called_and_may_end_the_process() {
    // The span is open when the process dies.
    check_part("abort in a hook", &["sinks begins", "sinks: panic = ship 7 sinks"]);
}

#[test]
fn a_panic_that_cannot_unwind_is_told_before_the_process_aborts() {
    check_part(
        "panic in a panic",
        &[
            "sinks begins",
            "sinks: panic = ship 7 sinks",
            "sinks: panic = the second",
            // What the runtime adds when it gives up.
            "sinks: panic = panic in a destructor during cleanup",
        ],
    );
}

#[test]
fn a_hook_that_is_set_later_wins() {
    check_part("later hook", &["sinks begins", "sinks ends: Panicked"]);
}

/// In a static, for a hook to get at it.
static SESSION: OnceLock<Session> = OnceLock::new();

fn start(folder: &Path) {
    SESSION.set(ferret::start(folder.join("run.redb")).unwrap()).unwrap();
}

fn flush() {
    assert!(SESSION.get().unwrap().flush(PATIENCE));
}

#[test]
fn plays_its_part() {
    if let Some(folder) = plays("abort in a hook") {
        std::panic::set_hook(Box::new(|_| {
            flush();
            abort();
        }));
        start(&folder);
        sinks();
    }
    if let Some(folder) = plays("panic in a panic") {
        struct Fails;
        impl Drop for Fails {
            fn drop(&mut self) {
                panic!("the second")
            }
        }
        std::panic::set_hook(Box::new(|_| flush()));
        start(&folder);
        let _span = ferret::span!("sinks");
        let _fails = Fails;
        panic!("ship {SHIP} sinks")
    }
    if let Some(folder) = plays("later hook") {
        start(&folder);
        std::panic::set_hook(Box::new(|_| {}));
        assert!(catch_unwind(sinks).is_err());
        flush();
    }
}
