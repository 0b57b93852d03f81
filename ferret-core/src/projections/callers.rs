//! Who calls it: the call tree turned upside down. Each function is a root, with all its calls; below it
//! stand its callers, and theirs, each with the part of those calls that came through it.
//!
//! It is a view of what [`Calls`] has counted, as [`CallTree`](super::CallTree) is. A function that calls
//! itself directly is one node, not its own caller.

use super::calls::Calls;
use super::functions::FunctionId;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Callers further up are added to none: what is below says enough by then.
const DEEPEST: usize = 128;
/// Nodes of one function's callers. A tree of paths has a limit, but each path is as many nodes here as it is deep.
const MOST_NODES: usize = 1 << 20;

/// A function, or a caller of what stands above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerNode {
    /// The function.
    pub function: FunctionId,
    /// Of the root's calls, those that came this way.
    pub calls: u64,
    /// Of those, how many ended as err or panicked.
    pub errors: u64,
    /// Of those, how many were counted instead of being recorded one by one.
    pub sampled: u64,
    /// How long they took, ns; recursion counted once.
    pub total_ns: u64,
    /// The same less the time in what they called, ns.
    pub self_ns: u64,
    /// The callers, by index.
    pub callers: Vec<usize>,
}

/// All functions with their callers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callers {
    nodes: Vec<CallerNode>,
    roots: Vec<usize>,
    left_out: u64,
}

impl Callers {
    /// Of what `calls` has counted. Siblings stand by self time, most first, and of equals the first seen.
    pub fn new(calls: &Calls) -> Self {
        let mut tree = Self::default();
        let mut places: BTreeMap<(Option<usize>, FunctionId), usize> = BTreeMap::new();
        for log in &calls.logs {
            for cell in log.paths.iter().filter(|cell| cell.totals.calls + cell.totals.self_ns > 0)
            {
                let (mut place, mut above, mut depth) = (None, Some(cell), 0);
                let mut last = None;
                while let Some(at) = above.filter(|_| depth < DEEPEST) {
                    above = at.parent.map(|slot| &log.paths[slot]);
                    if last == Some(at.function) {
                        continue;
                    }
                    (last, depth) = (Some(at.function), depth + 1);
                    let Some(node) = tree.child(&mut places, place, at.function) else {
                        tree.left_out += 1;
                        break;
                    };
                    let row = &mut tree.nodes[node];
                    row.calls += cell.totals.calls;
                    row.errors += cell.totals.errors + cell.totals.panics;
                    row.sampled += cell.totals.sampled;
                    row.self_ns = row.self_ns.saturating_add(cell.totals.self_ns);
                    if cell.outermost {
                        row.total_ns = row.total_ns.saturating_add(cell.totals.total_ns);
                    }
                    place = Some(node);
                }
            }
        }
        tree.sort();
        tree
    }

    /// The functions.
    pub fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// A node. Indexes come from [`Callers::roots`] and [`CallerNode::callers`].
    pub fn node(&self, index: usize) -> &CallerNode {
        &self.nodes[index]
    }

    /// Places whose further callers there was no room for.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn child(
        &mut self,
        places: &mut BTreeMap<(Option<usize>, FunctionId), usize>,
        below: Option<usize>,
        function: FunctionId,
    ) -> Option<usize> {
        if let Some(&known) = places.get(&(below, function)) {
            return Some(known);
        }
        let index = self.nodes.len();
        if index >= MOST_NODES {
            return None;
        }
        let (calls, errors, sampled, total_ns, self_ns) = (0, 0, 0, 0, 0);
        let callers = Vec::new();
        self.nodes.push(CallerNode {
            function,
            calls,
            errors,
            sampled,
            total_ns,
            self_ns,
            callers,
        });
        match below {
            Some(below) => self.nodes[below].callers.push(index),
            None => self.roots.push(index),
        }
        places.insert((below, function), index);
        Some(index)
    }

    fn sort(&mut self) {
        let keys: Vec<_> = self.nodes.iter().map(|node| (node.self_ns, node.total_ns)).collect();
        let by_time = |list: &mut Vec<usize>| list.sort_by_key(|&i| (Reverse(keys[i]), i));
        by_time(&mut self.roots);
        self.nodes.iter_mut().for_each(|node| by_time(&mut node.callers));
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Scenario;
    use super::*;
    use crate::event::{LogIndex, Outcome};

    /// The tree as lines: depth, name, calls, total, self.
    fn lines(scenario: &Scenario) -> Vec<String> {
        let mut calls = Calls::default();
        for entry in &scenario.entries {
            calls.apply(LogIndex(0), &scenario.names, entry);
        }
        let tree = Callers::new(&calls);
        let mut lines = Vec::new();
        let mut open: Vec<_> = tree.roots().iter().rev().map(|&root| (0, root)).collect();
        while let Some((depth, index)) = open.pop() {
            let node = tree.node(index);
            let name = &calls.info(node.function).name;
            let numbers = format!("{} {} {}", node.calls, node.total_ns, node.self_ns);
            lines.push(format!("{}{name} {numbers}", "  ".repeat(depth)));
            open.extend(node.callers.iter().rev().map(|&caller| (depth + 1, caller)));
        }
        lines
    }

    fn call(scenario: &mut Scenario, names: &[&str], ns: u64) {
        for name in names {
            scenario.start(1, name);
        }
        scenario.now += ns;
        for _ in names {
            scenario.end(1, Outcome::Ok);
        }
    }

    #[test]
    fn callers_share_what_they_called() {
        let mut made = Scenario::default();
        call(&mut made, &["main", "read", "parse"], 30);
        call(&mut made, &["main", "check", "parse"], 10);
        call(&mut made, &["parse"], 5);
        let expect = [
            "parse 3 45 45",
            "  read 1 30 30",
            "    main 1 30 30",
            "  check 1 10 10",
            "    main 1 10 10",
            "main 2 40 0",
            "read 1 30 0",
            "  main 1 30 0",
            "check 1 10 0",
            "  main 1 10 0",
        ];
        assert_eq!(lines(&made), expect);
    }

    #[test]
    fn recursion_is_one_node_and_its_time_counts_once() {
        let mut made = Scenario::default();
        call(&mut made, &["main", "walk", "walk", "walk"], 7);
        call(&mut made, &["walk", "visit", "walk"], 4);
        let expect = [
            "walk 5 11 11",
            "  main 3 7 7",
            "  visit 1 0 4",
            "    walk 1 0 4",
            "main 1 7 0",
            "visit 1 4 0",
            "  walk 1 4 0",
        ];
        assert_eq!(lines(&made), expect);
    }
}
