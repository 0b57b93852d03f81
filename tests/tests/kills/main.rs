//! Programs that are killed at random moments, and what is in their logs then: everything that was
//! published, once, and nothing else. Judged by a ledger that each program keeps where its death does
//! not reach.
//!
//! `tests/kills.sh N` kills N programs and sums up; here it is as many as a test may take. What failed
//! says its seed: `FERRET_KILLS_SEED=… FERRET_KILLS=1` begins with the same.
//!
//! The moments are random, so that what is to be found need not be thought of before; what the program
//! does is not, so that it can be judged exactly.

mod family;
mod judge;
mod judge_jobs;
mod judge_sums;
mod logs;
mod moved;
mod round;
mod tally;

use ferret_tests::nothing_is_lost;
use round::{Doing, Reader, Salvage, Setting, Victims, When};
use tally::Tally;

/// Rounds of each setting, if nothing else is asked for.
const ROUNDS: u64 = 7;

/// Kills in one setting, a number of times, each with a seed of its own.
#[track_caller]
fn check(setting: &Setting) {
    let rounds = number("FERRET_KILLS").unwrap_or(ROUNDS);
    let first = number("FERRET_KILLS_SEED").unwrap_or_else(ferret_tests::boot_time_ns);
    println!("{}: seeds from {first}", setting.name);
    let mut tally = Tally::new(setting.name);
    for seed in (0..rounds).map(|round| first.wrapping_add(round)) {
        match round::play(setting, seed) {
            Ok(outcome) => tally.add(&outcome),
            Err(what) => panic!("{}, FERRET_KILLS_SEED={seed}: {what}", setting.name),
        }
    }
    tally.tell();
    if nothing_is_lost() {
        assert_eq!(tally.missing(), 0, "{tally:?}");
    }
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable}={value} is no number")))
}

#[test]
fn one_thread() {
    check(&Setting { lanes: 1, ..Setting::new("one thread") });
}

#[test]
fn four_threads() {
    check(&Setting::new("four threads"));
}

#[test]
fn three_processes() {
    check(&Setting { processes: 3, lanes: 2, ..Setting::new("three processes") });
}

#[test]
fn one_of_three_processes_and_then_the_others() {
    let victims = Victims::OneFirst;
    // Slower, for the others go on while the log of the first is judged.
    let (processes, lanes, pace) = (3, 2, 20);
    check(&Setting { processes, lanes, pace, victims, ..Setting::new("one of three processes") });
}

#[test]
fn before_the_eyes_of_a_reader() {
    check(&Setting { reader: Reader::Tail, ..Setting::new("with a reader") });
}

#[test]
fn before_the_eyes_of_watch() {
    check(&Setting { reader: Reader::Watch, ..Setting::new("with ferret watch") });
}

#[test]
fn while_the_log_is_made() {
    check(&Setting { when: When::Starting, ..Setting::new("while the log is made") });
}

/// What the first log has not is in the second, once, or the second is not there.
#[test]
fn while_another_log_begins() {
    let (when, pace) = (When::Moving, 20);
    check(&Setting { pace, when, ..Setting::new("while another log begins") });
}

#[test]
fn while_the_logs_of_a_family_are_made() {
    let (when, processes) = (When::Starting, 3);
    check(&Setting { when, processes, lanes: 1, ..Setting::new("while three logs are made") });
}

#[test]
fn in_the_middle_of_large_commits() {
    // As fast as the recorder can follow in a build that is not optimised.
    let (lanes, pace) = (2, 300);
    check(&Setting { lanes, pace, ..Setting::new("during commits") });
}

/// Where the recorder has come to nothing yet, and all is in its chunks.
#[test]
fn as_fast_as_they_can() {
    check(&Setting { lanes: 2, pace: 0, ..Setting::new("as fast as they can") });
}

#[test]
fn and_who_opens_the_log_is_killed_too() {
    check(&Setting { salvage: Salvage::Killed, ..Setting::new("during the salvage") });
}

#[test]
fn and_two_open_the_log_at_once() {
    check(&Setting { salvage: Salvage::Twice, ..Setting::new("two salvages at once") });
}

/// What is only counted is as safe as what is written.
#[test]
fn most_of_what_they_do_is_counted() {
    let (doing, pace) = (Doing::Sampled, 200);
    check(&Setting { doing, pace, ..Setting::new("counted") });
}

#[test]
fn most_tasks_are_counted() {
    let (doing, lanes, pace) = (Doing::SampledJobs, 3, 40);
    check(&Setting { doing, lanes, pace, ..Setting::new("counted-tasks") });
}

#[test]
fn tasks_that_move_between_threads() {
    let (doing, lanes, pace) = (Doing::Jobs, 3, 8);
    check(&Setting { doing, lanes, pace, ..Setting::new("tasks") });
}
