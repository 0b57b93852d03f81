//! Functions that return a future: one async span, from the first poll on.

use crate::script::check;
use async_trait::async_trait;
use ferret::{profile, span};
use futures::executor::block_on;
use futures::future::{BoxFuture, FutureExt, LocalBoxFuture};
use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

type Alias<T> = std::result::Result<T, String>;

fn note() {
    let _span = span!("before");
}

#[profile]
fn opaque(n: u32) -> impl Future<Output = Alias<u32>> + Send {
    note();
    async move { if n > 3 { Err(n.to_string()) } else { Ok(n) } }
}

#[profile]
fn made_elsewhere(n: u32) -> impl Future<Output = Alias<u32>> {
    note();
    if n == 0 {
        return ready(Ok(0));
    }
    ready(Err("not 0".to_owned()))
}

#[test]
fn an_opaque_future_is_the_span_and_what_makes_it_is_not() {
    check(
        || {
            let unpolled = opaque(1);
            drop(unpolled);
            block_on(opaque(1)).unwrap();
            block_on(opaque(4)).unwrap_err();
            block_on(made_elsewhere(0)).unwrap();
            block_on(made_elsewhere(1)).unwrap_err();
        },
        "
        block before
        before: ok
        block before
        before: ok
        async opaque
        enter opaque
        exit opaque
        opaque: ok
        block before
        before: ok
        async opaque
        enter opaque
        exit opaque
        opaque: err
        block before
        before: ok
        async made_elsewhere
        enter made_elsewhere
        exit made_elsewhere
        made_elsewhere: ok
        block before
        before: ok
        async made_elsewhere
        enter made_elsewhere
        exit made_elsewhere
        made_elsewhere: err
        ",
    );
}

#[profile]
fn pinned<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = Alias<usize>> + Send + 'a>> {
    Box::pin(async move { if text.is_empty() { Err("empty".to_owned()) } else { Ok(text.len()) } })
}

#[profile(stage)]
fn boxed(text: &str) -> BoxFuture<'_, Alias<usize>> {
    if text == "early" {
        return ready(Ok(0)).boxed();
    }
    pinned(text).boxed()
}

#[profile]
fn local<'a>(text: &'a str) -> LocalBoxFuture<'a, ()> {
    async move { assert_ne!(text, "") }.boxed_local()
}

#[test]
fn boxed_futures_are_the_span() {
    check(
        || {
            block_on(boxed("early")).unwrap();
            block_on(boxed("")).unwrap_err();
            block_on(local("x"));
        },
        "
        async stage boxed
        enter boxed
        exit boxed
        boxed: ok
        async stage boxed
        enter boxed
          async pinned
          enter pinned
          exit pinned
          pinned: err
        exit boxed
        boxed: err
        async local
        enter local
        exit local
        local: ok
        ",
    );
}

#[profile]
fn never_done() -> BoxFuture<'static, ()> {
    Box::pin(async {
        note();
        pending::<()>().await;
    })
}

#[test]
fn one_that_is_dropped_is_cancelled() {
    check(
        || {
            let mut future = pin!(never_done());
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        },
        "
        async never_done
        enter never_done
          block before
          before: ok
        exit never_done
        never_done: cancelled
        ",
    );
}

#[async_trait]
trait Store {
    async fn load(&self, key: &str) -> Alias<usize>;

    #[profile]
    async fn load_both(&self, a: &str, b: &str) -> Alias<usize> {
        Ok(self.load(a).await? + self.load(b).await?)
    }
}

struct Inside;

#[async_trait]
impl Store for Inside {
    #[profile(tags(key), err)]
    async fn load(&self, key: &str) -> Alias<usize> {
        if key.is_empty() {
            return Err("no key".to_owned());
        }
        Ok(key.len())
    }
}

struct Above;

#[profile]
#[async_trait]
impl Store for Above {
    async fn load(&self, key: &str) -> Alias<usize> {
        key.parse().map_err(|_not_a_number| key.to_owned())
    }
}

struct Below;

#[async_trait]
#[profile]
impl Store for Below {
    async fn load(&self, key: &str) -> Alias<usize> {
        key.parse().map_err(|_not_a_number| key.to_owned())
    }
}

#[test]
fn methods_of_async_traits_are_async_spans() {
    check(
        || {
            block_on(Inside.load_both("a", "")).unwrap_err();
            block_on(Above.load("a")).unwrap_err();
            block_on(Below.load("3")).unwrap();
        },
        r#"
        async load_both
        enter load_both
          async load
          enter load
            key = Text("a")
          exit load
          load: ok
          async load
          enter load
            key = Text("")
            error = Text("no key")
          exit load
          load: err
        exit load_both
        load_both: err
        async Above::load
        enter Above::load
        exit Above::load
        Above::load: err
        async Below::load
        enter Below::load
        exit Below::load
        Below::load: ok
        "#,
    );
}

trait Source {
    async fn read(&self) -> Option<u32>;

    #[profile]
    fn read_again(&self) -> impl Future<Output = Option<u32>> {
        async move { self.read().await.or(self.read().await) }
    }

    fn size(&self) -> impl Future<Output = usize> + Send;
}

impl Source for u32 {
    #[profile(none)]
    async fn read(&self) -> Option<u32> {
        self.checked_sub(1)
    }

    #[profile]
    fn size(&self) -> impl Future<Output = usize> + Send {
        ready(*self as usize)
    }
}

#[test]
fn async_methods_of_plain_traits_are_async_spans() {
    check(
        || {
            block_on(0.read_again());
            block_on(3.size());
        },
        "
        async read_again
        enter read_again
          async read
          enter read
          exit read
          read: err
          async read
          enter read
          exit read
          read: err
        exit read_again
        read_again: ok
        async size
        enter size
        exit size
        size: ok
        ",
    );
}

/// A box around a box is only made while recording is on; a future made before is not recorded.
#[test]
fn a_boxed_future_that_was_made_while_recording_was_off_is_not_recorded() {
    let mut early: Option<BoxFuture<'_, Alias<usize>>> = None;
    // Before the first recording a span may be the one that starts it.
    check(|| {}, "");
    crate::script::unrecorded(|| early = Some(boxed("early")));
    check(
        || {
            block_on(early.take().unwrap()).unwrap();
        },
        "",
    );
}
