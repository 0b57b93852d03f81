//! Ferret records what a Rust program is doing as an append-only log of events, and lets any other
//! process read that log while it is being written, and after the program is gone.

pub mod event;
pub mod log;
#[cfg(feature = "read")]
pub mod projections;

#[cfg(feature = "record")]
mod expansion;
#[cfg(feature = "record")]
mod macros;
#[cfg(feature = "record")]
mod options;
#[cfg(feature = "record")]
#[cfg_attr(feature = "off", path = "off.rs")]
mod record;
#[cfg(feature = "record")]
mod value;

#[cfg(feature = "record")]
pub use ferret_macros::profile;
#[cfg(feature = "record")]
pub use log::Durability;
#[cfg(feature = "record")]
pub use options::{Options, Overflow, StartError, start};
#[cfg(feature = "record")]
pub use record::{Session, progress};

/// What the macros expand to. Not for use by hand: it changes with them.
#[cfg(feature = "record")]
#[doc(hidden)]
pub mod __private {
    pub use crate::event::{CallsiteKind, Outcome};
    pub use crate::expansion::{
        ReturnType, Returned, SpanGuard, Taggable, body, body_of, capture, future, never, open,
        tag_debug, tag_display, tag_value,
    };
    pub use crate::record::{Callsite, Guard, Poll, TaskSpan, enter, mark, recording, tag};
    pub use crate::value::TagValueRef;
    pub use core;
}
