//! A guard cannot be held where the thread may change, and a future says why it is not `Send`.
use ferret::{profile, span};
use std::future::{Future, ready};
use std::rc::Rc;

fn spawn(_: impl Future + Send) {}

async fn holds_a_guard() {
    let _span = span!("held");
    ready(()).await;
}

#[profile]
async fn holds_an_rc() {
    let rc = Rc::new(3);
    ready(()).await;
    drop(rc);
}

fn main() {
    spawn(holds_a_guard());
    spawn(holds_an_rc());
}
