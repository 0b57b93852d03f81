//! The sink that keeps everything, and holds the recorder to what a sink is promised.

use super::List;
use crate::event::{
    CallsiteId, CallsiteInfo, Commit, LogEntry, LogTime, OpenTask, PathId, PathInfo, Position,
    Resume, Sink, SpanId, ThreadId, ThreadInfo, ThreadStack,
};
use std::io;

impl Sink for List {
    fn callsite(&mut self, id: CallsiteId, info: &CallsiteInfo) {
        assert_eq!(self.names.callsites.insert(id, info.clone()), None, "said twice");
    }

    fn path(&mut self, id: PathId, info: PathInfo) {
        assert!(self.names.callsites.contains_key(&info.callsite), "path before callsite");
        assert_eq!(self.names.paths.insert(id, info), None, "said twice");
    }

    fn thread(&mut self, id: ThreadId, info: &ThreadInfo) {
        assert_eq!(self.names.threads.insert(id, info.clone()), None, "said twice");
    }

    fn entry(
        &mut self,
        thread: ThreadId,
        position: Position,
        _stack: &ThreadStack,
        time: LogTime,
        what: &LogEntry,
    ) {
        self.entries.push((thread, position, time, what.clone()));
    }

    fn drained(&mut self, _thread: ThreadId, position: Position) {
        self.drained = position.0;
    }

    fn resume(&mut self, _: ThreadId, how: Option<&Resume>) {
        assert!(how.is_none_or(Resume::is_sound));
    }

    fn silent(&mut self, thread: ThreadId, stack: &ThreadStack) {
        self.silent.push((thread, stack.depth()));
    }

    fn keep_task(&mut self, task: &OpenTask) {
        self.kept.insert(task.span, *task);
    }

    fn forget_task(&mut self, span: SpanId) {
        assert!(self.kept.remove(&span).is_some(), "forgotten, and never kept");
    }

    fn kept_tasks(&mut self) {}

    fn pending_bytes(&self) -> usize {
        (self.entries.len() - self.committed) * self.entry_bytes
    }

    fn is_empty(&self) -> bool {
        false
    }

    fn commit(&mut self, _now: LogTime) -> io::Result<Commit> {
        if std::mem::take(&mut self.loses_log) {
            self.names.callsites.clear();
            self.names.paths.clear();
            return Ok(Commit::Anew);
        }
        self.committed = self.entries.len();
        self.commits += 1;
        Ok(Commit::Done)
    }
}
