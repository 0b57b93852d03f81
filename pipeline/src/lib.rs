//! A podcast pipeline that works offline: feeds in; transcripts, summaries, grounded insights, a knowledge graph and a
//! searchable index out.
//!
//! Each stage is a file of [`stages`] and a plain function: values in, a value out. [`runner`] gives them their inputs
//! from the artifacts on disk ([`store`]), keeps what they return and decides what is reused. The command line is the
//! binary; profiling is annotations alone and needs nothing from any of these.

pub mod audio;
pub mod embed;
pub mod error;
pub mod http;
pub mod ids;
pub mod index;
pub mod interrupt;
pub mod models;
pub mod runner;
pub mod settings;
pub mod stage;
pub mod stages;
pub mod store;
pub mod text;
pub mod time;
