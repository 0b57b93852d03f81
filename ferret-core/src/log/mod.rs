//! The log: one file a process, written by that process alone, read by any number of others while
//! it is written and after.
//!
//! `codec` → `segment` → `block` → `schema` are the format, bottom up (docs/format.md tells it byte
//! by byte). `backend` and `lock` are redb's storage and the locks, `family` the names. `writer` is
//! what a profiled program runs; it never reads another process's bytes. Reading knows no recorder,
//! recording no reader.

#![cfg_attr(
    not(all(feature = "record", feature = "read", not(feature = "off"))),
    expect(dead_code, reason = "the format's two sides stand beside each other, and one is built")
)]

#[cfg(feature = "read")]
mod append;
mod backend;
mod batch;
mod block;
#[cfg(feature = "read")]
mod check;
mod codec;
#[cfg(feature = "read")]
mod cursor;
#[cfg(feature = "record")]
mod descriptors;
#[cfg(feature = "read")]
mod earlier;
mod error;
mod family;
#[cfg(feature = "read")]
mod fetch;
#[doc(hidden)]
#[cfg(feature = "fuzz")]
pub mod fuzz;
#[cfg(feature = "record")]
mod growth;
#[cfg(feature = "read")]
mod info;
#[cfg(feature = "read")]
mod lease;
mod limits;
mod lock;
#[cfg(feature = "read")]
mod members;
#[cfg(feature = "read")]
mod merged;
#[cfg(feature = "read")]
mod middle;
#[cfg(feature = "read")]
mod name_rows;
mod names;
#[cfg(feature = "read")]
mod open;
#[cfg(feature = "read")]
mod open_tasks;
#[cfg(feature = "read")]
mod overlay;
#[cfg(feature = "read")]
mod piece;
#[cfg(feature = "record")]
mod pinned;
#[cfg(feature = "record")]
mod present;
mod prune;
#[cfg(all(feature = "read", feature = "record", not(feature = "off")))]
mod reopened;
#[cfg(feature = "read")]
mod run;
#[cfg(feature = "read")]
mod scavenge;
mod schema;
mod segment;
#[cfg(feature = "read")]
mod snapshot;
#[cfg(feature = "read")]
mod source;
#[cfg(feature = "record")]
mod sync;
#[cfg(feature = "read")]
mod tail;
mod task_rows;
#[cfg(feature = "read")]
mod verify;
#[cfg(feature = "read")]
mod watch;
#[cfg(feature = "record")]
mod writer;
#[cfg(feature = "record")]
mod written;

#[cfg(feature = "read")]
pub use append::append_exit;
#[cfg(feature = "read")]
pub use check::{CheckReport, check};
#[cfg(feature = "record")]
pub use descriptors::Descriptors;
#[cfg(feature = "read")]
pub use earlier::earlier_runs;
pub use error::LogError;
pub use family::{Durability, Place, Unsaved, prepare_run};
#[cfg(feature = "read")]
pub use info::{Damage, Integrity, LogInfo, ReadOptions};
pub use limits::Limits;
#[cfg(feature = "read")]
pub use members::members;
#[cfg(feature = "read")]
pub use merged::Merged;
#[cfg(feature = "read")]
pub use piece::Piece;
#[cfg(all(feature = "read", feature = "record", not(feature = "off")))]
pub(crate) use reopened::{Reopen, Reopened};
#[cfg(feature = "read")]
pub use run::{Run, find_log};
#[cfg(feature = "read")]
pub use scavenge::{Scavenged, scavenge};
#[cfg(feature = "read")]
pub use snapshot::Snapshot;
#[cfg(feature = "read")]
pub use source::panics_are_damage;
#[cfg(feature = "read")]
pub use tail::Tail;
#[cfg(feature = "read")]
pub use verify::is_this_boot;
#[cfg(feature = "read")]
pub use watch::Waker;
#[cfg(feature = "record")]
pub use writer::Writer;

use crate::event::LogTime;

/// The boot-time clock, now: the clock of every log.
pub fn now() -> LogTime {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    // Neither part is negative, and the sum exceeds 64 bits after 584 years.
    LogTime(now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs())
}

#[cfg(test)]
#[cfg(all(feature = "record", feature = "read"))]
mod faults;
#[cfg(test)]
#[cfg(all(feature = "record", feature = "read"))]
mod journal;
#[cfg(test)]
#[cfg(all(feature = "record", feature = "read"))]
pub(crate) mod testing;
#[cfg(test)]
#[cfg(all(feature = "record", feature = "read"))]
mod tests;
