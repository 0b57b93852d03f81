//! What is made and not used does nothing: the compiler says so.
#![deny(unused_must_use)]
use ferret::{Instrument, task};
use std::future::ready;

fn main() {
    task!("not given to a future");
    ready(3).instrument(task!("not polled"));
    ready(3).in_current_span();
    ferret::current_span();
}
