//! Ferret's own forms, and the clocks they are compared with.

use super::tree::{step, tree};
use super::{Kept, Library, NONE, PLAIN, Profiler, Subject};
use crate::clocks::PATIENCE;
use anyhow::ensure;
use ferret::{Instrument, Instrumented, Options, Overflow, Session};
use std::cell::RefCell;
use std::future::Pending;
use std::hint::black_box;
use std::path::Path;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// The key of the floor: the least that two events can cost.
pub(crate) const FLOOR: &str = "two-clock-reads";

pub(super) static SUBJECTS: &[Subject] = &[
    #[cfg(not(feature = "off"))]
    single(FLOOR, "two clock reads (the floor)", &NONE, two_clock_reads),
    single("two-instants", "two `Instant::now`", &NONE, two_instants),
    single("profile", "ferret, `#[profile]`", &DROP, profiled),
    single("switched-off", "ferret, switched off", &NONE, profiled),
    single("nested", "ferret, `#[profile]` with a child", &DROP, nested),
    single("block", "ferret, `span!`", &DROP, block),
    single("tagged", "ferret, `span!` with a tag", &DROP, tagged),
    single("tag", "ferret, `tag!` in an open span", &IN_A_SPAN, tag),
    single("counter", "ferret, `counter!`", &DROP, counted),
    single("bare-poll", "a poll of a bare future", &NONE, poll_bare),
    single("poll", "ferret, a poll of a future in a span", &DROP, poll_in_span),
    single("async-fn", "ferret, `#[profile]` async fn, ready at once", &DROP, whole_future),
    keeping("ferret-block", "ferret, `overflow = block`", &BLOCK),
    keeping("ferret-drop", "ferret, `overflow = drop`", &DROP),
];

/// A subject of `span`.
const fn single(
    key: &'static str,
    name: &'static str,
    library: &'static Library,
    call: fn(u64) -> u64,
) -> Subject {
    Subject { key, name, library, call: Some(call), tree: None }
}

/// A subject of `million`.
const fn keeping(key: &'static str, name: &'static str, library: &'static Library) -> Subject {
    Subject { key, name, library, call: None, tree: Some(ferret_tree::a) }
}

static DROP: Library = Library { start: |folder| start(folder, Overflow::Drop), ..PLAIN };
static BLOCK: Library = Library { start: |folder| start(folder, Overflow::Block), ..PLAIN };
static IN_A_SPAN: Library = Library {
    start: |folder| start(folder, Overflow::Drop),
    around: |batch| {
        let _span = ferret::span!("around");
        batch();
    },
    ..PLAIN
};

fn start(folder: &Path, overflow: Overflow) -> anyhow::Result<Box<dyn Profiler>> {
    let options = Options { overflow, ..Options::new(folder.join("run.redb")) };
    Ok(Box::new(Recording(options.start()?)))
}

struct Recording(Session);

impl Profiler for Recording {
    fn settle(&mut self) -> anyhow::Result<()> {
        ensure!(self.0.flush(PATIENCE), "the recorder hangs");
        Ok(())
    }

    fn finish(mut self: Box<Self>, _made: u64) -> anyhow::Result<Kept> {
        self.settle()?;
        let log = self.0.path().to_owned();
        drop(self);
        Ok(Kept { lost: None, log: log.exists().then_some(log) })
    }
}

tree!(ferret_tree, [#[ferret::profile]] {});

#[cfg(not(feature = "off"))]
#[inline(never)]
fn two_clock_reads(x: u64) -> u64 {
    use ferret::__private::ticks;
    black_box(ticks());
    let y = step(x);
    black_box(ticks());
    y
}

#[inline(never)]
#[expect(clippy::disallowed_methods, reason = "this is what is measured")]
fn two_instants(x: u64) -> u64 {
    black_box(std::time::Instant::now());
    let y = step(x);
    black_box(std::time::Instant::now());
    y
}

#[inline(never)]
#[ferret::profile]
fn profiled(x: u64) -> u64 {
    step(x)
}

#[inline(never)]
#[ferret::profile]
fn nested(x: u64) -> u64 {
    profiled(x)
}

#[inline(never)]
fn block(x: u64) -> u64 {
    let _span = ferret::span!("block");
    step(x)
}

#[inline(never)]
fn tagged(x: u64) -> u64 {
    let _span = ferret::span!("tagged", x);
    step(x)
}

#[inline(never)]
fn tag(x: u64) -> u64 {
    ferret::tag!(x);
    step(x)
}

#[inline(never)]
fn counted(x: u64) -> u64 {
    ferret::counter!("calls", 1);
    step(x)
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
    step(x)
}

#[inline(never)]
fn poll_in_span(x: u64) -> u64 {
    IN_SPAN.with_borrow_mut(|future| black_box(poll(future.as_mut())).is_pending());
    step(x)
}

#[ferret::profile]
async fn ready(x: u64) -> u64 {
    step(x)
}

#[inline(never)]
fn whole_future(x: u64) -> u64 {
    match poll(pin!(ready(x))) {
        Poll::Ready(y) => y,
        Poll::Pending => x,
    }
}
