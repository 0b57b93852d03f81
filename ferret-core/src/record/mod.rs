//! Recording: from a `#[profile]`d function to a batch of entries.
//!
//! An event is born in `local` (the hot path), lies in a `chunk` of the `arena`, is read by
//! `drain`, becomes an entry in `fold`, and goes to the log by the `recorder`'s commit. `session`
//! starts and ends all that. With feature `off`, `off.rs` stands in for the whole module.

mod arena;
mod budget;
mod callsite;
mod chunk;
mod clock;
mod drain;
#[cfg(test)]
mod drain_tests;
mod dynamic;
mod engine;
pub(crate) mod flight;
mod fold;
#[cfg(test)]
pub(crate) mod fold_tests;
mod guard;
#[cfg_attr(not(feature = "alloc"), path = "no_heap.rs")]
mod heap;
mod hooks;
mod identity;
#[cfg(feature = "read")]
mod left;
mod local;
mod loss;
#[cfg(test)]
mod loss_tests;
mod numbers;
#[cfg(test)]
mod numbers_tests;
mod origin;
mod panics;
mod paths;
mod raw;
mod recorder;
mod registration;
mod sampler;
mod session;
mod span_cost;
#[cfg(test)]
mod stress_tests;
mod tag_keys;
mod task_span;
#[cfg(test)]
mod task_tests;
mod tasks;
#[cfg(test)]
pub(crate) mod tests;
mod unsaid;
mod values;

pub use callsite::Callsite;
pub use clock::ticks_fast as ticks;
pub use dynamic::Names;
#[cfg(feature = "read")]
pub(crate) use flight::Peek;
pub use guard::{Guard, Key, enter, mark, progress, recording, tag};
#[cfg(feature = "tracing")]
pub(crate) use heap::keep_out;
#[cfg(feature = "alloc")]
pub(crate) use heap::{Owner, allocated, freed};
#[cfg(feature = "read")]
pub(crate) use identity::is_this_host;
#[cfg(feature = "read")]
pub(crate) use left::Left;
pub use numbers::{count, level};
pub use session::Session;
pub(crate) use session::start_with;
pub use task_span::{Entered, SpanRef, TaskSpan, Under, current_span};
pub use values::values;
