//! Ferret records what a Rust program is doing as an append-only log of events, and lets any other
//! process read that log while it is being written, and after the program is gone.
//!
//! Three gestures:
//!
//! 1. annotate functions with [`#[profile]`](profile);
//! 2. `ferret watch run.redb` in a second terminal, while the program runs;
//! 3. `ferret analyze run.redb`, after it ran, or crashed.
//!
//! ```
//! use ferret::profile;
//!
//! #[profile(stage)]
//! fn import(files: &[&str]) -> std::io::Result<usize> {
//!     let mut bytes = 0;
//!     for (done, file) in (1..).zip(files) {
//!         bytes += size(file)?;
//!         ferret::progress(done, files.len() as u64);
//!     }
//!     Ok(bytes)
//! }
//!
//! #[profile(tags(file = path))]
//! fn size(path: &str) -> std::io::Result<usize> {
//!     Ok(std::fs::read(path)?.len())
//! }
//!
//! assert!(import(&["no such file"]).is_err());
//! ```
//!
//! # When recording is on
//!
//! With `FERRET_LOG` in the environment (that is what `ferret run` sets) recording starts by itself
//! at the first span, and annotations are the only change to the program. A program that decides
//! itself calls [`start`] or [`Options::start`], best at the beginning of `main`. Otherwise a span
//! costs one load and a branch; with the feature `off`, nothing at all.
//!
//! # What recording may do to the program
//!
//! It never blocks, panics, or grows: events go into a fixed number of chunks, and what finds no
//! room is counted and said in the log ([`Overflow`] lets the program wait up to 100 ms instead).
//! Names made of values are kept, 4096 of them at most.
//! Starting is the one exception: the thread that starts a recording makes the log, in a few ms,
//! or 2 s if other starts hold the folder; threads that begin meanwhile wait 5 ms at most. It
//! prints one line on stderr when the log cannot be written, and one when a session is dropped with
//! nothing recorded. It puts a panic hook before the one it finds, which tags the span that panicked
//! and passes on; a hook that the program sets later wins. A return from `main`, `process::exit`
//! and a panic end the log cleanly without any guard, and delay the end by 200 ms at most;
//! after a kill, whoever opens the log next finds in `/dev/shm` what was not in it yet, and what was open.
//! Annotate no function that a signal handler calls: writing an event is not async-signal-safe.
//!
//! # Features
//!
//! - `record` (default): all that a profiled program needs.
//! - `read`: `log::Tail`, `log::Run` and the projections, for programs that read logs.
//! - `tracing`: `tracing_layer` records the spans and events of programs that use `tracing`.
//! - `alloc`: `Alloc`, a global allocator that attributes memory to spans.
//! - `off`: every annotation compiles to the code it would be without.

pub mod event;
pub mod log;
#[cfg(feature = "read")]
pub mod projections;

#[cfg(all(feature = "record", feature = "alloc"))]
mod alloc;
#[cfg(feature = "tracing")]
#[cfg_attr(feature = "off", path = "bridge_off.rs")]
mod bridge;
#[cfg(feature = "record")]
mod expansion;
#[cfg(feature = "record")]
mod instrument;
#[cfg(all(feature = "record", not(feature = "off")))]
mod limits;
#[cfg(feature = "record")]
mod macros;
#[cfg(feature = "record")]
mod number_macros;
#[cfg(feature = "record")]
mod options;
#[cfg(test)]
#[cfg(all(feature = "record", feature = "read", not(feature = "off")))]
mod packed;
#[cfg(test)]
#[cfg(all(feature = "record", feature = "read", not(feature = "off")))]
mod parts_tests;
#[cfg(feature = "record")]
#[cfg_attr(feature = "off", path = "off.rs")]
mod record;
#[cfg(test)]
#[cfg(all(feature = "record", feature = "read", not(feature = "off")))]
mod recorded_tests;
#[cfg(all(feature = "record", feature = "read", not(feature = "off")))]
mod salvage;
#[cfg(feature = "record")]
mod value;

#[cfg(all(feature = "record", feature = "alloc"))]
pub use alloc::Alloc;
#[cfg(feature = "tracing")]
pub use bridge::{TracingLayer, tracing_layer};
#[cfg(feature = "record")]
pub use ferret_macros::profile;
#[cfg(feature = "record")]
pub use instrument::{ByResult, Completed, InSpan, Instrument, Instrumented, OutcomeOf};
#[cfg(feature = "record")]
pub use log::Durability;
#[cfg(feature = "record")]
pub use options::{Options, Overflow, StartError, start};
#[cfg(feature = "record")]
pub use record::{Entered, Session, SpanRef, TaskSpan, current_span, progress};
#[doc(hidden)]
#[cfg(all(feature = "fuzz", not(feature = "off")))]
pub use salvage::fuzz;
#[cfg(all(feature = "record", feature = "read", not(feature = "off")))]
pub use salvage::{Salvage, WhyLeft, is_alive, salvage};

/// What the macros expand to. Not for use by hand: it changes with them.
#[cfg(feature = "record")]
#[doc(hidden)]
pub mod __private {
    pub use crate::event::{CallsiteKind, Outcome};
    pub use crate::expansion::{
        Fallible, Observed, Optional, ReturnType, Returned, SpanGuard, Taggable, body, body_of,
        capture, error_debug, error_display, future, future_of, named, naming, never, none_is_err,
        number, observe, open, output, tag_debug, tag_display, tag_value,
    };
    #[cfg(not(feature = "off"))]
    pub use crate::record::ticks;
    pub use crate::record::{
        Callsite, Guard, Key, Names, TaskSpan, Under, count, enter, level, mark, recording, tag,
        values,
    };
    pub use crate::value::TagValueRef;
    pub use core;
    pub use std::boxed::Box;
}
