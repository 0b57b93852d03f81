//! `err` and `none` on functions that return something else.
use ferret::profile;
use futures::future::{BoxFuture, ready};
use std::future::Future;

struct Opaque;

#[profile(err)]
fn nothing() {}

#[profile(err(Debug))]
fn an_option(n: u32) -> Option<u32> {
    Some(n + 1)
}

#[profile(none)]
fn a_result(n: u32) -> Result<u32, Opaque> {
    Ok(n + 1)
}

#[profile(err)]
fn an_error_that_cannot_be_shown(n: u32) -> Result<u32, Opaque> {
    Ok(n + 1)
}

#[profile(err)]
fn anything<T>(value: T) -> T {
    value
}

#[profile(err)]
async fn of_a_future(n: u32) -> u32 {
    n
}

#[profile(none)]
fn of_an_opaque_future(n: u32) -> impl Future<Output = u32> {
    async move { n }
}

#[profile(err)]
fn of_a_boxed_future(n: u32) -> BoxFuture<'static, u32> {
    Box::pin(ready(n))
}

#[profile(err)]
fn an_opaque_type() -> impl Iterator<Item = u32> {
    0..3
}

#[profile(none)]
fn never() -> ! {
    loop {}
}

#[profile(err)]
async fn never_later() -> ! {
    loop {}
}

#[profile(err)]
#[track_caller]
fn of_a_tracked_caller() -> Result<(), u32> {
    Ok(())
}

fn main() {}
