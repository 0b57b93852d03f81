//! The cases in this crate's edition; `editions/` has the same for the older ones.
#![deny(warnings, clippy::all, clippy::pedantic)]
#![expect(unsafe_code, reason = "an `unsafe fn` is one of the cases")]

mod cases;
