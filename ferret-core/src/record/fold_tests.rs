//! The same raw events folded the short way and the long way. What the log makes of them is tried in
//! `recorded_tests`.

use super::clock::ClockMap;
use super::fold::{Fold, ThreadFold};
use super::raw::{HERE, Head, Kind, Slot, head, short};
use super::tests::{INNER, List, OUTER, TASK, TURN};
use super::{Callsite, values};
use crate::event::{CallsiteKind, Outcome, Position, Sink, ThreadId};
#[cfg(feature = "read")]
use crate::event::{LogEntry, LogTime};
use proptest::prelude::*;

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
    Count,
    /// So many tags of the innermost frame, each of another key.
    Tags(u8),
    TaskStart,
    Enter,
    Exit,
    /// Also of a task that is entered.
    TaskEnd,
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
    let span = prop_oneof![9 => Just(Span::Outer), 9 => Just(Span::Inner), 1 => Just(Span::Stage)];
    let act = prop_oneof![
        18 => span.prop_map(Act::Start),
        18 => (below(), outcome).prop_map(|(below, outcome)| Act::End(below, outcome)),
        1 => (1..80_u8).prop_map(Act::Deep),
        1 => (1..80_u8).prop_map(Act::Rise),
        1 => Just(Act::EndOfNone),
        1 => Just(Act::Mark),
        1 => Just(Act::Count),
        1 => (1..40_u8).prop_map(Act::Tags),
        2 => Just(Act::TaskStart),
        2 => Just(Act::Enter),
        2 => Just(Act::Exit),
        1 => Just(Act::TaskEnd),
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
    /// Positions of the tasks.
    tasks: Vec<u64>,
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

    fn act(&mut self, act: &Act, ticks: u64) {
        match *act {
            Act::Start(span) => self.start(ticks, span),
            Act::Deep(count) => (0..count).for_each(|_| self.start(ticks, Span::Inner)),
            Act::Rise(count) => (0..count).for_each(|_| self.end(ticks, Kind::EndOk, 0)),
            Act::End(below, outcome) => self.end(ticks, Kind::end(outcome), below),
            Act::EndOfNone => self.slots.push(head(ticks, Kind::EndOk, 0, short(1_000_000))),
            Act::Mark => self.slots.push(head(ticks, Kind::Mark, INNER.id(), 0)),
            Act::Count => {
                let key = INNER.id();
                self.slots.extend([head(ticks, Kind::Counter, key, 0), [1_f64.to_bits(), 0]]);
            }
            Act::Tags(count) => {
                for key in 0..u32::from(count) {
                    let argument = (1 << 24) | 8;
                    self.slots.extend([head(ticks, Kind::Tag, 1_000 + key, argument), [1, 0]]);
                }
            }
            Act::TaskStart => {
                self.tasks.push(self.position());
                self.slots.push(head(ticks, Kind::TaskStart, TASK.id(), 0));
            }
            Act::Enter => {
                if let Some(task) = self.tasks.last().copied() {
                    self.enter(ticks, task);
                }
            }
            Act::Exit => {
                if let Some(opener) = self.entered.pop() {
                    self.slots.push(head(ticks, Kind::Exit, 0, opener));
                }
            }
            Act::TaskEnd => {
                if let Some(task) = self.tasks.pop() {
                    self.slots.extend([head(ticks, Kind::TaskOk, 0, 0), [1, task]]);
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

/// What became of the slots beside the entries: times that went back, spans open, and whether there was
/// a stage.
fn fold<S: Sink>(sink: S, clock: &ClockMap, slots: &[Slot], shortly: bool) -> (S, impl PartialEq) {
    let mut fold = Fold::new(sink, clock.clone());
    let mut thread = ThreadFold::new(ThreadId(1));
    let mut at = 0;
    while at < slots.len() {
        if shortly {
            at += fold.run(&mut thread, Position(at as u64), &slots[at..]);
        }
        let Some(head) = slots.get(at).and_then(|slot| Head::of(*slot)) else { break };
        let (position, end) = (Position(at as u64), at + head.slots());
        assert_eq!(fold.event(&mut thread, position, &head, &slots[at..end], true), Ok(()));
        at = end;
    }
    fold.settle(&mut thread);
    fold.write_numbers(&mut thread, Position(at as u64));
    let rest = (fold.clamped, fold.open(), fold.take_stage_changed());
    (fold.sink, rest)
}

/// An entry without its offset: thread, time, what.
#[cfg(feature = "read")]
type Told = (ThreadId, LogTime, LogEntry);

/// What the acts are folded to the long way; and the same told to `sink`, by either way.
#[cfg(feature = "read")]
pub(crate) fn folded<S: Sink>(acts: &[(Act, i64)], sink: S, shortly: bool) -> (Vec<Told>, S) {
    let _turn = TURN.lock();
    values::begin(true);
    let (clock, slots) = (ClockMap::calibrate(), slots(acts));
    let (list, _) = fold(List::default(), &clock, &slots, false);
    let told = list.entries.into_iter().map(|(thread, _, time, what)| (thread, time, what));
    (told.collect(), fold(sink, &clock, &slots, shortly).0)
}

proptest! {
    #[test]
    fn the_short_way_leads_where_the_long_way_does(acts in acts()) {
        let _turn = TURN.lock();
        values::begin(true);
        let (clock, slots) = (ClockMap::calibrate(), slots(&acts));
        let (long, rest) = fold(List::default(), &clock, &slots, false);
        let (short, short_rest) = fold(List::default(), &clock, &slots, true);
        prop_assert_eq!(&long.entries, &short.entries);
        prop_assert!(rest == short_rest);
    }
}
