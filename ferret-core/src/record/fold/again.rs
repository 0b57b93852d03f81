//! Telling the sink again what it has been told of names, when the log that it writes has begun anew.

use super::{Fold, OTHER};
use crate::event::{CallsiteId, Sink};

impl<S: Sink> Fold<S> {
    /// Tells of every callsite and every path that the sink has been told of.
    pub(in crate::record) fn tell_again(&mut self) {
        let told = std::mem::take(&mut self.known);
        for (id, _) in (0..).map(CallsiteId).zip(told).filter(|(_, kind)| kind.is_some()) {
            self.tell_callsite(id);
        }
        if std::mem::take(&mut self.other_is_known) {
            self.tell_callsite(OTHER);
        }
        for (id, info) in self.paths.all() {
            self.sink.path(id, info);
        }
        self.tasks.kept(|task| self.sink.keep_task(task));
    }
}
