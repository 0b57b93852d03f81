//! What a log keeps of an async span that is open, beside its entries: all that is needed to end it.

use super::{LogTime, PathId, SpanId};
use serde::{Deserialize, Serialize};

/// An async span that is open, a future that was made and not polled yet, or a place that a
/// program holds on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTask {
    /// The span; of a place what names it, which is no span.
    pub span: SpanId,
    /// Its place in the call tree; of a place that of what is begun there is below it.
    pub path: PathId,
    /// The span it is a child of; of a place, the span that it is.
    pub parent: Option<SpanId>,
    /// What has become of it.
    pub life: TaskLife,
}

/// What has become of an async span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskLife {
    /// It is where others begin, and no span itself.
    Place,
    /// It was made then, and has not been polled.
    Created(LogTime),
    /// It began then.
    Begun(LogTime),
}

impl TaskLife {
    /// Since when it is so; of a place that is not known.
    pub fn since(self) -> Option<LogTime> {
        match self {
            Self::Place => None,
            Self::Created(since) | Self::Begun(since) => Some(since),
        }
    }
}
