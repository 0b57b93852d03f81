//! The tree as people see it: one line a node, with its calls, total, self and open spans.

use super::*;
use crate::event::Outcome;
use crate::projections::scenario::Scenario;
use std::fmt::Write as _;

fn tree(scenarios: &[&Scenario], open: &[OpenCall]) -> String {
    let mut calls = Calls::default();
    for (index, scenario) in scenarios.iter().enumerate() {
        for entry in &scenario.entries {
            calls.apply(LogIndex(index), &scenario.names, entry);
        }
        for call in open.iter().filter(|call| call.log.0 == index) {
            calls.know(call.log, &scenario.names, call.path);
        }
    }
    let names: Vec<String> = calls.functions().into_iter().map(|row| row.info.name).collect();
    let tree = CallTree::new(&calls, open);
    let mut text = String::new();
    let mut next: Vec<usize> = tree.roots().iter().rev().copied().collect();
    while let Some(index) = next.pop() {
        let node = tree.node(index);
        let name = &names[node.function.0 as usize];
        let indent = "  ".repeat(node.depth);
        let TreeNode { calls, total_ns, self_ns, open, .. } = node;
        writeln!(text, "{indent}{name} {calls} {total_ns} {self_ns} {open}").unwrap();
        next.extend(node.children.iter().rev());
    }
    text
}

fn call(scenario: &mut Scenario, path: &[&str], each_ns: u64) {
    for name in path {
        scenario.start(1, name);
        scenario.now += each_ns;
    }
    for _ in path {
        scenario.end(1, Outcome::Ok);
    }
}

#[test]
fn calls_are_merged_by_where_they_came_from_longest_first() {
    let mut scenario = Scenario::default();
    call(&mut scenario, &["main", "load", "parse"], 10);
    call(&mut scenario, &["main", "save"], 100);
    call(&mut scenario, &["main", "load", "parse"], 10);
    let expect = "main 3 260 120 0\n  save 1 100 100 0\n  load 2 40 20 0\n    parse 2 20 20 0\n";
    assert_eq!(tree(&[&scenario], &[]), expect);
}

#[test]
fn trees_of_several_processes_lie_over_each_other() {
    let (mut first, mut second) = (Scenario::default(), Scenario::default());
    call(&mut first, &["main", "load"], 10);
    call(&mut second, &["main", "load"], 10);
    assert_eq!(tree(&[&first, &second], &[]), "main 2 40 20 0\n  load 2 20 20 0\n");
}

#[test]
fn what_has_not_ended_is_in_the_tree() {
    let mut scenario = Scenario::default();
    scenario.start(1, "main");
    scenario.start(1, "stuck");
    let path = scenario.path(1);
    let open = OpenCall { log: LogIndex(0), path, age_ns: 5 };
    assert_eq!(tree(&[&scenario], &[open]), "main 0 0 0 0\n  stuck 0 0 0 1\n");
}

#[test]
fn folded_recursion_takes_no_longer_than_it_took() {
    let mut scenario = Scenario::default();
    call(&mut scenario, &["down"; 100], 10);
    let text = tree(&[&scenario], &[]);
    assert_eq!(text.lines().count(), 64);
    assert_eq!(text.lines().next(), Some("down 1 1000 10 0"));
    assert_eq!(text.lines().last().map(str::trim), Some("down 37 370 370 0"));
}

#[test]
fn a_tree_deeper_than_can_be_shown_ends_in_a_node_that_has_the_rest() {
    let mut scenario = Scenario::default();
    let names: Vec<String> = (0..300).map(|index| format!("f{index}")).collect();
    let path: Vec<&str> = names.iter().map(String::as_str).collect();
    call(&mut scenario, &path, 10);
    let text = tree(&[&scenario], &[]);
    assert_eq!(text.lines().count(), MAX_TREE_DEPTH);
    assert_eq!(text.lines().last().map(str::trim), Some("f127 173 1730 1730 0"));
}
