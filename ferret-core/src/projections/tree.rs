//! The call tree: what was called from where, with the trees of several processes laid over each
//! other.
//!
//! It is a view of what [`Calls`] has counted, made when it is asked for: a path is a place in the
//! tree already, so a fold of its own would count everything twice.

use super::calls::Calls;
use super::functions::FunctionId;
use crate::event::{LogIndex, PathId};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// No tree is deeper; what is deeper is added to the node at this depth.
pub const MAX_TREE_DEPTH: usize = 128;

/// Recorders give direct recursion one path from this activation on.
const RECURSION_FOLD: usize = 64;

/// A span that has not ended, for a report. Its path must be known ([`Calls::know`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCall {
    /// The process.
    pub log: LogIndex,
    /// Its place in that process's tree.
    pub path: PathId,
    /// How long it has been open, ns.
    pub age_ns: u64,
}

/// The calls of one function from one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeNode {
    /// The function.
    pub function: FunctionId,
    /// The node above.
    pub parent: Option<usize>,
    /// Depth, from 0.
    pub depth: usize,
    /// Calls that ended.
    pub calls: u64,
    /// Of those, how many ended as err or panicked.
    pub errors: u64,
    /// Calls that were counted instead of being recorded one by one.
    pub sampled: u64,
    /// Their time, ns; recursion into this very node is counted once.
    pub total_ns: u64,
    /// Less the time in the nodes below, ns.
    pub self_ns: u64,
    /// Calls that have not ended.
    pub open: u64,
    /// How long those have been open, together, ns.
    pub open_ns: u64,
    /// The nodes below, in the tree's own order.
    pub children: Vec<usize>,
    /// How many nodes up to this one are of its function, without a break.
    activations: usize,
}

/// The call trees of all processes, merged by function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallTree {
    nodes: Vec<TreeNode>,
    roots: Vec<usize>,
    /// The node of each path, by log.
    places: Vec<Vec<usize>>,
}

impl CallTree {
    /// The tree of what `calls` has counted, and of `open`. Siblings stand by their time up to now,
    /// longest first, and of equals the first seen.
    pub fn new(calls: &Calls, open: &[OpenCall]) -> Self {
        Self::of((0..calls.logs.len()).map(LogIndex), calls, open)
    }

    /// The tree of one process alone.
    pub fn of_process(calls: &Calls, log: LogIndex, open: &[OpenCall]) -> Self {
        Self::of(std::iter::once(log), calls, open)
    }

    fn of(logs: impl Iterator<Item = LogIndex>, calls: &Calls, open: &[OpenCall]) -> Self {
        let mut tree = Self::default();
        let mut places: BTreeMap<(Option<usize>, FunctionId), usize> = BTreeMap::new();
        for index in logs {
            let Some(log) = calls.logs.get(index.0) else { continue };
            // Parents come before their children, so a parent's node is known here.
            let mut nodes: Vec<usize> = Vec::with_capacity(log.paths.len());
            for cell in &log.paths {
                let parent = cell.parent.map(|slot| nodes[slot]);
                let node = tree.child(&mut places, parent, cell.function);
                tree.nodes[node].calls += cell.totals.calls;
                tree.nodes[node].errors += cell.totals.errors + cell.totals.panics;
                tree.nodes[node].sampled += cell.totals.sampled;
                tree.nodes[node].total_ns += cell.totals.total_ns;
                tree.nodes[node].self_ns += cell.totals.self_ns;
                nodes.push(node);
            }
            for call in open.iter().filter(|call| call.log == index) {
                if let Some(slot) = calls.slot_of(call.log, call.path) {
                    let node = &mut tree.nodes[nodes[slot]];
                    node.open += 1;
                    node.open_ns = node.open_ns.saturating_add(call.age_ns);
                }
            }
            tree.places.resize_with(index.0, Vec::new);
            tree.places.push(nodes);
        }
        tree.count_folded_once();
        tree.drop_empty();
        tree.sort();
        tree
    }

    /// The outermost nodes.
    pub fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// A node. Indexes come from [`CallTree::roots`] and [`TreeNode::children`].
    pub fn node(&self, index: usize) -> &TreeNode {
        &self.nodes[index]
    }

    /// The node that the calls of a path are in, by `calls`, of which this is the tree.
    pub fn node_of(&self, calls: &Calls, log: LogIndex, path: PathId) -> Option<usize> {
        let slot = calls.slot_of(log, path)?;
        self.places.get(log.0)?.get(slot).copied()
    }

    fn child(
        &mut self,
        places: &mut BTreeMap<(Option<usize>, FunctionId), usize>,
        parent: Option<usize>,
        function: FunctionId,
    ) -> usize {
        let depth = parent.map_or(0, |parent| self.nodes[parent].depth + 1);
        if let Some(parent) = parent.filter(|_| depth >= MAX_TREE_DEPTH) {
            return parent;
        }
        *places.entry((parent, function)).or_insert_with(|| {
            let index = self.nodes.len();
            let above = parent.map(|parent| &self.nodes[parent]);
            let recursion = above.filter(|above| above.function == function);
            let activations = recursion.map_or(0, |above| above.activations) + 1;
            self.nodes.push(TreeNode {
                function,
                parent,
                depth,
                activations,
                calls: 0,
                errors: 0,
                sampled: 0,
                total_ns: 0,
                self_ns: 0,
                open: 0,
                open_ns: 0,
                children: Vec::new(),
            });
            match parent {
                Some(parent) => self.nodes[parent].children.push(index),
                None => self.roots.push(index),
            }
            index
        })
    }

    /// Below the 64th direct activation all spans of a recursion have one path, and lie in each
    /// other: there the sum of spans says nothing, but what a node and the nodes below it took by
    /// themselves does. It also does where the tree was cut at its depth.
    fn count_folded_once(&mut self) {
        // Children are numbered after their parents.
        for index in (0..self.nodes.len()).rev() {
            let node = &self.nodes[index];
            if node.activations >= RECURSION_FOLD || node.depth + 1 == MAX_TREE_DEPTH {
                let below: u64 = node.children.iter().map(|&c| self.nodes[c].total_ns).sum();
                let own_ns = node.self_ns.saturating_add(below);
                self.nodes[index].total_ns = node.total_ns.min(own_ns);
            }
        }
    }

    /// Takes out nodes in which nothing ended and nothing is open, and below which nothing did.
    fn drop_empty(&mut self) {
        let mut keep = vec![false; self.nodes.len()];
        for index in (0..self.nodes.len()).rev() {
            let mut children = std::mem::take(&mut self.nodes[index].children);
            children.retain(|&child| keep[child]);
            let node = &mut self.nodes[index];
            keep[index] = node.calls + node.open + node.self_ns > 0 || !children.is_empty();
            node.children = children;
        }
        self.roots.retain(|&root| keep[root]);
    }

    fn sort(&mut self) {
        for index in 0..self.nodes.len() {
            let mut children = std::mem::take(&mut self.nodes[index].children);
            self.sort_siblings(&mut children);
            self.nodes[index].children = children;
        }
        let mut roots = std::mem::take(&mut self.roots);
        self.sort_siblings(&mut roots);
        self.roots = roots;
    }

    fn sort_siblings(&self, siblings: &mut [usize]) {
        siblings.sort_by_key(|&index| {
            let node = &self.nodes[index];
            (Reverse(node.total_ns.saturating_add(node.open_ns)), index)
        });
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
