//! Futures: what a poll allocates is its span's, on whatever thread, whether the polls are merged or
//! not. And places, which are no frames.

use super::{bytes, record, used};
use ferret::profile;
use ferret::projections::Living;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Ready when polled for the second time.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let was_polled = std::mem::replace(&mut self.0, true);
        if was_polled { Poll::Ready(()) } else { Poll::Pending }
    }
}

fn is_ready(future: Pin<&mut (impl Future<Output = ()> + ?Sized)>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn a_task_is_charged_on_whichever_thread_it_runs() {
    #[profile]
    async fn task() {
        let kept = bytes(1_000);
        Yield(false).await;
        drop(bytes(20));
        helper();
        Yield(false).await;
        drop(kept);
    }
    #[profile]
    fn helper() {
        drop(bytes(3_000));
    }
    #[profile]
    fn poll(future: &mut Pin<Box<dyn Future<Output = ()> + Send>>) {
        std::mem::forget(bytes(usize::from(is_ready(future.as_mut()))));
    }
    let seen = record(|| {
        let mut future: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(task());
        for _ in 0..3 {
            let polled = std::thread::Builder::new().spawn(move || {
                poll(&mut future);
                future
            });
            future = polled.unwrap().join().unwrap();
        }
    });
    assert_eq!(seen.of("task").own, used(1_020, 2, 1_020, 2, 3_000));
    assert_eq!(seen.of("task").total_bytes, 4_020);
    assert_eq!(seen.of("task").living, Living { bytes: 0, count: 0, peak_bytes: 1_020 });
    assert_eq!(seen.of("helper").own, used(3_000, 1, 3_000, 1, 3_000));
    assert_eq!(seen.of("poll").own.bytes, 1);
}

/// A busy task that allocates in each poll must not fill the log.
#[test]
fn what_merged_polls_allocate_is_merged_and_exact() {
    #[profile]
    async fn task() {
        for n in 0..10_000 {
            drop(bytes(500));
            if n % 1_000 == 0 {
                std::mem::forget(bytes(10));
            }
            Yield(false).await;
        }
    }
    #[profile]
    fn executor() {
        let kept = bytes(1_000);
        let mut future = pin!(task());
        while !is_ready(future.as_mut()) {}
        drop(kept);
    }
    let seen = record(executor);
    let (task, executor) = (seen.of("task"), seen.of("executor"));
    assert_eq!(task.own, used(5_000_100, 10_010, 5_000_000, 10_000, 500));
    assert_eq!(task.living, Living { bytes: 100, count: 10, peak_bytes: 600 });
    assert_eq!(executor.own, used(1_000, 1, 1_000, 1, 1_600));
    assert_eq!(executor.total_bytes, 5_001_100);
    assert!(seen.polls < 1_000, "{} entries of polls", seen.polls);
    assert!(seen.allocs < 1_010, "{} entries of allocations", seen.allocs);
}

/// Futures that take turns, in a frame that allocates between their polls.
#[test]
fn polls_side_by_side_keep_their_own() {
    #[profile]
    async fn first() {
        for _ in 0..100 {
            drop(bytes(30));
            Yield(false).await;
        }
    }
    #[profile]
    async fn second() {
        let mut kept = Vec::new();
        for _ in 0..100 {
            kept.push(bytes(7));
            Yield(false).await;
        }
    }
    #[profile]
    fn executor() {
        let (mut first, mut second) = (pin!(first()), pin!(second()));
        while !is_ready(first.as_mut()) & !is_ready(second.as_mut()) {
            drop(bytes(1));
        }
    }
    let seen = record(executor);
    assert_eq!(seen.of("first").own, used(3_000, 100, 3_000, 100, 30));
    let second = seen.of("second");
    assert_eq!((second.own.bytes, second.own.freed_bytes), (700 + grown(), 700 + grown()));
    assert_eq!((second.living.bytes, second.living.count), (0, 0));
    let executor = seen.of("executor");
    assert_eq!((executor.own.bytes, executor.own.count), (100, 100));
    assert_eq!(executor.total_bytes, 3_000 + second.own.bytes + 100);
}

/// What a vector of 100 vectors has allocated until it has grown to that.
fn grown() -> u64 {
    (2..=7).map(|power| (1 << power) * size_of::<Vec<u8>>() as u64).sum()
}

#[test]
fn in_a_place_the_frame_below_is_charged() {
    #[profile]
    fn stage() {
        let here = ferret::current_span();
        std::thread::scope(|scope| {
            let there = std::thread::Builder::new().spawn_scoped(scope, || elsewhere(&here));
            there.unwrap().join().unwrap();
        });
    }
    fn elsewhere(stage: &ferret::SpanRef) {
        let in_stage = stage.enter();
        std::mem::forget(bytes(40_000));
        part();
        drop(in_stage);
        let _worker = ferret::span!("worker");
        let _in_stage = stage.enter();
        std::mem::forget(bytes(60));
        part();
    }
    #[profile]
    fn part() {
        std::mem::forget(bytes(50));
    }
    let seen = record(stage);
    let (part, worker) = (seen.of("part"), seen.of("worker"));
    assert_eq!((part.own.bytes, part.living.bytes, part.living.count), (100, 100, 2));
    assert_eq!((worker.own.bytes, worker.living.bytes), (60, 60));
    let stage = seen.of("stage");
    assert!(stage.own.bytes < 40_000);
    // Its children, though not on its thread.
    assert_eq!(stage.total_bytes, stage.own.bytes + 100);
}
