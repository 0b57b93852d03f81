//! The order in which threads are read, with threads that do what they are told when they are told.

use super::clock::{ClockMap, now};
use super::drain::{Drain, Limit, Look};
use super::engine::Engine;
use super::flight::Flight;
use super::fold::Fold;
use super::tasks::MAX_TASKS;
use super::tests::{INNER, List, TASK, TURN};
use super::{TaskSpan, current_span, enter, values};
use crate::event::{LogEntry, Outcome};
use crate::options::Overflow;
use crossbeam_channel::{Receiver, Sender, bounded};

type Job = Box<dyn FnOnce() + Send>;

/// A thread that runs one thing after the other.
struct Worker(Option<Sender<Job>>, Receiver<()>);

impl Worker {
    fn new() -> Self {
        let (give, take) = bounded::<Job>(0);
        let (say, hear) = bounded(0);
        let life = move || {
            for job in take {
                job();
                say.send(()).unwrap();
            }
        };
        std::thread::Builder::new().spawn(life).unwrap();
        let worker = Self(Some(give), hear);
        // Its first span: so workers join in the order in which they are made.
        worker.run(|| enter(&INNER).finish(Outcome::Ok));
        worker
    }

    fn run<R: Send + 'static>(&self, job: impl FnOnce() -> R + Send + 'static) -> R {
        let (give, take) = bounded(1);
        self.0.as_ref().unwrap().send(Box::new(move || give.send(job()).unwrap())).unwrap();
        self.1.recv().unwrap();
        take.recv().unwrap()
    }
}

/// Polls of a task that is not known, for there was no room for it, made the recorder read the thread
/// that had made it further and further: past the END of a task whose START was still to come.
#[test]
fn a_task_that_will_never_be_known_takes_no_thread_out_of_its_turn() {
    let _turn = TURN.lock();
    values::begin(true);
    let engine = Engine::new(Overflow::Drop, Flight::private(16 << 20).unwrap());
    engine.switch_on();
    let (a, b) = (Worker::new(), Worker::new());
    let mut fold = Fold::new(List::default(), ClockMap::calibrate());
    let mut drain = Drain::new(engine);
    let all = Limit { bytes: usize::MAX, chunks: usize::MAX };
    let mut look = || {
        assert!(matches!(drain.look(&mut fold, now(), all), Look::Whole(_)));
    };
    // The table is full, so T is refused.
    let mut all = a.run(|| (0..MAX_TASKS).map(|_| TaskSpan::start(&TASK)).collect::<Vec<_>>());
    look();
    let mut t = b.run(|| TaskSpan::start(&TASK));
    look();
    // There is room again.
    a.run(move || {
        all.truncate(MAX_TASKS - 2);
        std::mem::forget(all);
    });
    (0..3).for_each(|_| look());
    let u = a.run(move || {
        (0..2).for_each(|_| drop(t.enter()));
        std::mem::forget(t);
        TaskSpan::start(&TASK)
    });
    b.run(move || u.end(Outcome::Err));
    look();
    engine.switch_off();
    let failed = |what: &LogEntry| matches!(what, LogEntry::SpanEnd { outcome: Outcome::Err, .. });
    assert_eq!(fold.sink.count(failed), 1, "the END of U is in the log");
}

/// Its stack was never kept beside the entries, for it was never silent; and the blocks that told of it
/// could never be dropped.
#[test]
fn a_thread_that_is_busy_with_what_makes_no_entry_is_silent() {
    let _turn = TURN.lock();
    values::begin(true);
    let engine = Engine::new(Overflow::Drop, Flight::private(16 << 20).unwrap());
    engine.switch_on();
    let worker = Worker::new();
    let mut fold = Fold::new(List::default(), ClockMap::calibrate());
    let mut drain = Drain::new(engine);
    let all = Limit { bytes: usize::MAX, chunks: usize::MAX };
    let began = now();
    let place = worker.run(|| {
        std::mem::forget(enter(&INNER));
        current_span()
    });
    let place = std::sync::Arc::new(place);
    for look in 0..12 {
        let looked = drain.look(&mut fold, began.after(look * 100_000_000), all);
        assert!(matches!(looked, Look::Whole(_)));
        assert_eq!(
            fold.sink.silent.len(),
            usize::from(look >= 10),
            "after {look} tenths of a second"
        );
        let place = std::sync::Arc::clone(&place);
        worker.run(move || drop(place.enter()));
    }
    engine.switch_off();
}
