//! What the fold is told of the program beside its events: what callsites are called, and whether its values
//! may be recorded. The recorder of a living program asks that program; whoever folds what a dead one left
//! behind asks its flight buffer.

use super::callsite;
use super::values;
use crate::event::{CallsiteId, CallsiteInfo};

/// The program whose events are folded.
pub(super) trait Origin: std::fmt::Debug + Send {
    /// The callsite with this id; none for 0 and ids not given yet.
    fn callsite(&self, id: CallsiteId) -> Option<CallsiteInfo>;

    /// Whether values are recorded.
    fn values(&self) -> bool;
}

/// This process.
#[derive(Debug)]
pub(super) struct ThisProcess;

impl Origin for ThisProcess {
    fn callsite(&self, id: CallsiteId) -> Option<CallsiteInfo> {
        callsite::get(id).map(callsite::Callsite::info)
    }

    fn values(&self) -> bool {
        values::values()
    }
}
