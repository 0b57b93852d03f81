//! What is measured: the same trivial body, each in its own wrapping.

use ferret::__private::ticks;
use ferret::{Instrument, Instrumented};
use std::cell::RefCell;
use std::future::Pending;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// One way to run the body.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) call: fn(u64) -> u64,
    /// The others are compared with this one.
    pub(crate) is_floor: bool,
}

pub(crate) const SUBJECTS: &[Subject] = &[
    Subject { name: "uninstrumented call", call: bare, is_floor: false },
    Subject { name: "two clock reads", call: two_clock_reads, is_floor: true },
    Subject { name: "#[profile]", call: profiled, is_floor: false },
    Subject { name: "#[profile], with a child", call: nested, is_floor: false },
    Subject { name: "span!", call: block, is_floor: false },
    Subject { name: "a poll of a bare future", call: poll_bare, is_floor: false },
    Subject { name: "a poll of a future in a span", call: poll_in_span, is_floor: false },
    Subject { name: "#[profile] async fn, ready at once", call: whole_future, is_floor: false },
    Subject { name: "counter!", call: counted, is_floor: false },
];

#[inline(never)]
fn bare(x: u64) -> u64 {
    x.rotate_left(7) ^ 0x9e37
}

#[inline(never)]
fn two_clock_reads(x: u64) -> u64 {
    black_box(ticks());
    let y = x.rotate_left(7) ^ 0x9e37;
    black_box(ticks());
    y
}

#[inline(never)]
#[ferret::profile]
fn profiled(x: u64) -> u64 {
    x.rotate_left(7) ^ 0x9e37
}

#[inline(never)]
#[ferret::profile]
fn nested(x: u64) -> u64 {
    profiled(x)
}

#[inline(never)]
fn block(x: u64) -> u64 {
    let _span = ferret::span!("block");
    x.rotate_left(7) ^ 0x9e37
}

/// A future that goes on being polled.
type Waiting = RefCell<Pin<Box<Instrumented<Pending<()>>>>>;

thread_local! {
    static BARE: RefCell<Pin<Box<Pending<()>>>> = RefCell::new(Box::pin(std::future::pending()));
    static IN_SPAN: Waiting =
        RefCell::new(Box::pin(std::future::pending().instrument(ferret::task!("waits"))));
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[inline(never)]
fn poll_bare(x: u64) -> u64 {
    BARE.with_borrow_mut(|future| black_box(poll(future.as_mut())).is_pending());
    x.rotate_left(7) ^ 0x9e37
}

#[inline(never)]
fn poll_in_span(x: u64) -> u64 {
    IN_SPAN.with_borrow_mut(|future| black_box(poll(future.as_mut())).is_pending());
    x.rotate_left(7) ^ 0x9e37
}

#[ferret::profile]
async fn ready(x: u64) -> u64 {
    x.rotate_left(7) ^ 0x9e37
}

#[inline(never)]
fn whole_future(x: u64) -> u64 {
    match poll(pin!(ready(x))) {
        Poll::Ready(y) => y,
        Poll::Pending => x,
    }
}

#[inline(never)]
fn counted(x: u64) -> u64 {
    ferret::counter!("calls", 1);
    x.rotate_left(7) ^ 0x9e37
}
