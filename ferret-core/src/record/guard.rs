//! What annotations expand to: guards, tasks, and notes on the open span.
//!
//! Hidden from the docs: programs use the macros, which may change what they expand to.

use super::callsite::Callsite;
use super::clock;
use super::engine::{OFF, STATE};
use super::local::{Local, Opened, TaskId};
use super::raw::{Kind, Slot, head};
use crate::event::Outcome;
use crate::value::TagValueRef;
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
        Local::end(self.opened, Kind::end(outcome));
        std::mem::forget(self);
    }
}

impl Drop for Guard {
    #[inline]
    fn drop(&mut self) {
        let kind = if std::thread::panicking() { Kind::EndPanicked } else { Kind::EndOk };
        Local::end(self.opened, kind);
    }
}

/// An async span: open from its start to its end, running only while entered, on any thread.
#[derive(Debug)]
pub struct TaskSpan {
    /// None if it is not recorded.
    id: Option<TaskId>,
}

impl TaskSpan {
    /// Starts it below the current span of this thread.
    pub fn start(callsite: &'static Callsite) -> Self {
        Self { id: if recording() { Local::start_task(callsite) } else { None } }
    }

    /// A poll begins on this thread; it ends when the answer is dropped.
    pub fn enter(&self) -> Poll {
        let event = self.id.and_then(|id| id.event(Kind::Enter));
        let opened = event.map_or(Opened::NOT_RECORDED, |event| Local::enter(&event));
        Poll { opened, not_send: PhantomData }
    }

    /// Ends it.
    pub fn end(mut self, outcome: Outcome) {
        self.end_once(outcome);
    }

    fn end_once(&mut self, outcome: Outcome) {
        if let Some(event) = self.id.take().and_then(|id| id.event(Kind::task_end(outcome))) {
            Local::end_task(&event);
        }
    }
}

impl Drop for TaskSpan {
    /// Dropped without an end: cancelled, or unwound.
    fn drop(&mut self) {
        let outcome = if std::thread::panicking() { Outcome::Panicked } else { Outcome::Cancelled };
        self.end_once(outcome);
    }
}

/// One poll of an async span.
#[must_use = "the poll ends when this is dropped"]
#[derive(Debug)]
pub struct Poll {
    opened: Opened,
    not_send: PhantomData<*const ()>,
}

impl Drop for Poll {
    fn drop(&mut self) {
        Local::end(self.opened, Kind::Exit);
    }
}

/// The longest text of a tag, bytes.
pub(super) const MAX_TEXT: usize = 256;
/// Slots of the longest tag.
const MAX_SLOTS: usize = 1 + MAX_TEXT / 16;

/// Whether it may be of use to evaluate a tag: recording is on, or about to be.
#[inline(always)]
pub fn recording() -> bool {
    STATE.load(Ordering::Relaxed) != OFF
}

/// Tags the innermost open span of this thread. `key` is of kind
/// [`CallsiteKind::Key`](crate::event::CallsiteKind::Key).
pub fn tag(key: &'static Callsite, value: TagValueRef<'_>) {
    if !recording() {
        return;
    }
    let mut slots = [[0u64; 2]; MAX_SLOTS];
    let (tag_type, payload) = match value {
        TagValueRef::Bool(v) => (1, write_payload(&mut slots, &u64::from(v).to_le_bytes())),
        TagValueRef::Unsigned(v) => (2, write_payload(&mut slots, &v.to_le_bytes())),
        TagValueRef::Signed(v) => (3, write_payload(&mut slots, &v.to_le_bytes())),
        TagValueRef::Float(v) => (4, write_payload(&mut slots, &v.to_bits().to_le_bytes())),
        TagValueRef::Text(v) => {
            (5, write_payload(&mut slots, &v.as_bytes()[..v.floor_char_boundary(MAX_TEXT)]))
        }
    };
    let argument = (tag_type << 24) | u32::try_from(payload).unwrap_or(0);
    slots[0] = head(clock::ticks(), Kind::Tag, key.id(), argument);
    Local::note(&slots[..=payload.div_ceil(16)]);
}

/// Puts the bytes behind slot 0; gives how many.
fn write_payload(slots: &mut [Slot; MAX_SLOTS], bytes: &[u8]) -> usize {
    for (slot, chunk) in slots[1..].iter_mut().zip(bytes.chunks(16)) {
        let mut padded = [0u8; 16];
        padded[..chunk.len()].copy_from_slice(chunk);
        let whole = u128::from_le_bytes(padded);
        #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
        let low = whole as u64;
        *slot = [low, (whole >> 64) as u64];
    }
    bytes.len()
}

/// Notes an instant. `callsite` is of kind [`CallsiteKind::Mark`](crate::event::CallsiteKind::Mark).
pub fn mark(callsite: &'static Callsite) {
    if recording() {
        Local::note(&[head(clock::ticks(), Kind::Mark, callsite.id(), 0)]);
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
    if recording() {
        Local::note(&[head(clock::ticks(), Kind::Progress, 0, 0), [done, total]]);
    }
}
