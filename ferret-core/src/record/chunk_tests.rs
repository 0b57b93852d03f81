//! Positions that wrap.

use super::*;
use crate::record::arena::Arena;
use crate::record::flight::Flight;

const WRAP: u64 = 1 << 31;

#[test]
fn no_chunk_has_a_position_that_is_short_for_a_mark() {
    // `SKIPPED` is short for the last position but none before a wrap, `NO_SPAN` for none.
    for (next, capacity, expect) in [
        (0, 252, 0),
        (WRAP - 254, 252, WRAP - 254),
        (WRAP - 253, 252, WRAP),
        (WRAP - 1, 252, WRAP),
        (WRAP, 4_092, WRAP),
        (5 * WRAP - 4_094, 4_092, 5 * WRAP - 4_094),
        (5 * WRAP - 4_093, 4_092, 5 * WRAP),
    ] {
        let base = next_base(next, capacity);
        assert_eq!(base, expect, "{next}");
        let last = base + u64::from(capacity);
        assert!((base..last).all(|position| short(position) < SKIPPED), "{next}");
        assert_eq!(between(short(base), short(last)), capacity, "{next}");
    }
}

#[test]
fn the_last_chunk_before_a_wrap_is_written_and_read_like_any_other() {
    let arena = Arena::new(Flight::private(0).unwrap());
    let chunk = arena.chunk(arena.first().unwrap());
    let base = WRAP - 1 - u64::from(chunk.capacity()) - 1;
    assert_eq!(next_base(base, chunk.capacity()), base);
    chunk.claim(7, 0, base);
    let cursor = Cursor::new();
    cursor.take(chunk);
    for number in 0..u64::from(chunk.capacity()) {
        assert_eq!(cursor.place(), Some((7, base + number)));
        cursor.push(cursor.room_to_end().unwrap(), [number, number]);
    }
    assert!(cursor.room_to_end().is_none());
    let slots = chunk.published_from(0);
    assert_eq!(slots.len(), chunk.capacity() as usize);
    assert!(slots.iter().zip(0..).all(|(slot, number)| *slot == [number, number]));
}
