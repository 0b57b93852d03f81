//! For tests: a made-up process that calls what it is told to and writes the entries a recorder
//! would, and the plain list of its spans to compare with.

use crate::event::{
    CallsiteId, CallsiteInfo, CallsiteKind, Entry, LogEntry, LogTime, Names, Offset, Outcome,
    PathId, PathInfo, Position, SpanId, ThreadId, ThreadStack,
};
use std::collections::BTreeMap;

/// A process being made up.
#[derive(Default)]
pub(crate) struct Scenario {
    pub(crate) names: Names,
    pub(crate) entries: Vec<Entry>,
    pub(crate) now: u64,
    threads: BTreeMap<ThreadId, Thread>,
    /// Async spans: path, start, span of the poll on its thread.
    tasks: BTreeMap<SpanId, (PathId, u64)>,
    /// Every span that ended, as a plain fact.
    pub(crate) ended: Vec<EndedSpan>,
}

#[derive(Default)]
struct Thread {
    stack: ThreadStack,
    next: u64,
}

/// A span that ended.
#[derive(Clone, Debug)]
pub(crate) struct EndedSpan {
    /// The functions above it, outermost first, and its own last.
    pub(crate) functions: Vec<CallsiteId>,
    pub(crate) thread: ThreadId,
    pub(crate) ns: u64,
    pub(crate) self_ns: u64,
    pub(crate) outcome: Outcome,
}

impl Scenario {
    /// A callsite, always the same for a name.
    pub(crate) fn callsite(&mut self, name: &str, kind: CallsiteKind) -> CallsiteId {
        let known = self.names.callsites.iter().find(|(_, info)| info.name == name);
        if let Some((&id, _)) = known {
            return id;
        }
        let id = CallsiteId(u32::try_from(self.names.callsites.len()).unwrap() + 1);
        let info = CallsiteInfo {
            name: name.to_owned(),
            module: "app".to_owned(),
            file: "src/app.rs".to_owned(),
            line: id.0,
            kind,
        };
        self.names.callsites.insert(id, info);
        id
    }

    /// A span begins; the name of a stage has an upper-case letter in front.
    pub(crate) fn start(&mut self, thread: u32, name: &str) -> SpanId {
        let kind = if name.starts_with(char::is_uppercase) {
            CallsiteKind::Stage
        } else {
            CallsiteKind::Function
        };
        let (span, path, parent) = self.place(thread, name, kind);
        let now = LogTime(self.now);
        self.thread(thread).stack.push(span, path, now);
        self.say(thread, LogEntry::SpanStart { span, path, parent, is_async: false });
        span
    }

    /// The innermost span of a thread ends.
    pub(crate) fn end(&mut self, thread: u32, outcome: Outcome) {
        let now = LogTime(self.now);
        let stack = &mut self.thread(thread).stack;
        let span = stack.top().unwrap().span;
        let frame = stack.close(span, now).unwrap().frame;
        let ns = now.since(frame.since);
        self.ended.push(EndedSpan {
            functions: self.functions(frame.path),
            thread: ThreadId(thread),
            ns,
            self_ns: ns - frame.child_ns,
            outcome,
        });
        let (path, start, child_ns) = (frame.path, frame.since, frame.child_ns);
        self.say(
            thread,
            LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order: false },
        );
    }

    /// An async span begins.
    pub(crate) fn start_async(&mut self, thread: u32, name: &str) -> SpanId {
        let kind = if name.starts_with(char::is_uppercase) {
            CallsiteKind::AsyncStage
        } else {
            CallsiteKind::Async
        };
        let (span, path, parent) = self.place(thread, name, kind);
        self.tasks.insert(span, (path, self.now));
        self.say(thread, LogEntry::SpanStart { span, path, parent, is_async: true });
        span
    }

    /// A poll of an async span begins.
    pub(crate) fn enter(&mut self, thread: u32, span: SpanId) {
        let path = self.tasks[&span].0;
        let now = LogTime(self.now);
        self.thread(thread).stack.push(span, path, now);
        self.say(thread, LogEntry::Enter { span, path });
    }

    /// It ends.
    pub(crate) fn exit(&mut self, thread: u32, span: SpanId) {
        let now = LogTime(self.now);
        let frame = self.thread(thread).stack.close(span, now).unwrap().frame;
        let (path, child_ns) = (frame.path, frame.child_ns);
        let busy_ns = now.since(frame.since);
        self.say(thread, LogEntry::Exit { span, path, busy_ns, child_ns });
    }

    /// An async span ends.
    pub(crate) fn end_async(&mut self, thread: u32, span: SpanId, outcome: Outcome) {
        let (path, start) = self.tasks.remove(&span).unwrap();
        let start = LogTime(start);
        self.say(
            thread,
            LogEntry::SpanEnd { span, path, start, child_ns: 0, outcome, out_of_order: false },
        );
    }

    /// Any other entry.
    pub(crate) fn say(&mut self, thread: u32, what: LogEntry) {
        let offset = Offset(self.entries.len() as u64);
        let (time, thread) = (LogTime(self.now), ThreadId(thread));
        self.entries.push(Entry { offset, time, thread, what });
    }

    /// The path that a thread is at.
    pub(crate) fn path(&mut self, thread: u32) -> PathId {
        self.thread(thread).stack.path()
    }

    /// Spans were lost in a thread and took `busy_ns`, directly under the span that is open there.
    pub(crate) fn lose(&mut self, thread: u32, spans: u64, busy_ns: u64) {
        let stack = &mut self.thread(thread).stack;
        stack.dropped(busy_ns);
        let (top, path) = stack.top().map(|frame| (frame.span.start, frame.path)).unzip();
        self.say(thread, LogEntry::Dropped { spans, busy_ns, top, path });
    }

    fn thread(&mut self, thread: u32) -> &mut Thread {
        self.threads.entry(ThreadId(thread)).or_default()
    }

    fn place(
        &mut self,
        thread: u32,
        name: &str,
        kind: CallsiteKind,
    ) -> (SpanId, PathId, Option<SpanId>) {
        let callsite = self.callsite(name, kind);
        let of = self.thread(thread);
        let start = Position(of.next);
        of.next += 1;
        let (above, parent) = (of.stack.path(), of.stack.top().map(|frame| frame.span));
        let span = SpanId { thread: ThreadId(thread), start };
        (span, self.intern(PathInfo { parent: above, callsite }), parent)
    }

    /// The path, folded as a recorder folds direct recursion.
    fn intern(&mut self, info: PathInfo) -> PathId {
        let chain = self.functions(info.parent);
        let direct = chain.iter().rev().take_while(|callsite| **callsite == info.callsite).count();
        if direct >= 64 {
            return info.parent;
        }
        if let Some((&path, _)) = self.names.paths.iter().find(|(_, known)| **known == info) {
            return path;
        }
        let path = PathId(u32::try_from(self.names.paths.len()).unwrap() + 1);
        self.names.paths.insert(path, info);
        path
    }

    /// The functions of a path, outermost first.
    fn functions(&self, path: PathId) -> Vec<CallsiteId> {
        let mut functions = Vec::new();
        let mut at = path;
        while let Some(info) = self.names.paths.get(&at) {
            functions.insert(0, info.callsite);
            at = info.parent;
        }
        functions
    }
}
