//! Cells and table, without an allocator around them. The table is the process's own, so each test
//! has owners of its own.

use super::cells::SPILL_BYTES;
use super::table::live;
use super::*;
use crate::event::CallsiteId;

/// What lives of a callsite, and the most that did.
fn living(callsite: u32) -> (u64, u64, u64) {
    let live = live(4_000).find(|(id, _)| *id == CallsiteId(callsite)).map(|(_, live)| live);
    live.map_or((0, 0, 0), |live| (live.bytes, live.count, live.peak_bytes))
}

#[test]
fn a_peak_between_two_looks_is_not_missed() {
    let cells = HeapCells::new();
    let frame = cells.open(Owner::of(3_001));
    let owner = cells.allocate(500);
    cells.free(owner, 500);
    cells.allocate(20);
    assert_eq!(living(3_001), (0, 0, 0), "it is in the cells");
    cells.spill();
    assert_eq!(living(3_001), (20, 1, 500));
    cells.close(frame);
}

#[test]
fn cells_are_spilled_before_they_say_too_little() {
    let cells = HeapCells::new();
    let frame = cells.open(Owner::of(3_002));
    let one = SPILL_BYTES.unsigned_abs() / 4;
    for _ in 0..5 {
        assert_eq!(cells.allocate(one), Owner::of(3_002));
    }
    assert_eq!(living(3_002), (5 * one, 5, 5 * one));
    (0..5).for_each(|_| cells.free(Owner::of(3_002), one));
    assert_eq!(living(3_002), (0, 0, 5 * one));
    cells.close(frame);
}

#[test]
fn frames_that_close_in_any_order_leave_the_owner_of_those_that_are_open() {
    let cells = HeapCells::new();
    let owner = || cells.allocate(0);
    let [a, b, c] = [3_003, 3_004, 3_005].map(|id| cells.open(Owner::of(id)));
    cells.close(a);
    assert_eq!(owner(), Owner::of(3_005));
    cells.close(b);
    let d = cells.open(Owner::of(3_006));
    cells.close(c);
    assert_eq!(owner(), Owner::of(3_006));
    cells.spill();
    cells.close(d);
    assert_eq!(owner(), Owner::OUTSIDE);
    let [a, b] = [3_003, 3_004].map(|id| cells.open(Owner::of(id)));
    cells.close(b);
    assert_eq!(owner(), Owner::of(3_003));
    cells.close(a);
    assert_eq!(owner(), Owner::OUTSIDE);
}

#[test]
fn callsites_that_are_too_many_share_an_owner() {
    assert_eq!(Owner::of(u32::MAX), Owner::of(1 << 20));
    assert_ne!(Owner::of(1 << 20), Owner::of(1 << 11));
}

#[test]
fn what_ferret_allocates_is_nobodys() {
    let before = Local::with(|local| local.heap.is_kept_out());
    let outer = keep_out();
    let inner = keep_out();
    drop(inner);
    assert!(Local::with(|local| local.heap.is_kept_out()));
    drop(outer);
    assert_eq!(Local::with(|local| local.heap.is_kept_out()), before);
}

/// A recording told of the gigabyte that the one before it had once.
#[test]
fn a_recording_begins_with_what_lives_as_the_most() {
    let cells = HeapCells::new();
    let frame = cells.open(Owner::of(3_020));
    let owner = cells.allocate(1 << 30);
    cells.free(owner, 1 << 30);
    cells.allocate(20);
    cells.spill();
    assert_eq!(living(3_020), (20, 1, 1 << 30));
    super::table::begin(3_500);
    assert_eq!(living(3_020), (20, 1, 20));
    cells.close(frame);
}
