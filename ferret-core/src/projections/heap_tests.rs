//! Heaps beside a plain computation over what each span was told to allocate.

use super::*;
use crate::event::{LogTime, Outcome, SpanId};
use crate::projections::scenario::Scenario;
use proptest::prelude::*;

const LOG: LogIndex = LogIndex(0);
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// What spans allocated: functions of the path, and bytes.
type Told = Vec<(Vec<CallsiteId>, u64)>;

fn functions_above(scenario: &Scenario, mut path: PathId) -> Vec<CallsiteId> {
    let mut functions = Vec::new();
    while let Some(info) = scenario.names.paths.get(&path) {
        functions.push(info.callsite);
        path = info.parent;
    }
    functions
}

/// A span per step begins, or the innermost allocates and ends.
fn run(steps: &[(Option<usize>, u64)]) -> (Scenario, Told) {
    let mut scenario = Scenario::default();
    let (mut open, mut told): (Vec<SpanId>, Told) = Default::default();
    for (call, bytes) in steps {
        if let Some(function) = call {
            open.push(scenario.start(1, NAMES[*function]));
        } else if let Some(span) = open.pop() {
            let path = scenario.path(1);
            told.push((functions_above(&scenario, path), *bytes));
            let heap =
                HeapUse { bytes: *bytes, count: 1, peak_bytes: *bytes, ..HeapUse::default() };
            scenario.say(1, LogEntry::Alloc { span, path, heap });
            scenario.end(1, Outcome::Ok);
        }
    }
    (scenario, told)
}

fn folded(scenario: &Scenario) -> (Calls, Heap) {
    let (mut calls, mut heap) = (Calls::default(), Heap::default());
    for entry in &scenario.entries {
        calls.apply(LOG, &scenario.names, entry);
        heap.apply(LOG, entry);
    }
    (calls, heap)
}

proptest! {
    #[test]
    fn own_and_total_are_the_sums_over_spans(
        steps in prop::collection::vec((prop::option::of(0..4_usize), 0..1_000_u64), 0..300),
    ) {
        let (scenario, told) = run(&steps);
        let (calls, heap) = folded(&scenario);
        let rows = heap.functions(&calls, |_| &scenario.names);
        for function in calls.functions() {
            let callsite = scenario.names.callsites.iter().find(|(_, info)| **info == function.info);
            let callsite = *callsite.unwrap().0;
            let row = rows[function.id.0 as usize];
            let sum = |wanted: &dyn Fn(&[CallsiteId]) -> bool| -> u64 {
                told.iter().filter(|(path, _)| wanted(path)).map(|(_, bytes)| bytes).sum()
            };
            prop_assert_eq!(row.own.bytes, sum(&|path| path[0] == callsite));
            prop_assert_eq!(row.total_bytes, sum(&|path| path.contains(&callsite)));
        }
    }
}

#[test]
fn what_lives_is_what_was_said_last_and_adds_up_over_processes() {
    let mut scenario = Scenario::default();
    scenario.start(1, "a");
    scenario.end(1, Outcome::Ok);
    let callsite = *scenario.names.callsites.keys().next().unwrap();
    for (callsite, live_bytes) in [(callsite, 5), (CallsiteId::PROCESS, 9), (callsite, 3)] {
        scenario.say(0, LogEntry::Heap { callsite, live_bytes, live_count: 1, peak_bytes: 7 });
    }
    let (mut calls, mut heap) = folded(&scenario);
    for entry in &scenario.entries {
        calls.apply(LogIndex(1), &scenario.names, entry);
        heap.apply(LogIndex(1), entry);
    }
    assert_eq!(heap.living(), Some(Living { bytes: 18, count: 2, peak_bytes: 14 }));
    let living = Living { bytes: 6, count: 2, peak_bytes: 14 };
    assert_eq!(heap.functions(&calls, |_| &scenario.names)[0].living, living);
    let owners = heap.owners(|_| &scenario.names);
    assert_eq!((owners.len(), owners[0].0.name.as_str(), owners[0].1), (1, "a", living));
}

/// What a process had when it ended was shown as living for as long as another ran.
#[test]
fn of_processes_that_ended_nothing_lives() {
    let mut scenario = Scenario::default();
    scenario.start(1, "a");
    let callsite = *scenario.names.callsites.keys().next().unwrap();
    for callsite in [callsite, CallsiteId::PROCESS] {
        scenario.say(0, LogEntry::Heap { callsite, live_bytes: 5, live_count: 1, peak_bytes: 7 });
    }
    let mut heap = Heap::default();
    for entry in &scenario.entries {
        (0..3).for_each(|log| heap.apply(LogIndex(log), entry));
    }
    let check = |live: [bool; 3], processes: u64| {
        let moment =
            |log: LogIndex| LogMoment { at: LogTime(10 + log.0 as u64), live: live[log.0] };
        let living = Living { bytes: 5 * processes, count: processes, peak_bytes: 21 };
        assert_eq!(heap.living_now(moment), Some(living), "{live:?}");
        let owners = heap.owners_now(|_| &scenario.names, moment);
        assert_eq!((owners.len(), owners[0].1), (1, living), "{live:?}");
    };
    check([true, true, true], 3);
    check([true, false, true], 2);
    check([false, false, false], 1);
}

#[test]
fn without_a_wrapped_allocator_nothing_is_known() {
    let mut scenario = Scenario::default();
    scenario.start(1, "a");
    scenario.end(1, Outcome::Ok);
    let (_, heap) = folded(&scenario);
    assert!(heap.is_unknown() && heap.living().is_none());
}
