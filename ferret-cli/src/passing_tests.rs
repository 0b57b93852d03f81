//! Whose time is whose, in the tree that is drawn.

use super::*;
use crate::tui::script::{MS, S, Script};
use ferret::event::{EndKind, TagValue};

/// The tree as `name own-ms calls`, indented, a star behind what is open.
fn tree(script: &Script, filter: &str, until: LogTime) -> Vec<String> {
    let filter = (!filter.is_empty()).then(|| filter.parse().unwrap());
    let mut passing = Passing::new(filter, until).and_open();
    script.each(|log, names, entry| passing.apply(log, names, entry));
    let roots = script.look(|scene| {
        let owned = |log: usize| scene.board.logs[log].owned;
        let logs: Vec<_> =
            scene.names.iter().enumerate().map(|(log, names)| (*names, owned(log))).collect();
        passing.roots(&logs, scene.now)
    });
    let mut lines = Vec::new();
    for root in &roots {
        tell(root, 0, &mut lines);
    }
    lines
}

fn tell(node: &Node, depth: usize, lines: &mut Vec<String>) {
    let calls = node.detail.split(' ').next().unwrap();
    let open = if node.is_open { "*" } else { "" };
    lines.push(format!("{}{} {} {calls}{open}", " ".repeat(depth), node.name, node.self_ns / MS));
    for child in &node.children {
        tell(child, depth + 1, lines);
    }
}

const END: LogTime = LogTime(u64::MAX);

/// A run of 100 ms in which 30 were read, and 20 are parsed now; a worker that has worked.
fn script() -> Script {
    let script = Script::default().process("cast", 7).thread(2, "worker").start(1, "run");
    let script = script.wait(50 * MS).start(1, "read").tag(1, "size", TagValue::Unsigned(9));
    let script = script.wait(30 * MS).end(1).start(1, "parse").wait(20 * MS);
    script.start(2, "work").end(2)
}

#[test]
fn of_what_is_open_only_its_own_time_is_its_own() {
    let expect = ["run 50 0*", " read 30 1", " parse 20 0*", "work 0 1"];
    assert_eq!(tree(&script(), "", END), expect);
}

#[test]
fn of_a_program_that_died_it_is_the_time_until_it_was_last_heard_of() {
    let script = script().ends(EndKind::Lost).wait(60 * S);
    assert_eq!(tree(&script, "", END)[..2], ["run 50 0*", " read 30 1"]);
}

#[test]
fn up_to_a_moment_nothing_later_counts() {
    let expect = ["run 50 0*", " read 15 0*"];
    assert_eq!(tree(&script(), "", LogTime(65 * MS)), expect);
}

#[test]
fn with_a_filter_only_what_passes_has_time() {
    assert_eq!(tree(&script(), "read", END), ["run 0 0", " read 30 1"]);
    assert_eq!(tree(&script(), "tag:size = 9", END), ["run 0 0", " read 30 1"]);
    assert_eq!(tree(&script(), "thread:worker", END), ["work 0 1"]);
    assert_eq!(tree(&script(), "dur > 90ms", END), ["run 50 0*"]);
    assert!(tree(&script(), "nothing", END).is_empty());
}

#[test]
fn an_async_function_has_the_time_of_its_polls() {
    let script = Script::default().process("serve", 7).thread(2, "tokio").task(1, "fetch");
    let script = script.enter(2).wait(10 * MS).start(2, "parse").wait(5 * MS).end(2).exit(2);
    let script = script.wait(S).enter(2).wait(7 * MS);
    // The script's polls say nothing of their children: 15 of the first, 7 of the one that goes on.
    assert_eq!(tree(&script, "", END), ["fetch 22 0*", " parse 5 1"]);
}
