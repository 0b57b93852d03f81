//! What was called from where in each process, added up: what the formats of whole stacks are made of.
//!
//! The numbers are those of `ferret analyze --tree`, and what is open has the time that it has been at
//! work by itself so far. Each process has a tree of its own, as deep as those are at most.

use super::follow::Follow;
use super::reading::{Read, Told};
use super::timeline::Timeline;
use crate::filter::Filter;
use crate::passing::Passing;
use ferret::event::{CallsiteInfo, Entry, LogIndex, LogTime, Names, Opened};
use ferret::projections::{CallTree, Calls, GroupBy, TreeNode};

/// The calls of each process.
#[derive(Debug)]
pub(super) struct Stacks {
    timeline: Timeline,
    follow: Follow,
    processes: Vec<Passing>,
}

/// What all that was read adds up to.
#[derive(Debug)]
pub(super) struct Added<'a> {
    /// When the run began, wall time.
    pub(super) start_unix_ns: Option<u64>,
    /// The end of the run, ns from its start.
    pub(super) end_ns: u64,
    /// What each process did, in the order of the logs.
    pub(super) trees: Vec<ProcessTree>,
    /// What is asked for.
    pub(super) filter: Option<&'a Filter>,
    dropped: u64,
}

/// What one process did.
#[derive(Debug)]
pub(super) struct ProcessTree {
    pub(super) program: String,
    pub(super) pid: u32,
    calls: Calls,
    tree: CallTree,
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

/// In a [`Passing`] of its own, every process is the first.
const ALONE: LogIndex = LogIndex(0);

impl Stacks {
    pub(super) fn new(timeline: Timeline, follow: Follow) -> Self {
        let passing = |log| {
            let until = follow.window().until(log).unwrap_or(LogTime(u64::MAX));
            let passing = Passing::new(follow.filter().cloned(), until).and_open();
            // No durations are asked for: one row of them is the least.
            passing.since(follow.window().since(log), GroupBy::Process)
        };
        let processes = (0..timeline.len()).map(LogIndex).map(passing).collect();
        Self { timeline, follow, processes }
    }

    pub(super) fn entry(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.follow.reach(log, entry);
        if let Some(passing) = self.processes.get_mut(log.0) {
            passing.apply(ALONE, names, entry);
        }
    }

    pub(super) fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        if let Some(passing) = self.processes.get_mut(log.0) {
            passing.resume(ALONE, names, opened);
        }
    }

    /// What each process did, in the order of the logs.
    pub(super) fn added(&mut self, read: &Read<'_>) -> Added<'_> {
        let logs = self.processes.iter_mut().zip(&read.logs).enumerate();
        let trees = logs.map(|(index, (passing, log))| {
            let tree = passing.tree(std::slice::from_ref(log), read.now);
            let calls = std::mem::take(&mut passing.calls);
            let log = LogIndex(index);
            let (program, pid) = (self.timeline.program(log), self.timeline.pid(log));
            ProcessTree { program, pid, calls, tree }
        });
        let trees = trees.collect();
        let logs = (0..self.timeline.len()).map(LogIndex);
        let ends = logs.map(|log| self.timeline.ns(log, self.follow.end(read, log)));
        let end_ns = ends.max().unwrap_or(0);
        Added {
            start_unix_ns: self.timeline.start_unix_ns(),
            end_ns,
            trees,
            filter: self.follow.filter(),
            dropped: self.follow.told.dropped,
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

impl ProcessTree {
    /// The places, each before those below it.
    pub(super) fn stacks(&self) -> impl Iterator<Item = Stack<'_>> {
        self.nodes().map(|node| {
            let mut frames = Vec::with_capacity(node.depth + 1);
            let mut at = Some(node);
            while let Some(node) = at {
                frames.push(self.calls.info(node.function));
                at = node.parent.map(|parent| self.tree.node(parent));
            }
            frames.reverse();
            Stack {
                frames,
                calls: node.calls,
                errors: node.errors,
                open: node.open,
                self_ns: node.self_ns.saturating_add(node.open_ns),
            }
        })
    }

    fn nodes(&self) -> impl Iterator<Item = &TreeNode> {
        let mut rest: Vec<usize> = self.tree.roots().iter().rev().copied().collect();
        std::iter::from_fn(move || {
            let node = self.tree.node(rest.pop()?);
            rest.extend(node.children.iter().rev());
            Some(node)
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
