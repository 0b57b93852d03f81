//! Logs of very many processes that began long ago and live: a METRIC a second, and a job a minute.

use anyhow::Context as _;
use ferret::event::{
    CallsiteId, CallsiteInfo, CallsiteKind, LogEntry, LogTime, MetricSample, Outcome, PathId,
    PathInfo, Position, ProcessStart, ProcessUid, Sink, SpanId, ThreadId, ThreadInfo, ThreadStack,
};
use ferret::log::{Durability, Limits, Place, Unsaved, Writer};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const S: u64 = 1_000_000_000;

/// The processes, which report until this is dropped.
#[derive(Debug)]
pub(super) struct Living {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

struct Process {
    writer: Writer,
    now: LogTime,
    own: Position,
    work: Position,
}

/// METRICs in a commit: a block is about full then.
const AT_ONCE: u64 = 1_800;

impl Living {
    /// Writes the past of so many, on two threads, and lets them live on.
    pub(super) fn make(folder: &Path, workers: u32, days: u64) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let name = || thread::Builder::new().name("writer".to_owned());
        let halves = [0, 1].map(|half| {
            let folder = folder.to_owned();
            name().spawn(move || -> anyhow::Result<Vec<Process>> {
                let all = (0..workers).filter(|worker| worker % 2 == half);
                all.map(|worker| Process::make(&folder, worker, days)).collect()
            })
        });
        let mut threads = Vec::new();
        for half in halves {
            let processes = half?.join().ok().context("a writer panicked")??;
            let stop = Arc::clone(&stop);
            threads.push(name().spawn(move || live(processes, &stop))?);
        }
        Ok(Self { stop, threads })
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // One that panicked has said so.
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

fn live(mut processes: Vec<Process>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        for process in &mut processes {
            process.live(1);
        }
        thread::sleep(Duration::from_secs(1));
    }
}

impl Process {
    fn make(folder: &Path, worker: u32, days: u64) -> anyhow::Result<Self> {
        let place = Place {
            path: folder.join(format!("worker-{worker:03}.redb")),
            join: None,
            keep_families: 10,
            durability: Durability::Process,
            limits: Limits::default(),
            outlived: false,
            unsaved: |_folder| Unsaved::new(),
        };
        #[expect(clippy::disallowed_methods, reason = "a process says when it began")]
        let unix = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let began = unix.saturating_sub(Duration::from_secs(days * 86_400));
        let start = ProcessStart {
            uid: ProcessUid(0xfee7 << 64 | u128::from(worker)),
            pid: 10_000 + worker,
            exe: format!("/usr/bin/{}", ["pipeline", "indexer", "gateway"][worker as usize % 3]),
            host: format!("host-{}", worker % 20),
            unix_ns: u64::try_from(began.as_nanos())?,
            ..ProcessStart::default()
        };
        // Only that it is no earlier than any reader's now.
        let now = ferret::log::now();
        let mut writer = Writer::create(&place, start, now)?;
        for (id, name) in [(1, "job"), (2, "fetch"), (3, "store")] {
            let info = CallsiteInfo {
                name: name.to_owned(),
                module: "fleet".to_owned(),
                file: "src/main.rs".to_owned(),
                line: id,
                kind: CallsiteKind::Function,
            };
            writer.callsite(CallsiteId(id), &info);
            let parent = if id == 1 { PathId::ROOT } else { PathId(1) };
            Sink::path(&mut writer, PathId(id), PathInfo { parent, callsite: CallsiteId(id) });
        }
        let info = ThreadInfo { name: "main".to_owned(), tid: 0, start: now };
        writer.thread(ThreadId(1), &info);
        let mut process = Self { writer, now, own: Position(1), work: Position(0) };
        let mut left = days * 86_400;
        while left > 0 {
            let next = left.min(AT_ONCE);
            process.live(next);
            left -= next;
        }
        Ok(process)
    }

    /// So many seconds pass.
    fn live(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now.after(S);
            let second = self.now.0 / S;
            let sample = MetricSample {
                cpu_percent: Some(f64::from(u32::try_from(second % 97).unwrap_or(0))),
                rss_bytes: Some((100 << 20) + (second % 4_096) * 4_096),
                threads: Some(8),
                ..MetricSample::default()
            };
            let (own, nothing) = (self.own, ThreadStack::default());
            let what = LogEntry::Metric(Box::new(sample));
            self.writer.entry(ThreadId::RECORDER, own, &nothing, self.now, &what);
            self.own = own.next();
            self.writer.drained(ThreadId::RECORDER, self.own);
            if second.is_multiple_of(60) {
                self.job(second);
            }
        }
        // A reader in the way is waited out at the next.
        drop(self.writer.commit(self.now));
    }

    /// One job: a function that calls two others.
    fn job(&mut self, second: u64) {
        let mut stack = ThreadStack::default();
        let ms = |ms: u64| self.now.after(ms * S / 1_000);
        let steps = [
            (0, Some(1)),
            (1, Some(2)),
            (40 + second % 31, None),
            (80, Some(3)),
            (90 + second % 101, None),
            (200 + second % 257, None),
        ]
        .map(|(at, path)| (ms(at), path));
        for (at, path) in steps {
            let what = match (path, stack.top()) {
                (Some(path), top) => LogEntry::SpanStart {
                    span: SpanId { thread: ThreadId(1), start: self.work },
                    path: PathId(path),
                    parent: top.map(|top| top.span),
                    is_async: false,
                },
                (None, Some(top)) => {
                    let failed = second.is_multiple_of(4_200);
                    top.end(if failed { Outcome::Err } else { Outcome::Ok }, false)
                }
                (None, None) => continue,
            };
            self.writer.entry(ThreadId(1), self.work, &stack, at, &what);
            if let LogEntry::SpanStart { span, path, .. } = what {
                stack.push(span, path, at);
            } else {
                stack.close_top(at);
            }
            self.work = self.work.next();
            self.writer.drained(ThreadId(1), self.work);
        }
    }
}
