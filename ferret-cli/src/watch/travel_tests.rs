//! Orders, and what comes of them.

use super::super::moment::tests::{Made, facts, oracle};
use super::*;
use crate::made_up::{BEGAN, Dice, MS};
use ferret::event::{Entry, LogIndex, Names};
use std::time::Duration;

struct Trip {
    made: Made,
    entries: Vec<(LogIndex, Entry)>,
    names: Vec<Names>,
    travel: Travel,
}

impl Trip {
    fn begin(seed: u64) -> Self {
        let made = Made::new(seed);
        let mut run = made.open();
        let entries = run.poll(usize::MAX >> 1).unwrap();
        let names = run.logs().iter().map(|tail| tail.names().clone()).collect();
        let travel = Travel::start(&run, run.waker()).unwrap();
        Self { made, entries, names, travel }
    }

    /// All that is answered to an order, until there will be no more.
    fn order(&self, order: Order) -> Vec<Answer> {
        self.travel.order(order, Kept::default());
        let (began, mut all) = (log::now(), Vec::new());
        loop {
            all.extend(self.travel.answers());
            match all.last() {
                Some(Answer::Shown(shown)) if shown.is_last => return all,
                Some(Answer::Nothing | Answer::Failed(_)) => return all,
                _ => std::thread::sleep(Duration::from_millis(1)),
            }
            assert!(log::now().since(began) < 60_000 * MS, "no answer");
        }
    }

    #[track_caller]
    fn check(&self, order: Order, at: LogTime) {
        let answers = self.order(order);
        let Some(Answer::Shown(shown)) = answers.last() else { panic!("{answers:?}") };
        assert_eq!((shown.at, shown.past.is_none()), (at, true));
        let expected = oracle(&self.entries, &self.names, at);
        assert_eq!(facts(&shown.board, at), facts(&expected, at), "at {at:?}");
    }

    fn nearest(&self, from: LogTime, later: bool) -> Option<LogTime> {
        let times = self.entries.iter().map(|(_, entry)| entry.time);
        if later {
            times.filter(|time| *time > from).min()
        } else {
            times.filter(|time| *time < from).max()
        }
    }
}

#[test]
fn wherever_it_is_ordered_it_goes() {
    let trip = Trip::begin(41);
    let mut dice = Dice(4);
    for _ in 0..40 {
        let at = trip.made.moment(&trip.entries, &mut dice);
        if dice.below(2) == 0 {
            trip.check(Order::To(at), at);
        } else {
            trip.check(Order::On(at), at);
        }
        for later in [false, true, true] {
            let (from, wanted) = (at, Wanted::Any);
            let order = Order::Find { from, later, wanted };
            match trip.nearest(at, later) {
                Some(to) => trip.check(order, to),
                None => assert!(matches!(trip.order(order)[..], [.., Answer::Nothing])),
            }
        }
    }
    trip.check(Order::Start, BEGAN);
    trip.check(Order::To(LogTime(0)), LogTime(0));
}

#[test]
fn stepping_through_a_run_comes_by_every_moment_at_which_anything_happened() {
    let trip = Trip::begin(7);
    let mut at = BEGAN.after(5_000 * MS);
    for later in [true, false] {
        for _ in 0..25 {
            let (from, wanted) = (at, Wanted::Any);
            at = trip.nearest(at, later).unwrap();
            trip.check(Order::Find { from, later, wanted }, at);
        }
    }
}

#[test]
fn another_order_takes_the_place_of_the_one_before() {
    let trip = Trip::begin(11);
    for number in 0..20 {
        trip.travel.order(Order::To(BEGAN.after(number * 400 * MS)), Kept::default());
    }
    let at = trip.made.end;
    trip.check(Order::To(at), at);
    trip.travel.order(Order::To(BEGAN), Kept::default());
    trip.travel.give_up();
    assert!(trip.travel.answers().is_empty());
}

#[test]
fn what_happened_is_told() {
    let trip = Trip::begin(3);
    let (from, later, wanted) = (trip.made.end, false, Wanted::Any);
    let answers = trip.order(Order::Find { from, later, wanted });
    let Some(Answer::Shown(shown)) = answers.last() else { panic!("{answers:?}") };
    let what = shown.what.as_deref().unwrap();
    assert!(what.contains("SPAN_") || what.contains("METRIC"), "{what}");
}
