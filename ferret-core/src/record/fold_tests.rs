//! The same raw events folded the short way and the long way, with all spans written and with few. What the log makes
//! of them is tried in `recorded_tests`.

use super::budget::Budget;
use super::clock::ClockMap;
use super::fold::{Fold, ThreadFold};
use super::raw::{HERE, Head, Kind, Slot, head, short, with_polls};
use super::tests::{INNER, List, OUTER, TASK, TURN};
use super::{Callsite, values};
use crate::event::{
    CallsiteKind, LogEntry, LogTime, Outcome, PathId, Position, Sink, Summary, ThreadId,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

static STAGE: Callsite = Callsite::new("stage", "m", "f.rs", 6, CallsiteKind::Stage);

/// What a thread does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Start(Span),
    /// As many frames, one in the other, as a keyframe does not tell of all.
    Deep(u8),
    /// As many of the innermost end.
    Rise(u8),
    /// The frame so many below the innermost ends.
    End(usize, Outcome),
    /// A span ends that never began.
    EndOfNone,
    Mark,
    Progress,
    Count,
    /// So many tags of the innermost frame, each of another key.
    Tags(u8),
    TaskStart,
    /// One is made that begins when it is first entered.
    Create,
    Enter,
    Exit,
    /// Also of a task that is entered. Whether it tells of its polls.
    TaskEnd(Outcome, bool),
    /// So many tags of the last task, entered or not.
    TagTask(u8),
    /// A place is made, and entered until the next exit.
    Place,
    Alloc,
    /// Spans were lost, and the ENDs of what was opened behind the frame so many below the innermost.
    Lost(usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Span {
    Outer,
    Inner,
    Stage,
}

pub(crate) fn acts() -> impl Strategy<Value = Vec<(Act, i64)>> {
    let below = || prop_oneof![9 => Just(0_usize), 1 => 1..4_usize];
    let outcome = prop_oneof![
        9 => Just(Outcome::Ok),
        1 => Just(Outcome::Err),
        1 => Just(Outcome::Panicked),
    ];
    let end_of_task = prop_oneof![
        5 => Just(Outcome::Ok),
        1 => Just(Outcome::Err),
        1 => Just(Outcome::Panicked),
        1 => Just(Outcome::Cancelled),
    ];
    let span = prop_oneof![9 => Just(Span::Outer), 9 => Just(Span::Inner), 1 => Just(Span::Stage)];
    let act = prop_oneof![
        18 => span.prop_map(Act::Start),
        18 => (below(), outcome).prop_map(|(below, outcome)| Act::End(below, outcome)),
        1 => (1..80_u8).prop_map(Act::Deep),
        1 => (1..80_u8).prop_map(Act::Rise),
        1 => Just(Act::EndOfNone),
        1 => Just(Act::Mark),
        2 => Just(Act::Progress),
        1 => Just(Act::Count),
        1 => (1..40_u8).prop_map(Act::Tags),
        3 => Just(Act::TaskStart),
        1 => Just(Act::Create),
        5 => Just(Act::Enter),
        5 => Just(Act::Exit),
        3 => (end_of_task, any::<bool>()).prop_map(|(how, tells)| Act::TaskEnd(how, tells)),
        1 => (1..40_u8).prop_map(Act::TagTask),
        1 => Just(Act::Place),
        1 => Just(Act::Alloc),
        1 => below().prop_map(Act::Lost),
    ];
    proptest::collection::vec((act, -20..2_000_i64), 1..300)
}

/// A thread that writes its slots, from position 0.
#[derive(Debug, Default)]
struct Thread {
    slots: Vec<Slot>,
    /// Short positions of the spans that are open.
    open: Vec<u32>,
    /// Those of the ENTERs.
    entered: Vec<u32>,
    /// Positions of the tasks, whether they have begun, and how often they were entered.
    tasks: Vec<(u64, bool, u32)>,
}

impl Thread {
    fn position(&self) -> u64 {
        self.slots.len() as u64
    }

    fn start(&mut self, ticks: u64, span: Span) {
        let callsite = match span {
            Span::Outer => OUTER.id(),
            Span::Inner => INNER.id(),
            Span::Stage => STAGE.id(),
        };
        self.open.push(short(self.position()));
        self.slots.push(head(ticks, Kind::Start, callsite, 0));
    }

    fn end(&mut self, ticks: u64, kind: Kind, below: usize) {
        if let Some(index) = self.open.len().checked_sub(1 + below) {
            let opener = self.open.remove(index);
            self.slots.push(head(ticks, kind, 0, opener));
        }
    }

    fn enter(&mut self, ticks: u64, task: u64) {
        self.entered.push(short(self.position()));
        self.slots.extend([head(ticks, Kind::Enter, 0, 0), [1, task]]);
    }

    /// Tags of so many keys, of the innermost span or of a task.
    fn tags(&mut self, ticks: u64, count: u8, kind: Kind, task: Option<Slot>) {
        for key in 0..u32::from(count) {
            self.slots.push(head(ticks, kind, 1_000 + key, (1 << 24) | 8));
            self.slots.extend(task.into_iter().chain([[1, 0]]));
        }
    }

    fn act(&mut self, act: &Act, ticks: u64) {
        match *act {
            Act::Start(span) => self.start(ticks, span),
            Act::Deep(count) => (0..count).for_each(|_| self.start(ticks, Span::Inner)),
            Act::Rise(count) => (0..count).for_each(|_| self.end(ticks, Kind::EndOk, 0)),
            Act::End(below, outcome) => self.end(ticks, Kind::end(outcome), below),
            Act::EndOfNone => self.slots.push(head(ticks, Kind::EndOk, 0, short(1_000_000))),
            Act::Mark => self.slots.push(head(ticks, Kind::Mark, INNER.id(), 0)),
            Act::Progress => {
                let done = self.position();
                self.slots.extend([head(ticks, Kind::Progress, 0, 0), [done, 0]]);
            }
            Act::Count => {
                let key = INNER.id();
                self.slots.extend([head(ticks, Kind::Counter, key, 0), [1_f64.to_bits(), 0]]);
            }
            Act::Tags(count) => self.tags(ticks, count, Kind::Tag, None),
            Act::TaskStart => {
                self.tasks.push((self.position(), true, 0));
                self.slots.push(head(ticks, Kind::TaskStart, TASK.id(), 0));
            }
            Act::Create => {
                self.tasks.push((self.position(), false, 0));
                self.slots.extend([head(ticks, Kind::Created, TASK.id(), 0), HERE]);
            }
            Act::Enter => {
                if let Some((task, begun, polls)) = self.tasks.last_mut() {
                    let task = *task;
                    *polls += 1;
                    if !std::mem::replace(begun, true) {
                        self.slots.extend([head(ticks, Kind::TaskBegin, 0, 0), [1, task]]);
                    }
                    self.enter(ticks, task);
                }
            }
            Act::Exit => {
                if let Some(opener) = self.entered.pop() {
                    self.slots.push(head(ticks, Kind::Exit, 0, opener));
                }
            }
            Act::TaskEnd(outcome, tells) => {
                if let Some((task, _, polls)) = self.tasks.pop() {
                    let task = with_polls([1, task], if tells { polls } else { 0 });
                    self.slots.extend([head(ticks, Kind::task_end(outcome), 0, 0), task]);
                }
            }
            Act::TagTask(count) => {
                if let Some((task, ..)) = self.tasks.last() {
                    self.tags(ticks, count, Kind::TagOf, Some([1, *task]));
                }
            }
            Act::Place => {
                let place = self.position();
                self.slots.extend([head(ticks, Kind::Created, 0, 0), HERE]);
                self.enter(ticks, place);
            }
            Act::Alloc => self.slots.extend([head(0, Kind::Alloc, 0, 0), [70, 30], [1 << 32, 70]]),
            Act::Lost(below) => {
                if let Some(index) = self.open.len().checked_sub(1 + below) {
                    let top = self.open[index];
                    self.open.truncate(index + 1);
                    self.slots.extend([head(ticks, Kind::Dropped, 1, top), [3, 100]]);
                }
            }
        }
    }
}

fn slots(acts: &[(Act, i64)]) -> Vec<Slot> {
    let mut thread = Thread::default();
    let mut ticks = 1_000_000_u64;
    for (act, step) in acts {
        ticks = ticks.saturating_add_signed(*step);
        thread.act(act, ticks);
    }
    thread.slots
}

/// How slots are folded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct How {
    /// The short way where there is one.
    shortly: bool,
    /// So many spans are written, and as many more behind each look; none: all.
    most: Option<u64>,
    /// Slots that a look finds.
    look: usize,
}

pub(crate) fn how() -> impl Strategy<Value = How> {
    let most = prop_oneof![Just(None), (1..20_u64).prop_map(Some)];
    let of = |(shortly, most, look)| How { shortly, most, look };
    (any::<bool>(), most, 1..100_usize).prop_map(of)
}

/// What became of the slots beside the entries: times that went back, spans open, and whether there was
/// a stage.
fn fold<S: Sink>(sink: S, clock: &ClockMap, slots: &[Slot], how: How) -> (S, impl PartialEq) {
    let mut fold = Fold::new(sink, clock.clone());
    fold.budget = Budget::new(how.most);
    let mut thread = ThreadFold::new(ThreadId(1));
    let mut at = 0;
    let mut looks = 0;
    while at < slots.len() {
        if how.most.is_some() && at >= looks * how.look {
            // A commit, every other time, and half a second later the next look.
            if looks % 2 == 1 {
                commits(&mut fold, &mut thread, Position(at as u64));
            }
            looks = at / how.look + 1;
            if fold.budget.fill(LogTime(looks as u64 * 500_000_000)) {
                let every =
                    fold.budget.turn(LogTime(0), &mut thread.held.seen().collect::<Vec<_>>());
                thread.held.turn(every, false);
            }
        }
        if how.shortly {
            // Up to the end of the look, wherever that is.
            let end = slots.len().min((at + 1).next_multiple_of(how.look.max(1)));
            let folded = fold.run(&mut thread, Position(at as u64), &slots[at..end]);
            if folded > 0 {
                at += folded;
                continue;
            }
        }
        let Some(head) = slots.get(at).and_then(|slot| Head::of(*slot)) else { break };
        let (position, end) = (Position(at as u64), at + head.slots());
        assert_eq!(fold.event(&mut thread, position, &head, &slots[at..end], true), Ok(()));
        at = end;
    }
    fold.settle(&mut thread);
    fold.write_numbers(&mut thread, Position(at as u64));
    for _ in 0..3 {
        commits(&mut fold, &mut thread, Position(at as u64));
    }
    let rest = (fold.clamped, fold.open(), fold.take_stage_changed());
    (fold.sink, rest)
}

/// What is behind a look, and before a commit.
fn commits<S: Sink>(fold: &mut Fold<S>, thread: &mut ThreadFold, at: Position) {
    fold.round(thread.last_time);
    for counted in fold.take_counted_tasks() {
        fold.count_task(Some(&mut *thread), &counted);
    }
    fold.say_counted(thread, at);
    fold.say_tasks();
}

/// An entry without its offset: thread, time, what.
#[cfg(feature = "read")]
type Told = (ThreadId, LogTime, LogEntry);

/// What the acts are folded to the long way; and the same told to `sink`, as `how` says.
#[cfg(feature = "read")]
pub(crate) fn folded<S: Sink>(acts: &[(Act, i64)], sink: S, how: How) -> (Vec<Told>, S) {
    let _turn = TURN.lock();
    values::begin(true);
    let (clock, slots) = (ClockMap::calibrate(), slots(acts));
    let (list, _) = fold(List::default(), &clock, &slots, How { shortly: false, ..how });
    let told = list.entries.into_iter().map(|(thread, _, time, what)| (thread, time, what));
    (told.collect(), fold(sink, &clock, &slots, how).0)
}

/// What ended of one path: calls, errors, panics, cancelled ones, time, self time, polls, and bytes allocated.
type Sums = BTreeMap<PathId, [u64; 8]>;

/// What the entries of spans add up to.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are of no span that ended")]
fn sums(list: &List) -> Sums {
    let mut sums = Sums::new();
    let mut add = |path: PathId, what: [u64; 8]| {
        let of_path = sums.entry(path).or_default();
        for (sum, more) in of_path.iter_mut().zip(what) {
            *sum += more;
        }
    };
    // The self time of async spans is in their polls.
    let is_sync = |path: PathId| {
        let callsite = list.names().callsite_info(path);
        u64::from(callsite.is_none_or(|callsite| !callsite.kind.is_async()))
    };
    for (_, _, time, what) in &list.entries {
        match what {
            LogEntry::SpanEnd { path, start, child_ns, outcome, .. } => {
                let ns = time.since(*start);
                let [err, panicked, cancelled] =
                    [Outcome::Err, Outcome::Panicked, Outcome::Cancelled]
                        .map(|how| u64::from(*outcome == how));
                let self_ns = ns.saturating_sub(*child_ns) * is_sync(*path);
                add(*path, [1, err, panicked, cancelled, ns, self_ns, 0, 0]);
            }
            LogEntry::Summary(counted) => {
                let Summary { path, calls, errors, panics, cancelled, .. } = **counted;
                let in_buckets: u64 = counted.histogram.iter().map(|(_, count)| count).sum();
                assert_eq!(in_buckets, calls);
                let self_ns = counted.total_ns - counted.child_ns;
                let ns = counted.total_ns;
                add(path, [calls, errors, panics, cancelled, ns, self_ns, 0, 0]);
            }
            LogEntry::Exit { path, busy_ns, child_ns, .. } => {
                add(*path, [0, 0, 0, 0, 0, busy_ns.saturating_sub(*child_ns), 1, 0]);
            }
            LogEntry::Polls { path, busy_ns, child_ns, count, .. } => {
                add(*path, [0, 0, 0, 0, 0, busy_ns - child_ns, *count, 0]);
            }
            LogEntry::Alloc { path, heap, .. } => add(*path, [0, 0, 0, 0, 0, 0, 0, heap.bytes]),
            _ => {}
        }
    }
    sums
}

proptest! {
    #[test]
    fn the_short_way_leads_where_the_long_way_does(acts in acts(), how in how()) {
        let _turn = TURN.lock();
        values::begin(true);
        let (clock, slots) = (ClockMap::calibrate(), slots(&acts));
        let (long, rest) = fold(List::default(), &clock, &slots, How { shortly: false, ..how });
        let (short, short_rest) = fold(List::default(), &clock, &slots, How { shortly: true, ..how });
        prop_assert_eq!(&long.entries, &short.entries);
        prop_assert!(rest == short_rest);
    }

    /// Whether a span is written or counted: the sums are the same, time goes on, and what is written has its
    /// parent.
    #[test]
    fn what_is_counted_adds_up_to_what_would_have_been_written(acts in acts(), how in how()) {
        let _turn = TURN.lock();
        values::begin(true);
        let (clock, slots) = (ClockMap::calibrate(), slots(&acts));
        let all = How { most: None, ..how };
        let (written, rest) = fold(List::default(), &clock, &slots, all);
        let (counted, counted_rest) = fold(List::default(), &clock, &slots, how);
        prop_assert_eq!(sums(&written), sums(&counted));
        prop_assert!(rest == counted_rest);
        let mut last = LogTime(0);
        let mut begun = BTreeSet::new();
        for (thread, _, time, what) in &counted.entries {
            if *thread != ThreadId::RECORDER {
                prop_assert!(*time >= last, "{what:?} is before what came before it");
                last = *time;
            }
            if let LogEntry::SpanStart { span, parent, is_async, .. } = what {
                // What an async span was made in may be counted before that ends.
                prop_assert!(*is_async || parent.is_none_or(|parent| begun.contains(&parent)));
                begun.insert(*span);
            }
        }
    }
}
