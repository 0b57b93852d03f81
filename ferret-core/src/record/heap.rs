//! Who is charged for what is allocated. With the cargo feature `alloc`; without it `no_heap.rs`
//! stands in for this module, and nothing of it is compiled.
//!
//! Two accounts are kept, for two questions:
//!
//! - *What has this span allocated?* A thread adds up, in plain cells, what it allocates and frees.
//!   Whenever its innermost frame is about to change it writes the sums into its chunk
//!   ([`Kind::Alloc`](super::raw::Kind::Alloc)), so the recorder knows which frame they belong to.
//! - *What lives, and who made it?* Each allocation carries its [`Owner`], the callsite of the
//!   innermost span. A table has live bytes, live allocations and the peak of each owner. A thread
//!   takes its cells over into the table at the same moments, or when they exceed [`SPILL_BYTES`]: so
//!   what it allocates and frees within a span costs no atomic operation, and the table is exact
//!   about every span but those that are innermost somewhere right now.
//!
//! What Ferret allocates itself belongs to [`Owner::NOBODY`] and is in neither account: see
//! [`keep_out`]. Rejected: one atomic operation for each allocation and free, which costs two or
//! three times as much and makes threads of one callsite wait for each other.

mod cells;
mod sample;
mod table;

pub(super) use cells::{Frame, HeapCells};
pub(super) use sample::Samples;
pub(crate) use table::Owner;

use super::callsite;
use super::engine::STATE;
use super::local::Local;
use std::sync::atomic::{AtomicU32, Ordering};

/// Counting is off: 0; else a number that the recorder raises once a second, and that a thread
/// compares with the one it last saw: if they differ it says what it has not said yet, so that a
/// loop that only allocates is seen. Relaxed everywhere: who sees a change late counts a few
/// allocations more, or says them later.
static EPOCH: AtomicU32 = AtomicU32::new(OFF);

const OFF: u32 = 0;

/// The last epoch given. No recording begins with one that another has had.
static LAST: AtomicU32 = AtomicU32::new(OFF);

fn next() -> u32 {
    LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(OFF + 1)
}

/// A recording begins.
pub(super) fn switch_on() {
    table::begin(callsite::count());
    EPOCH.store(next(), Ordering::Relaxed);
}

/// It ends.
pub(super) fn switch_off() {
    EPOCH.store(OFF, Ordering::Relaxed);
}

/// Asks every thread that allocates to say so.
pub(super) fn ask() {
    let epoch = EPOCH.load(Ordering::Relaxed);
    if epoch != OFF {
        // If it has been switched off meanwhile, so be it.
        let _asked: bool =
            EPOCH.compare_exchange(epoch, next(), Ordering::Relaxed, Ordering::Relaxed).is_ok();
    }
}

/// `size` bytes have been allocated; gives whose they are, for the header.
#[inline]
pub(crate) fn allocated(size: usize) -> Owner {
    let epoch = EPOCH.load(Ordering::Relaxed);
    if epoch == OFF {
        return Owner::NOBODY;
    }
    Local::with(|local| {
        if local.heap.counts_in(epoch) {
            return local.heap.allocate(size as u64);
        }
        allocated_slow(local, epoch, size as u64)
    })
}

#[cold]
#[inline(never)]
fn allocated_slow(local: &Local, epoch: u32, size: u64) -> Owner {
    if local.heap.is_kept_out() {
        return Owner::NOBODY;
    }
    if is_member(local) {
        local.say_heap();
        local.heap.count_in(epoch);
        return local.heap.allocate(size);
    }
    local.heap.allocate_directly(size)
}

/// `size` bytes of `owner`'s are about to be freed.
#[inline]
pub(crate) fn freed(owner: Owner, size: usize) {
    if owner == Owner::NOBODY {
        return;
    }
    let epoch = EPOCH.load(Ordering::Relaxed);
    Local::with(|local| {
        if epoch != OFF && local.heap.counts_in(epoch) {
            local.heap.free(owner, size as u64);
        } else {
            freed_slow(local, epoch, owner, size as u64);
        }
    });
}

#[cold]
#[inline(never)]
fn freed_slow(local: &Local, epoch: u32, owner: Owner, size: u64) {
    if epoch != OFF && !local.heap.is_kept_out() && is_member(local) {
        local.say_heap();
        local.heap.count_in(epoch);
        local.heap.free(owner, size);
    } else {
        local.heap.free_directly(owner, size);
    }
}

/// Whether the thread writes into the recording that is on, and so will say what is in its cells
/// when it ends.
fn is_member(local: &Local) -> bool {
    STATE.load(Ordering::Relaxed) == local.state.get()
}

/// Keeps what the calling thread allocates out of every account, while the answer lives: it is
/// Ferret's own.
#[must_use = "what is allocated is counted again once this is dropped"]
pub(crate) fn keep_out() -> KeptOut {
    Local::with(|local| local.heap.keep_out());
    KeptOut(())
}

/// See [`keep_out`].
#[derive(Debug)]
pub(crate) struct KeptOut(());

impl Drop for KeptOut {
    fn drop(&mut self) {
        Local::with(|local| local.heap.let_in());
    }
}

#[cfg(test)]
mod tests;
