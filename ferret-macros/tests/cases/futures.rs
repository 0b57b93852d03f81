//! `async fn`.

use ferret::profile;
use futures::executor::block_on;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

#[profile]
async fn nothing() {}

#[profile]
async fn borrowed<'a>(text: &'a str, other: &str) -> &'a str {
    nothing().await;
    if other.is_empty() {
        return "";
    }
    text
}

#[profile]
async fn question_mark(text: &str) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    nothing().await;
    let number: u32 = text.parse()?;
    if number > 100 {
        return Err("too much".into());
    }
    Ok(number)
}

#[profile]
async fn generic<T, const N: usize>(values: [T; N]) -> Vec<String>
where
    T: Display + Clone,
{
    nothing().await;
    values.iter().map(|value| value.clone().to_string()).collect()
}

#[profile]
async fn impl_return(n: u32) -> impl Iterator<Item = u32> {
    nothing().await;
    0..n
}

#[profile]
async fn boxed(odd: bool) -> Box<dyn Fn(u32) -> u32> {
    if odd {
        return Box::new(|n| 2 * n + 1);
    }
    Box::new(|n| 2 * n)
}

#[profile]
fn recursion(n: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    #[profile]
    async fn step(n: u32) -> u32 {
        if n == 0 { 0 } else { 1 + recursion(n - 1).await }
    }
    Box::pin(step(n))
}

#[profile]
async fn direct_recursion(n: u32) -> u32 {
    if n == 0 {
        return 0;
    }
    1 + Box::pin(direct_recursion(n - 1)).await
}

#[profile]
async fn patterns((a, b): (u32, u32), mut c: u32) -> u32 {
    c += a;
    nothing().await;
    c + b
}

#[profile(stage, tags(length = text.len(), %text, debug = ?text))]
async fn tagged(text: String) -> String {
    nothing().await;
    text
}

#[profile]
async fn never() -> ! {
    nothing().await;
    panic!("at last")
}

#[profile]
async unsafe fn raw(pointer: *const u32) -> u32 {
    // SAFETY: the caller says so.
    unsafe { *pointer }
}

trait Source {
    async fn read(&mut self) -> Option<u32>;

    #[profile]
    async fn sum(&mut self) -> u32 {
        let mut sum = 0;
        while let Some(n) = self.read().await {
            sum += n;
        }
        sum
    }
}

impl Source for Vec<u32> {
    #[profile]
    async fn read(&mut self) -> Option<u32> {
        nothing().await;
        self.pop()
    }
}

#[test]
fn async_functions_return_what_they_would() {
    block_on(async {
        assert_eq!((borrowed("a", "b").await, borrowed("a", "").await), ("a", ""));
        assert_eq!(question_mark("7").await.unwrap(), 7);
        assert!(question_mark("700").await.is_err() && question_mark("x").await.is_err());
        assert_eq!(generic([1, 2]).await, ["1", "2"]);
        assert_eq!(impl_return(4).await.sum::<u32>(), 6);
        assert_eq!((boxed(true).await(3), boxed(false).await(3)), (7, 6));
        assert_eq!((recursion(5).await, direct_recursion(5).await), (5, 5));
        assert_eq!(patterns((1, 2), 3).await, 6);
        assert_eq!(tagged("text".to_owned()).await, "text");
        assert_eq!(vec![1, 2, 3].sum().await, 6);
        // SAFETY: the reference is valid.
        let raw = unsafe { raw(&5) };
        assert_eq!(raw.await, 5);
    });
}

#[test]
fn a_future_that_never_completes_may_still_panic() {
    let panicked = std::panic::catch_unwind(|| block_on(never()));
    assert!(panicked.is_err());
}

/// A future is `Send` if what it holds across its awaits is, whether recorded or not.
#[test]
fn futures_stay_send() {
    fn check<F: Future + Send>(_: F) {}
    check(nothing());
    check(borrowed("a", "b"));
    check(question_mark("7"));
    check(generic([1, 2]));
    check(impl_return(3));
    check(tagged("text".to_owned()));
}

#[profile]
async fn not_send(rc: Rc<u32>) -> u32 {
    nothing().await;
    *rc
}

#[test]
fn futures_need_not_be_send() {
    assert_eq!(block_on(not_send(Rc::new(4))), 4);
}

#[profile]
async fn drops(first: Noisy<'_>, second: Noisy<'_>) {
    let _local = first.clone();
    nothing().await;
    assert!(first.0 < second.0);
}

#[derive(Clone)]
struct Noisy<'a>(u8, &'a std::sync::Mutex<Vec<u8>>);

impl Drop for Noisy<'_> {
    fn drop(&mut self) {
        self.1.lock().expect("not poisoned").push(self.0);
    }
}

#[test]
fn parameters_are_dropped_last_to_first() {
    let order = std::sync::Mutex::new(Vec::new());
    block_on(drops(Noisy(1, &order), Noisy(2, &order)));
    assert_eq!(*order.lock().unwrap(), [1, 2, 1]);
}
