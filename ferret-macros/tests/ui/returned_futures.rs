//! The body's mistakes are told at the body; and what cannot be done for a future.
use ferret::profile;
use futures::future::{BoxFuture, FutureExt, ready};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

#[profile]
fn wrong_type(n: u32) -> impl Future<Output = String> {
    async move { n }
}

#[profile]
fn wrong_type_in_a_box(n: u32) -> Pin<Box<dyn Future<Output = String>>> {
    Box::pin(async move { n })
}

#[profile]
fn wrong_question_mark(text: &str) -> BoxFuture<'_, Result<u32, u8>> {
    Box::pin(async move { Ok(text.parse::<u32>()?) })
}

#[profile]
fn not_send(rc: Rc<u32>) -> BoxFuture<'static, u32> {
    Box::pin(async move {
        ready(()).await;
        *rc
    })
}

#[profile]
fn not_a_future(n: u32) -> impl Future<Output = u32> {
    n
}

#[profile]
fn borrowed(text: String) -> impl Future<Output = usize> {
    async { text.len() }
}

#[profile(tags(n))]
fn tags_of_what_is_made_elsewhere(n: u32) -> BoxFuture<'static, u32> {
    ready(n).boxed()
}

#[profile(tags(text))]
fn tags_without_move(text: &'static str) -> BoxFuture<'static, ()> {
    Box::pin(async {})
}

#[profile]
#[track_caller]
fn with_a_tracked_caller(n: u32) -> BoxFuture<'static, u32> {
    ready(n).boxed()
}

fn main() {}
