//! Tests of the live stacks.

use super::*;
use crate::event::{CallsiteId, Offset, Outcome, Position, TagValue, ThreadInfo};

/// Entries by hand: `thread`, time, what. Spans are named by their start position on thread 1.
struct Script {
    live: Live,
    names: Names,
    time: u64,
}

fn span(start: u64) -> SpanId {
    SpanId { thread: ThreadId(1), start: Position(start) }
}

impl Script {
    fn new() -> Self {
        let mut names = Names::default();
        for id in 0..5 {
            names.threads.insert(
                ThreadId(id),
                ThreadInfo { name: String::new(), tid: id, start: LogTime(0) },
            );
        }
        Self { live: Live::default(), names, time: 0 }
    }

    fn entry(mut self, thread: u32, what: LogEntry) -> Self {
        self.time += 10;
        let thread = ThreadId(thread);
        let entry = Entry { offset: Offset(0), time: LogTime(self.time), thread, what };
        self.live.apply(LogIndex(0), &self.names, &entry);
        self
    }

    fn start(self, thread: u32, start: u64) -> Self {
        let path = PathId(u32::try_from(start).unwrap());
        let (span, parent) = (span(start), None);
        self.entry(thread, LogEntry::SpanStart { span, path, parent, is_async: false })
    }

    fn start_async(self, thread: u32, start: u64, parent: Option<SpanId>) -> Self {
        let path = PathId(u32::try_from(start).unwrap());
        let span = span(start);
        self.entry(thread, LogEntry::SpanStart { span, path, parent, is_async: true })
    }

    fn created(self, thread: u32, start: u64, parent: Option<SpanId>) -> Self {
        let path = PathId(u32::try_from(start).unwrap());
        self.entry(thread, LogEntry::Created { span: span(start), parent, path })
    }

    fn process(&self) -> &LiveProcess {
        self.live.process(LogIndex(0)).unwrap()
    }

    fn end(self, thread: u32, start: u64) -> Self {
        self.entry(
            thread,
            LogEntry::SpanEnd {
                span: span(start),
                path: PathId(1),
                start: LogTime(0),
                child_ns: 0,
                outcome: Outcome::Ok,
                out_of_order: false,
            },
        )
    }

    fn enter(self, thread: u32, start: u64) -> Self {
        self.entry(thread, LogEntry::Enter { span: span(start), path: PathId(1) })
    }

    fn exit(self, thread: u32, start: u64) -> Self {
        let (span, path) = (span(start), PathId(1));
        self.entry(thread, LogEntry::Exit { span, path, busy_ns: 10, child_ns: 0 })
    }

    fn open(&self, thread: u32) -> Vec<u64> {
        let process = self.live.process(LogIndex(0)).unwrap();
        let thread = process.thread(ThreadId(thread));
        let frames = thread.map_or(&[][..], |thread| &thread.frames);
        frames.iter().map(|frame| frame.span.start.0).collect()
    }

    fn task(&self, start: u64) -> &Task {
        self.live.process(LogIndex(0)).unwrap().task(span(start)).unwrap()
    }
}

#[test]
fn spans_open_and_close_as_a_stack() {
    let script = Script::new().start(1, 1).start(1, 2).start(1, 3).end(1, 3);
    assert_eq!(script.open(1), [1, 2]);
    assert_eq!(script.live.open_spans(), 2);
}

#[test]
fn a_span_that_ends_out_of_order_leaves_the_middle() {
    let script = Script::new().start(1, 1).start(1, 2).start(1, 3).end(1, 2);
    assert_eq!(script.open(1), [1, 3]);
}

#[test]
fn a_polled_task_stands_on_its_thread_and_moves_with_its_polls() {
    let script = Script::new().start_async(1, 1, None).enter(1, 1).start(1, 2);
    assert_eq!(script.open(1), [1, 2]);
    assert_eq!(script.task(1).polled, Some((ThreadId(1), LogTime(20))));
    assert_eq!(script.live.open_spans(), 2, "a poll is no span of its own");
    let script = script.end(1, 2).exit(1, 1);
    assert_eq!((script.open(1), script.task(1).polled), (vec![], None));
    let script = script.enter(2, 1);
    assert_eq!(script.open(2), [1]);
    let task = script.task(1);
    assert_eq!((task.polls, task.busy_ns, task.waits_since), (1, 10, LogTime(50)));
}

#[test]
fn an_exit_that_is_read_after_the_next_enter_does_not_stop_that_poll() {
    let script = Script::new().start_async(1, 1, None).enter(1, 1).enter(2, 1).exit(1, 1);
    assert_eq!(script.task(1).polled, Some((ThreadId(2), LogTime(30))));
    assert_eq!((script.open(1), script.open(2)), (vec![], vec![1]));
}

#[test]
fn an_async_span_ends_on_whichever_thread() {
    let script = Script::new().start_async(1, 1, None).enter(2, 1).exit(2, 1).end(2, 1);
    assert_eq!(script.live.open_spans(), 0);
    assert_eq!(script.live.process(LogIndex(0)).unwrap().tasks().len(), 0);
}

#[test]
fn a_future_waits_for_its_first_poll_and_is_a_span_from_then_on() {
    let script = Script::new().start(1, 1).created(1, 2, Some(span(1)));
    let task = script.task(2);
    assert_eq!((task.begun, task.since, task.parent), (false, LogTime(20), Some(span(1))));
    assert_eq!((script.process().unpolled(), script.live.open_spans()), (1, 1));
    let script = script.end(1, 1).start_async(2, 2, None).enter(2, 2);
    let task = script.task(2);
    assert_eq!((task.begun, task.since, task.parent), (true, LogTime(40), Some(span(1))));
    assert_eq!((script.process().unpolled(), script.live.open_spans()), (0, 1));
    let path_of = |start| script.process().path_of(span(start));
    assert_eq!((path_of(1), path_of(2)), (None, Some(PathId(2))));
}

#[test]
fn a_future_that_is_dropped_unpolled_is_gone() {
    let script = Script::new().created(1, 1, None).end(3, 1);
    assert_eq!((script.process().unpolled(), script.process().tasks().len()), (0, 0));
    assert_eq!(script.live.open_spans(), 0);
}

#[test]
fn polls_of_a_task_are_added_up_merged_or_not() {
    let path = PathId(1);
    let polls =
        LogEntry::Polls { span: span(1), path, count: 9, busy_ns: 5, child_ns: 0, longest_ns: 2 };
    let script = Script::new().start_async(1, 1, None).enter(1, 1).exit(1, 1).entry(2, polls);
    let task = script.task(1);
    assert_eq!((task.polls, task.busy_ns, task.waits_since), (10, 15, LogTime(40)));
}

#[test]
fn a_span_under_another_threads_knows_its_parent() {
    let mut script = Script::new().start(1, 1);
    let (path, parent) = (PathId(2), Some(span(1)));
    let start = LogEntry::SpanStart { span: span(2), path, parent, is_async: false };
    script = script.entry(2, start);
    let process = script.process();
    let told = |thread| process.parent_of(process.thread(ThreadId(thread)).unwrap(), 0);
    assert_eq!(told(2), Parent { span: parent, is_elsewhere: true });
    assert_eq!(told(1), Parent { span: None, is_elsewhere: false });
    assert_eq!(process.parent_name(&script.names, path, parent), Some("?"), "the log names none");
}

#[test]
fn an_end_of_a_task_that_is_not_known_closes_no_frame() {
    let mut script = Script::new();
    let kind = crate::event::CallsiteKind::Async;
    let (name, module, file) = (String::new(), String::new(), String::new());
    let info = crate::event::CallsiteInfo { name, module, file, line: 1, kind };
    script.names.callsites.insert(CallsiteId(1), info);
    let info = crate::event::PathInfo { parent: PathId::ROOT, callsite: CallsiteId(1) };
    script.names.paths.insert(PathId(1), info);
    let stack = ThreadStack::restore(3, Vec::new());
    script.live.restore(LogIndex(0), &script.names, [(ThreadId(1), stack)], []);
    assert_eq!(script.end(1, 77).live.open_spans(), 3);
}

#[test]
fn what_a_thread_leaves_open_is_counted_not_shown() {
    let script = Script::new().start(1, 1).start(1, 2).entry(1, LogEntry::ThreadEnd);
    let process = script.live.process(LogIndex(0)).unwrap();
    assert_eq!((process.open_spans(), process.abandoned(), process.threads().count()), (0, 2, 0));
}

/// A worker reports the progress of the stage that it works for.
#[test]
fn what_another_thread_says_of_a_span_is_the_spans() {
    let script = Script::new().start(1, 5).entry(2, LogEntry::ThreadStart);
    let progress = LogEntry::Progress { span: Some(span(5)), done: 1, total: 2 };
    let script = script.entry(2, progress);
    let live = script.live.process(LogIndex(0)).unwrap();
    assert_eq!(live.thread(ThreadId(1)).unwrap().frames[0].said.progress, Some((1, 2)));
}

#[test]
fn tags_and_progress_belong_to_their_span() {
    let tag = |start, value| LogEntry::Tag {
        span: span(start),
        key: CallsiteId(9),
        value: TagValue::Unsigned(value),
    };
    let progress = LogEntry::Progress { span: Some(span(1)), done: 3, total: 10 };
    let script = Script::new().start(1, 1).start(1, 2);
    let script = script.entry(1, tag(1, 5)).entry(1, tag(1, 6)).entry(1, progress);
    let frames = &script.live.process(LogIndex(0)).unwrap().thread(ThreadId(1)).unwrap().frames;
    assert_eq!(frames[0].said.tags, [(CallsiteId(9), TagValue::Unsigned(6))]);
    assert_eq!(frames[0].said.progress, Some((3, 10)));
    assert_eq!(frames[1].said, Said::default());
}

#[test]
fn a_thread_the_log_never_named_takes_no_memory() {
    let script = Script::new().start(u32::MAX, 1).start(77, 2);
    assert_eq!(script.live.open_spans(), 0);
}

#[test]
fn a_restored_thread_goes_on_where_the_log_does() {
    let mut script = Script::new();
    let frame =
        |start| Frame { span: span(start), path: PathId(1), since: LogTime(start), child_ns: 0 };
    let stack = ThreadStack::restore(3, vec![frame(4), frame(5)]);
    script.live.restore(LogIndex(0), &script.names, [(ThreadId(1), stack)], []);
    assert_eq!(script.live.open_spans(), 5);
    let script = script.end(1, 5).end(1, 4).end(1, 3);
    assert_eq!((script.open(1), script.live.open_spans()), (vec![], 2));
}

#[test]
fn a_restored_task_goes_on_too() {
    let mut script = Script::new();
    let task = |start, life| OpenTask { span: span(start), path: PathId(1), parent: None, life };
    let tasks = [
        task(1, TaskLife::Begun(LogTime(10))),
        task(2, TaskLife::Created(LogTime(20))),
        task(3, TaskLife::Place),
    ];
    script.live.restore(LogIndex(0), &script.names, [], tasks);
    let process = script.live.process(LogIndex(0)).unwrap();
    let known: Vec<_> = process.tasks().map(|(id, task)| (id, task.begun, task.since.0)).collect();
    assert_eq!(known, [(span(1), true, 10), (span(2), false, 20)]);
    let script = script.end(1, 1).end(1, 2);
    assert_eq!(script.live.process(LogIndex(0)).unwrap().tasks().len(), 0);
}
