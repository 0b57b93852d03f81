//! The allocator that says what is allocated: [`Alloc`], a wrapper around any other. All unsafe
//! access to the heap is in this file; who is charged for what is told in `record/heap.rs`.
//!
//! Each allocation begins with a *header*, in front of the memory that the program sees, with the
//! [`Owner`] of the allocation, so that whoever frees it, wherever, takes it off the right account:
//!
//! ```text
//! base                 base + offset - 8     base + offset
//! │ padding            │ owner u32, unused   │ what the program asked for
//! ```
//!
//! `offset` is 8, or the alignment if that is more, so the program's memory is aligned as asked.
//! Rejected: a table of addresses on the side, which costs a lookup at every free, and memory of its
//! own that must come from somewhere.

use crate::record::{Owner, allocated, freed};
use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;

/// A global allocator that attributes what is allocated and freed to the spans that are open.
///
/// What was allocated while a span was innermost is its own, on whatever thread it runs, and the bytes
/// that live are their callsite's until somebody frees them. `ferret analyze` and `ferret watch`
/// show both.
///
/// It passes everything on to another allocator, [`System`] or your own. While nothing is
/// recorded it costs a load and the header: 8 bytes, or the alignment if that is more. With feature
/// `off` it costs nothing at all. Memory that was allocated while nothing was recorded is in no
/// figure, and neither is Ferret's own.
///
/// # Examples
///
/// ```
/// #[global_allocator]
/// static ALLOC: ferret::Alloc = ferret::Alloc::system();
/// # fn main() {}
/// ```
///
/// Around another allocator: `static ALLOC: ferret::Alloc<Other> = ferret::Alloc::new(Other);`
#[derive(Clone, Copy, Debug, Default)]
pub struct Alloc<A = System> {
    inner: A,
}

impl Alloc {
    /// Around the system's allocator.
    pub const fn system() -> Self {
        Self::new(System)
    }
}

impl<A> Alloc<A> {
    /// Around `inner`.
    pub const fn new(inner: A) -> Self {
        Self { inner }
    }
}

/// Bytes of a header.
const HEADER_BYTES: usize = 8;

/// Recording is compiled out: then there are no headers either.
const IS_OFF: bool = cfg!(feature = "off");

/// What is asked of the inner allocator in place of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wrapped {
    layout: Layout,
    /// Where in it the program's memory begins.
    offset: usize,
}

impl Wrapped {
    /// `None` if no allocation can be as large.
    #[inline]
    fn around(layout: Layout) -> Option<Self> {
        let offset = layout.align().max(HEADER_BYTES);
        let size = layout.size().checked_add(offset)?;
        // Refuses what would exceed `isize::MAX` when rounded up to the alignment.
        let layout = Layout::from_size_align(size, offset).ok()?;
        Some(Self { layout, offset })
    }

    /// Writes the header; gives the program's memory, of `size` bytes.
    ///
    /// # Safety
    ///
    /// `base` is an allocation of this layout.
    #[expect(unsafe_code, reason = "the caller vouches for the memory")]
    #[inline]
    unsafe fn begin(self, base: *mut u8, size: usize) -> *mut u8 {
        // SAFETY: `offset` is not more than the size of the allocation.
        let memory = unsafe { base.add(self.offset) };
        // SAFETY: as for `memory`; `offset` is 8 at least.
        let header = unsafe { memory.sub(HEADER_BYTES) };
        #[expect(clippy::cast_ptr_alignment, reason = "base is aligned to offset, both to 8")]
        let header = header.cast::<Owner>();
        // SAFETY: the 8 bytes before `memory` are in the allocation, are aligned to 8, and nobody
        // else knows of them.
        unsafe { header.write(allocated(size)) };
        memory
    }

    /// Where the allocation begins whose memory the program has.
    ///
    /// # Safety
    ///
    /// `memory` came from [`Wrapped::begin`] of an equal `self`.
    #[expect(unsafe_code, reason = "the caller vouches for the memory")]
    #[inline]
    unsafe fn base(self, memory: *mut u8) -> *mut u8 {
        // SAFETY: `begin` went as far the other way, inside the allocation.
        unsafe { memory.sub(self.offset) }
    }
}

/// Reads the header of the program's memory.
///
/// # Safety
///
/// `memory` came from [`Wrapped::begin`] and has not been freed.
#[expect(unsafe_code, reason = "the caller vouches for the memory")]
#[inline]
unsafe fn owner(memory: *mut u8) -> Owner {
    // SAFETY: `begin` left 8 bytes of the allocation before it.
    let header = unsafe { memory.sub(HEADER_BYTES) };
    #[expect(clippy::cast_ptr_alignment, reason = "aligned to 8, as `begin` says")]
    let header = header.cast::<Owner>();
    // SAFETY: written by `begin`, and nobody else's since; an `Owner` may be any number.
    unsafe { header.read() }
}

// SAFETY: what the inner allocator gives is passed on, moved up by `offset` in an allocation that is
// larger by as much and aligned to it: so it is as large and as aligned as asked, and overlaps
// nothing. Nothing here panics or unwinds; `allocated` and `freed` allocate nothing that comes back
// here to be counted.
#[expect(unsafe_code, reason = "an allocator is unsafe to implement; proof above")]
unsafe impl<A: GlobalAlloc> GlobalAlloc for Alloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_OFF {
            // SAFETY: the caller's promise is passed on.
            return unsafe { self.inner.alloc(layout) };
        }
        let Some(wrapped) = Wrapped::around(layout) else { return null_mut() };
        // SAFETY: the layout has 8 bytes at least.
        let base = unsafe { self.inner.alloc(wrapped.layout) };
        if base.is_null() {
            return base;
        }
        // SAFETY: just allocated with that layout.
        unsafe { wrapped.begin(base, layout.size()) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if IS_OFF {
            // SAFETY: the caller's promise is passed on.
            return unsafe { self.inner.alloc_zeroed(layout) };
        }
        let Some(wrapped) = Wrapped::around(layout) else { return null_mut() };
        // SAFETY: the layout has 8 bytes at least.
        let base = unsafe { self.inner.alloc_zeroed(wrapped.layout) };
        if base.is_null() {
            return base;
        }
        // SAFETY: just allocated with that layout.
        unsafe { wrapped.begin(base, layout.size()) }
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if IS_OFF {
            // SAFETY: the caller's promise is passed on.
            return unsafe { self.inner.dealloc(memory, layout) };
        }
        // It was allocated with this layout, so there is one around it.
        let Some(wrapped) = Wrapped::around(layout) else { return };
        // SAFETY: the caller has it from here, and has not freed it.
        freed(unsafe { owner(memory) }, layout.size());
        // SAFETY: the same layout gave the same offset.
        let base = unsafe { wrapped.base(memory) };
        // SAFETY: allocated by `inner` with this very layout.
        unsafe { self.inner.dealloc(base, wrapped.layout) };
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if IS_OFF {
            // SAFETY: the caller's promise is passed on.
            return unsafe { self.inner.realloc(memory, layout, new_size) };
        }
        let new = Layout::from_size_align(new_size, layout.align()).ok().and_then(Wrapped::around);
        let (Some(old), Some(new)) = (Wrapped::around(layout), new) else { return null_mut() };
        // SAFETY: the caller has it from here, and has not freed it.
        let owner = unsafe { owner(memory) };
        // SAFETY: the same layout gave the same offset.
        let base = unsafe { old.base(memory) };
        // SAFETY: allocated by `inner` with the layout `old`; the new size, rounded up, is a
        // layout's, and more than 0.
        let base = unsafe { self.inner.realloc(base, old.layout, new.layout.size()) };
        if base.is_null() {
            // The old memory stays as it is, and counted.
            return base;
        }
        freed(owner, layout.size());
        // SAFETY: the alignment has not changed, so this is an allocation of the layout `new`.
        unsafe { new.begin(base, new_size) }
    }
}

#[cfg(all(test, not(feature = "off")))]
#[path = "alloc_tests.rs"]
mod tests;
