//! Telling the sink of names: each once, before the first entry that needs it; and all that it needs once more, when
//! the log that it writes has begun anew.

use super::{Fold, OTHER, dynamic};
use crate::event::{CallsiteId, CallsiteInfo, CallsiteKind, Sink};

impl<S: Sink> Fold<S> {
    /// Tells the sink of a callsite, unless it has been told.
    pub(in crate::record) fn tell_callsite(&mut self, id: CallsiteId) {
        if id == OTHER {
            if !std::mem::replace(&mut self.other_is_known, true) {
                self.sink.callsite(id, &other());
            }
            return;
        }
        let index = id.0 as usize;
        if self.known.get(index).copied().flatten().is_some() {
            return;
        }
        let Some(info) = self.origin.callsite(id) else { return };
        self.knows(id, info.kind);
        self.sink.callsite(id, &info);
    }

    /// The sink has been told of a callsite.
    pub(super) fn knows(&mut self, id: CallsiteId, kind: CallsiteKind) {
        let index = id.0 as usize;
        // A log may name ids that no raw event has room for.
        if id.0 > OTHER.0 {
            return;
        }
        if self.known.len() <= index {
            self.known.resize(index + 1, None);
        }
        self.known[index] = Some(kind);
        self.has_stages |= kind.is_stage();
    }

    /// Tells of every callsite, path and kept async span that the sink has been told of.
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

/// The callsite of paths, and of tags, that were too many to keep.
fn other() -> CallsiteInfo {
    CallsiteInfo {
        name: dynamic::OTHER.to_owned(),
        module: String::new(),
        file: String::new(),
        line: 0,
        kind: CallsiteKind::Block,
    }
}
