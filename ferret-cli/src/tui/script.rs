//! For tests: a run written by hand, entry by entry, as a recorder would write it.

use super::board::{Board, LogFile, Scene};
use super::details::Facts;
use super::functions::{Costs, Report};
use super::warnings::{self, Limits};
use crate::analyze::GoodRun;
use ferret::event::{
    CallsiteId, CallsiteInfo, CallsiteKind, EndKind, Entry, LogEntry, LogIndex, LogTime,
    MetricSample, Names, Offset, Outcome, PathId, PathInfo, Position, ProcessEnd, ProcessStart,
    ProcessUid, SpanId, TagValue, ThreadId, ThreadInfo,
};
use ferret::projections::{Closeup, StageReport};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const MS: u64 = 1_000_000;
pub(crate) const S: u64 = 1_000 * MS;

/// One or more processes, and where time stands.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) board: Board,
    names: Vec<Names>,
    /// All that was written, for what is read beside the board.
    entries: Vec<(LogIndex, Entry)>,
    processes: Vec<Writer>,
    now: u64,
    /// When the kernel started the processes that follow, as they say.
    pub(crate) start_ticks: u64,
    /// What was read of the run from its beginning, where the board knows the present alone.
    pub(crate) past: Option<Box<Board>>,
    /// The last good run before.
    pub(crate) before: Option<GoodRun>,
    /// From when on something is worth a warning.
    pub(crate) limits: Limits,
}

/// What a recorder would remember of one process.
#[derive(Default)]
struct Writer {
    callsites: BTreeMap<(String, CallsiteKind), CallsiteId>,
    paths: BTreeMap<(PathId, CallsiteId), PathId>,
    /// Open frames by thread: span, path, start.
    open: BTreeMap<ThreadId, Vec<(SpanId, PathId, LogTime)>>,
    tasks: BTreeMap<SpanId, (PathId, LogTime)>,
    /// Futures that have not been polled: span, path, parent.
    created: Vec<(SpanId, PathId, Option<SpanId>)>,
    position: u64,
}

impl Script {
    /// A process `name` with a main thread; later calls speak of the one begun last.
    pub(crate) fn process(mut self, name: &str, pid: u32) -> Self {
        self.names.push(Names::default());
        self.processes.push(Writer::default());
        let path = format!("{name}.redb").into();
        let file = LogFile { path, owned: Some(true), ..LogFile::default() };
        self.board.logs.push(file);
        let start = ProcessStart {
            uid: ProcessUid(u128::from(pid) << 96),
            pid,
            start_ticks: self.start_ticks,
            exe: format!("/usr/bin/{name}"),
            args: vec![name.to_owned()],
            host: "host".to_owned(),
            boot_id: "boot".to_owned(),
            unix_ns: 1_795_000_000 * S + self.now,
            ..ProcessStart::default()
        };
        self.entry(0, LogEntry::ProcessStart(Box::new(start)));
        self.thread(1, "main")
    }

    pub(crate) fn thread(mut self, id: u32, name: &str) -> Self {
        let info = ThreadInfo { name: name.to_owned(), tid: id, start: LogTime(self.now) };
        let names = self.names.last_mut().unwrap();
        names.threads.insert(ThreadId(id), info);
        self.entry(id, LogEntry::ThreadStart);
        self
    }

    /// Time passes.
    pub(crate) fn wait(mut self, ns: u64) -> Self {
        self.now += ns;
        self
    }

    pub(crate) fn start(self, thread: u32, name: &str) -> Self {
        self.begin(thread, name, CallsiteKind::Function)
    }

    pub(crate) fn stage(self, thread: u32, name: &str) -> Self {
        self.begin(thread, name, CallsiteKind::Stage)
    }

    pub(crate) fn task(self, thread: u32, name: &str) -> Self {
        self.begin(thread, name, CallsiteKind::Async)
    }

    fn begin(mut self, thread: u32, name: &str, kind: CallsiteKind) -> Self {
        let thread = ThreadId(thread);
        let top = self.writer().open.get(&thread).and_then(|open| open.last()).copied();
        let parent_path = top.map_or(PathId::ROOT, |(_, path, _)| path);
        let path = self.path(parent_path, name, kind);
        let now = LogTime(self.now);
        let writer = self.writer();
        let span = SpanId { thread, start: Position(writer.position) };
        let is_async = kind.is_async();
        if is_async {
            writer.tasks.insert(span, (path, now));
        } else {
            writer.open.entry(thread).or_default().push((span, path, now));
        }
        let parent = top.map(|(span, ..)| span);
        self.entry(thread.0, LogEntry::SpanStart { span, path, parent, is_async });
        self
    }

    /// A future is created, to run elsewhere.
    pub(crate) fn create(mut self, thread: u32, name: &str) -> Self {
        let top = self.top(thread);
        let parent_path = top.map_or(PathId::ROOT, |(_, path)| path);
        let path = self.path(parent_path, name, CallsiteKind::Async);
        let parent = top.map(|(span, _)| span);
        let span = SpanId { thread: ThreadId(thread), start: Position(self.writer().position) };
        self.writer().created.push((span, path, parent));
        self.entry(thread, LogEntry::Created { span, parent, path });
        self
    }

    /// The future created last begins its first poll.
    pub(crate) fn first_poll(mut self, thread: u32) -> Self {
        let now = LogTime(self.now);
        let (span, path, parent) = self.writer().created.pop().unwrap();
        self.writer().tasks.insert(span, (path, now));
        self.entry(thread, LogEntry::SpanStart { span, path, parent, is_async: true });
        self.writer().open.entry(ThreadId(thread)).or_default().push((span, path, now));
        self.entry(thread, LogEntry::Enter { span, path });
        self
    }

    /// A span begins as a child of what `of` has open.
    pub(crate) fn start_under(mut self, thread: u32, name: &str, of: u32) -> Self {
        let (parent, parent_path) = self.top(of).unwrap();
        let path = self.path(parent_path, name, CallsiteKind::Function);
        let now = LogTime(self.now);
        let span = SpanId { thread: ThreadId(thread), start: Position(self.writer().position) };
        self.writer().open.entry(ThreadId(thread)).or_default().push((span, path, now));
        let (parent, is_async) = (Some(parent), false);
        self.entry(thread, LogEntry::SpanStart { span, path, parent, is_async });
        self
    }

    fn top(&mut self, thread: u32) -> Option<(SpanId, PathId)> {
        let open = self.writer().open.get(&ThreadId(thread))?;
        open.last().map(|(span, path, _)| (*span, *path))
    }

    /// A counter is added to, or a gauge set.
    pub(crate) fn count(mut self, name: &str, value: f64, gauge: bool) -> Self {
        let key = self.callsite(name, CallsiteKind::Key);
        self.entry(1, LogEntry::Counter { key, value, gauge });
        self
    }

    pub(crate) fn end(self, thread: u32) -> Self {
        self.end_as(thread, Outcome::Ok)
    }

    pub(crate) fn end_as(mut self, thread: u32, outcome: Outcome) -> Self {
        let open = self.writer().open.get_mut(&ThreadId(thread)).unwrap();
        let (span, path, start) = open.pop().unwrap();
        let (child_ns, out_of_order) = (0, false);
        let end = LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order };
        self.entry(thread, end);
        self
    }

    /// The outermost span of a thread ends, while those that it called go on.
    pub(crate) fn end_outer(mut self, thread: u32) -> Self {
        let open = self.writer().open.get_mut(&ThreadId(thread)).unwrap();
        let (span, path, start) = open.remove(0);
        let (outcome, out_of_order) = (Outcome::Ok, true);
        let end = LogEntry::SpanEnd { span, path, start, child_ns: 0, outcome, out_of_order };
        self.entry(thread, end);
        self
    }

    /// A call that takes `ns`.
    pub(crate) fn call(self, thread: u32, name: &str, ns: u64) -> Self {
        self.start(thread, name).wait(ns).end(thread)
    }

    /// A poll of the task begun last begins on `thread`.
    pub(crate) fn enter(mut self, thread: u32) -> Self {
        let now = LogTime(self.now);
        let (span, (path, _)) =
            self.writer().tasks.last_key_value().map(|(s, t)| (*s, *t)).unwrap();
        self.writer().open.entry(ThreadId(thread)).or_default().push((span, path, now));
        self.entry(thread, LogEntry::Enter { span, path });
        self
    }

    pub(crate) fn exit(mut self, thread: u32) -> Self {
        let now = self.now;
        let open = self.writer().open.get_mut(&ThreadId(thread)).unwrap();
        let (span, path, since) = open.pop().unwrap();
        let busy_ns = LogTime(now).since(since);
        self.entry(thread, LogEntry::Exit { span, path, busy_ns, child_ns: 0 });
        self
    }

    pub(crate) fn tag(mut self, thread: u32, key: &str, value: TagValue) -> Self {
        let key = self.callsite(key, CallsiteKind::Key);
        let span = self.writer().open[&ThreadId(thread)].last().unwrap().0;
        self.entry(thread, LogEntry::Tag { span, key, value });
        self
    }

    pub(crate) fn progress(mut self, thread: u32, done: u64, total: u64) -> Self {
        let span = self.writer().open[&ThreadId(thread)].last().map(|(span, ..)| *span);
        self.entry(thread, LogEntry::Progress { span, done, total });
        self
    }

    pub(crate) fn mark(mut self, thread: u32, text: &str) -> Self {
        let callsite = self.callsite(text, CallsiteKind::Mark);
        self.entry(thread, LogEntry::Mark { span: None, callsite });
        self
    }

    pub(crate) fn dropped(mut self, thread: u32, spans: u64) -> Self {
        self.entry(thread, LogEntry::Dropped { spans, busy_ns: 0, top: None, path: None });
        self
    }

    pub(crate) fn metric(mut self, cpu_percent: f64, rss_mib: u64, threads: u32) -> Self {
        let sample = MetricSample {
            cpu_percent: Some(cpu_percent),
            rss_bytes: Some(rss_mib << 20),
            threads: Some(threads),
            cpu_ns: Some(self.now),
            ..MetricSample::default()
        };
        self.entry(0, LogEntry::Metric(Box::new(sample)));
        self
    }

    /// What lives of a function's, and the most that did; no name for the process's.
    pub(crate) fn heap(mut self, name: Option<&str>, live_kib: u64, peak_kib: u64) -> Self {
        let callsite =
            name.map_or(CallsiteId::PROCESS, |name| self.callsite(name, CallsiteKind::Function));
        let (live_bytes, peak_bytes) = (live_kib << 10, peak_kib << 10);
        self.entry(0, LogEntry::Heap { callsite, live_bytes, live_count: 3, peak_bytes });
        self
    }

    /// The clock jumps.
    pub(crate) fn jump(mut self, jump_ns: i64) -> Self {
        self.entry(0, LogEntry::Clock { jump_ns });
        self
    }

    /// The process ends; nobody holds its log any more.
    pub(crate) fn ends(mut self, how: EndKind) -> Self {
        self.entry(0, LogEntry::ProcessEnd(ProcessEnd { how }));
        self.board.logs.last_mut().unwrap().owned = Some(false);
        self
    }

    /// Shows the board to `look`, at this moment.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Scene) -> T) -> T {
        let now = LogTime(self.now);
        let stages: StageReport = self.board.stage_report(now);
        let names: Vec<&Names> = self.names.iter().collect();
        let (board, past, none) = (&self.board, self.past.as_deref(), Report::default());
        let (stages, warnings) = (&stages, &[]);
        let (functions, before) = (&none, self.before.as_ref());
        let scene = Scene { board, names: &names, now, stages, functions, warnings, past, before };
        let whole = scene.whole();
        let costs = Costs::of(&whole.calls, scene.share_read());
        let functions = Report::of(&costs, &scene);
        let warnings = warnings::find(&scene, self.limits);
        look(&Scene { functions: &functions, warnings: &warnings, ..scene })
    }

    /// Shows every entry to `see`, as a reader of the whole run would.
    pub(crate) fn each(&self, mut see: impl FnMut(LogIndex, &Names, &Entry)) {
        for (log, entry) in &self.entries {
            see(*log, &self.names[log.0], entry);
        }
    }

    /// What a reader of the whole run finds out about a function.
    pub(crate) fn facts(&self, of: &CallsiteInfo) -> Arc<Facts> {
        let mut closeup = Closeup::new(of.clone());
        self.each(|log, names, entry| {
            closeup.apply(log, names, entry);
        });
        let read = self.entries.len() as u64;
        let names = |log: LogIndex| &self.names[log.0];
        Arc::new(Facts::of(&closeup, names, &self.board.processes, (read, read)))
    }

    fn entry(&mut self, thread: u32, what: LogEntry) {
        let log = LogIndex(self.names.len() - 1);
        let (thread, time) = (ThreadId(thread), LogTime(self.now));
        let writer = self.processes.last_mut().unwrap();
        let entry = Entry { offset: Offset(writer.position), time, thread, what };
        writer.position += 1;
        self.board.apply(log, &self.names[log.0], &entry);
        self.entries.push((log, entry));
    }

    fn writer(&mut self) -> &mut Writer {
        self.processes.last_mut().unwrap()
    }

    fn callsite(&mut self, name: &str, kind: CallsiteKind) -> CallsiteId {
        let (writer, names) = (self.processes.last_mut().unwrap(), self.names.last_mut().unwrap());
        let next = CallsiteId(u32::try_from(writer.callsites.len()).unwrap() + 1);
        let id = *writer.callsites.entry((name.to_owned(), kind)).or_insert(next);
        names.callsites.entry(id).or_insert_with(|| CallsiteInfo {
            name: name.to_owned(),
            module: "program".to_owned(),
            file: "src/main.rs".to_owned(),
            line: id.0,
            kind,
        });
        id
    }

    fn path(&mut self, parent: PathId, name: &str, kind: CallsiteKind) -> PathId {
        let callsite = self.callsite(name, kind);
        let (writer, names) = (self.processes.last_mut().unwrap(), self.names.last_mut().unwrap());
        let next = PathId(u32::try_from(writer.paths.len()).unwrap() + 1);
        let id = *writer.paths.entry((parent, callsite)).or_insert(next);
        names.paths.insert(id, PathInfo { parent, callsite });
        id
    }
}

/// A podcast at work: a stage at 3 of 10, two workers, some history.
pub(crate) fn podcast() -> Script {
    let mut script = Script::default().process("podcast", 4711).metric(3.0, 40, 2);
    script = script.start(1, "run").stage(1, "rss_feed_fetch").wait(420 * MS).metric(12.0, 48, 3);
    script = script.end(1).mark(1, "feed read").stage(1, "media_download").wait(300 * MS);
    script = script.call(1, "fetch_enclosure", 150 * MS);
    script = script.start(1, "fetch_enclosure").wait(90 * MS).end_as(1, Outcome::Err);
    script = script.wait(S).metric(8.0, 52, 4).end(1);
    script = script.thread(2, "worker-1").thread(3, "worker-2").thread(4, "idle-1");
    script = script.call(4, "warm_up", MS);
    script = script.stage(1, "transcription").tag(1, "episode", TagValue::Unsigned(42));
    for second in 0..20_u32 {
        script = script.wait(S / 2).call(2, "decode_frame", 2 * MS).call(2, "decode_frame", 3 * MS);
        let load = 80.0 + f64::from(second % 5) * 20.0;
        script = script.wait(S / 2).metric(load, 180 + u64::from(second) * 3, 6);
    }
    script = script.progress(1, 3, 10).start(1, "Whisper::full").wait(2 * S).metric(187.0, 242, 6);
    script.start(3, "summarize").start(3, "TextRank::rank").wait(250 * MS)
}
