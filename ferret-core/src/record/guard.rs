//! What annotations expand to: guards, and notes on the open span. The spans of futures are in
//! `task_span`.
//!
//! Hidden from the docs: programs use the macros, which may change what they expand to.

use super::callsite::Callsite;
use super::clock;
use super::engine::{OFF, STATE};
use super::local::{Local, Opened};
use super::raw::{Kind, head, put_bytes};
use super::task_span::TaskSpan;
use super::values;
use crate::event::Outcome;
use crate::value::{MAX_TEXT, TagValueRef};
use std::marker::PhantomData;
use std::sync::atomic::Ordering;

/// An open span of this thread. Ends when dropped. `!Send`, so that one held across `.await` does
/// not compile where the future may move between threads.
#[must_use = "the span ends when its guard is dropped: bind it, `let _span = …`"]
#[derive(Debug)]
pub struct Guard {
    opened: Opened,
    not_send: PhantomData<*const ()>,
}

/// Opens a span.
#[inline(always)]
pub fn enter(callsite: &'static Callsite) -> Guard {
    Guard { opened: Local::start(callsite), not_send: PhantomData }
}

impl Guard {
    /// Ends the span with a known outcome. A normal return is told from unwinding by this call.
    #[inline(always)]
    pub fn finish(self, outcome: Outcome) {
        let opened = self.opened;
        // First, or the compiler keeps the guard in memory, to be dropped if ending it should unwind.
        std::mem::forget(self);
        Local::end(opened, Kind::end(outcome));
    }
}

impl Drop for Guard {
    #[inline]
    fn drop(&mut self) {
        let kind = if std::thread::panicking() { Kind::EndPanicked } else { Kind::EndOk };
        Local::end(self.opened, kind);
    }
}

/// Slots of the longest tag, its head and the span that it may name included.
const MAX_SLOTS: usize = 2 + MAX_TEXT / 16;

/// Whether it may be of use to evaluate a tag: recording is on, or about to be.
#[inline(always)]
pub fn recording() -> bool {
    STATE.load(Ordering::Relaxed) != OFF
}

/// Tags the innermost open span of this thread. `key` is of kind
/// [`CallsiteKind::Key`](crate::event::CallsiteKind::Key).
pub fn tag(key: Key<'_>, value: TagValueRef<'_>) {
    if !values() || !Local::takes_notes() {
        return;
    }
    let id = key.callsite.id();
    if id == 0 {
        // An allocator that is profiled tags the very memory that the list of callsites asks for.
        return;
    }
    let mut slots = [[0u64; 2]; MAX_SLOTS];
    // The span stands before the value, if the tag is not the innermost one's.
    let (kind, before) = match key.of {
        None => (Kind::Tag, 1),
        Some(task) => {
            let Some(name) = task.name() else { return };
            slots[1] = name;
            (Kind::TagOf, 2)
        }
    };
    let payload = &mut slots[before..];
    let (tag_type, bytes) = match value {
        TagValueRef::Bool(v) => (1, put_bytes(payload, &u64::from(v).to_le_bytes())),
        TagValueRef::Unsigned(v) => (2, put_bytes(payload, &v.to_le_bytes())),
        TagValueRef::Signed(v) => (3, put_bytes(payload, &v.to_le_bytes())),
        TagValueRef::Float(v) => (4, put_bytes(payload, &v.to_bits().to_le_bytes())),
        TagValueRef::Text(v) => {
            (5, put_bytes(payload, &v.as_bytes()[..v.floor_char_boundary(MAX_TEXT)]))
        }
    };
    let argument = (tag_type << 24) | u32::try_from(bytes).unwrap_or(0);
    slots[0] = head(clock::ticks(), kind, id, argument);
    Local::note(&slots[..before + bytes.div_ceil(16)]);
}

/// A tag's key, and whose tag it is.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    callsite: &'static Callsite,
    /// None for the innermost open span of this thread.
    of: Option<&'a TaskSpan>,
}

impl<'a> Key<'a> {
    /// Of the innermost open span of this thread.
    #[inline]
    pub const fn here(callsite: &'static Callsite) -> Self {
        Self { callsite, of: None }
    }

    /// Of a span that need not be entered.
    #[inline]
    pub const fn of(callsite: &'static Callsite, task: &'a TaskSpan) -> Self {
        Self { callsite, of: Some(task) }
    }
}

/// Notes an instant. `callsite` is of kind [`CallsiteKind::Mark`](crate::event::CallsiteKind::Mark).
pub fn mark(callsite: &'static Callsite) {
    if !Local::takes_notes() {
        return;
    }
    let id = callsite.id();
    // As with a tag: it may be the list of callsites that is allocated for.
    if id != 0 {
        Local::note(&[head(clock::ticks(), Kind::Mark, id, 0)]);
    }
}

/// Says how far the innermost open span of this thread has come: `done` units of `total`; a
/// `total` of 0 stands for unknown. Costs about as much as a span.
///
/// # Examples
///
/// ```
/// let files = ["a", "b", "c"];
/// for (n, file) in (1..).zip(files) {
///     println!("{file}");
///     ferret::progress(n, 3);
/// }
/// ```
pub fn progress(done: u64, total: u64) {
    if Local::takes_notes() {
        Local::note(&[head(clock::ticks(), Kind::Progress, 0, 0), [done, total]]);
    }
}
