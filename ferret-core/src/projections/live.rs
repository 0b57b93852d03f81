//! What runs now: the open spans of every process, thread by thread, and the async spans that
//! wait. Only what is open is kept, so its size is that of the program's present, not its past.

mod open;

pub use open::{OpenFrame, Parent, Said, Task};

use crate::event::{
    Entry, Frame, LogEntry, LogIndex, LogTime, Names, OpenTask, Opened, PathId, SpanId, Spans,
    Stretch, TaskLife, ThreadId, ThreadStack,
};
use std::collections::{BTreeMap, btree_map};

/// The open spans of all logs read.
#[derive(Clone, Debug, Default)]
pub struct Live {
    processes: Vec<LiveProcess>,
}

/// The open spans of one process.
#[derive(Clone, Debug, Default)]
pub struct LiveProcess {
    /// By thread id; ids come from a counter, so there are no gaps to speak of.
    threads: Vec<LiveThread>,
    /// Open async spans, running or waiting, in order of their start on their thread; and futures
    /// that were created and have not been polled yet.
    tasks: BTreeMap<SpanId, Task>,
    /// Of those, how many have not been polled yet.
    unpolled: usize,
    /// Spans whose thread ended before they did (a leaked guard).
    abandoned: u64,
}

/// The open spans of one thread, outermost first.
#[derive(Clone, Debug, Default)]
pub struct LiveThread {
    /// Whether it has run a span and not ended.
    pub alive: bool,
    /// Open frames below [`LiveThread::frames`], of which no more is known than that they are.
    pub hidden: u32,
    /// The open frames.
    pub frames: Vec<OpenFrame>,
}

impl Live {
    /// Takes the next entry of `log`.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.process_mut(log).apply(names, entry);
    }

    /// Takes the next part of `log`.
    pub fn apply_spans(&mut self, log: LogIndex, names: &Names, spans: &Spans<'_>) {
        let process = self.process_mut(log);
        let Stretch { thread: id, closed, child_ns, .. } = spans.stretch;
        if let Some(thread) = process.thread_mut(names, id) {
            thread.close_innermost(closed, child_ns);
            thread.open(spans.opened);
        }
    }

    /// The open spans of `log`'s process; none before its first entry.
    pub fn process(&self, log: LogIndex) -> Option<&LiveProcess> {
        self.processes.get(log.0)
    }

    /// Begins in the middle of a log: `stacks` and `tasks` are what a reader found open there. Entries
    /// from there on are then applied as usual. How often a task was polled before is not known.
    pub fn restore(
        &mut self,
        log: LogIndex,
        names: &Names,
        stacks: impl IntoIterator<Item = (ThreadId, ThreadStack)>,
        tasks: impl IntoIterator<Item = OpenTask>,
    ) {
        let process = self.process_mut(log);
        *process = LiveProcess::default();
        for OpenTask { span, path, parent, life } in tasks {
            match life {
                // No span, and it shows in what is begun there.
                TaskLife::Place => {}
                TaskLife::Created(at) => process.create(span, path, parent, at),
                TaskLife::Begun(at) => process.begin(span, path, parent, at),
            }
        }
        for (id, stack) in stacks {
            process.restore(names, id, &stack);
        }
    }

    /// Goes on where a reader begins in the middle of a log, or has missed entries.
    pub fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) {
        match opened {
            Opened::Anew { stacks, tasks, .. } => {
                self.restore(log, names, stacks.iter().cloned(), tasks.iter().copied());
            }
            Opened::Stack(thread, stack) => self.process_mut(log).restore(names, *thread, stack),
        }
    }

    /// Open spans of all processes.
    pub fn open_spans(&self) -> usize {
        self.processes.iter().map(LiveProcess::open_spans).sum()
    }

    fn process_mut(&mut self, log: LogIndex) -> &mut LiveProcess {
        if self.processes.len() <= log.0 {
            self.processes.resize_with(log.0 + 1, LiveProcess::default);
        }
        &mut self.processes[log.0]
    }
}

impl LiveProcess {
    /// The living threads, and those with open frames, in order of first span.
    pub fn threads(&self) -> impl Iterator<Item = (ThreadId, &LiveThread)> {
        (0u32..)
            .map(ThreadId)
            .zip(&self.threads)
            .filter(|(_, thread)| thread.alive || !thread.frames.is_empty())
    }

    /// One thread.
    pub fn thread(&self, id: ThreadId) -> Option<&LiveThread> {
        self.threads.get(id.0 as usize)
    }

    /// The open async spans, in order of their start on their thread, and with them the futures
    /// that have not been polled yet ([`Task::begun`]).
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = (SpanId, &Task)> {
        self.tasks.iter().map(|(id, task)| (*id, task))
    }

    /// One open async span.
    pub fn task(&self, span: SpanId) -> Option<&Task> {
        self.tasks.get(&span)
    }

    /// The parent of the frame at `index` of a thread of this process.
    pub fn parent_of(&self, thread: &LiveThread, index: usize) -> Parent {
        let below = index.checked_sub(1).and_then(|below| thread.frames.get(below));
        let below = below.map(|frame| frame.span);
        let told = thread.frames.get(index).and_then(|frame| {
            let task = self.task(frame.span).filter(|_| frame.is_poll);
            task.map_or(frame.parent, |task| task.parent)
        });
        // It may be one of the frames that are not known.
        let is_hidden = index == 0 && thread.hidden > 0;
        Parent { span: told.or(below), is_elsewhere: told.is_some() && told != below && !is_hidden }
    }

    /// What an open span has said so far.
    pub fn said_by(&self, span: SpanId) -> Option<&Said> {
        if let Some(task) = self.tasks.get(&span) {
            return Some(&task.said);
        }
        let frames = &self.thread(span.thread)?.frames;
        frames.iter().rfind(|frame| frame.span == span).map(|frame| &frame.said)
    }

    /// The place in the call tree of a span that is open, or of a future that has not been polled;
    /// none of one that has ended. Costs a look at its thread's stack.
    pub fn path_of(&self, span: SpanId) -> Option<PathId> {
        if let Some(task) = self.tasks.get(&span) {
            return Some(task.path);
        }
        let frames = &self.thread(span.thread)?.frames;
        frames.iter().rfind(|frame| frame.span == span).map(|frame| frame.path)
    }

    /// What a span at `path` is the child of, by name: also one that has ended, and one on another
    /// thread. None if it has no parent, or nothing tells of that any more.
    pub fn parent_name<'n>(
        &self,
        names: &'n Names,
        path: PathId,
        parent: Option<SpanId>,
    ) -> Option<&'n str> {
        let parent = parent?;
        names.parent_name(path).or_else(|| Some(names.span_name(self.path_of(parent)?)))
    }

    /// Spans open now; a poll is not a span of its own, and a future that has not been polled is
    /// none yet.
    pub fn open_spans(&self) -> usize {
        let of_threads: usize = self
            .threads
            .iter()
            .map(|t| t.hidden as usize + t.frames.iter().filter(|frame| !frame.is_poll).count())
            .sum();
        of_threads + self.tasks.len() - self.unpolled
    }

    /// Futures that were created and have not been polled yet.
    pub fn unpolled(&self) -> usize {
        self.unpolled
    }

    /// Spans whose thread ended before they did.
    pub fn abandoned(&self) -> u64 {
        self.abandoned
    }

    fn apply(&mut self, names: &Names, entry: &Entry) {
        let (id, time) = (entry.thread, entry.time);
        match &entry.what {
            LogEntry::SpanStart { span, path, parent, is_async: false } => {
                self.push(names, id, OpenFrame::new(*span, *path, *parent, time));
            }
            LogEntry::SpanEnd { span, path, .. } => self.end(names, id, time, (*span, *path)),
            LogEntry::Created { span, parent, path } => self.create(*span, *path, *parent, time),
            LogEntry::SpanStart { span, path, parent, is_async: true } => {
                self.begin(*span, *path, *parent, time);
            }
            LogEntry::Enter { span, path } => {
                if let Some(task) = self.tasks.get_mut(span) {
                    task.polled = Some((id, time));
                }
                self.push(names, id, OpenFrame::poll(*span, *path, time));
            }
            LogEntry::Exit { span, busy_ns, .. } => {
                self.close(id, time, *span);
                self.polled(*span, id, time, 1, *busy_ns);
            }
            LogEntry::Polls { span, count, busy_ns, .. } => {
                self.add_child_time(id, *busy_ns);
                self.polled(*span, id, time, *count, *busy_ns);
            }
            LogEntry::Dropped { busy_ns, .. } => self.add_child_time(id, *busy_ns),
            LogEntry::Tag { span, key, value } => {
                if let Some(said) = self.said(id, *span) {
                    said.tag(*key, value);
                }
            }
            LogEntry::Progress { span: Some(span), done, total } => {
                if let Some(said) = self.said(id, *span) {
                    said.progress = Some((*done, *total));
                }
            }
            LogEntry::ThreadStart => {
                if let Some(thread) = self.thread_mut(names, id) {
                    thread.alive = true;
                }
            }
            LogEntry::ThreadEnd => self.end_thread(id),
            _ => {}
        }
    }

    fn push(&mut self, names: &Names, id: ThreadId, frame: OpenFrame) {
        if let Some(thread) = self.thread_mut(names, id) {
            thread.alive = true;
            thread.frames.push(frame);
        }
    }

    fn create(&mut self, span: SpanId, path: PathId, parent: Option<SpanId>, time: LogTime) {
        // It comes before the span's start: one that is known has begun, and stays so.
        if let btree_map::Entry::Vacant(place) = self.tasks.entry(span) {
            place.insert(Task { begun: false, ..Task::new(path, parent, time) });
            self.unpolled += 1;
        }
    }

    fn begin(&mut self, span: SpanId, path: PathId, parent: Option<SpanId>, time: LogTime) {
        let mut task = Task::new(path, parent, time);
        if let Some(created) = self.tasks.remove(&span) {
            task.parent = parent.or(created.parent);
            task.said = created.said;
            self.unpolled -= usize::from(!created.begun);
        }
        self.tasks.insert(span, task);
    }

    fn end(&mut self, names: &Names, id: ThreadId, time: LogTime, (span, path): (SpanId, PathId)) {
        match self.tasks.remove(&span) {
            Some(task) => self.unpolled -= usize::from(!task.begun),
            // One whose beginning is not known, as where the log's own is gone: no frame is its.
            None if is_async(names, path) => {}
            None => self.close(id, time, span),
        }
    }

    /// Takes the frame of `span` out, from the middle if need be, as `ThreadStack::close` does.
    fn close(&mut self, id: ThreadId, end: LogTime, span: SpanId) {
        let Some(thread) = self.threads.get_mut(id.0 as usize) else { return };
        let Some(index) = thread.frames.iter().rposition(|frame| frame.span == span) else {
            // One of the frames not known in full.
            thread.hidden = thread.hidden.saturating_sub(1);
            return;
        };
        let frame = thread.frames.remove(index);
        // The frames above it stay, and will add their own time to the one below.
        let covered = thread.frames.get(index).map_or(0, |above| end.since(above.since));
        let own_ns = end.since(frame.since).saturating_sub(covered);
        thread.add_child_time(index.checked_sub(1), own_ns);
    }

    /// What is told of together ran directly above the innermost frame.
    fn add_child_time(&mut self, id: ThreadId, ns: u64) {
        if let Some(thread) = self.threads.get_mut(id.0 as usize) {
            thread.add_child_time(thread.frames.len().checked_sub(1), ns);
        }
    }

    fn polled(&mut self, span: SpanId, on: ThreadId, end: LogTime, count: u64, busy_ns: u64) {
        let Some(task) = self.tasks.get_mut(&span) else { return };
        task.polls = task.polls.saturating_add(count);
        task.busy_ns = task.busy_ns.saturating_add(busy_ns);
        task.waits_since = task.waits_since.max(end);
        // The next poll, on another thread, may have been read before the end of this one.
        if task.polled.is_some_and(|(thread, _)| thread == on) {
            task.polled = None;
        }
    }

    fn said(&mut self, id: ThreadId, span: SpanId) -> Option<&mut Said> {
        if let Some(task) = self.tasks.get_mut(&span) {
            return Some(&mut task.said);
        }
        let is_here = |thread: &LiveThread| thread.frames.iter().any(|frame| frame.span == span);
        let is_here = self.threads.get(id.0 as usize).is_some_and(is_here);
        // What another thread says in a span that it was given a reference to.
        let id = if is_here { id } else { span.thread };
        let frames = &mut self.threads.get_mut(id.0 as usize)?.frames;
        frames.iter_mut().rfind(|frame| frame.span == span).map(|frame| &mut frame.said)
    }

    fn end_thread(&mut self, id: ThreadId) {
        let Some(thread) = self.threads.get_mut(id.0 as usize) else { return };
        let left = thread.frames.iter().filter(|frame| !frame.is_poll).count();
        self.abandoned += left as u64;
        *thread = LiveThread::default();
    }

    /// The thread, made at its first mention. None for an id the log has never named: a damaged
    /// log must not choose how much memory is taken.
    fn thread_mut(&mut self, names: &Names, id: ThreadId) -> Option<&mut LiveThread> {
        let index = id.0 as usize;
        if self.threads.len() <= index {
            let known = names.threads.contains_key(&id) && index < self.threads.len() + MAX_GAP;
            if !known {
                return None;
            }
            self.threads.resize_with(index + 1, LiveThread::default);
        }
        self.threads.get_mut(index)
    }

    fn restore(&mut self, names: &Names, id: ThreadId, stack: &ThreadStack) {
        let is_poll = |frame: &Frame| is_async(names, frame.path);
        for frame in stack.frames().iter().filter(|frame| is_poll(frame)) {
            let task = self.tasks.entry(frame.span);
            let task = task.or_insert_with(|| Task::new(frame.path, None, frame.since));
            task.polled = Some((id, frame.since));
        }
        let Some(thread) = self.thread_mut(names, id) else { return };
        let open = |frame: &Frame| OpenFrame {
            is_poll: is_poll(frame),
            child_ns: frame.child_ns,
            ..OpenFrame::new(frame.span, frame.path, None, frame.since)
        };
        thread.alive |= stack.depth() > 0;
        thread.hidden = stack.hidden();
        thread.frames = stack.frames().iter().map(open).collect();
    }
}

impl LiveThread {
    /// Takes out so many innermost frames: they began in the same segment, so all are known.
    /// Of the one below them `child_ns` is known then.
    fn close_innermost(&mut self, count: u32, child_ns: Option<u64>) {
        self.frames.truncate(self.frames.len().saturating_sub(count as usize));
        if let Some((top, ns)) = self.frames.last_mut().zip(child_ns) {
            top.child_ns = ns;
        }
    }

    fn add_child_time(&mut self, index: Option<usize>, ns: u64) {
        if let Some(frame) = index.and_then(|index| self.frames.get_mut(index)) {
            frame.child_ns = frame.child_ns.saturating_add(ns);
        }
    }

    fn open(&mut self, frames: &[Frame]) {
        self.alive = true;
        for frame in frames {
            let parent = self.frames.last().map(|top| top.span);
            let open = OpenFrame::new(frame.span, frame.path, parent, frame.since);
            self.frames.push(OpenFrame { child_ns: frame.child_ns, ..open });
        }
    }
}

/// How far thread ids may run ahead of the threads seen: those between are threads whose first
/// entries come later, or were in a part of the log that is gone.
const MAX_GAP: usize = 1 << 20;

/// Whether the spans of a path are async.
fn is_async(names: &Names, path: PathId) -> bool {
    names.callsite_info(path).is_some_and(|callsite| callsite.kind.is_async())
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
