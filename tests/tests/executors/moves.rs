//! A task that is polled now by one thread, now by another, is one span.

use super::{Spans, parse, record, tokio};
use ferret::event::Outcome;
use ferret::profile;
use ferret_tests::until;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// It moves whenever it is woken: its waker is called on the other thread.
#[test]
fn a_task_that_moves_between_threads_is_one_span() {
    #[profile]
    async fn wanders(executors: [smol::Executor<'static>; 2]) {
        // Nothing of it runs on the thread that made it.
        let [a, b] = executors;
        a.spawn(async { parse(1) }).await;
        b.spawn(async { parse(2) }).await;
    }
    let program = || {
        let mut future = Box::pin(wanders([smol::Executor::new(), smol::Executor::new()]));
        let mut threads = 0;
        let mut poll = || {
            let waker = futures::task::noop_waker();
            let mut context = std::task::Context::from_waker(&waker);
            future.as_mut().poll(&mut context).is_pending()
        };
        for _ in 0..3 {
            threads +=
                u32::from(std::thread::scope(|scope| scope.spawn(&mut poll).join().unwrap()));
        }
        assert_eq!(threads, 3, "it waits for executors that nobody runs");
    };
    let spans = Spans::of(&record(program));
    let span = spans.named("wanders");
    assert_eq!((span.polls, span.polled_by.len()), (3, 3));
    assert_eq!(span.outcome, Some(Outcome::Cancelled));
}

/// Pending once, and woken by itself: so it waits in the queue of the worker that polls it.
async fn to_the_end_of_the_queue() {
    let mut is_over = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut is_over, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Moves itself. The next task of its worker blocks that until this one has been polled again, which
/// only another worker can do then. Should the other take the one that blocks, there is a next time.
#[profile]
async fn is_stolen() {
    let mut threads = HashSet::from([std::thread::current().id()]);
    while threads.len() < 2 {
        let polled = Arc::new(AtomicBool::new(false));
        let has_been = Arc::clone(&polled);
        let blocks = tokio::spawn(async move {
            until("another worker", || has_been.load(Ordering::Acquire).then_some(()));
        });
        parse(1);
        to_the_end_of_the_queue().await;
        parse(2);
        polled.store(true, Ordering::Release);
        threads.insert(std::thread::current().id());
        blocks.await.expect("another worker has come");
    }
}

#[test]
fn a_task_that_tokio_moves_to_another_worker_is_one_span() {
    let program = || tokio(2).block_on(async { tokio::spawn(is_stolen()).await.unwrap() });
    let spans = Spans::of(&record(program));
    let span = spans.named("is_stolen");
    assert_eq!((span.polled_by.len(), span.outcome), (2, Some(Outcome::Ok)), "{span:?}");
    assert!(span.polls >= 2, "{span:?}");
    let mut told = spans.told(false);
    told.dedup();
    assert_eq!(told, ["is_stolen > parse: ok", "is_stolen: ok"]);
}
