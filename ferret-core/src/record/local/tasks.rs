//! Async spans and places, from the thread's side: what is said of them is an event of the thread
//! that says it, and no frame there.

use super::Local;
use crate::event::Outcome;
use crate::record::callsite::Callsite;
use crate::record::clock;
use crate::record::engine::STATE;
use crate::record::heap::Owner;
use crate::record::raw::{self, HERE, Kind, NO_SPAN, Slot, head};
use crate::record::registration;
use std::sync::atomic::Ordering;

/// An async span, as its future remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::record) struct TaskId {
    /// The recording it started in: the next one numbers its threads and positions anew.
    pub(super) recording: u32,
    thread: u32,
    position: u64,
    /// Whose what is allocated in it is.
    pub(super) owner: Owner,
}

impl TaskId {
    /// An event of this span; none if its recording has ended.
    pub(in crate::record) fn event(self, kind: Kind) -> Option<[Slot; 2]> {
        self.name().map(|name| [head(clock::ticks(), kind, 0, 0), name])
    }

    /// Its END, `begun` being the ticks at which it began, after so many polls.
    pub(in crate::record) fn end(
        self,
        outcome: Outcome,
        begun: u64,
        polls: u32,
    ) -> Option<[Slot; 2]> {
        let (low, high) = raw::begin(begun);
        let head = head(clock::ticks(), Kind::task_end(outcome), low, high);
        self.name().map(|name| [head, raw::with_polls(name, polls)])
    }

    /// How an event names it in slot 1; none if its recording has ended.
    pub(in crate::record) fn name(self) -> Option<Slot> {
        let is_on = STATE.load(Ordering::Relaxed) == self.recording;
        is_on.then(|| self.slot())
    }

    #[inline]
    pub(super) fn slot(self) -> Slot {
        [u64::from(self.thread), self.position]
    }
}

impl Local {
    /// Begins an async span: no frame of this thread until it is polled.
    pub(in crate::record) fn start_task(callsite: &'static Callsite) -> Option<TaskId> {
        Self::with(|local| local.new_task(callsite, Kind::TaskStart, None))
    }

    /// Makes an async span that begins later, under the span that `under` names.
    pub(in crate::record) fn create_task(
        callsite: &'static Callsite,
        under: Slot,
    ) -> Option<TaskId> {
        Self::with(|local| local.new_task(callsite, Kind::Created, Some(under)))
    }

    fn new_task(
        &self,
        callsite: &'static Callsite,
        kind: Kind,
        under: Option<Slot>,
    ) -> Option<TaskId> {
        if !self.is_on() {
            self.orphan_if_left_out();
            return None;
        }
        let id = callsite.id();
        if id == 0 {
            registration::orphan(1);
            return None;
        }
        let event = [head(clock::ticks(), kind, id, 0), under.unwrap_or_default()];
        let slots = 1 + usize::from(under.is_some());
        let task = self.name_task(&event[..slots], Owner::of(id));
        if task.is_none() {
            self.cursor.shut();
            self.loss.skip_task();
            self.cursor.leave_unsaid(self.loss.spans());
        }
        task
    }

    /// Takes note of the place that `under` names.
    pub(in crate::record) fn create_place(under: Slot) -> Option<TaskId> {
        Self::with(|local| {
            if !local.is_on() || (under == HERE && local.current.get() == NO_SPAN) {
                return None;
            }
            // No frame of its own, so what is allocated there is the innermost frame's.
            local.name_task(&[head(clock::ticks(), Kind::Created, 0, 0), under], Owner::INNERMOST)
        })
    }

    /// Begins an async span that was made before; whether there was room to say so.
    pub(in crate::record) fn begin_task(event: &[Slot; 2]) -> bool {
        Self::with(|local| local.is_on() && local.write(event).is_some())
    }

    /// Writes an event by whose position an async span is named.
    fn name_task(&self, event: &[Slot], owner: Owner) -> Option<TaskId> {
        self.write(event)?;
        let (thread, next) = self.cursor.place()?;
        let position = next - event.len() as u64;
        Some(TaskId { recording: self.state.get(), thread, position, owner })
    }

    /// Writes the END of an async span, from whichever thread; it may use the reserve.
    pub(in crate::record) fn end_task(event: &[Slot; 2]) {
        Self::with(|local| {
            if !local.is_on() {
                // A thread that is ending, or is kept out, ends tasks all the same.
                return registration::end_late(event);
            }
            if local.cursor.room_for_end(2).is_none() {
                local.next_chunk();
            }
            match local.cursor.room_for_end(2) {
                Some(room) => local.cursor.push_all(room, event),
                None => registration::end_late(event),
            }
        });
    }
}
