//! Functions that return a future, in every way in which one can be written.

use async_trait::async_trait;
use ferret::profile;
use futures::executor::block_on;
use futures::future::{BoxFuture, FutureExt, LocalBoxFuture};
use std::fmt::Display;
use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[profile]
fn block(n: u32) -> impl Future<Output = u32> {
    async move { n }
}

#[profile]
fn after_work(n: u32) -> impl Future<Output = Result<u32, Failure>> + Send {
    let doubled = n * 2;
    async move {
        if doubled > 100 {
            // What the error is made of is known from the return type alone.
            return Err("too much".into());
        }
        let more: u32 = "3".parse()?;
        Ok(doubled + more)
    }
}

#[profile]
fn early(n: u32) -> impl Future<Output = Result<u32, Failure>> {
    let make = |n: u32| async move { if n > 100 { Err("too much".into()) } else { Ok(n) } };
    if n > 3 {
        return make(n);
    }
    make(3)
}

#[profile(err)]
fn chained(n: u32) -> impl Future<Output = Result<u32, Failure>> + Send + Unpin {
    ready(Ok(n)).boxed()
}

#[profile]
fn without_output() -> impl Future {
    ready(3)
}

#[profile]
fn of_something(n: u32) -> impl Future<Output = impl Display> {
    async move { n }
}

#[profile]
fn generic<T, const N: usize>(values: [&T; N]) -> impl Future<Output = Vec<String>> + '_
where
    T: Display + ?Sized,
{
    async move { values.iter().map(ToString::to_string).collect() }
}

#[profile(tags(%value, length = value.len()))]
fn tagged(value: String) -> impl Future<Output = String> {
    async move { value }
}

#[profile]
fn pinned<'a>(text: &'a str, _other: &str) -> Pin<Box<dyn Future<Output = &'a str> + Send + 'a>> {
    Box::pin(async move { text })
}

#[profile]
fn elided(text: &str) -> ::std::pin::Pin<Box<dyn Future<Output = Option<&'_ str>> + '_>> {
    let first = text.split(' ').next();
    std::boxed::Box::pin(async move { first })
}

#[profile]
fn elided_opaque(text: &str) -> impl Future<Output = Option<&str>> + Send + '_ {
    let first = text.split(' ').next();
    async move { first }
}

#[profile(err)]
async fn with_error(text: &str) -> Result<u32, std::num::ParseIntError> {
    ready(()).await;
    text.parse()
}

#[profile]
fn recursion(n: u32) -> BoxFuture<'static, u32> {
    Box::pin(async move { if n == 0 { 0 } else { 1 + recursion(n - 1).await } })
}

#[profile(err)]
fn question_mark(text: &str) -> BoxFuture<'_, Result<u32, std::num::ParseIntError>> {
    if text.is_empty() {
        return ready(Ok(0)).boxed();
    }
    async move { text.parse() }.boxed()
}

#[profile]
fn local(rc: Rc<u32>) -> LocalBoxFuture<'static, u32> {
    async move { *rc }.boxed_local()
}

#[profile(none)]
fn of_a_hidden_type(n: u32) -> Pin<Box<dyn Future<Output = Option<u32>> + Send>> {
    let checked = n.checked_add(1);
    Box::pin(ready(checked))
}

macro_rules! returning {
    ($name:ident, $ty:ty, $body:block) => {
        #[profile]
        fn $name() -> $ty $body
    };
}
returning!(made_by_macro, BoxFuture<'static, u32>, { Box::pin(async { 3 }) });
returning!(made_by_macro_too, Pin<Box<dyn Future<Output = u32>>>, { ready(4).boxed_local() });

/// Not a future: the call is the span.
#[profile]
fn fails(good: bool) -> Result<BoxFuture<'static, u32>, ()> {
    if good { Ok(ready(3).boxed()) } else { Err(()) }
}

#[profile]
#[expect(mismatched_lifetime_syntaxes, reason = "that the lifetime is not written is the case")]
fn of_an_elided_lifetime(text: &str) -> BoxFuture<usize> {
    ready(text.len()).boxed()
}

/// Other things that are called as futures' box is.
mod called_the_same {
    use super::{Future, Pin, profile, ready};
    use std::task::{Context, Poll};

    pub(super) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

    #[profile(none)]
    pub(super) fn alias(n: u32) -> BoxFuture<Option<u32>> {
        let checked = n.checked_add(1);
        Box::pin(ready(checked))
    }

    pub(super) struct LocalBoxFuture<T>(Pin<Box<dyn Future<Output = T>>>);

    impl<T> Future for LocalBoxFuture<T> {
        type Output = T;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
            self.0.as_mut().poll(context)
        }
    }

    type Own<T> = LocalBoxFuture<T>;

    /// A type that is no box, by another name: the call is the span.
    #[profile]
    pub(super) fn own(n: u32) -> Own<u32> {
        LocalBoxFuture(Box::pin(ready(n)))
    }
}

struct Client {
    name: String,
}

impl Client {
    #[profile(tags(self.name))]
    fn fetch<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, String> {
        Box::pin(async move {
            self.name.push('!');
            format!("{}/{path}", self.name)
        })
    }

    #[profile]
    fn into_name(self) -> impl Future<Output = String> {
        ready(self.name)
    }
}

trait Source {
    async fn read(&mut self) -> Option<u32>;

    #[profile]
    fn twice(&mut self) -> impl Future<Output = Option<(u32, u32)>> {
        async move { Some((self.read().await?, self.read().await?)) }
    }

    fn left(&self) -> impl Future<Output = usize> + Send;
}

#[profile]
impl Source for Vec<u32> {
    #[profile(none)]
    async fn read(&mut self) -> Option<u32> {
        self.pop()
    }

    fn left(&self) -> impl Future<Output = usize> + Send {
        ready(self.len())
    }
}

#[async_trait]
trait Store: Sync {
    async fn load(&self, key: &str) -> Result<String, Failure>;

    #[profile]
    async fn first(&self, keys: &[&str]) -> Result<String, Failure> {
        for key in keys {
            if let Ok(found) = self.load(key).await {
                return Ok(found);
            }
        }
        Err("none".into())
    }
}

#[async_trait]
impl Store for Client {
    #[profile(name = self.name, tags(key, self.name), err)]
    async fn load(&self, key: &str) -> Result<String, Failure> {
        let number: u32 = key.parse()?;
        Ok(format!("{}{number}", self.name))
    }
}

#[async_trait(?Send)]
trait Local {
    async fn add(&self, text: Rc<str>) -> Result<u32, Failure>;
}

#[profile]
#[async_trait(?Send)]
impl Local for u32 {
    #[profile(err(Debug), tags(text))]
    async fn add(&self, text: Rc<str>) -> Result<u32, Failure> {
        let number: u32 = text.parse()?;
        Ok(self + number)
    }
}

#[test]
fn futures_give_what_they_would() {
    block_on(async {
        assert_eq!((block(3).await, after_work(3).await.unwrap()), (3, 9));
        assert!(after_work(300).await.is_err() && early(300).await.is_err());
        assert_eq!((early(1).await.unwrap(), chained(4).await.unwrap()), (3, 4));
        without_output().await;
        assert_eq!(of_something(3).await.to_string(), "3");
        assert_eq!(generic([&1, &2]).await, ["1", "2"]);
        assert_eq!(tagged("a".to_owned()).await, "a");
        assert_eq!((pinned("a", "b").await, elided("a b").await), ("a", Some("a")));
        assert_eq!((elided_opaque("a b").await, with_error("3").await), (Some("a"), Ok(3)));
        assert_eq!((recursion(5).await, local(Rc::new(4)).await), (5, 4));
        assert_eq!((question_mark("").await, question_mark("7").await), (Ok(0), Ok(7)));
        assert_eq!((of_a_hidden_type(1).await, of_a_hidden_type(u32::MAX).await), (Some(2), None));
        assert_eq!((made_by_macro().await, made_by_macro_too().await), (3, 4));
        assert_eq!((fails(true).unwrap().await, fails(false).is_err()), (3, true));
        assert_eq!((of_an_elided_lifetime("abc").await, called_the_same::own(4).await), (3, 4));
        assert_eq!(called_the_same::alias(1).await, Some(2));
        let mut client = Client { name: "a".to_owned() };
        assert_eq!(client.fetch("b").await, "a!/b");
        assert_eq!(client.first(&["x", "3"]).await.unwrap(), "a!3");
        assert!(3.add("x".into()).await.is_err());
        assert_eq!(3.add("3".into()).await.unwrap(), 6);
        assert_eq!(client.into_name().await, "a!");
        assert_eq!(vec![1, 2].twice().await, Some((2, 1)));
        assert_eq!(vec![1, 2].left().await, 2);
    });
}

/// A future is `Send`, `Sync`, `Unpin` and `'static` if it would be without.
#[test]
fn futures_are_what_they_would_be() {
    fn check<F: Future + Send + Sync + 'static>(_: F) {}
    fn unpin<F: Future + Unpin>(_: F) {}
    check(block(3));
    check(tagged(String::new()));
    check(with_error("3"));
    check(elided_opaque("3"));
    unpin(chained(3));
    drop(Client { name: String::new() }.into_name());
}
