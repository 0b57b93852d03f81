//! What runs now: the open spans of every process, thread by thread, and the async spans that
//! wait. Only what is open is kept, so its size is that of the program's present, not its past.

use crate::event::{
    CallsiteId, Entry, Frame, LogEntry, LogIndex, LogTime, Names, PathId, SpanId, TagValue,
    ThreadId, ThreadStack,
};
use std::collections::BTreeMap;

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
    /// Open async spans, running or waiting, in order of their start on their thread.
    tasks: BTreeMap<SpanId, Task>,
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

/// One open frame of a thread.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenFrame {
    /// The span.
    pub span: SpanId,
    /// Its place in the call tree.
    pub path: PathId,
    /// When the span, or this poll, began.
    pub since: LogTime,
    /// It is one poll of an async span: what else is known stands in its [`Task`].
    pub is_poll: bool,
    /// What the span said about itself.
    pub said: Said,
}

/// An open async span.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its place in the call tree.
    pub path: PathId,
    /// The span it is a child of.
    pub parent: Option<SpanId>,
    /// When it began: its first poll.
    pub since: LogTime,
    /// The thread that polls it now, and since when; none while it waits.
    pub polled: Option<(ThreadId, LogTime)>,
    /// When its last poll ended; its start before the first did.
    pub waits_since: LogTime,
    /// Polls that ended.
    pub polls: u64,
    /// Time in those polls, ns.
    pub busy_ns: u64,
    /// What the span said about itself.
    pub said: Said,
}

/// What a span said about itself while it ran.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Its tags in order of first use, at most [`Said::TAGS`].
    pub tags: Vec<(CallsiteId, TagValue)>,
    /// Units done and units in all (0: unknown).
    pub progress: Option<(u64, u64)>,
}

impl Said {
    /// How many tags of a span are kept.
    pub const TAGS: usize = 8;

    /// Sets a tag; the ones beyond [`Said::TAGS`] are left out.
    pub(super) fn tag(&mut self, key: CallsiteId, value: &TagValue) {
        if let Some((_, old)) = self.tags.iter_mut().find(|(known, _)| *known == key) {
            old.clone_from(value);
        } else if self.tags.len() < Self::TAGS {
            self.tags.push((key, value.clone()));
        }
    }
}

impl Live {
    /// Takes the next entry of `log`.
    pub fn apply(&mut self, log: LogIndex, names: &Names, entry: &Entry) {
        self.process_mut(log).apply(names, entry);
    }

    /// The open spans of `log`'s process; none before its first entry.
    pub fn process(&self, log: LogIndex) -> Option<&LiveProcess> {
        self.processes.get(log.0)
    }

    /// Begins in the middle of a log: `stacks` are what a reader found open there. Entries from
    /// there on are then applied as usual.
    pub fn restore(
        &mut self,
        log: LogIndex,
        names: &Names,
        stacks: impl IntoIterator<Item = (ThreadId, ThreadStack)>,
    ) {
        let process = self.process_mut(log);
        *process = LiveProcess::default();
        for (id, stack) in stacks {
            process.restore(names, id, &stack);
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

    /// The open async spans, in order of their start on their thread.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = (SpanId, &Task)> {
        self.tasks.iter().map(|(id, task)| (*id, task))
    }

    /// One open async span.
    pub fn task(&self, span: SpanId) -> Option<&Task> {
        self.tasks.get(&span)
    }

    /// Spans open now; a poll is not a span of its own.
    pub fn open_spans(&self) -> usize {
        let of_threads: usize = self
            .threads
            .iter()
            .map(|t| t.hidden as usize + t.frames.iter().filter(|frame| !frame.is_poll).count())
            .sum();
        of_threads + self.tasks.len()
    }

    /// Spans whose thread ended before they did.
    pub fn abandoned(&self) -> u64 {
        self.abandoned
    }

    fn apply(&mut self, names: &Names, entry: &Entry) {
        let (id, time) = (entry.thread, entry.time);
        match &entry.what {
            LogEntry::SpanStart { span, path, parent, is_async: true } => {
                self.tasks.insert(*span, Task::new(*path, *parent, time));
            }
            LogEntry::SpanStart { span, path, is_async: false, .. } => {
                self.push(names, id, OpenFrame::new(*span, *path, time, false));
            }
            LogEntry::SpanEnd { span, .. } => self.end(id, *span),
            LogEntry::Enter { span, path } => {
                if let Some(task) = self.tasks.get_mut(span) {
                    task.polled = Some((id, time));
                }
                self.push(names, id, OpenFrame::new(*span, *path, time, true));
            }
            LogEntry::Exit { span, busy_ns, .. } => {
                self.close(id, *span);
                self.polled(*span, id, time, 1, *busy_ns);
            }
            LogEntry::Polls { span, count, busy_ns, .. } => {
                self.polled(*span, id, time, *count, *busy_ns);
            }
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

    fn end(&mut self, id: ThreadId, span: SpanId) {
        if self.tasks.remove(&span).is_none() {
            self.close(id, span);
        }
    }

    /// Takes the frame of `span` out, from the middle if need be.
    fn close(&mut self, id: ThreadId, span: SpanId) {
        let Some(thread) = self.threads.get_mut(id.0 as usize) else { return };
        match thread.frames.iter().rposition(|frame| frame.span == span) {
            Some(index) => drop(thread.frames.remove(index)),
            // As `ThreadStack::close` does: one of the frames not known in full.
            None => thread.hidden = thread.hidden.saturating_sub(1),
        }
    }

    fn polled(&mut self, span: SpanId, on: ThreadId, end: LogTime, count: u64, busy_ns: u64) {
        let Some(task) = self.tasks.get_mut(&span) else { return };
        task.polls += count;
        task.busy_ns += busy_ns;
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
        let is_poll = |frame: &Frame| {
            names.callsite_info(frame.path).is_some_and(|callsite| callsite.kind.is_async())
        };
        for frame in stack.frames().iter().filter(|frame| is_poll(frame)) {
            let task = self.tasks.entry(frame.span);
            let task = task.or_insert_with(|| Task::new(frame.path, None, frame.since));
            task.polled = Some((id, frame.since));
        }
        let Some(thread) = self.thread_mut(names, id) else { return };
        let open =
            |frame: &Frame| OpenFrame::new(frame.span, frame.path, frame.since, is_poll(frame));
        thread.alive = true;
        thread.hidden = stack.hidden();
        thread.frames = stack.frames().iter().map(open).collect();
    }
}

/// How far thread ids may run ahead of the threads seen: those between are threads whose first
/// entries come later, or were in a part of the log that is gone.
const MAX_GAP: usize = 1 << 20;

impl OpenFrame {
    fn new(span: SpanId, path: PathId, since: LogTime, is_poll: bool) -> Self {
        Self { span, path, since, is_poll, said: Said::default() }
    }
}

impl Task {
    fn new(path: PathId, parent: Option<SpanId>, since: LogTime) -> Self {
        let (polled, said) = (None, Said::default());
        Self { path, parent, since, polled, waits_since: since, polls: 0, busy_ns: 0, said }
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
