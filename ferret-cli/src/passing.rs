//! The calls of a run that pass a filter, and what is open of them, as of one moment; and the call
//! tree of both. What `watch` and `export` draw of a run is this.

use crate::analyze::SpanSubject;
use crate::filter::Filter;
use crate::flamegraph::Node;
use crate::format;
use ferret::event::{
    Entry, LogEntry, LogIndex, LogTime, Names, Opened, ProcessState, SpanId, ThreadId,
};
use ferret::projections::{CallTree, Calls, GroupBy, Live, OpenCall, Processes, TreeNode};
use std::collections::{BTreeMap, BTreeSet};

/// Calls that pass.
#[derive(Debug)]
pub(crate) struct Passing {
    pub(crate) filter: Option<Filter>,
    /// What spans say is looked up only for a filter that asks about it.
    asks_tags: bool,
    /// Whether open spans are kept: for a picture of them too, and for what they say.
    keeps_open: bool,
    /// What ended before this does not count.
    since: Option<LogTime>,
    /// Of what comes later nothing counts.
    until: LogTime,
    /// Logs that had entries after that: their processes went on until then at least.
    went_on: BTreeSet<LogIndex>,
    pub(crate) calls: Calls,
    live: Live,
    processes: Processes,
    /// Of frames that are open, the time of what they called and what has ended, ns. A poll is a
    /// frame of its span.
    below: BTreeMap<(LogIndex, SpanId), u64>,
}

impl Passing {
    pub(crate) fn new(filter: Option<Filter>, until: LogTime) -> Self {
        let asks_tags = filter.as_ref().is_some_and(Filter::asks_tags);
        Self {
            asks_tags,
            keeps_open: asks_tags,
            filter,
            since: None,
            until,
            went_on: BTreeSet::new(),
            calls: Calls::default(),
            live: Live::default(),
            processes: Processes::default(),
            below: BTreeMap::new(),
        }
    }

    /// The same, with what is open: for a picture of that too.
    pub(crate) fn and_open(self) -> Self {
        Self { keeps_open: true, ..self }
    }

    /// The same, of what ended since then; durations are kept by `group`.
    pub(crate) fn since(self, since: Option<LogTime>, group: GroupBy) -> Self {
        Self { since, calls: Calls::new(group), ..self }
    }

    /// Takes the next entry of `log`.
    pub(crate) fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        if entry.time > self.until {
            self.went_on.insert(log);
            return;
        }
        self.processes.apply(log, entry);
        let is_late = self.since.is_none_or(|since| entry.time >= since);
        let passes = is_late && self.passes(log, names, entry);
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
            let known = process.known_until(state, now).min(self.until);
            let at = if self.went_on.contains(&log) { self.until } else { known };
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
    /// Goes on behind entries that were missed.
    pub(crate) fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        self.live.resume(log, names, opened);
    }

    /// The call tree of what passes; of what is open, up to now.
    pub(crate) fn tree(&mut self, logs: &[(&Names, Option<bool>)], now: LogTime) -> CallTree {
        let open = self.open(logs, now);
        CallTree::new(&self.calls, &open)
    }

    /// The same to be drawn.
    pub(crate) fn roots(&mut self, logs: &[(&Names, Option<bool>)], now: LogTime) -> Vec<Node> {
        let tree = self.tree(logs, now);
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
