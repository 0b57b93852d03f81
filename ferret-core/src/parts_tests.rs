//! The parts of a log add up to what its entries do one by one.
#![expect(clippy::wildcard_enum_match_arm, reason = "the other entries change no stack")]

use crate::event::{
    CallsiteId, Entry, Frame, LogEntry, LogIndex, LogTime, Names, Offset, Outcome, Part, Parts,
    Position, SpanId, TagValue, ThreadId, ThreadInfo, ThreadStack,
};
use crate::log::testing::{Encoder, decode, decode_parts};
use crate::projections::scenario::Scenario;
use crate::projections::{
    Calls, FunctionId, GroupBy, Live, LogMoment, Processes, Rates, Recent, Stages, Timeline,
};
use proptest::prelude::*;

const LOG: LogIndex = LogIndex(1);

const GROUPS: [GroupBy; 3] = [GroupBy::Function, GroupBy::Thread, GroupBy::Process];

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
        let calls = GROUPS.map(Calls::new);
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

    /// All of it. Stages number paths as they meet them, and are told by what they report.
    fn told(&self, now: u64) -> String {
        let moment = LogMoment { at: LogTime(now), live: true };
        let (report, open) = (self.stages.report(|_| moment), self.stages.open());
        let open: Vec<_> = open.collect();
        let Self { calls, live, processes, rates, recent, timeline, .. } = self;
        format!("{:#?}", (report, open, calls, live, processes, rates, recent, timeline))
    }

    fn apply_part(&mut self, names: &Names, part: Part<'_>) {
        match part {
            Part::Other(entry) => self.apply(names, entry),
            Part::Spans(spans) => {
                self.calls.iter_mut().for_each(|calls| calls.apply_spans(LOG, names, spans.ended));
                self.live.apply_spans(LOG, names, &spans);
                self.processes.apply_spans(LOG, &spans);
                self.rates.apply_spans(LOG, names, spans.ended);
                self.recent.apply_spans(LOG, names, spans.ended);
                self.stages.apply_spans(LOG, names, &spans);
                self.timeline.apply_spans(LOG, names, spans.ended);
            }
        }
    }
}

/// The threads' stacks, as a recorder has them.
#[derive(Debug, Default)]
struct Stacks([ThreadStack; 3]);

impl Stacks {
    fn of(&mut self, entry: &Entry) -> &mut ThreadStack {
        &mut self.0[entry.thread.0 as usize]
    }

    fn apply(&mut self, entry: &Entry) {
        let stack = self.of(entry);
        match &entry.what {
            LogEntry::SpanStart { span, path, is_async: false, .. }
            | LogEntry::Enter { span, path } => stack.push(*span, *path, entry.time),
            LogEntry::SpanEnd { span, .. } | LogEntry::Exit { span, .. }
                if stack.index_of(*span).is_some() =>
            {
                stack.close(*span, entry.time);
            }
            LogEntry::Dropped { busy_ns, .. } => stack.dropped(*busy_ns),
            _ => {}
        }
    }
}

/// Calls that are counted on several cores, and what is left for the one that takes all else in order.
#[derive(Debug)]
struct Beside {
    ordered: Vec<Calls>,
    cores: [Vec<Calls>; 2],
    turns: usize,
}

impl Beside {
    fn new() -> Self {
        let new = || GROUPS.map(Calls::new).to_vec();
        Self { ordered: new(), cores: [new(), new()], turns: 0 }
    }

    fn apply(&mut self, names: &Names, bytes: &[u8], first: Offset) {
        let mut parts = decode_parts(bytes, first).unwrap();
        for part in parts.iter() {
            let Part::Spans(spans) = part else { continue };
            self.turns += 1;
            for calls in &mut self.cores[self.turns % 2] {
                calls.apply_spans(LOG, names, spans.ended);
            }
        }
        let (mut rest, entries) = (Parts::default(), parts.entries());
        rest.take(&mut parts, |_| false);
        assert_eq!((rest.entries(), parts.entries()), (entries, 0));
        for part in rest.iter() {
            match part {
                Part::Spans(spans) => assert!(spans.ended.iter().all(|s| s.outcome != Outcome::Ok)),
                Part::Other(entry) => {
                    self.ordered.iter_mut().for_each(|calls| calls.apply(LOG, names, entry));
                }
            }
        }
    }

    fn all(mut self, names: &Names) -> Vec<Calls> {
        for (index, calls) in self.ordered.iter_mut().enumerate() {
            let of_cores = self.cores.each_ref().map(|core| core[index].clone());
            calls.add(&of_cores, |_| names);
        }
        self.ordered
    }
}

/// All that calls come to, in an order that does not depend on what was met first.
fn rolled_up(calls: &Calls) -> String {
    let mut functions = calls.functions();
    functions.sort_by(|one, other| one.info.cmp(&other.info));
    for function in &mut functions {
        function.id = FunctionId(0);
    }
    functions.retain(|function| {
        let totals = function.totals;
        totals.calls + totals.unknown + totals.dropped + totals.polls > 0
    });
    format!("{:#?}", (functions, calls.threads(), calls.processes()))
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
        let top: Option<(SpanId, bool)> = stacks[thread as usize].last().copied();
        match (what, top) {
            (0..=9, _) => {
                let name = ["a", "b", "c", "Stage"][what as usize % 4];
                stacks[thread as usize].push((scenario.start(thread, name), false));
            }
            (10..=17, Some((_, false))) => {
                let outcome = if what == 17 { Outcome::Err } else { Outcome::Ok };
                scenario.end(thread, outcome);
                stacks[thread as usize].pop();
            }
            (10..=17, Some((task, true))) => {
                scenario.exit(thread, task);
                stacks[thread as usize].pop();
            }
            (18, Some((_, false))) => {
                scenario.end(thread, Outcome::Unknown);
                stacks[thread as usize].pop();
            }
            (19, _) => tasks.push(scenario.start_async(thread, "task")),
            (20, _) => tasks.push(scenario.start_async(thread, "Task")),
            (21, _) if !tasks.is_empty() => {
                let task = tasks[0];
                scenario.enter(thread, task);
                stacks[thread as usize].push((task, true));
            }
            // None ends while it is polled.
            (22, _) if tasks.len() > 3 && !stacks.iter().flatten().any(|(s, _)| *s == tasks[0]) => {
                scenario.end_async(thread, tasks.remove(0), Outcome::Ok);
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
            (27, _) if stacks[thread as usize].len() > 1 => {
                let stack = &stacks[thread as usize];
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
    fn parts_add_up_to_what_entries_do(
        acts in prop::collection::vec(
            (0..3_u32, 0..29_u32, prop_oneof![0..2_000_u64, 0..200_000_000_u64]),
            0..200,
        ),
        at_once in 1..50_usize,
    ) {
        let scenario = scenario(&acts);
        let (mut one_by_one, mut in_parts) = (All::new(), All::new());
        let (mut stacks, mut beside) = (Stacks::default(), Beside::new());
        for entries in scenario.entries.chunks(at_once) {
            let first = entries[0].offset;
            let mut encoder = Encoder::new(first);
            for entry in entries {
                let &Entry { thread, time, ref what, .. } = entry;
                encoder.push(thread, Position(1), stacks.of(entry), time, what);
                stacks.apply(entry);
            }
            encoder.seal();
            let (_, bytes) = encoder.sealed();
            let told = decode(bytes, first).unwrap();
            for entry in &told {
                one_by_one.apply(&scenario.names, entry);
            }
            let parts = decode_parts(bytes, first).unwrap();
            prop_assert_eq!(parts.entries(), entries.len() as u64);
            let mut next = first;
            for part in parts.iter() {
                prop_assert_eq!(part.first(), next);
                next = part.next();
                in_parts.apply_part(&scenario.names, part);
            }
            beside.apply(&scenario.names, bytes, first);
            prop_assert_eq!(told.len(), entries.len());
        }
        for (calls, counted) in one_by_one.calls.iter().zip(beside.all(&scenario.names)) {
            prop_assert_eq!(rolled_up(calls), rolled_up(&counted));
        }
        prop_assert_eq!(one_by_one.told(scenario.now), in_parts.told(scenario.now));
    }
}
