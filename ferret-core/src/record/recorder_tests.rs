//! When the recorder looks, commits and ends.

use super::*;
use crate::event::ThreadId;
use crate::options::Overflow;
use crate::record::flight::Flight;
use crate::record::tests::{INNER, List, OUTER, TURN};
use crate::record::{enter, values};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn recorder(engine: &'static Engine, requests: Receiver<Request>) -> Recorder<List> {
    Recorder::new(engine, ClockMap::calibrate(), List::default(), requests, |_trouble| {})
}

#[test]
fn who_asks_wakes_a_recorder_that_sleeps() {
    let _turn = TURN.lock();
    let engine = Engine::new(Overflow::Drop, Flight::private(0).unwrap());
    let (hand, desk) = bounded(1);
    let (heard, hears) = bounded(1);
    let life = move || {
        let (desk, inbox) = Desk::of(thread::current());
        let recorder = recorder(engine, inbox);
        hand.send(desk).unwrap();
        // Twice, for a thread may be woken without a reason.
        let long = 2 * PATIENCE;
        let request = recorder.wait(long).or_else(|_empty| recorder.wait(long));
        heard.send(request.is_ok()).unwrap();
    };
    let sleeper = thread::Builder::new().spawn(life).unwrap();
    assert!(desk.recv().unwrap().ask(Request::Stop(EndKind::Closed), PATIENCE));
    assert_eq!(hears.recv_timeout(PATIENCE), Ok(true));
    sleeper.join().unwrap();
}

/// A look read all that there was and then looked whether there was more, which there always is.
#[test]
fn a_signal_ends_a_recording_of_a_program_that_never_pauses() {
    let _turn = TURN.lock();
    values::begin(true);
    let engine = Engine::new(Overflow::Drop, Flight::private(1 << 20).unwrap());
    engine.switch_on();
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&is_over);
    let program = move || {
        while !ends.load(Ordering::Relaxed) {
            enter(&INNER).finish(crate::event::Outcome::Ok);
        }
    };
    let program = thread::Builder::new().spawn(program).unwrap();
    let (_ask, requests) = bounded(1);
    let (done, ended) = bounded(1);
    let life = move || done.send(recorder(engine, requests).run(|| Some(15)).1).unwrap();
    let recorder = thread::Builder::new().spawn(life).unwrap();
    let how = ended.recv_timeout(PATIENCE);
    is_over.store(true, Ordering::Relaxed);
    engine.switch_off();
    assert_eq!(how, Ok(EndKind::Signal(15)));
    program.join().unwrap();
    recorder.join().unwrap();
}

/// Of sixteen large chunks a thread fills fifteen, and a commit gives back what was read before.
#[test]
fn chunks_come_back_before_all_is_read() {
    let _turn = TURN.lock();
    values::begin(true);
    let engine = Engine::new(Overflow::Drop, Flight::private(1 << 20).unwrap());
    engine.switch_on();
    let program = || (0..30_000).for_each(|_| enter(&INNER).finish(crate::event::Outcome::Ok));
    thread::Builder::new().spawn(program).unwrap().join().unwrap();
    let (_ask, requests) = bounded(1);
    let mut recorder = recorder(engine, requests);
    let now = recorder.read_clock();
    assert_eq!(recorder.drain(now), Pace::Busy);
    engine.switch_off();
    let sink = &recorder.fold.sink;
    assert!(sink.commits >= 2, "{} commits of {} entries", sink.commits, sink.entries.len());
}

#[test]
fn a_log_that_has_begun_anew_is_told_all_names_and_open_stacks_again() {
    let _turn = TURN.lock();
    values::begin(true);
    let engine = Engine::new(Overflow::Drop, Flight::private(1 << 20).unwrap());
    engine.switch_on();
    let (opened, is_open) = bounded::<()>(0);
    let (go_on, goes_on) = bounded::<()>(0);
    let program = move || {
        let outer = enter(&OUTER);
        for _ in 0..3 {
            enter(&INNER).finish(crate::event::Outcome::Ok);
        }
        opened.send(()).unwrap();
        goes_on.recv().unwrap();
        outer.finish(crate::event::Outcome::Ok);
    };
    let program = thread::Builder::new().spawn(program).unwrap();
    is_open.recv().unwrap();
    let (_ask, requests) = bounded(1);
    let mut recorder = recorder(engine, requests);
    let now = recorder.read_clock();
    recorder.drain(now);
    recorder.commit(now);
    let told = recorder.fold.sink.told();
    assert_eq!(told, (2, 2));
    recorder.fold.sink.loses_log = true;
    recorder.commit(now);
    let sink = &recorder.fold.sink;
    assert_eq!((sink.told(), sink.commits), (told, 2));
    assert_eq!(sink.silent, [(ThreadId(1), 1)]);
    go_on.send(()).unwrap();
    program.join().unwrap();
    engine.switch_off();
}

#[test]
fn after_a_commit_it_rests_by_what_that_cost() {
    #[track_caller]
    fn check(cost_us: u64, took_us: u64, expect_ms: u64) {
        assert_eq!(rest_ns(cost_us * 1_000, took_us * 1_000), expect_ms * 1_000_000);
    }
    check(200, 200, 25);
    check(2_000, 2_000, 40);
    // It had to wait for a core, or for the disk.
    check(200, 5_000, 25);
    check(200, 50_000, 100);
    check(60_000, 60_000, 500);
}
