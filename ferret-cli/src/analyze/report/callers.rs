//! `--bottom-up`: each function with who calls it.

use crate::analyze::fold::Fold;
use ferret::projections::Callers;
use serde::{Deserialize, Serialize};

/// Below, callers of callers are in the document no further.
const DEEPEST: usize = 32;

/// A function, or a caller of what stands above it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Caller {
    /// A function's id; one that a filter took out is in the tree for what it calls.
    pub(crate) function: u32,
    pub(crate) name: String,
    /// Of the calls of the function on top, those that came this way; and so for the others.
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    /// Of the calls, how many were counted instead of being recorded one by one.
    pub(crate) sampled: u64,
    /// Recursion counted once.
    pub(crate) total_ns: u64,
    pub(crate) self_ns: u64,
    pub(crate) callers: Vec<Caller>,
}

pub(super) fn callers(fold: &Fold) -> Vec<Caller> {
    let tree = Callers::new(&fold.calls);
    tree.roots().iter().map(|&root| caller(fold, &tree, root, 1)).collect()
}

fn caller(fold: &Fold, tree: &Callers, index: usize, depth: usize) -> Caller {
    let at = tree.node(index);
    let above = if depth < DEEPEST { at.callers.as_slice() } else { &[] };
    Caller {
        function: at.function.0,
        name: fold.calls.info(at.function).name.clone(),
        calls: at.calls,
        errors: at.errors,
        sampled: at.sampled,
        total_ns: at.total_ns,
        self_ns: at.self_ns,
        callers: above.iter().map(|&above| caller(fold, tree, above, depth + 1)).collect(),
    }
}
