//! Tasks, on an executor made by hand: a few threads take turns at polling them, so that each task moves
//! from thread to thread. Each poll has a span of its own inside, which says whose turn it is.

use super::{Pace, wait};
use ferret::{Instrument as _, SpanRef};
use ferret_tests::ledger::{Job, Ledger, MAX_JOBS};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

/// Polls of a job, of one that is not dropped before.
const TURNS: u64 = 40;
/// Jobs at a time.
const AT_ONCE: usize = 12;
/// One turn is a span, its tag, its poll: about so many events.
const EVENTS_PER_TURN: u64 = 6;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is to be polled, and who waits for that.
#[derive(Default)]
struct Queue {
    ready: Mutex<VecDeque<Arc<Task>>>,
    came: Condvar,
}

struct Task {
    number: usize,
    queue: Arc<Queue>,
    /// None once it has ended.
    work: Mutex<Option<Work>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let queue = Arc::clone(&self.queue);
        queue.ready.lock().unwrap_or_else(PoisonError::into_inner).push_back(self);
        queue.came.notify_one();
    }
}

/// Starts the threads and makes jobs below a span that never ends; never returns.
pub(super) fn record(ledger: &'static Ledger, threads: usize, pace: Pace) -> ! {
    let queue = Arc::new(Queue::default());
    for number in 0..threads {
        let queue = Arc::clone(&queue);
        let started = thread::Builder::new()
            .name(format!("pool-{number}"))
            .spawn(move || work(ledger, &queue, pace));
        started.expect("a thread starts");
    }
    let _root = ferret::span!("root");
    let place = ferret::current_span();
    let jobs = (pace.most / (TURNS * EVENTS_PER_TURN)).min(MAX_JOBS as u64);
    for number in 0..usize::try_from(jobs).unwrap_or(MAX_JOBS) {
        while queue.ready.lock().unwrap_or_else(PoisonError::into_inner).len() >= AT_ONCE {
            thread::yield_now();
        }
        let work = Mutex::new(Some(make(ledger, number, &place)));
        Arc::new(Task { number, queue: Arc::clone(&queue), work }).wake();
    }
    wait();
}

fn make(ledger: &'static Ledger, number: usize, place: &SpanRef) -> Work {
    let job = ledger.job(number);
    job.made.will();
    let work = turns(job, number as u64).instrument(ferret::task!(parent: place, "job", number));
    job.made.did();
    Box::pin(work)
}

async fn turns(job: Job<'static>, number: u64) {
    for turn in 0..TURNS {
        job.turns.will(1);
        {
            let _turn = ferret::span!("turn");
            ferret::tag!(turn = (number << 16) | turn);
        }
        job.turns.did();
        Yield(false).await;
    }
}

/// Pending once, and ready to be polled by whoever comes next.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A thread that polls what is ready.
fn work(ledger: &'static Ledger, queue: &Queue, pace: Pace) {
    let mut turns = 0;
    loop {
        turns += 1;
        pace.pause(turns);
        let mut ready = queue.ready.lock().unwrap_or_else(PoisonError::into_inner);
        let task = loop {
            if let Some(task) = ready.pop_front() {
                break task;
            }
            ready = queue.came.wait(ready).unwrap_or_else(PoisonError::into_inner);
        };
        drop(ready);
        poll(ledger, &task);
    }
}

fn poll(ledger: &'static Ledger, task: &Arc<Task>) {
    let number = task.number;
    let job = ledger.job(number);
    let waker = Waker::from(Arc::clone(task));
    let mut work = task.work.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(running) = work.as_mut() else { return };
    // Every third is given up in the middle.
    let is_dropped = number % 3 == 1 && job.turns.done() >= TURNS / 2;
    let is_last = is_dropped || job.turns.done() == TURNS;
    if is_last {
        job.ended.will();
    }
    if is_dropped || running.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
        // Completed it has ended already.
        *work = None;
        job.ended.did();
    }
}
