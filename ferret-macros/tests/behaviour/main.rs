//! What annotations put into a log: programs are recorded into real files, and these read back.
#![expect(clippy::unwrap_used, reason = "a test helper fails as a test does")]

mod calls;
mod conditional;
mod dynamic;
mod look;
mod modules;
mod names;
mod polls;
mod returned;
mod script;
