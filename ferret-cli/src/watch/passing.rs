//! The calls of a run that pass a filter, and what is open of them, as of one moment; and the call
//! tree of both as a picture.

use super::scan::{self, Study};
use crate::analyze::SpanSubject;
use crate::filter::{Field, Filter};
use crate::flamegraph::{Flamegraph, Node};
use crate::format;
use crate::tui::functions::Costs;
use ferret::event::{
    Entry, LogEntry, LogIndex, LogTime, Names, Opened, ProcessState, SpanId, ThreadId,
};
use ferret::log::{self, Run};
use ferret::projections::{CallTree, Calls, Live, OpenCall, Processes, TreeNode};
use std::collections::BTreeMap;

/// Calls that pass.
#[derive(Debug)]
pub(super) struct Passing {
    filter: Option<Filter>,
    /// What spans say is looked up only for a filter that asks about it.
    asks_tags: bool,
    /// Whether open spans are kept: for a picture of them too, and for what they say.
    keeps_open: bool,
    /// Of what comes later nothing counts.
    until: LogTime,
    calls: Calls,
    live: Live,
    processes: Processes,
    /// Of frames that are open, the time of what they called and what has ended, ns. A poll is a
    /// frame of its span.
    below: BTreeMap<(LogIndex, SpanId), u64>,
}

impl Passing {
    pub(super) fn new(filter: Option<Filter>, until: LogTime) -> Self {
        let asks_tags = filter.as_ref().is_some_and(|filter| filter.asks(&[Field::Tag]));
        Self {
            asks_tags,
            keeps_open: asks_tags,
            filter,
            until,
            calls: Calls::default(),
            live: Live::default(),
            processes: Processes::default(),
            below: BTreeMap::new(),
        }
    }

    fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        if entry.time > self.until {
            return;
        }
        self.processes.apply(log, entry);
        let passes = self.passes(log, names, entry);
        if self.keeps_open {
            self.add_below(log, entry);
            self.live.apply(log, names, entry);
        }
        if passes {
            self.calls.apply(log, names, entry);
        } else {
            self.calls.pass_over(log, entry);
        }
    }

    /// Whether an entry counts. As in `analyze`, an entry that lacks what is asked is not kept out by
    /// it, but calls that were only counted are.
    fn passes(&self, log: LogIndex, names: &Names, entry: &Entry) -> bool {
        let Some(filter) = &self.filter else { return true };
        let span = if self.asks_tags { span_of(entry) } else { None };
        let said = span.and_then(|span| self.live.process(log)?.said_by(span));
        let Some(span) = SpanSubject::ended(names, &self.processes, log, entry, said) else {
            return true;
        };
        let is_counted = matches!(entry.what, LogEntry::Summary(_));
        if is_counted { filter.test(&span) == Some(true) } else { filter.allows(&span) }
    }

    /// A frame that ends adds its time to the one below it in its thread.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others end no frame")]
    fn add_below(&mut self, log: LogIndex, entry: &Entry) {
        let (span, ns) = match &entry.what {
            LogEntry::SpanEnd { span, start, .. } => (*span, entry.time.since(*start)),
            LogEntry::Exit { span, busy_ns, .. } => (*span, *busy_ns),
            _ => return,
        };
        let live = self.live.process(log).and_then(|live| live.thread(entry.thread));
        let Some(frames) = live.map(|thread| &thread.frames) else { return };
        // One that is none of the thread's: an async span has ended, whose polls had their time.
        let Some(index) = frames.iter().rposition(|frame| frame.span == span) else { return };
        self.below.remove(&(log, span));
        if let Some(under) = index.checked_sub(1) {
            let sum = self.below.entry((log, frames[under].span)).or_default();
            *sum = sum.saturating_add(ns);
        }
    }

    /// What is open and passes, with the time that it has been at work by itself.
    /// The logs are given with whether a process holds them.
    fn open(&mut self, logs: &[(&Names, Option<bool>)], now: LogTime) -> Vec<OpenCall> {
        let now = now.min(self.until);
        let mut all = Vec::new();
        for (index, &(names, owned)) in logs.iter().enumerate() {
            let log = LogIndex(index);
            let (Some(process), Some(live)) = (self.processes.get(log), self.live.process(log))
            else {
                continue;
            };
            let state: ProcessState = process.state(owned, now);
            let at = process.known_until(state, now).min(self.until);
            for (thread, stack) in live.threads().filter(|(id, _)| *id != ThreadId::RECORDER) {
                let mut above_ns = 0;
                for frame in stack.frames.iter().rev() {
                    let age_ns = at.since(frame.since);
                    let ended_ns = self.below.get(&(log, frame.span)).copied().unwrap_or(0);
                    let self_ns = age_ns.saturating_sub(above_ns).saturating_sub(ended_ns);
                    above_ns = age_ns;
                    let task = live.task(frame.span).filter(|_| frame.is_poll);
                    let subject = SpanSubject {
                        names,
                        processes: &self.processes,
                        log,
                        path: frame.path,
                        thread: Some(thread),
                        dur_ns: Some(at.since(task.map_or(frame.since, |task| task.since))),
                        outcome: None,
                        said: Some(task.map_or(&frame.said, |task| &task.said)),
                    };
                    let filter = self.filter.as_ref();
                    if filter.is_none_or(|filter| filter.test(&subject) == Some(true)) {
                        all.push(OpenCall { log, path: frame.path, age_ns: self_ns });
                    }
                }
            }
        }
        for call in &all {
            self.calls.know(call.log, logs[call.log.0].0, call.path);
        }
        all
    }
}

impl Passing {
    /// The call tree of what passes; of what is open, up to now.
    fn roots(&mut self, logs: &[(&Names, Option<bool>)], now: LogTime) -> Vec<Node> {
        let open = self.open(logs, now);
        let tree = CallTree::new(&self.calls, &open);
        tree.roots().iter().map(|&root| node(&self.calls, &tree, root)).collect()
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all others are of no span that ends")]
fn span_of(entry: &Entry) -> Option<SpanId> {
    match &entry.what {
        LogEntry::SpanEnd { span, .. }
        | LogEntry::Exit { span, .. }
        | LogEntry::Polls { span, .. } => Some(*span),
        _ => None,
    }
}

/// What calls cost that pass, for the table of functions.
#[derive(Debug)]
pub(super) struct Counted(pub(super) Passing);

impl Study for Counted {
    type Found = Costs;

    const FOLLOWS: bool = true;

    fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.0.apply(log, names, entry);
    }

    fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        self.0.live.resume(log, names, opened);
    }

    fn found(&mut self, _: &Run, (read, entries): (u64, u64)) -> Costs {
        Costs::of(&self.0.calls, scan::share(read, entries))
    }
}

/// The call tree of what passes, to be drawn.
#[derive(Debug)]
pub(super) struct Picture {
    passing: Passing,
    program: String,
    /// How the run is at the moment of the picture: `running  24 s`.
    about: String,
}

impl Picture {
    pub(super) fn new(passing: Passing, program: String, about: String) -> Self {
        Self { passing: Passing { keeps_open: true, ..passing }, program, about }
    }
}

impl Study for Picture {
    type Found = Flamegraph;

    const FOLLOWS: bool = false;

    fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.passing.apply(log, names, entry);
    }

    fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        self.passing.live.resume(log, names, opened);
    }

    fn found(&mut self, run: &Run, _: (u64, u64)) -> Flamegraph {
        let logs = run.logs().iter().map(|tail| (tail.names(), ferret::is_alive(tail)));
        let roots = self.passing.roots(&logs.collect::<Vec<_>>(), log::now());
        let all_ns = roots.iter().map(Node::width_ns).fold(0, u64::saturating_add);
        let filter = match &self.passing.filter {
            Some(filter) => format!("; only {filter}"),
            None => String::new(),
        };
        Flamegraph {
            title: self.program.clone(),
            subtitle: format!(
                "{}; {} in profiled functions, all threads together; green: has not ended{filter}",
                self.about,
                format::duration(all_ns)
            ),
            roots,
        }
    }
}

/// A node of the tree, with those below it: no deeper than the tree is.
fn node(calls: &Calls, tree: &CallTree, index: usize) -> Node {
    let TreeNode { function, self_ns, open_ns, open, children, .. } = tree.node(index);
    let (ended, errors) = (tree.node(index).calls, tree.node(index).errors);
    let mut detail = format!("{} calls", format::count(ended));
    for (count, what) in [(errors, "failed"), (*open, "open")] {
        if count > 0 {
            detail = format!("{detail}, {} {what}", format::count(count));
        }
    }
    Node {
        name: calls.info(*function).name.clone(),
        detail,
        self_ns: self_ns.saturating_add(*open_ns),
        is_open: *open > 0,
        tint: None,
        children: children.iter().map(|&child| node(calls, tree, child)).collect(),
    }
}

#[cfg(test)]
#[path = "passing_tests.rs"]
mod tests;
