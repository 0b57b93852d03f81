//! What a span costs here: measured once, when a recording begins, in some 50 µs of the thread that
//! starts it.
//!
//! Spans with nothing in them are recorded, by the very code that annotations expand to, into a
//! chunk that no recorder will read. Their own times say it all: from START to END is what a span
//! adds to its own time, from END to the next START what it adds to that of its parent. To measure
//! with a clock around them was rejected: it gives the sum alone, and a report needs the parts.

use super::Callsite;
use super::arena::Arena;
use super::chunk::{Chunk, Cursor};
use super::clock::{self, ClockPair};
use super::guard::enter;
use super::local::Local;
use super::raw::Slot;
use crate::event::{Outcome, SpanCost};

static EMPTY: Callsite = Callsite::unheard("<empty>");

/// Spans of a round: no more than the STARTs and ENDs that a thread's first chunk has room for.
const SPANS: usize = 64;
/// Rounds, of which the median counts: the first find no cache warm, and some are interrupted.
const ROUNDS: usize = 15;

/// Ticks that the spans of a round took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Round {
    /// From each START to its END.
    inner: u64,
    /// From each END to the next START.
    outer: u64,
}

/// Measures it on the calling thread, whose own spans are left alone. None if there is no chunk to
/// be had, or time stood still. A recording is on.
pub(super) fn measure(arena: &Arena) -> Option<SpanCost> {
    let index = arena.first()?;
    let chunk = arena.chunk(index);
    let mut rounds = [Round::default(); ROUNDS];
    let from = ClockPair::read();
    for round in &mut rounds {
        record(chunk);
        *round = Round::of(chunk.published_from(0));
    }
    let to = ClockPair::read();
    arena.recycle(index);
    rounds.sort_unstable_by_key(|round| round.inner + round.outer);
    rounds[ROUNDS / 2].cost(from, to)
}

/// Fills the chunk anew.
fn record(chunk: Chunk) {
    chunk.claim(0, 0, 0);
    let cursor = Cursor::new();
    cursor.take(chunk);
    if !clock::is_fast() {
        cursor.shut();
    }
    Local::diverted(&cursor, || {
        for _ in 0..SPANS {
            enter(&EMPTY).finish(Outcome::Ok);
        }
    });
}

impl Round {
    /// Of a START and an END in turn.
    fn of(slots: &[Slot]) -> Self {
        let between = |from: &Slot, to: &Slot| to[0].saturating_sub(from[0]);
        let mut round = Self::default();
        for (index, pair) in slots.windows(2).enumerate() {
            let part = if index % 2 == 0 { &mut round.inner } else { &mut round.outer };
            *part += between(&pair[0], &pair[1]);
        }
        round
    }

    /// What one span takes, if ticks passed as they did between the two readings.
    fn cost(self, from: ClockPair, to: ClockPair) -> Option<SpanCost> {
        let (ticks, ns) = (to.ticks.checked_sub(from.ticks)?, to.time.since(from.time));
        let ps = |part: u64, times: usize| {
            let ps = u128::from(part) * u128::from(ns) * 1_000;
            let ps = ps.checked_div(u128::from(ticks) * times as u128)?;
            // Beyond 4 ms it is no cost, but a machine that stood still.
            u32::try_from(ps).ok()
        };
        let cost =
            SpanCost { inner_ps: ps(self.inner, SPANS)?, outer_ps: ps(self.outer, SPANS - 1)? };
        (cost != SpanCost::default()).then_some(cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::LogTime;
    use crate::options::Overflow;
    use crate::record::clock::WITHOUT_TSC;
    use crate::record::engine::Engine;
    use crate::record::flight::Flight;
    use crate::record::tests::{INNER, OUTER, TURN, record};
    use std::sync::atomic::Ordering;

    fn measured(tsc: bool) -> SpanCost {
        let _turn = TURN.lock();
        WITHOUT_TSC.store(!tsc, Ordering::Relaxed);
        let engine = Engine::new(Overflow::Drop, Flight::private(0).unwrap());
        engine.switch_on();
        let cost = Local::unrecorded(|| measure(&engine.arena));
        engine.switch_off();
        WITHOUT_TSC.store(false, Ordering::Relaxed);
        assert!(engine.is_unused(), "the thread has joined no recording");
        cost.unwrap()
    }

    #[test]
    fn both_parts_are_what_they_can_be() {
        for cost in [measured(true), measured(false)] {
            // A clock cannot be read in less than a nanosecond, nor does any take a microsecond.
            let parts = [cost.inner_ps, cost.outer_ps];
            assert!(parts.iter().all(|ps| (1_000..5_000_000).contains(ps)), "{cost:?}");
        }
    }

    #[test]
    fn a_round_is_divided_between_the_spans_and_what_is_around_them() {
        let slots: Vec<Slot> = [100, 130, 150, 190, 210].map(|ticks| [ticks, 0]).to_vec();
        assert_eq!(Round::of(&slots[..4]), Round { inner: 70, outer: 20 });
        let pair = |ticks, ns| ClockPair { ticks, time: LogTime(ns) };
        let round = Round { inner: 64 * 30, outer: 63 * 20 };
        let cost = round.cost(pair(1_000, 5), pair(4_000, 1_005));
        assert_eq!(cost, Some(SpanCost { inner_ps: 10_000, outer_ps: 6_666 }));
        assert_eq!(round.cost(pair(1_000, 5), pair(1_000, 5)), None);
        assert_eq!(Round::default().cost(pair(1_000, 5), pair(4_000, 1_005)), None);
    }

    /// A thread that starts a recording from inside a span goes on with it.
    #[test]
    fn the_spans_of_the_thread_that_measures_are_left_alone() {
        let list = record(|| {
            let _outer = enter(&OUTER);
            let engine = Engine::current().unwrap();
            assert!(Local::unrecorded(|| measure(&engine.arena)).is_some());
            enter(&INNER).finish(Outcome::Ok);
        });
        let expect =
            ["1 start outer", "1 start inner in outer", "1 end inner Ok", "1 end outer Ok"];
        assert_eq!(list.script()[..4], expect);
    }
}
