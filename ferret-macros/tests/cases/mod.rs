//! What `#[profile]` goes on, in every shape: compiled in three editions, with every warning an
//! error, and run.

mod futures;
mod hygiene;
mod methods;
mod modules;
mod returned;
mod shapes;
mod tasks;
mod written;
