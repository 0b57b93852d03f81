//! Async spans and places, from the thread's side: what is said of them is an event of the thread
//! that says it, and no frame there.

use super::{Local, TaskId};
use crate::record::callsite::Callsite;
use crate::record::clock;
use crate::record::heap::Owner;
use crate::record::raw::{HERE, Kind, NO_SPAN, Slot, head};
use crate::record::registration;

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
