//! In the place of `heap.rs` without the cargo feature `alloc`: the same names, without size and
//! without content, so that neither a guard nor the hot path has anything of it.

use super::raw::Slot;
use crate::event::{CallsiteId, LogEntry};

/// Nobody is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner;

impl Owner {
    pub(super) const INNERMOST: Self = Self;

    #[inline(always)]
    pub(super) fn of(_callsite: u32) -> Self {
        Self
    }
}

/// A guard remembers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame;

impl Frame {
    pub(super) const NONE: Self = Self;
}

/// A thread counts nothing.
#[derive(Debug)]
pub(super) struct HeapCells;

#[expect(clippy::unused_self, reason = "as where there is something")]
impl HeapCells {
    pub(super) const fn new() -> Self {
        Self
    }

    #[inline(always)]
    pub(super) fn is_dirty(&self) -> bool {
        false
    }

    #[inline(always)]
    pub(super) fn spill(&self) {}

    #[inline(always)]
    pub(super) fn event(&self) -> Option<[Slot; 3]> {
        None
    }

    #[inline(always)]
    pub(super) fn said(&self) {}

    #[inline(always)]
    pub(super) fn owner_in(&self, owner: Owner) -> Owner {
        owner
    }

    #[inline(always)]
    pub(super) fn open(&self, _owner: Owner) -> Frame {
        Frame
    }

    #[inline(always)]
    pub(super) fn close(&self, _frame: Frame) {}

    #[inline(always)]
    pub(super) fn keep_out(&self) {}
}

/// The recorder has nothing to look at.
#[derive(Debug, Default)]
pub(super) struct Samples(());

impl Samples {
    #[expect(clippy::unused_self, reason = "as where there is something")]
    pub(super) fn changed(&mut self) -> Vec<(CallsiteId, LogEntry)> {
        Vec::new()
    }
}

/// Nothing is counted, whoever allocates.
#[derive(Debug)]
pub(crate) struct KeptOut;

#[inline(always)]
pub(crate) fn keep_out() -> KeptOut {
    KeptOut
}

#[inline(always)]
pub(super) fn switch_on() {}

#[inline(always)]
pub(super) fn switch_off() {}

#[inline(always)]
pub(super) fn ask() {}
