//! What the macros expand to besides the recording itself: how an outcome is read off what a
//! function returned, the guard that sees no value, the future an `async fn` runs in, what can be a
//! tag's value, and a span's name that is made when it begins. The same
//! with recording and, over the empty names of `off.rs`, without.

mod block;
mod demand;
#[cfg_attr(feature = "off", path = "future_off.rs")]
mod future;
mod name;
mod number;
mod observe;
mod outcome;
#[cfg_attr(feature = "off", path = "polled_off.rs")]
mod polled;
mod tag;

pub use block::{SpanGuard, open};
pub use demand::{Fallible, Optional, error_debug, error_display, none_is_err};
pub use future::future;
pub use name::{named, naming};
pub use number::number;
pub use observe::{Observed, future_of, observe, output};
pub use outcome::{ReturnType, Returned, body, body_of, capture, never};
pub(crate) use polled::PolledSpan;
pub use tag::{Taggable, tag_debug, tag_display, tag_value};
