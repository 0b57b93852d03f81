//! What is open for long stands beside the log's entries, until it ends.

use crate::log::turn;
use ferret::event::TaskLife;
use ferret::log::{ReadOptions, Tail, check, now};
use ferret::{Instrument, profile, task};
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

/// Rows of what is open, and of checkpoints, which come once a second.
fn rows(path: &Path) -> u64 {
    check(path, &ReadOptions::default()).unwrap().rows
}

/// The places, the futures that were made, and those that began.
fn open(path: &Path) -> [usize; 3] {
    let mut tail =
        Tail::open(path, &ReadOptions { read_only: true, ..ReadOptions::default() }).unwrap();
    let tasks = tail.snapshot().unwrap().tasks;
    let count = |is_it: fn(TaskLife) -> bool| tasks.iter().filter(|task| is_it(task.life)).count();
    [
        count(|life| life == TaskLife::Place),
        count(|life| matches!(life, TaskLife::Created(_))),
        count(|life| matches!(life, TaskLife::Begun(_))),
    ]
}

#[profile]
fn holds() -> ferret::SpanRef {
    ferret::current_span()
}

#[test]
fn what_is_open_for_a_second_gets_a_row_and_loses_it_at_its_end() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let session = ferret::start(folder.path().join("run.redb")).unwrap();
    let path = session.path();
    let place = holds();
    let never = || std::future::pending::<()>();
    let made: Vec<_> = (0..100).map(|n| never().instrument(task!("made", n))).collect();
    let mut begun = pin!(never().instrument(task!("begun")));
    assert!(begun.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(session.flush(Duration::from_secs(10)));
    assert_eq!(open(path), [1, 100, 1], "by the log's entries, and the place by its row");

    let deadline = now().after(20_000_000_000);
    while rows(path) < 102 {
        assert!(now() < deadline, "{} rows", rows(path));
        std::thread::yield_now();
    }
    assert_eq!(open(path), [1, 100, 1], "by their rows");
    drop(made);
    drop(place);
    assert!(session.flush(Duration::from_secs(10)));
    assert_eq!(open(path), [0, 0, 1]);
    assert!(rows(path) < 102, "{} rows", rows(path));
}
