//! Which row of one run is which of another: functions by module, name, file and kind, places in the call tree by the
//! functions on the way to them, stages by name.
//!
//! The line is no part of it, since every change above a function moves it. Where several functions agree in all else, as two
//! blocks of a name in a file may, they are told apart by their order in it.

use crate::analyze::{Analysis, Function, Histogram, Node};
use std::collections::BTreeMap;

/// A function, in whichever run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) module: String,
    pub(super) name: String,
    pub(super) file: String,
    pub(super) kind: String,
    /// Of those that agree so far.
    pub(super) nth: usize,
}

/// What a run says of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Measured {
    pub(super) calls: u64,
    pub(super) errors: u64,
    /// The line in this run.
    pub(super) line: u32,
    pub(super) open: u64,
    pub(super) total_ns: u64,
    pub(super) self_ns: u64,
    pub(super) mean_ns: Option<u64>,
    pub(super) p50_ns: Option<u64>,
    pub(super) p95_ns: Option<u64>,
    pub(super) p99_ns: Option<u64>,
    pub(super) max_ns: Option<u64>,
    /// How much of its self time is likely ferret's own.
    pub(super) overhead_percent: Option<f64>,
    /// Of its calls, and of what they took by themselves.
    pub(super) durations: Option<Histogram>,
    pub(super) own: Option<Histogram>,
}

/// A row with what every run of both sides says of it; none where it was not called.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair<K> {
    pub(super) key: K,
    pub(super) base: Vec<Option<Measured>>,
    pub(super) head: Vec<Option<Measured>>,
}

/// Every function of the two sides.
pub(super) fn functions(base: &[&Analysis], head: &[&Analysis]) -> Vec<Pair<Key>> {
    pairs(base, head, |analysis| {
        let keys = keys(analysis);
        let row = |function: &Function| Some((keys.get(&function.id)?.clone(), measured(function)));
        analysis.functions.iter().filter_map(row).collect()
    })
}

/// Every place of their call trees, where all runs have one.
pub(super) fn places(base: &[&Analysis], head: &[&Analysis]) -> Option<Vec<Pair<Vec<Key>>>> {
    base.iter().chain(head).all(|analysis| analysis.tree.is_some()).then(|| {
        pairs(base, head, |analysis| {
            let mut walk = Walk::new(analysis);
            walk.all(analysis.tree.as_deref().unwrap_or_default());
            walk.rows
        })
    })
}

fn pairs<K: Ord>(
    base: &[&Analysis],
    head: &[&Analysis],
    rows: impl Fn(&Analysis) -> Vec<(K, Measured)>,
) -> Vec<Pair<K>> {
    type Sides = (Vec<Option<Measured>>, Vec<Option<Measured>>);
    let mut all: BTreeMap<K, Sides> = BTreeMap::new();
    let none = || (vec![None; base.len()], vec![None; head.len()]);
    for (index, analysis) in base.iter().enumerate() {
        for (key, row) in rows(analysis) {
            all.entry(key).or_insert_with(none).0[index] = Some(row);
        }
    }
    for (index, analysis) in head.iter().enumerate() {
        for (key, row) in rows(analysis) {
            all.entry(key).or_insert_with(none).1[index] = Some(row);
        }
    }
    all.into_iter().map(|(key, (base, head))| Pair { key, base, head }).collect()
}

/// What each function of a run is known by.
fn keys(analysis: &Analysis) -> BTreeMap<u32, Key> {
    let key = |function: &Function| Key {
        module: function.module.clone(),
        name: function.name.clone(),
        file: function.file.clone(),
        kind: function.kind.clone(),
        nth: 0,
    };
    let mut all: Vec<(Key, u32, u32)> =
        analysis.functions.iter().map(|row| (key(row), row.line, row.id)).collect();
    all.sort();
    let mut keys = BTreeMap::new();
    for same in all.chunk_by(|left, right| left.0 == right.0) {
        for (nth, (key, _, id)) in same.iter().enumerate() {
            keys.insert(*id, Key { nth, ..key.clone() });
        }
    }
    keys
}

fn measured(row: &Function) -> Measured {
    Measured {
        calls: row.calls,
        errors: row.errors,
        line: row.line,
        open: row.open,
        total_ns: row.total_ns,
        self_ns: row.self_ns,
        mean_ns: row.durations.mean_ns,
        p50_ns: row.durations.p50_ns,
        p95_ns: row.durations.p95_ns,
        p99_ns: row.durations.p99_ns,
        max_ns: row.durations.max_ns,
        overhead_percent: row.overhead_percent,
        durations: row.histogram.clone(),
        own: row.self_histogram.clone().or_else(|| row.histogram.clone()),
    }
}

/// The way down a call tree.
struct Walk<'a> {
    keys: BTreeMap<u32, Key>,
    functions: BTreeMap<u32, &'a Function>,
    way: Vec<Key>,
    rows: Vec<(Vec<Key>, Measured)>,
}

impl<'a> Walk<'a> {
    fn new(analysis: &'a Analysis) -> Self {
        let functions = analysis.functions.iter().map(|row| (row.id, row)).collect();
        Self { keys: keys(analysis), functions, way: Vec::new(), rows: Vec::new() }
    }

    /// No deeper than a document may be.
    fn all(&mut self, nodes: &[Node]) {
        for node in nodes {
            // A filter took it out of the functions; it is on the way to what is below.
            let unlisted = || Key { name: node.name.clone(), ..Key::default() };
            self.way.push(self.keys.get(&node.function).cloned().unwrap_or_else(unlisted));
            if node.calls + node.open + node.self_ns > 0 {
                self.rows.push((self.way.clone(), self.measured(node)));
            }
            self.all(&node.children);
            self.way.pop();
        }
    }

    fn measured(&self, node: &Node) -> Measured {
        let function = self.functions.get(&node.function);
        let whole = function.filter(|row| row.calls == node.calls);
        let (durations, own) = match (&node.histogram, whole) {
            (None, Some(row)) => (row.histogram.clone(), row.self_histogram.clone()),
            _ => (node.histogram.clone(), node.self_histogram.clone()),
        };
        Measured {
            calls: node.calls,
            errors: node.errors,
            open: node.open,
            total_ns: node.total_ns,
            self_ns: node.self_ns,
            p50_ns: node.p50_ns,
            p95_ns: node.p95_ns,
            overhead_percent: function.and_then(|row| row.overhead_percent),
            own: own.or_else(|| durations.clone()),
            durations,
            ..Measured::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(id: u32, name: &str, line: u32) -> Function {
        let calls = u64::from(line);
        Function { id, name: name.to_owned(), line, calls, ..Function::default() }
    }

    fn node(function: u32, children: Vec<Node>) -> Node {
        Node { function, calls: 1, children, ..Node::default() }
    }

    fn analysis(functions: Vec<Function>, tree: Vec<Node>) -> Analysis {
        Analysis { functions, tree: Some(tree), ..Analysis::default() }
    }

    #[test]
    fn functions_are_known_by_all_but_their_line_and_by_their_order() {
        let base = analysis(
            vec![function(0, "load", 10), function(1, "step", 5), function(2, "step", 9)],
            vec![],
        );
        let head = analysis(
            vec![
                function(7, "step", 20),
                function(3, "load", 12),
                function(9, "step", 30),
                function(1, "save", 1),
            ],
            vec![],
        );
        let pairs = functions(&[&base], &[&head]);
        let lines = |side: &[Option<Measured>]| side[0].as_ref().map(|row| row.line);
        let seen: Vec<_> = pairs
            .iter()
            .map(|pair| {
                (pair.key.name.as_str(), pair.key.nth, lines(&pair.base), lines(&pair.head))
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("load", 0, Some(10), Some(12)),
                ("save", 0, None, Some(1)),
                ("step", 0, Some(5), Some(20)),
                ("step", 1, Some(9), Some(30)),
            ]
        );
    }

    #[test]
    fn places_are_known_by_the_way_to_them() {
        let functions = || vec![function(0, "main", 1), function(1, "a", 2), function(2, "b", 3)];
        let base = analysis(functions(), vec![node(0, vec![node(1, vec![node(2, vec![])])])]);
        let head = analysis(functions(), vec![node(0, vec![node(2, vec![]), node(1, vec![])])]);
        let pairs = places(&[&base], &[&head]).unwrap();
        let seen: Vec<_> = pairs
            .iter()
            .map(|pair| {
                let way: Vec<_> = pair.key.iter().map(|key| key.name.as_str()).collect();
                (way.join(" "), pair.base[0].is_some(), pair.head[0].is_some())
            })
            .collect();
        let expect = [
            ("main", true, true),
            ("main a", true, true),
            ("main a b", true, false),
            ("main b", false, true),
        ];
        assert_eq!(seen, expect.map(|(way, base, head)| (way.to_owned(), base, head)));
        let without = Analysis { tree: None, ..base.clone() };
        assert_eq!(places(&[&base], &[&without]), None);
    }
}
