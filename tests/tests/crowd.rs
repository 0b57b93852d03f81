//! Very many tasks at once, in a program of its own: seen while they wait, and all there at the end.

use ferret::event::LogEntry;
use ferret::log::{ReadOptions, Tail};
use ferret_tests::{Place, Talker, analysis, example, ferret, output, row, rows, until};
use rustix::process::Signal;
use serde_json::Value;

const GUESTS: u64 = 20_000;

fn party(place: &Place) -> Talker {
    Talker::start(example("crowd").arg(GUESTS.to_string()).env("FERRET_LOG", &place.log))
}

/// A party takes two seconds. Where the recorder gets no processor for that long there is nothing to
/// see; so it is given again, and how often is the bound, for it does not get longer by waiting.
fn try_again<T>(what: &str, attempt: impl Fn() -> Option<T>) -> T {
    let mut attempts = std::iter::repeat_with(attempt).take(50);
    attempts.find_map(|seen| seen).unwrap_or_else(|| panic!("50 times, and never {what}"))
}

/// Guests who wait.
fn waiting(seen: &Value) -> impl Iterator<Item = &Value> {
    let guests = rows(seen, "open").iter().filter(|row| row["name"] == "guest");
    guests.filter(|row| row["waits_ns"].as_u64().is_some())
}

/// Waits until many guests are in the log. None if the party is over before.
fn until_many_have_come(program: &mut Talker, place: &Place) -> Option<()> {
    let mut tail = until("the log", || Tail::open(&place.log, &ReadOptions::default()).ok());
    let mut come = 0;
    until("guests, or the end of the party", || {
        let is_over = program.is_over();
        let more = tail.poll(1_000).expect("the log is whole");
        come += more.iter().filter(|e| matches!(e.what, LogEntry::SpanStart { .. })).count();
        if is_over { Some(None) } else { (come >= 2_000).then_some(Some(())) }
    })
}

/// What is seen of a party in the middle. Meanwhile the program is held still, or it would be over
/// before a slow machine has looked. None if it was over all the same, or held in the middle of a
/// commit.
fn in_the_middle() -> Option<Value> {
    let place = Place::new();
    let mut program = party(&place);
    until_many_have_come(&mut program, &place)?;
    program.signal(Signal::STOP);
    let seen = output(ferret().args(["watch", "--once", "--json"]).arg(&place.log));
    let is_seen = seen.code == Some(0);
    is_seen
        .then(|| serde_json::from_str(&seen.stdout).expect("what was seen is JSON"))
        .filter(|seen| waiting(seen).count() >= 1_000)
}

#[test]
fn guests_are_seen_while_they_wait_under_the_party() {
    let seen = try_again("a party in the middle", in_the_middle);
    assert!(
        ["running", "stalled"].contains(&seen["processes"][0]["state"].as_str().unwrap()),
        "{:#}",
        seen["processes"]
    );
    let party = row(&seen, "open", "party");
    for guest in waiting(&seen) {
        // It is on no thread, so nothing above it says where it was created.
        assert_eq!(guest["parent"], party["span"], "{guest:#}");
        assert_eq!((&guest["thread"], &guest["under"]), (&Value::Null, &"party".into()));
    }
    assert_eq!(seen["run"]["dropped_spans"], 0);
}

/// A program's end waits 200 ms at most for its log, and a slow machine may need more; then the log
/// is without its end. One that has it has everything.
#[test]
fn twenty_thousand_guests_are_counted_one_by_one() {
    let analysis = try_again("a log that has its end", || {
        let place = Place::new();
        assert!(party(&place).wait().success());
        let analysis = analysis(&place.log);
        (analysis["processes"][0]["exit_code"] == 0).then_some(analysis)
    });
    let run = &analysis["run"];
    assert_eq!(run["spans"], GUESTS + 1);
    assert_eq!((&run["open_spans"], &run["dropped_spans"]), (&0.into(), &0.into()));
    let guest = row(&analysis, "functions", "guest");
    assert_eq!(guest["calls"], GUESTS);
    for field in ["open", "dropped", "unknown", "cancelled", "errors", "panics"] {
        assert_eq!(guest[field], 0, "{field} of {guest:#}");
    }
    // Three courses; one may be there at once, on a machine that is slow enough.
    let polls = guest["polls"].as_u64().expect("a number");
    assert!((GUESTS..=4 * GUESTS).contains(&polls), "{guest:#}");
    let party = row(&analysis, "functions", "party");
    assert_eq!((&party["calls"], &party["open"]), (&1.into(), &0.into()));
}
