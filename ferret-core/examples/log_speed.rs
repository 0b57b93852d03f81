//! How fast a log is written and read, and how large it gets: nested trivial spans of four threads,
//! through the writer and back through a tail.
//!
//! ```text
//! cargo run --release -p ferret-core --features read --example log_speed [SPANS [ENTRIES PER COMMIT]]
//! ```

use ferret::event::{
    EndKind, LogEntry, LogTime, Outcome, PathId, Position, ProcessEnd, ProcessStart, ProcessUid,
    Sink, SpanId, ThreadId, ThreadStack,
};
use ferret::log::{Durability, Limits, Place, ReadOptions, Tail, Unsaved, Writer, now};
use std::error::Error;
use std::time::Duration;

/// Entries of one thread before the next thread's: what one chunk of 64 KiB holds.
const CHUNK: u64 = 4_096;
/// Entries in a commit, as a busy recorder makes them, unless told otherwise.
const COMMIT: u64 = 200_000;

struct Thread {
    id: ThreadId,
    position: u64,
    time: LogTime,
    stack: ThreadStack,
}

impl Thread {
    /// The next entry of `main` calling `outer` calling `inner`, in turn.
    fn next(&mut self) -> LogEntry {
        let step = self.position % 4;
        self.time = self.time.after(40 + self.position % 900);
        if step < 2 {
            let span = SpanId { thread: self.id, start: Position(self.position) };
            let path = PathId(if step == 0 { 1 } else { 2 });
            let parent = self.stack.top().map(|top| top.span);
            return LogEntry::SpanStart { span, path, parent, is_async: false };
        }
        self.stack.top().map_or(LogEntry::ThreadStart, |top| LogEntry::SpanEnd {
            span: top.span,
            path: top.path,
            start: top.since,
            child_ns: top.child_ns,
            outcome: Outcome::Ok,
            out_of_order: false,
        })
    }

    fn fold(&mut self, what: &LogEntry) {
        if let LogEntry::SpanStart { span, path, .. } = what {
            self.stack.push(*span, *path, self.time);
        } else if let LogEntry::SpanEnd { span, .. } = what {
            self.stack.close(*span, self.time);
        }
        self.position += 1;
    }
}

/// A sink that takes everything and keeps nothing: the cost of making entries.
fn make(threads: &mut [Thread], entries: u64, mut take: impl FnMut(&Thread, &LogEntry)) {
    let mut done = 0;
    while done < entries {
        for thread in &mut *threads {
            for _ in 0..CHUNK {
                let what = thread.next();
                take(thread, &what);
                thread.fold(&what);
            }
            done += CHUNK;
        }
    }
}

fn threads() -> Vec<Thread> {
    let start = now();
    let thread =
        |id| Thread { id: ThreadId(id), position: 0, time: start, stack: ThreadStack::default() };
    (1..=4).map(thread).collect()
}

fn report(what: &str, ns: u64, entries: u64) {
    println!("{what:32} {:7.2} ns an entry", ratio(ns, entries));
}

/// CPU time of this thread, so that a busy machine does not count.
fn cpu_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// For people: the last digits do not matter.
#[expect(clippy::cast_precision_loss, reason = "for people")]
fn ratio(number: u64, of: u64) -> f64 {
    number as f64 / of as f64
}

fn main() -> Result<(), Box<dyn Error>> {
    let spans: u64 = std::env::args().nth(1).map_or(Ok(10_000_000), |text| text.parse())?;
    let commit: u64 = std::env::args().nth(2).map_or(Ok(COMMIT), |text| text.parse())?;
    let entries = (spans * 2).next_multiple_of(CHUNK * 4);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.redb");

    let began = cpu_ns();
    let mut taken = 0_u64;
    make(&mut threads(), entries, |thread, what| {
        taken += u64::from(std::hint::black_box(what).name().len() > 3) + thread.position % 2;
    });
    std::hint::black_box(taken);
    let baseline_ns = cpu_ns() - began;
    report("making entries (baseline)", baseline_ns, entries);

    let place = Place {
        path: path.clone(),
        join: None,
        keep_families: 1,
        durability: Durability::Process,
        limits: Limits::default(),
        outlived: false,
        unsaved: |_folder| Unsaved::new(),
    };
    let start = ProcessStart { uid: ProcessUid(1), ..ProcessStart::default() };
    let mut writer = Writer::create(&place, start, now())?;
    let (mut uncommitted, mut commit_ns, mut failed) = (0, 0, None);
    let began = cpu_ns();
    make(&mut threads(), entries, |thread, what| {
        writer.entry(thread.id, Position(thread.position), &thread.stack, thread.time, what);
        uncommitted += 1;
        if uncommitted == commit {
            let began = cpu_ns();
            failed = writer.commit(now()).err().or(failed.take());
            commit_ns += cpu_ns() - began;
            uncommitted = 0;
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    let all_ns = cpu_ns() - began;
    writer.finish(ProcessEnd { how: EndKind::Closed }, now(), Duration::from_secs(5))?;
    report("encoding", all_ns.saturating_sub(commit_ns + baseline_ns), entries);
    report("packing and committing", commit_ns, entries);

    // Its boot is nobody's: so it is verified, as one of another boot is.
    let began = cpu_ns();
    let mut tail = Tail::open(&path, &ReadOptions::default())?;
    let per_gb = ratio(cpu_ns() - began, tail.info().bytes);
    println!("{:32} {per_gb:7.2} s a GB", "opening and verifying");
    let began = cpu_ns();
    let mut read = 0;
    loop {
        let some = tail.poll(4_096)?;
        if some.is_empty() {
            break;
        }
        read += some.len() as u64;
    }
    report("reading", cpu_ns() - began, read);
    let bytes = tail.info().bytes;
    println!("{:32} {:7.2} bytes a span", "on the disk", ratio(bytes, entries / 2));
    if read != entries + 2 {
        return Err(format!("{entries} entries written, {read} read").into());
    }
    let began = cpu_ns();
    let snapshot = tail.snapshot()?;
    println!("{:32} {:7.2} ms", "snapshot", ratio(cpu_ns() - began, 1_000_000));
    println!("{} threads have open spans", snapshot.threads.len());
    Ok(())
}
