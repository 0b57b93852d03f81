//! For tests: logs of a made-up program with threads that take turns, written as a recorder would: at
//! each tick one thread after the other tells what it did since the last, so that time goes back.

use ferret::event::{
    CallsiteId, CallsiteInfo, CallsiteKind, EndKind, LogEntry, LogTime, MetricSample, Outcome,
    PathId, PathInfo, Position, ProcessEnd, ProcessStart, ProcessUid, Sink as _, SpanId, ThreadId,
    ThreadInfo, ThreadStack,
};
use ferret::log::{Durability, Limits, Place, Unsaved, Writer};
use std::path::Path;
use std::time::Duration;

pub(crate) const MS: u64 = 1_000_000;
/// When the first process begins.
pub(crate) const BEGAN: LogTime = LogTime(50_000 * MS);

/// A row of numbers that are as good as random.
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(super) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % limit
    }
}

struct Thread {
    id: ThreadId,
    stack: ThreadStack,
    position: Position,
    time: LogTime,
}

struct Program {
    writer: Writer,
    threads: Vec<Thread>,
    own: Position,
}

/// Writes a log of so many ticks, of a process that begins so much later than the first. Gives the
/// moment of its end.
pub(crate) fn write(path: &Path, seed: u64, ticks: u64, later_ns: u64) -> LogTime {
    write_and(path, seed, ticks, later_ns, |_| None)
}

/// As [`write`]; does something after each tick, and tells what that gives at the next.
pub(crate) fn write_and(
    path: &Path,
    seed: u64,
    ticks: u64,
    later_ns: u64,
    mut after: impl FnMut(u64) -> Option<LogEntry>,
) -> LogTime {
    let mut dice = Dice(seed);
    let mut now = BEGAN.after(later_ns);
    let mut writer = Writer::create(&place(path), start(seed, later_ns), now).unwrap();
    name(&mut writer);
    let thread = |id: u32| Thread {
        id: ThreadId(id),
        stack: ThreadStack::default(),
        position: Position(0),
        time: now,
    };
    let threads: Vec<Thread> = (1..=3).map(thread).collect();
    for thread in &threads {
        let info = ThreadInfo { name: format!("t{}", thread.id.0), tid: 0, start: now };
        writer.thread(thread.id, &info);
    }
    let mut program = Program { writer, threads, own: Position(1) };
    for tick in 0..ticks {
        now = now.after((20 + dice.below(380)) * MS);
        for index in 0..program.threads.len() {
            program.live_until(index, now, &mut dice);
        }
        let sample = MetricSample { rss_bytes: Some(now.0), ..MetricSample::default() };
        program.tell_own(now, &LogEntry::Metric(Box::new(sample)));
        program.writer.commit(now).unwrap();
        if let Some(told) = after(tick) {
            program.tell_own(now, &told);
        }
    }
    let end = ProcessEnd { how: EndKind::Exited(Some(0)) };
    program.writer.finish(end, now, Duration::from_secs(1)).unwrap();
    now
}

/// Writes a log of a process that its machine took with it, when that went off.
#[cfg(feature = "serve")]
pub(crate) fn cut_short(path: &Path, seed: u64) {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let boot_id = "a boot that is over".to_owned();
    let start = ProcessStart { host, boot_id, ..start(seed, 0) };
    let mut writer = Writer::create(&place(path), start, BEGAN).unwrap();
    writer.commit(BEGAN.after(MS)).unwrap();
}

fn place(path: &Path) -> Place {
    Place {
        path: path.to_owned(),
        join: None,
        keep_families: 10,
        durability: Durability::Process,
        limits: Limits::default(),
        outlived: false,
        unsaved: |_folder| Unsaved::new(),
    }
}

fn start(seed: u64, later_ns: u64) -> ProcessStart {
    ProcessStart {
        uid: ProcessUid(u128::from(seed)),
        pid: 7,
        exe: "/bin/made_up".to_owned(),
        unix_ns: 1_795_000_000_000_000_000 + later_ns,
        ..ProcessStart::default()
    }
}

/// Four functions, the first a stage; each is called by any other, and has one path.
fn name(writer: &mut Writer) {
    for number in 1..=4 {
        let kind = if number == 1 { CallsiteKind::Stage } else { CallsiteKind::Function };
        let info = CallsiteInfo {
            name: format!("f{number}"),
            module: "made_up".to_owned(),
            file: "made_up.rs".to_owned(),
            line: number,
            kind,
        };
        writer.callsite(CallsiteId(number), &info);
        let info = PathInfo { parent: PathId::ROOT, callsite: CallsiteId(number) };
        writer.path(PathId(number), info);
    }
}

impl Program {
    fn tell_own(&mut self, time: LogTime, what: &LogEntry) {
        let nothing = ThreadStack::default();
        self.writer.entry(ThreadId::RECORDER, self.own, &nothing, time, what);
        self.own = self.own.next();
        self.writer.drained(ThreadId::RECORDER, self.own);
    }

    /// A thread does something now and then.
    fn live_until(&mut self, index: usize, now: LogTime, dice: &mut Dice) {
        let Thread { id, stack, position, time } = &mut self.threads[index];
        loop {
            let next = time.after(dice.below(40 * MS));
            if next > now {
                return;
            }
            *time = next;
            let ends = stack.depth() > 0 && dice.below(5) < if stack.depth() > 6 { 5 } else { 2 };
            let what = match stack.top() {
                Some(top) if ends => {
                    let outcome = if dice.below(9) == 0 { Outcome::Err } else { Outcome::Ok };
                    top.end(outcome, false)
                }
                _ => LogEntry::SpanStart {
                    span: SpanId { thread: *id, start: *position },
                    // The stage is rare.
                    path: PathId(if dice.below(40) == 0 {
                        1
                    } else {
                        2 + u32::try_from(dice.below(3)).unwrap()
                    }),
                    parent: stack.top().map(|top| top.span),
                    is_async: false,
                },
            };
            self.writer.entry(*id, *position, stack, *time, &what);
            if let LogEntry::SpanStart { span, path, .. } = what {
                stack.push(span, path, *time);
            } else {
                stack.close_top(*time);
            }
            *position = position.next();
            self.writer.drained(*id, *position);
        }
    }
}
