//! A log that keeps what is newest, and its readers: what is open is known, though its beginning is gone,
//! and what has ended is not shown as open, also to a reader that has missed the end.
#![cfg(all(feature = "record", feature = "read", not(feature = "off")))]
#![expect(clippy::unwrap_used, reason = "a test fails so")]

use ferret::event::{LogIndex, Opened};
use ferret::log::{ReadOptions, Run, now};
use ferret::projections::{Live, Stages};
use ferret::{Instrument, Options, Session, profile, task};
use std::collections::BTreeSet;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::mpsc::{Receiver, sync_channel};
use std::task::{Context, Waker};
use std::time::Duration;

const MIB: u64 = 1 << 20;
const SECOND: u64 = 1_000_000_000;

/// A reader, and what it takes to be open.
struct Reader {
    run: Run,
    live: Live,
    stages: Stages,
    /// What it was told of entries that it missed.
    missed: u64,
}

impl Reader {
    fn new(path: &Path) -> Self {
        let run = Run::open(&[path.to_owned()], &ReadOptions::default()).unwrap();
        Self { run, live: Live::default(), stages: Stages::default(), missed: 0 }
    }

    /// Reads all there is.
    fn read(&mut self) {
        loop {
            let entries = self.run.poll(10_000).unwrap();
            if entries.is_empty() {
                return;
            }
            for (log, entry) in entries {
                while let Some(opened) = self.run.next_opened(log, entry.offset) {
                    if let Opened::Anew { missed, .. } = &opened {
                        self.missed += missed;
                    }
                    let names = self.run.logs()[log.0].names();
                    self.live.resume(log, names, &opened);
                    self.stages.resume(log, names, &opened);
                }
                let names = self.run.logs()[log.0].names();
                self.live.apply(log, names, &entry);
                self.stages.apply(log, names, &entry);
            }
        }
    }

    /// The names of what is open, on threads and as tasks; and how many stages.
    fn open(&self) -> (BTreeSet<String>, usize) {
        let names = self.run.logs()[0].names();
        let process = self.live.process(LogIndex(0)).unwrap();
        let frames = process.threads().flat_map(|(_, thread)| &thread.frames);
        let frames = frames.map(|frame| frame.path);
        let tasks = process.tasks().map(|(_, task)| task.path);
        let open = frames.chain(tasks).map(|path| names.span_name(path).to_owned()).collect();
        (open, self.stages.open().count())
    }

    #[track_caller]
    fn check(&self, open: &[&str], stages: usize) {
        let expect = open.iter().map(ToString::to_string).collect();
        assert_eq!(self.open(), (expect, stages));
    }
}

#[profile]
fn short() {}

#[profile(stage)]
fn hangs(until: &Receiver<()>) {
    until.recv().ok();
}

/// Writes spans until what was written by `since` is dropped.
fn work_until_dropped(session: &Session, since: u64) {
    let deadline = now().after(60 * SECOND);
    loop {
        (0..20_000).for_each(|_| short());
        assert!(session.flush(Duration::from_secs(10)));
        let run = Run::open(&[session.path().to_owned()], &ReadOptions::default()).unwrap();
        let info = run.logs()[0].info();
        if info.first_offset.0 > since {
            assert!(info.max_bytes == Some(MIB), "it says why");
            return;
        }
        assert!(now() < deadline, "nothing is dropped");
    }
}

fn end(session: &Session) -> u64 {
    let run = Run::open(&[session.path().to_owned()], &ReadOptions::default()).unwrap();
    run.logs()[0].info().next_offset.0
}

#[profile]
fn outer(session: &Session, behind: &mut Reader, task: Pin<&mut impl Future<Output = ()>>) {
    work_until_dropped(session, end(session));
    // What was open, and is not; and what is, and was not.
    let late = || {
        let mut late = Reader::new(session.path());
        late.read();
        late.check(&["hangs", "outer", "waits"], 1);
        late.missed
    };
    // It was not there. What a commit drops while it reads, it misses: another is in time.
    assert!((0..10).any(|_| late() == 0));
    assert!(task.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    behind.read();
    behind.check(&["hangs", "outer", "waits"], 1);
    assert!(behind.missed > 0);
    assert_eq!(behind.missed, behind.run.logs()[0].missed());
}

#[test]
fn what_is_open_is_known_though_its_beginning_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.redb");
    let session = Options { max_bytes: Some(MIB), ..Options::new(path) }.start().unwrap();
    let mut waits = pin!(std::future::pending().instrument(task!("waits")));
    let ends = std::future::pending::<()>().instrument(task!("ends"));
    let (end_it, until) = sync_channel::<()>(0);
    let (end_all, until_all) = sync_channel::<()>(0);
    std::thread::scope(|scope| {
        let first = scope.spawn(move || hangs(&until));
        scope.spawn(move || hangs(&until_all));
        assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(session.flush(Duration::from_secs(10)));
        let mut behind = Reader::new(session.path());
        let deadline = now().after(10 * SECOND);
        behind.read();
        while behind.open().1 < 2 {
            assert!(now() < deadline, "two stages begin");
            assert!(session.flush(Duration::from_secs(10)));
            behind.read();
        }
        behind.check(&["ends", "hangs", "waits"], 2);
        drop(ends);
        drop(end_it);
        first.join().unwrap();
        outer(&session, &mut behind, waits.as_mut());
        drop(end_all);
    });
}
