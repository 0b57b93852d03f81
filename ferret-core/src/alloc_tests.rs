//! The header's arithmetic, and what the wrapper makes of hard layouts.

use super::*;
use proptest::prelude::*;

fn layouts() -> impl Strategy<Value = Layout> {
    let size = prop_oneof![0..100_usize, 0..isize::MAX.unsigned_abs(), Just(isize::MAX as usize)];
    (size, 0..40_u32).prop_filter_map("no layout", |(size, shift)| {
        Layout::from_size_align(size, 1 << shift).ok()
    })
}

proptest! {
    #[test]
    fn a_header_fits_before_memory_that_is_as_large_and_as_aligned_as_asked(layout in layouts()) {
        let limit = isize::MAX.unsigned_abs() as u128;
        let offset = layout.align().max(8);
        let rounded = (layout.size() as u128 + offset as u128).next_multiple_of(offset as u128);
        match Wrapped::around(layout) {
            Some(wrapped) => {
                prop_assert!(wrapped.offset >= HEADER_BYTES);
                prop_assert_eq!(wrapped.offset % layout.align(), 0);
                prop_assert_eq!((wrapped.offset - HEADER_BYTES) % align_of::<Owner>(), 0);
                prop_assert_eq!(wrapped.layout.align() % layout.align(), 0);
                prop_assert_eq!(wrapped.layout.size() - wrapped.offset, layout.size());
                prop_assert!(rounded <= limit);
            }
            None => prop_assert!(rounded > limit),
        }
    }
}

/// Fills memory of this layout, lets it grow and shrink, and looks whether what was in it stays.
#[track_caller]
#[expect(unsafe_code, reason = "an allocator is called by hand")]
fn check(layout: Layout, new_size: usize) {
    let alloc = Alloc::system();
    // SAFETY: the layout is not empty; so for all below.
    let memory = unsafe { alloc.alloc_zeroed(layout) };
    assert!(!memory.is_null() && memory.addr().is_multiple_of(layout.align()));
    let at = |index: usize| memory.wrapping_add(index);
    for index in 0..layout.size() {
        // SAFETY: inside the memory.
        assert_eq!(unsafe { at(index).read() }, 0);
        // SAFETY: inside the memory.
        unsafe { at(index).write(index.to_le_bytes()[0]) };
    }
    // SAFETY: allocated above with that layout.
    let moved = unsafe { alloc.realloc(memory, layout, new_size) };
    assert!(!moved.is_null() && moved.addr().is_multiple_of(layout.align()));
    for index in 0..layout.size().min(new_size) {
        // SAFETY: inside the memory, which is as large now.
        assert_eq!(unsafe { moved.wrapping_add(index).read() }, index.to_le_bytes()[0]);
    }
    let layout = Layout::from_size_align(new_size, layout.align()).expect("a layout");
    // SAFETY: it has that layout now.
    unsafe { alloc.dealloc(moved, layout) };
}

#[test]
fn memory_is_aligned_and_kept_when_it_grows_and_shrinks() {
    for align in [1, 2, 8, 16, 64, 4096] {
        for (size, new_size) in [(1, 9), (64, 8), (100, 5_000), (5_000, 100)] {
            check(Layout::from_size_align(size, align).unwrap(), new_size);
        }
    }
}

#[test]
#[expect(unsafe_code, reason = "an allocator is called by hand")]
fn what_cannot_be_allocated_is_null_and_the_old_memory_stays() {
    let alloc = Alloc::system();
    let huge = Layout::from_size_align(isize::MAX.unsigned_abs() - 3, 1).unwrap();
    // SAFETY: the layout is not empty.
    assert!(unsafe { alloc.alloc(huge) }.is_null());
    let layout = Layout::new::<[u8; 3]>();
    // SAFETY: the layout is not empty.
    let memory = unsafe { alloc.alloc(layout) };
    // SAFETY: inside the memory.
    unsafe { memory.write(7) };
    // SAFETY: allocated above with that layout; the new size, rounded up, is within bounds.
    assert!(unsafe { alloc.realloc(memory, layout, huge.size()) }.is_null());
    // SAFETY: still allocated.
    assert_eq!(unsafe { memory.read() }, 7);
    // SAFETY: as before.
    unsafe { alloc.dealloc(memory, layout) };
}
