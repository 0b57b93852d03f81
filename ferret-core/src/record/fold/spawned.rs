//! Async spans from their making to their end, and the places that programs hold on to.

use super::{Fold, Missing, ThreadFold, span_of};
use crate::event::{CallsiteId, LogEntry, LogTime, Outcome, PathId, Position, Sink, SpanId};
use crate::record::raw::{HERE, Head, NOWHERE, Slot};
use crate::record::tasks::{Life, Task, Told};

impl<S: Sink> Fold<S> {
    /// A span that begins where it is first polled.
    pub(super) fn task_start(
        &mut self,
        thread: &ThreadFold,
        position: Position,
        time: LogTime,
        callsite: CallsiteId,
    ) {
        if self.tasks.is_full() {
            self.refuse(thread, position, time);
            return;
        }
        let parent = thread.innermost().0;
        let (span, path) = self.begin(thread, position, time, callsite, true);
        self.tasks.add(span, Task::new(path, parent, Life::Begun(time)));
    }

    /// A span is made that begins elsewhere, or a place is taken note of.
    pub(super) fn created(
        &mut self,
        thread: &ThreadFold,
        position: Position,
        time: LogTime,
        callsite: CallsiteId,
        under: Slot,
        final_try: bool,
    ) -> Result<(), Missing> {
        let (parent, above) = self.place_of(thread, under, final_try)?;
        let span = SpanId { thread: thread.id, start: position };
        let is_place = callsite == CallsiteId(0);
        if self.tasks.is_full() {
            if !is_place {
                self.refuse(thread, position, time);
            }
        } else if is_place {
            let place = Task::new(above, parent, Life::Place);
            self.sink.keep_task(&place.open(span));
            self.tasks.add(span, place);
        } else {
            let path = self.path(above, callsite);
            self.budget.begin(1);
            self.budget.spend(1);
            self.tasks.add(span, Task::new(path, parent, Life::Created(time)));
            self.put(thread, position, time, &LogEntry::Created { span, parent, path });
        }
        Ok(())
    }

    /// The span, and its place in the call tree, that an event names as what something is made under.
    pub(super) fn place_of(
        &mut self,
        thread: &ThreadFold,
        under: Slot,
        final_try: bool,
    ) -> Result<(Option<SpanId>, PathId), Missing> {
        Ok(match under {
            HERE => thread.inside(),
            NOWHERE => (None, PathId::ROOT),
            other => {
                let parent = span_of(&[other, other]);
                match self.tasks.get(parent) {
                    Some(place) if place.life == Life::Place => (place.parent, place.path),
                    Some(task) => (Some(parent), task.path),
                    None if final_try => (None, PathId::ROOT),
                    None => return Err(Missing(parent)),
                }
            }
        })
    }

    /// There is no room for what is known of one more.
    fn refuse(&mut self, thread: &ThreadFold, position: Position, time: LogTime) {
        let (top, path) = thread.stack.top().map(|top| (top.span.start, top.path)).unzip();
        let refused = LogEntry::Dropped { spans: 1, busy_ns: 0, top, path };
        self.put(thread, position, time, &refused);
    }

    /// A span that was made before is polled for the first time.
    pub(super) fn task_begins(
        &mut self,
        thread: &ThreadFold,
        position: Position,
        time: LogTime,
        span: SpanId,
        final_try: bool,
    ) -> Result<(), Missing> {
        match self.tasks.get(span) {
            Some(task) if matches!(task.life, Life::Created(_)) => {
                task.life = Life::Begun(time);
                if task.told == Told::Kept {
                    self.sink.keep_task(&task.open(span));
                }
                let (path, parent) = (task.path, task.parent);
                self.note_stage_path(path);
                let start = LogEntry::SpanStart { span, path, parent, is_async: true };
                self.put(thread, position, time, &start);
                Ok(())
            }
            None if !final_try => Err(Missing(span)),
            Some(_) | None => Ok(()),
        }
    }

    /// A span ends, or a place is held no longer. One that is still entered here is left first, as readers
    /// take it: of a span that has ended no frame is open.
    pub(super) fn task_ends(
        &mut self,
        thread: &mut ThreadFold,
        position: Position,
        time: LogTime,
        event: &Head,
        span: SpanId,
        final_try: bool,
    ) -> Result<(), Missing> {
        match self.tasks.get(span) {
            None if !final_try => return Err(Missing(span)),
            Some(task) if matches!(task.life, Life::Created(_)) => {
                // Begun on a thread that has not been read so far, as its END here tells.
                if let Some(begun) = event.begun() {
                    task.life = Life::Begun(self.clock.time(begun));
                    let (path, parent) = (task.path, task.parent);
                    self.note_stage_path(path);
                    let start = LogEntry::SpanStart { span, path, parent, is_async: true };
                    self.put(thread, position, time, &start);
                }
            }
            Some(_) | None => {}
        }
        let outcome = event.kind.task_outcome();
        if let Some((end, refused)) = self.end_of_task(span, time, outcome) {
            while let Some(index) = thread.stack.index_of(span) {
                self.close(thread, index, position, time, Outcome::Ok);
            }
            self.say_refused(thread, position, time, span, refused);
            self.put(thread, position, time, &end);
        }
        Ok(())
    }

    /// The END of an async span that came past the chunks.
    pub(in crate::record) fn late_end(&mut self, slots: &[Slot; 2]) {
        let Some(event) = Head::of(slots[0]) else { return };
        let (time, span) = (self.clock.time(event.ticks), span_of(slots));
        self.say_task(span);
        if let Some((end, _)) = self.end_of_task(span, time, event.kind.task_outcome()) {
            self.put_own(time, &end);
        }
    }

    /// The END of an async span, if it is known, and how many tags it was refused.
    fn end_of_task(
        &mut self,
        span: SpanId,
        time: LogTime,
        outcome: Outcome,
    ) -> Option<(LogEntry, u64)> {
        let (task, is_kept) = self.tasks.end(span)?;
        if is_kept {
            self.sink.forget_task(span);
        }
        let (start, outcome) = task.ends(time, outcome)?;
        let (path, refused) = (task.path, task.tags.refused());
        self.note_stage_path(path);
        let (child_ns, out_of_order) = (0, false);
        Some((LogEntry::SpanEnd { span, path, start, child_ns, outcome, out_of_order }, refused))
    }
}
