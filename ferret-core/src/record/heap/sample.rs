//! The recorder's look at the table: what has changed since the last.

use super::table::{self, Live};
use crate::event::{CallsiteId, LogEntry};
use crate::record::callsite;

/// What was said last.
#[derive(Debug, Default)]
pub(in super::super) struct Samples {
    said: Vec<Live>,
}

impl Samples {
    /// What has changed, as entries, each with its callsite; the process first.
    pub(in super::super) fn changed(&mut self) -> Vec<(CallsiteId, LogEntry)> {
        let mut changed = Vec::new();
        for (index, (id, live)) in table::live(callsite::count()).enumerate() {
            if index == self.said.len() {
                self.said.push(Live::default());
            }
            if std::mem::replace(&mut self.said[index], live) != live {
                let Live { bytes: live_bytes, count: live_count, peak_bytes } = live;
                let entry = LogEntry::Heap { callsite: id, live_bytes, live_count, peak_bytes };
                changed.push((id, entry));
            }
        }
        changed
    }
}
