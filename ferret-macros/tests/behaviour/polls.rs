//! Futures: polls, completion, cancellation, and changing threads.

use crate::script::check;
use ferret::{profile, tag};
use futures::executor::block_on;
use futures::future::{join, select};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Pending once.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        cx.waker().wake_by_ref();
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[profile]
fn sync() {}

#[profile]
async fn twice(fail: bool) -> Result<(), String> {
    sync();
    Yield(false).await;
    sync();
    if fail { Err("asked to".to_owned()) } else { Ok(()) }
}

#[test]
fn each_poll_enters_and_leaves_the_span() {
    check(
        || block_on(twice(true)).unwrap_err().clear(),
        "
        async twice
        enter twice
          sync
          sync: ok
        exit twice
        enter twice
          sync
          sync: ok
        exit twice
        twice: err
        ",
    );
}

#[profile(stage)]
async fn outer() -> Result<(), String> {
    twice(false).await?;
    twice(true).await
}

#[test]
fn awaited_futures_are_children() {
    check(
        || block_on(outer()).unwrap_err().clear(),
        "
        async stage outer
        enter outer
          async twice
          enter twice
            sync
            sync: ok
          exit twice
        exit outer
        enter outer
          enter twice
            sync
            sync: ok
          exit twice
          twice: ok
          async twice
          enter twice
            sync
            sync: ok
          exit twice
        exit outer
        enter outer
          enter twice
            sync
            sync: ok
          exit twice
          twice: err
        exit outer
        outer: err
        ",
    );
}

#[test]
fn a_future_dropped_between_polls_is_cancelled_and_one_never_polled_is_nothing() {
    check(
        || {
            drop(twice(true));
            let mut future = Box::pin(outer());
            assert!(poll(future.as_mut()).is_pending());
            drop(future);
        },
        "
        async stage outer
        enter outer
          async twice
          enter twice
            sync
            sync: ok
          exit twice
        exit outer
          twice: cancelled
        outer: cancelled
        ",
    );
}

#[test]
fn a_future_dropped_by_an_unwinding_thread_is_cancelled() {
    check(
        || {
            let holder = std::panic::catch_unwind(|| {
                let mut future = Box::pin(twice(true));
                assert!(poll(future.as_mut()).is_pending());
                panic!("on purpose");
            });
            holder.unwrap_err();
        },
        "
        async twice
        enter twice
          sync
          sync: ok
        exit twice
        twice: cancelled
        ",
    );
}

#[profile]
async fn panics() {
    Yield(false).await;
    panic!("on purpose")
}

#[test]
fn a_panic_in_a_poll_ends_the_span() {
    check(
        || {
            let mut future = Box::pin(panics());
            assert!(poll(future.as_mut()).is_pending());
            let poll = std::panic::AssertUnwindSafe(|| poll(future.as_mut()));
            assert!(std::panic::catch_unwind(poll).is_err());
        },
        r#"
        async panics
        enter panics
        exit panics
        enter panics
          panic = Text("on purpose")
        exit panics
        panics: panicked
        "#,
    );
}

#[profile]
async fn slow() -> Result<(), String> {
    Yield(false).await;
    Yield(false).await;
    Err("too late".to_owned())
}

#[profile]
async fn races() {
    let quick = pin!(twice(false));
    let slow = pin!(slow());
    select(quick, slow).await;
}

#[test]
fn the_branch_that_loses_a_select_is_cancelled() {
    check(
        || block_on(races()),
        "
        async races
        enter races
          async twice
          enter twice
            sync
            sync: ok
          exit twice
          async slow
          enter slow
          exit slow
        exit races
        enter races
          enter twice
            sync
            sync: ok
          exit twice
          twice: ok
          slow: cancelled
        exit races
        races: ok
        ",
    );
}

#[profile(tags(n))]
async fn tagged(n: u32) {
    Yield(false).await;
    tag!(later = n);
}

#[test]
fn tags_find_their_future_among_others() {
    check(
        || {
            block_on(join(tagged(1), tagged(2)));
        },
        "
        async tagged
        enter tagged
          n = Unsigned(1)
        exit tagged
        async tagged
        enter tagged
          n = Unsigned(2)
        exit tagged
        enter tagged
          later = Unsigned(1)
        exit tagged
        tagged: ok
        enter tagged
          later = Unsigned(2)
        exit tagged
        tagged: ok
        ",
    );
}

#[profile]
fn starts<F: Future>(future: Pin<&mut F>) {
    assert!(poll(future).is_pending());
}

#[profile]
fn goes_on<F: Future>(future: Pin<&mut F>) {
    assert!(poll(future).is_ready());
}

#[test]
fn a_future_keeps_its_parent_when_it_changes_threads() {
    check(
        || {
            let mut future = Box::pin(twice(false));
            starts(future.as_mut());
            let other = std::thread::Builder::new().name("other".to_owned());
            let other = other.spawn(move || goes_on(future.as_mut())).unwrap();
            other.join().unwrap();
        },
        "
        starts
          async twice
          enter twice
            sync
            sync: ok
          exit twice
        starts: ok
        [other] goes_on
          [other] enter twice
            [other] sync
            [other] sync: ok
          [other] exit twice
          [other] twice: ok
        [other] goes_on: ok
        ",
    );
}
