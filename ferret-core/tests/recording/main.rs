//! What a program says beyond its spans, and what becomes of one that holds a session wrongly: real
//! recordings, read back from their logs.
#![cfg(all(feature = "record", feature = "read", not(feature = "off")))]
#![expect(clippy::unwrap_used, reason = "a test helper fails as a test does")]

mod log;
mod numbers;
mod open_tasks;
mod panics;
mod part;
mod progress;
mod sessions;
mod values;
