//! What was called from where in each process, added up: what the formats of whole stacks are made of.
//!
//! The numbers are those of `ferret analyze --tree`, and what is open has the time that it has been at
//! work by itself so far; of a part of a run, what was open when it began has only its time in it. Each process has a
//! tree of its own, as deep as those are at most.

use super::reading::Told;
use super::timeline::Timeline;
use crate::analyze::{ProcessCalls, Trees};
use crate::filter::Filter;
use ferret::event::{CallsiteInfo, LogIndex};
use ferret::projections::{Calls, TreeNode};
use std::io::{self, Write};

/// A format of what was called from where in each process, added up.
pub(super) trait ByStack {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    fn write(&self, added: &Added<'_>, out: &mut dyn Write) -> io::Result<()>;
}

/// What all that was read adds up to.
#[derive(Debug)]
pub(super) struct Added<'a> {
    /// When the run began, or the part of it, wall time.
    pub(super) start_unix_ns: Option<u64>,
    /// How long it took, ns.
    pub(super) took_ns: u64,
    /// What each process did, in the order of the logs.
    pub(super) trees: Vec<ProcessTree<'a>>,
    /// What is asked for.
    pub(super) filter: Option<&'a Filter>,
    dropped: u64,
}

/// What one process did.
#[derive(Debug)]
pub(super) struct ProcessTree<'a> {
    pub(super) program: String,
    pub(super) pid: u32,
    calls: &'a Calls,
    process: &'a ProcessCalls,
}

/// One place that was at work, or was called.
#[derive(Debug)]
pub(super) struct Stack<'a> {
    /// From the outermost in.
    pub(super) frames: Vec<&'a CallsiteInfo>,
    /// Calls of the innermost that have ended, and of these the failed ones.
    pub(super) calls: u64,
    pub(super) errors: u64,
    /// Calls that are open.
    pub(super) open: u64,
    pub(super) self_ns: u64,
}

impl Stack<'_> {
    /// Calls of the innermost, those that are open too.
    pub(super) fn spans(&self) -> u64 {
        self.calls + self.open
    }
}

impl<'a> Added<'a> {
    /// Of these trees, of processes that lie so.
    pub(super) fn new(trees: &'a Trees, timeline: &Timeline, filter: Option<&'a Filter>) -> Self {
        // One that began meanwhile is left for the next time.
        let known = || (0..timeline.len()).map(LogIndex).zip(&trees.processes);
        let process = |(log, process): (LogIndex, &'a ProcessCalls)| {
            let (program, pid) = (timeline.program(log), timeline.pid(log));
            ProcessTree { program, pid, calls: &trees.calls, process }
        };
        let ends = known().map(|(log, process)| timeline.ns(log, process.end));
        let after_ns = trees.after_start_ns;
        Self {
            start_unix_ns: timeline.start_unix_ns().map(|start| start.saturating_add(after_ns)),
            took_ns: ends.max().unwrap_or(0).saturating_sub(after_ns),
            trees: known().map(process).collect(),
            filter,
            dropped: trees.dropped,
        }
    }
}

impl Added<'_> {
    /// What is in the trees.
    pub(super) fn told(&self) -> Told {
        let mut told = Told { dropped: self.dropped, ..Told::default() };
        for stack in self.trees.iter().flat_map(ProcessTree::stacks) {
            told.spans += stack.spans();
            told.open += stack.open;
        }
        told
    }
}

impl ProcessTree<'_> {
    /// The places, each before those below it.
    pub(super) fn stacks(&self) -> impl Iterator<Item = Stack<'_>> {
        let ProcessCalls { tree, before_ns, .. } = self.process;
        self.nodes().map(move |(index, node)| {
            let before_ns = before_ns.get(&index).copied().unwrap_or(0);
            let mut frames = Vec::with_capacity(node.depth + 1);
            let mut at = Some(node);
            while let Some(node) = at {
                frames.push(self.calls.info(node.function));
                at = node.parent.map(|parent| tree.node(parent));
            }
            frames.reverse();
            Stack {
                frames,
                calls: node.calls,
                errors: node.errors,
                open: node.open,
                self_ns: node.self_ns.saturating_add(node.open_ns).saturating_sub(before_ns),
            }
        })
    }

    fn nodes(&self) -> impl Iterator<Item = (usize, &TreeNode)> {
        let tree = &self.process.tree;
        let mut rest: Vec<usize> = tree.roots().iter().rev().copied().collect();
        std::iter::from_fn(move || {
            let index = rest.pop()?;
            let node = tree.node(index);
            rest.extend(node.children.iter().rev());
            Some((index, node))
        })
    }
}

/// A function's name with its module, by which it is known outside of its program.
pub(super) fn full_name(info: &CallsiteInfo) -> String {
    if info.module.is_empty() {
        info.name.clone()
    } else {
        format!("{}::{}", info.module, info.name)
    }
}
