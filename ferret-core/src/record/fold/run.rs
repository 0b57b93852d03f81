//! The short way of what most of a log is: spans of a thread's own that begin, and end well, one inside
//! the other. It does what the long way does ([`Fold::event`]), without asking what else there may be.

use super::{Fold, ThreadFold};
use crate::event::{CallsiteId, LogTime, Position, Sink};
use crate::record::raw::{self, Kind, Slot};

impl<S: Sink> Fold<S> {
    /// Folds what there is of such events at the front of `slots`, whose first is at `first`; how many
    /// slots that were. What it stops at goes the long way.
    pub(in crate::record) fn run(
        &mut self,
        thread: &mut ThreadFold,
        first: Position,
        slots: &[Slot],
    ) -> usize {
        if !thread.is_plain() {
            return 0;
        }
        let mut position = first;
        for (count, slot) in slots.iter().enumerate() {
            let (word, argument) = raw::halves(*slot);
            if raw::is(word, Kind::Start) {
                let time = self.time(thread, slot[0]);
                self.start_below_top(thread, position, time, raw::callsite(word));
            } else if raw::is(word, Kind::EndOk) && thread.is_top(argument) {
                let time = self.time(thread, slot[0]);
                self.end_top(thread, position, time);
            } else {
                return count;
            }
            position = position.next();
        }
        slots.len()
    }

    #[inline]
    fn start_below_top(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        callsite: CallsiteId,
    ) {
        let path = self.path(thread.stack.path(), callsite);
        self.note_stage(callsite);
        self.sink.start(thread.id, position, &thread.stack, time, path);
        self.push(thread, position, time, path);
    }

    #[inline]
    fn end_top(&mut self, thread: &mut ThreadFold, position: Position, time: LogTime) {
        self.sink.end_ok(thread.id, position, &thread.stack, time);
        self.open_spans = self.open_spans.saturating_sub(1);
        if let Some(frame) = thread.close_top(time) {
            self.note_stage_path(frame.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ThreadId;
    use crate::record::clock::ClockMap;
    use crate::record::raw::{Head, head};
    use crate::record::tests::{INNER, List, OUTER, TASK, TURN};
    use proptest::prelude::*;

    /// What a thread does.
    #[derive(Clone, Debug)]
    enum Act {
        Start(bool),
        /// The frame so many below the innermost ends.
        End(usize, Kind),
        /// A span ends that never began.
        EndOfNone,
        Mark,
        TaskStart,
        Enter,
        Exit,
        Alloc,
    }

    fn acts() -> impl Strategy<Value = Vec<(Act, i64)>> {
        let below = prop_oneof![9 => Just(0_usize), 1 => 1..4_usize];
        let kind = prop_oneof![9 => Just(Kind::EndOk), 1 => Just(Kind::EndErr)];
        let act = prop_oneof![
            9 => any::<bool>().prop_map(Act::Start),
            9 => (below, kind).prop_map(|(below, kind)| Act::End(below, kind)),
            1 => Just(Act::EndOfNone),
            1 => Just(Act::Mark),
            1 => Just(Act::TaskStart),
            1 => Just(Act::Enter),
            1 => Just(Act::Exit),
            1 => Just(Act::Alloc),
        ];
        proptest::collection::vec((act, -20..2_000_i64), 1..200)
    }

    /// The slots of a thread, from position 0.
    fn slots(acts: &[(Act, i64)]) -> Vec<Slot> {
        let (outer, inner, task) = (OUTER.id(), INNER.id(), TASK.id());
        let mut slots: Vec<Slot> = Vec::new();
        let (mut open, mut polled, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
        let mut ticks = 1_000_000_u64;
        for (act, step) in acts {
            ticks = ticks.saturating_add_signed(*step);
            let at = raw::short(slots.len() as u64);
            match act {
                Act::Start(is_outer) => {
                    let callsite = if *is_outer { outer } else { inner };
                    open.push(at);
                    slots.push(head(ticks, Kind::Start, callsite, 0));
                }
                Act::End(below, kind) => {
                    let Some(index) = open.len().checked_sub(1 + below) else { continue };
                    slots.push(head(ticks, *kind, 0, open.remove(index)));
                }
                Act::EndOfNone => slots.push(head(ticks, Kind::EndOk, 0, raw::short(1_000_000))),
                Act::Mark => slots.push(head(ticks, Kind::Mark, inner, 0)),
                Act::TaskStart => {
                    tasks.push(slots.len() as u64);
                    slots.push(head(ticks, Kind::TaskStart, task, 0));
                }
                Act::Enter => {
                    let Some(task) = tasks.last() else { continue };
                    polled.push(at);
                    slots.extend([head(ticks, Kind::Enter, 0, 0), [1, *task]]);
                }
                Act::Exit => {
                    let Some(enter) = polled.pop() else { continue };
                    slots.push(head(ticks, Kind::Exit, 0, enter));
                }
                Act::Alloc => slots.extend([head(0, Kind::Alloc, 0, 0), [70, 30], [1 << 32, 70]]),
            }
        }
        slots
    }

    fn folded(clock: &ClockMap, slots: &[Slot], shortly: bool) -> (List, u64, (u32, u32)) {
        let mut fold = Fold::new(List::default(), clock.clone());
        let mut thread = ThreadFold::new(ThreadId(1));
        let mut at = 0;
        while at < slots.len() {
            let position = Position(at as u64);
            if shortly {
                at += fold.run(&mut thread, position, &slots[at..]);
            }
            let Some(head) = slots.get(at).and_then(|slot| Head::of(*slot)) else { break };
            let (position, end) = (Position(at as u64), at + head.slots());
            assert_eq!(fold.event(&mut thread, position, &head, &slots[at..end], true), Ok(()));
            at = end;
        }
        let (clamped, open) = (fold.clamped, fold.open());
        (fold.sink, clamped, open)
    }

    proptest! {
        #[test]
        fn the_short_way_leads_where_the_long_way_does(acts in acts()) {
            let _turn = TURN.lock();
            let (clock, slots) = (ClockMap::calibrate(), slots(&acts));
            let (long, short) = (folded(&clock, &slots, false), folded(&clock, &slots, true));
            prop_assert_eq!(long.0.entries, short.0.entries);
            prop_assert_eq!((long.1, long.2), (short.1, short.2));
        }
    }
}
