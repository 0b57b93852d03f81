//! Ferret records what a Rust program is doing as an append-only log of events, and lets any other
//! process read that log while it is being written, and after the program is gone.

pub mod event;
pub mod log;
#[cfg(feature = "read")]
pub mod projections;
