//! A made-up program for tests: it has threads that start and end spans, and tells a [`Sink`] what
//! a recorder would. What it told is the oracle.

mod encoded;

pub(crate) use encoded::{Encoder, decode, decode_parts};

use crate::event::{
    CallsiteId, CallsiteInfo, CallsiteKind, Entry, HeapUse, LogEntry, LogTime, MetricSample,
    Offset, Outcome, PathId, PathInfo, Position, ProcessStart, ProcessUid, Sink, SpanCost, SpanId,
    Summary, TagValue, ThreadId, ThreadInfo, ThreadStack,
};
use proptest::prelude::*;

/// What the program does next, on its current thread.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Switch(u8),
    Wait(u32),
    /// The clock of the entries goes back (another thread's did not).
    Back(u16),
    Start(u8),
    End(Outcome),
    /// A frame below the innermost ends.
    EndBelow(u8, Outcome),
    /// The end of a span that began before the log, or of an async one.
    EndUnknown(Outcome),
    Poll(u8),
    PollEnds,
    StartAsync(u8, bool),
    Tag(TagValue),
    Metric(Option<f64>, Option<u64>, u32),
    Mark,
    Dropped(u16),
    Summary(Vec<(u16, u64)>),
    Progress(u64),
    Counter(f64),
    Clock(i64),
    /// The innermost frame, or a span that is not here, has allocated.
    Alloc(bool, u64, u32),
    Heap(u64, u32),
    /// Raw events that made no entry.
    SkipPositions(u16),
    /// The recorder finds the thread silent.
    Silent,
}

pub(super) fn acts(max: usize) -> impl Strategy<Value = Vec<Act>> {
    let outcome = prop_oneof![
        5 => Just(Outcome::Ok),
        1 => Just(Outcome::Err),
        1 => Just(Outcome::Panicked),
        1 => Just(Outcome::Cancelled),
        1 => Just(Outcome::Unknown),
    ];
    let tag = prop_oneof![
        any::<bool>().prop_map(TagValue::Bool),
        any::<u64>().prop_map(TagValue::Unsigned),
        (i64::MIN..0).prop_map(TagValue::Signed),
        (-1e9..1e9_f64).prop_map(TagValue::Float),
        "\\PC{0,40}".prop_map(TagValue::Text),
    ];
    let act = prop_oneof![
        2 => (0..4_u8).prop_map(Act::Switch),
        4 => any::<u32>().prop_map(Act::Wait),
        1 => any::<u16>().prop_map(Act::Back),
        12 => (0..20_u8).prop_map(Act::Start),
        10 => outcome.clone().prop_map(Act::End),
        1 => (1..4_u8, outcome.clone()).prop_map(|(below, how)| Act::EndBelow(below, how)),
        1 => outcome.prop_map(Act::EndUnknown),
        1 => (0..20_u8).prop_map(Act::Poll),
        1 => Just(Act::PollEnds),
        1 => (0..20_u8, any::<bool>()).prop_map(|(path, parent)| Act::StartAsync(path, parent)),
        1 => tag.prop_map(Act::Tag),
        1 => (proptest::option::of(0.0..800.0), any::<Option<u64>>(), any::<u32>())
            .prop_map(|(cpu, rss, open)| Act::Metric(cpu, rss, open)),
        1 => Just(Act::Mark),
        1 => any::<u16>().prop_map(Act::Dropped),
        1 => proptest::collection::vec(any::<(u16, u64)>(), 0..5).prop_map(Act::Summary),
        1 => any::<u64>().prop_map(Act::Progress),
        1 => (-1e9..1e9_f64).prop_map(Act::Counter),
        1 => any::<i64>().prop_map(Act::Clock),
        1 => any::<(bool, u64, u32)>().prop_map(|(own, a, b)| Act::Alloc(own, a, b)),
        1 => any::<(u64, u32)>().prop_map(|(live, count)| Act::Heap(live, count)),
        1 => any::<u16>().prop_map(Act::SkipPositions),
        1 => Just(Act::Silent),
    ];
    proptest::collection::vec(act, 0..max)
}

/// A span of a thread that is not here.
const FOREIGN: SpanId = SpanId { thread: ThreadId(7), start: Position(99) };

fn path(number: u8) -> PathId {
    PathId(u32::from(number) + 1)
}

/// The program, and all it told.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) told: Vec<Entry>,
    threads: Vec<Thread>,
    current: usize,
    pub(super) time: LogTime,
    next: Offset,
    named_paths: Vec<PathId>,
}

#[derive(Debug, Default)]
struct Thread {
    stack: ThreadStack,
    position: Position,
    named: bool,
    /// When it last told something; none once its silence is reported.
    heard: Option<LogTime>,
}

impl Program {
    /// A program whose next entry has the offset `next`.
    pub(super) fn new(next: Offset) -> Self {
        let threads = (0..5).map(|_| Thread::default()).collect();
        let mut program = Self {
            told: Vec::new(),
            threads,
            current: 1,
            time: LogTime(1_000_000_000_000),
            next,
            named_paths: Vec::new(),
        };
        program.threads[0].position = Position(1);
        program
    }

    pub(super) fn thread(&self) -> ThreadId {
        ThreadId(u32::try_from(self.current).unwrap())
    }

    /// The threads with an open frame.
    pub(super) fn open(&self) -> Vec<(ThreadId, ThreadStack)> {
        let ids = (0..).map(ThreadId).zip(&self.threads);
        ids.filter(|(_, thread)| thread.stack.depth() > 0)
            .map(|(id, thread)| (id, thread.stack.clone()))
            .collect()
    }

    /// Does `act`, and tells `sink`.
    pub(super) fn act(&mut self, act: &Act, sink: &mut impl Sink) {
        let here = &mut self.threads[self.current];
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others are entries")]
        match act {
            Act::Switch(to) => self.current = usize::from(*to) + 1,
            Act::Wait(ns) => self.time = self.time.after(u64::from(*ns >> (*ns % 31))),
            Act::Back(ns) => self.time = LogTime(self.time.0 - u64::from(*ns)),
            Act::SkipPositions(count) => {
                here.position = Position(here.position.0 + u64::from(*count));
            }
            Act::Silent => sink.silent(self.thread(), &self.threads[self.current].stack),
            entry => {
                if let Some(what) = self.span_entry(entry).or_else(|| self.fact(entry)) {
                    self.tell(sink, what);
                }
            }
        }
    }

    /// The entries that begin and end spans and polls.
    fn span_entry(&self, act: &Act) -> Option<LogEntry> {
        let here = &self.threads[self.current];
        let own = SpanId { thread: self.thread(), start: here.position };
        let top = here.stack.top();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others are facts")]
        Some(match act {
            Act::Start(number) => {
                let parent = top.map(|top| top.span);
                LogEntry::SpanStart { span: own, path: path(*number), parent, is_async: false }
            }
            Act::StartAsync(number, has_parent) => {
                let parent = has_parent.then_some(FOREIGN);
                LogEntry::SpanStart { span: own, path: path(*number), parent, is_async: true }
            }
            Act::End(outcome) => top?.end(*outcome, false),
            Act::EndBelow(below, outcome) => {
                let frames = here.stack.frames();
                frames.iter().rev().nth(usize::from(*below))?.end(*outcome, true)
            }
            Act::EndUnknown(outcome) => LogEntry::SpanEnd {
                span: FOREIGN,
                path: path(3),
                start: LogTime(5),
                child_ns: 7,
                outcome: *outcome,
                out_of_order: false,
            },
            Act::Poll(number) => LogEntry::Enter { span: FOREIGN, path: path(*number) },
            Act::PollEnds => LogEntry::Exit {
                span: top?.span,
                path: top?.path,
                busy_ns: self.time.since(top?.since),
                child_ns: top?.child_ns,
            },
            _ => return None,
        })
    }

    fn fact(&self, act: &Act) -> Option<LogEntry> {
        let top = self.threads[self.current].stack.top();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others are spans")]
        Some(match act {
            Act::Tag(value) => {
                LogEntry::Tag { span: FOREIGN, key: CallsiteId(3), value: value.clone() }
            }
            Act::Metric(cpu_percent, rss_bytes, open_spans) => {
                LogEntry::Metric(Box::new(MetricSample {
                    cpu_percent: *cpu_percent,
                    rss_bytes: *rss_bytes,
                    open_spans: *open_spans,
                    threads: Some(4),
                    ..MetricSample::default()
                }))
            }
            Act::Mark => LogEntry::Mark { span: top.map(|top| top.span), callsite: CallsiteId(2) },
            Act::Dropped(busy) => {
                LogEntry::Dropped { spans: 3, busy_ns: u64::from(*busy), top: None, path: None }
            }
            Act::Summary(histogram) => LogEntry::Summary(Box::new(Summary {
                path: path(1),
                calls: 9,
                // Of one bucket, as formats 1 and 2 can tell of it; of fewer than five, as 3 can.
                errors: histogram.len().saturating_sub(1) as u64,
                panics: histogram.len().saturating_sub(1) as u64 / 2,
                cancelled: histogram.len().saturating_sub(4) as u64,
                total_ns: 8,
                child_ns: histogram.len().saturating_sub(1) as u64 % 8,
                min_ns: 1,
                max_ns: 4,
                histogram: histogram.clone(),
            })),
            Act::Progress(done) => LogEntry::Progress { span: None, done: *done, total: 0 },
            Act::Counter(value) => {
                LogEntry::Counter { key: CallsiteId(3), value: *value, gauge: *value > 0.0 }
            }
            Act::Alloc(own, bytes, frees) => {
                let of = top.filter(|_| *own).map(|top| (top.span, top.path));
                let (span, path) = of.unwrap_or((FOREIGN, path(2)));
                let (count, freed_bytes, frees) = (bytes / 7, bytes / 3, u64::from(*frees));
                let heap = HeapUse { bytes: *bytes, count, freed_bytes, frees, peak_bytes: 9 };
                LogEntry::Alloc { span, path, heap }
            }
            Act::Heap(live_bytes, count) => LogEntry::Heap {
                callsite: CallsiteId(3),
                live_bytes: *live_bytes,
                live_count: u64::from(*count),
                peak_bytes: live_bytes / 2,
            },
            Act::Clock(jump_ns) => LogEntry::Clock { jump_ns: *jump_ns },
            _ => return None,
        })
    }

    /// Tells `sink` of threads that are silent, as a recorder does: after a second.
    pub(super) fn report_silence(&mut self, sink: &mut impl Sink) {
        for (id, thread) in (0..).map(ThreadId).zip(&mut self.threads) {
            let is_silent = |heard: &mut LogTime| self.time.since(*heard) >= 1_000_000_000;
            if thread.heard.take_if(is_silent).is_some() && thread.stack.depth() > 0 {
                sink.silent(id, &thread.stack);
            }
        }
    }

    /// Tells `sink` one entry of the current thread, its names first.
    pub(super) fn tell(&mut self, sink: &mut impl Sink, what: LogEntry) {
        let thread = self.thread();
        self.name(sink, &what);
        let here = &mut self.threads[self.current];
        let (position, stack, time) = (here.position, &here.stack, self.time);
        let (span, top) = (SpanId { thread, start: position }, stack.top());
        let parent = top.map(|top| top.span);
        // Both ways of what has two.
        let shortly = self.next.0.is_multiple_of(2);
        if shortly
            && let LogEntry::SpanStart { path, .. } = what
            && what == (LogEntry::SpanStart { span, path, parent, is_async: false })
        {
            sink.start(thread, position, stack, time, path);
        } else if shortly && top.is_some_and(|top| what == top.end(Outcome::Ok, false)) {
            sink.end_ok(thread, position, stack, time);
        } else {
            sink.entry(thread, position, stack, time, &what);
        }
        fold(&mut here.stack, self.time, &what);
        here.position = here.position.next();
        here.heard = Some(self.time);
        sink.drained(thread, here.position);
        self.told.push(Entry { offset: self.next, time: self.time, thread, what });
        self.next = self.next.plus(1);
    }

    fn name(&mut self, sink: &mut impl Sink, what: &LogEntry) {
        let id = self.thread();
        let here = &mut self.threads[self.current];
        if !std::mem::replace(&mut here.named, true) {
            let name = format!("worker-{}", id.0);
            sink.thread(id, &ThreadInfo { name, tid: id.0, start: self.time });
        }
        let (LogEntry::SpanStart { path, .. } | LogEntry::Enter { path, .. }) = what else {
            return;
        };
        if self.named_paths.contains(path) {
            return;
        }
        self.named_paths.push(*path);
        tell_path(sink, *path);
    }

    /// Tells `sink` again what a recorder would, of names and open stacks.
    pub(super) fn tell_again(&self, sink: &mut impl Sink) {
        self.named_paths.iter().for_each(|path| tell_path(sink, *path));
        for (id, stack) in self.open() {
            sink.silent(id, &stack);
        }
    }
}

fn tell_path(sink: &mut impl Sink, path: PathId) {
    let info = CallsiteInfo {
        name: format!("function_{}", path.0),
        module: "program".to_owned(),
        file: "program.rs".to_owned(),
        line: path.0,
        kind: CallsiteKind::Function,
    };
    sink.callsite(CallsiteId(path.0), &info);
    sink.path(path, PathInfo { parent: PathId::ROOT, callsite: CallsiteId(path.0) });
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others leave the stack as it is")]
fn fold(stack: &mut ThreadStack, time: LogTime, what: &LogEntry) {
    match what {
        LogEntry::SpanStart { span, path, is_async: false, .. }
        | LogEntry::Enter { span, path } => {
            stack.push(*span, *path, time);
        }
        LogEntry::SpanEnd { span, .. } | LogEntry::Exit { span, .. }
            if stack.frames().iter().any(|frame| frame.span == *span) =>
        {
            stack.close(*span, time);
        }
        LogEntry::Dropped { busy_ns, .. } => stack.dropped(*busy_ns),
        _ => {}
    }
}

/// Says who is recorded.
pub(super) fn process(uid: u128) -> ProcessStart {
    ProcessStart {
        uid: ProcessUid(uid),
        pid: std::process::id(),
        start_ticks: 77,
        host: "host".to_owned(),
        boot_id: "boot".to_owned(),
        exe: "/bin/program".to_owned(),
        args: vec!["program".to_owned(), "--fast".to_owned()],
        unix_ns: 1_700_000_000_000_000_000,
        ferret: "0.1.0".to_owned(),
        span_cost: Some(SpanCost { inner_ps: 8_400, outer_ps: 9_250 }),
    }
}
