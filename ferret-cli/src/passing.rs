//! The calls of a run that pass a filter, and what is open of them, as of one moment; and the call
//! tree of both: what `watch` draws of a run.

use crate::analyze::{SpanSubject, passes, said_by};
use crate::filter::Filter;
use crate::flamegraph::Node;
use crate::format;
use ferret::event::{Entry, LogIndex, LogTime, Names, Opened, ProcessState, ThreadId};
use ferret::projections::{CallTree, Calls, Live, OpenCall, Processes, TreeNode};
use std::collections::BTreeSet;

/// Calls that pass.
#[derive(Debug)]
pub(crate) struct Passing {
    pub(crate) filter: Option<Filter>,
    /// What spans say is looked up only for a filter that asks about it.
    asks_tags: bool,
    /// Whether open spans are kept: for a picture of them too, and for what they say.
    keeps_open: bool,
    /// Of what comes later nothing counts.
    until: LogTime,
    /// Logs that had entries after that: their processes went on until then at least.
    went_on: BTreeSet<LogIndex>,
    pub(crate) calls: Calls,
    live: Live,
    processes: Processes,
}

impl Passing {
    pub(crate) fn new(filter: Option<Filter>, until: LogTime) -> Self {
        let asks_tags = filter.as_ref().is_some_and(Filter::asks_tags);
        Self {
            asks_tags,
            keeps_open: asks_tags,
            filter,
            until,
            went_on: BTreeSet::new(),
            calls: Calls::default(),
            live: Live::default(),
            processes: Processes::default(),
        }
    }

    /// The same, with what is open: for a picture of that too.
    pub(crate) fn and_open(self) -> Self {
        Self { keeps_open: true, ..self }
    }

    /// Takes the next entry of `log`.
    pub(crate) fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        if entry.time > self.until {
            self.went_on.insert(log);
            return;
        }
        self.processes.apply(log, entry);
        let said = if self.asks_tags { said_by(&self.live, log, entry) } else { None };
        let filter = self.filter.as_ref();
        let passes = passes(filter, names, &self.processes, log, entry, said) == Some(true);
        if self.keeps_open {
            self.live.apply(log, names, entry);
        }
        if passes {
            self.calls.apply(log, names, entry);
        } else {
            self.calls.pass_over(log, entry);
        }
    }

    /// What is open and passes. The logs are given with whether a process holds them.
    fn open(&mut self, logs: &[(&Names, Option<bool>)], now: LogTime) -> Vec<OpenCall> {
        let now = now.min(self.until);
        let mut all = Vec::new();
        for (index, &(names, owned)) in logs.iter().enumerate() {
            let log = LogIndex(index);
            let Some(process) = self.processes.get(log) else { continue };
            let state: ProcessState = process.state(owned, now);
            let known = process.known_until(state, now).min(self.until);
            let at = if self.went_on.contains(&log) { self.until } else { known };
            let (filter, known) = (self.filter.as_ref(), (&self.live, &self.processes));
            let open = open_at_work(filter, known, names, (log, at));
            for call in &open {
                self.calls.know(log, names, call.path);
            }
            all.extend(open);
        }
        all
    }
}

/// What is open in the threads of a process and passes, with the time that it has been at work by itself up to a
/// moment.
pub(crate) fn open_at_work(
    filter: Option<&Filter>,
    (live, processes): (&Live, &Processes),
    names: &Names,
    (log, at): (LogIndex, LogTime),
) -> Vec<OpenCall> {
    let mut all = Vec::new();
    let Some(live) = live.process(log) else { return all };
    for (thread, stack) in live.threads().filter(|(id, _)| *id != ThreadId::RECORDER) {
        let mut above_ns = 0;
        for frame in stack.frames.iter().rev() {
            let age_ns = at.since(frame.since);
            let self_ns = age_ns.saturating_sub(above_ns).saturating_sub(frame.child_ns);
            above_ns = age_ns;
            let task = live.task(frame.span).filter(|_| frame.is_poll);
            let subject = SpanSubject {
                names,
                processes,
                log,
                path: frame.path,
                thread: Some(thread),
                dur_ns: Some(at.since(task.map_or(frame.since, |task| task.since))),
                outcome: None,
                said: Some(task.map_or(&frame.said, |task| &task.said)),
            };
            if filter.is_none_or(|filter| filter.test(&subject) == Some(true)) {
                all.push(OpenCall { log, path: frame.path, age_ns: self_ns });
            }
        }
    }
    all
}

impl Passing {
    /// Goes on behind entries that were missed.
    pub(crate) fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        self.live.resume(log, names, opened);
    }

    /// The call tree of what passes, to be drawn; of what is open, up to now.
    pub(crate) fn roots(&mut self, logs: &[(&Names, Option<bool>)], now: LogTime) -> Vec<Node> {
        let open = self.open(logs, now);
        let tree = CallTree::new(&self.calls, &open);
        tree.roots().iter().map(|&root| node(&self.calls, &tree, root)).collect()
    }
}

/// The figures of a place in the tree, in words.
pub(crate) fn detail(calls: u64, errors: u64, open: u64) -> String {
    let mut detail = format!("{} calls", format::count(calls));
    for (count, what) in [(errors, "failed"), (open, "open")] {
        if count > 0 {
            detail = format!("{detail}, {} {what}", format::count(count));
        }
    }
    detail
}

/// A node of the tree, with those below it: no deeper than the tree is.
fn node(calls: &Calls, tree: &CallTree, index: usize) -> Node {
    let TreeNode { function, self_ns, open_ns, open, children, .. } = tree.node(index);
    Node {
        name: calls.info(*function).name.clone(),
        detail: detail(tree.node(index).calls, tree.node(index).errors, *open),
        self_ns: self_ns.saturating_add(*open_ns),
        is_open: *open > 0,
        tint: None,
        children: children.iter().map(|&child| node(calls, tree, child)).collect(),
    }
}

#[cfg(test)]
#[path = "passing_tests.rs"]
mod tests;
