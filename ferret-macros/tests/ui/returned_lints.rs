//! No lint about the body appears or disappears, whatever is returned.
#![deny(warnings)]
use ferret::profile;
use futures::future::{BoxFuture, FutureExt, ready};
use std::future::Future;

#[profile]
fn unused_argument(used: u32, argument: u32) -> impl Future<Output = u32> {
    async move { used }
}

#[profile]
fn unused_variable(used: u32) -> BoxFuture<'static, u32> {
    let variable = used;
    ready(used).boxed()
}

#[profile(err)]
fn unused_mut(mut used: u32) -> BoxFuture<'static, Result<u32, u8>> {
    Box::pin(async move { Ok(used) })
}

#[profile(err, name = used)]
fn unreachable(used: u32) -> Result<u32, u8> {
    return Ok(used);
    Ok(4)
}

#[profile]
fn unused_result(text: &'static str) -> impl Future<Output = ()> + Send {
    text.parse::<u32>();
    async move {
        text.parse::<u32>();
    }
}

#[profile]
mod module {
    pub(crate) fn dead(n: u32) -> u32 {
        n.pow(2)
    }

    pub(crate) struct Type;

    impl Type {
        fn dead_too() -> String {
            String::new()
        }
    }
}

fn main() {
    drop(unused_argument(1, 2));
    drop(unused_variable(1));
    drop(unused_mut(1));
    let _ = unreachable(1);
    drop(unused_result(""));
    let module::Type = module::Type;
    unused_result("");
}
