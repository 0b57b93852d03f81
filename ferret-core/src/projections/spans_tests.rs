//! Many entries at a time add up to what they add up to one by one.

use super::*;
use crate::event::{CallsiteId, Frame, LogIndex, Names, TagValue, ThreadInfo};
use crate::projections::scenario::Scenario;
use crate::projections::{Calls, GroupBy, Live, Processes, Rates, Recent, Stages, Timeline};
use proptest::prelude::*;

const LOG: LogIndex = LogIndex(1);

/// All that take many at a time.
#[derive(Debug, Default)]
struct All {
    calls: [Calls; 3],
    live: Live,
    processes: Processes,
    rates: Rates,
    recent: Recent,
    stages: Stages,
    timeline: Timeline,
}

impl All {
    fn new() -> Self {
        let calls = [GroupBy::Function, GroupBy::Thread, GroupBy::Process].map(Calls::new);
        Self { calls, recent: Recent::new(20), ..Self::default() }
    }

    fn apply(&mut self, names: &Names, entry: &Entry) {
        self.calls.iter_mut().for_each(|calls| calls.apply(LOG, names, entry));
        self.live.apply(LOG, names, entry);
        self.processes.apply(LOG, entry);
        self.rates.apply(LOG, names, entry);
        self.recent.apply(LOG, names, entry);
        self.stages.apply(LOG, names, entry);
        self.timeline.apply(LOG, names, entry);
    }

    fn apply_all(&mut self, names: &Names, mut entries: &[Entry]) {
        let mut ended = Vec::new();
        while !entries.is_empty() {
            let (spans, others) = entries.split_at(spans_until_other(entries, &mut ended));
            self.calls.iter_mut().for_each(|calls| calls.apply_spans(LOG, names, &ended));
            self.live.apply_spans(LOG, names, spans);
            self.processes.apply_spans(LOG, spans, &ended);
            self.rates.apply_spans(LOG, names, &ended);
            self.recent.apply_spans(LOG, names, &ended);
            self.stages.apply_spans(LOG, names, spans);
            self.timeline.apply_spans(LOG, names, &ended);
            entries = others;
            if let Some((other, later)) = others.split_first() {
                self.apply(names, other);
                entries = later;
            }
        }
    }
}

/// One thing that a thread does: its number, what, and how long before.
type Act = (u32, u32, u64);

fn scenario(acts: &[Act]) -> Scenario {
    let mut scenario = Scenario::default();
    for id in 0..3 {
        let info = ThreadInfo { name: String::new(), tid: id, start: LogTime(0) };
        scenario.names.threads.insert(ThreadId(id), info);
    }
    let (mut stacks, mut tasks) = ([const { Vec::new() }; 3], Vec::<SpanId>::new());
    for &(thread, what, ns) in acts {
        scenario.now += ns;
        let stack: &mut Vec<(SpanId, bool)> = &mut stacks[thread as usize];
        match (what, stack.last().copied()) {
            (0..=9, _) => {
                let name = ["a", "b", "c", "Stage"][what as usize % 4];
                stack.push((scenario.start(thread, name), false));
            }
            (10..=17, Some((_, false))) => {
                let outcome = if what == 17 { Outcome::Err } else { Outcome::Ok };
                scenario.end(thread, outcome);
                stack.pop();
            }
            (10..=17, Some((task, true))) => {
                scenario.exit(thread, task);
                stack.pop();
            }
            (18, Some((_, false))) => {
                scenario.end(thread, Outcome::Unknown);
                stack.pop();
            }
            (19, _) => tasks.push(scenario.start_async(thread, "task")),
            (20, _) => tasks.push(scenario.start_async(thread, "Task")),
            (21, _) if !tasks.is_empty() => {
                let task = tasks[0];
                scenario.enter(thread, task);
                stack.push((task, true));
            }
            (22, _) if tasks.len() > 3 => {
                let task = tasks.remove(0);
                scenario.end_async(thread, task, Outcome::Ok);
                for stack in &mut stacks {
                    stack.retain(|(span, _)| *span != task);
                }
            }
            (23, Some((span, _))) => {
                let (key, value) = (CallsiteId(9), TagValue::Bool(true));
                scenario.say(thread, LogEntry::Tag { span, key, value });
            }
            (24, Some((span, _))) => {
                let (done, total) = (1, 2);
                scenario.say(thread, LogEntry::Progress { span: Some(span), done, total });
            }
            (25, _) => scenario.lose(thread, 3, 1),
            (26, _) => scenario.say(0, LogEntry::Metric(Box::default())),
            // A guard that is dropped out of order; to the scenario it stays, and ends twice.
            (27, _) if stack.len() > 1 => {
                let (span, _) = stack[stack.len() - 2];
                let starts = scenario.entries.iter().filter_map(|entry| match entry.what {
                    LogEntry::SpanStart { span, path, is_async: false, .. } => Some((span, path)),
                    _ => None,
                });
                let started = starts.into_iter().find(|(started, _)| *started == span);
                let Some((_, path)) = started else { continue };
                let frame = Frame { span, path, since: LogTime(0), child_ns: 0 };
                scenario.say(thread, frame.end(Outcome::Ok, true));
            }
            (28, _) => scenario.say(thread, LogEntry::ThreadStart),
            _ => {}
        }
    }
    scenario
}

proptest! {
    #[test]
    fn many_at_a_time_add_up_to_what_they_do_one_by_one(
        acts in prop::collection::vec(
            (0..3_u32, 0..29_u32, prop_oneof![0..2_000_u64, 0..200_000_000_u64]),
            0..200,
        ),
        at_once in 1..50_usize,
    ) {
        let scenario = scenario(&acts);
        let (mut one_by_one, mut many) = (All::new(), All::new());
        for entry in &scenario.entries {
            one_by_one.apply(&scenario.names, entry);
        }
        for entries in scenario.entries.chunks(at_once) {
            many.apply_all(&scenario.names, entries);
        }
        prop_assert_eq!(format!("{one_by_one:#?}"), format!("{many:#?}"));
    }
}
