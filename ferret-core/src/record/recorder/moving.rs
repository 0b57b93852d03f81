//! A log that takes the place of another, which was removed or cannot be written any more.

use super::Recorder;
use crate::event::{LogTime, Sink};
use crate::record::heap;

impl<S: Sink> Recorder<S> {
    /// Tells the sink what it has been told and needs again, for the log that it now writes lacks it.
    pub(super) fn tell_again(&mut self) {
        if let Some((path, log)) = self.fold.sink.file() {
            // It has no name yet: should the process die now, the first is still the one.
            self.engine.arena.flight().will_belong_to(path, log);
        }
        self.is_moving = true;
        self.fold.tell_again();
        self.drain.tell_again(&mut self.fold);
        // Levels: all of them come with the next sample.
        self.heap = heap::Samples::default();
    }

    /// The log that has taken the place of another has its name, and all that the other had not.
    pub(super) fn has_moved(&mut self, now: LogTime) {
        self.is_moving = false;
        if let Some((path, log)) = self.fold.sink.file() {
            self.engine.arena.flight().belongs_to(path, log);
        }
        // Not before: whoever opens one that has its end takes away what the process left behind.
        self.fold.sink.leave(now);
    }
}
