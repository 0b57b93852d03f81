//! Rows: names, stacks of silent threads, checkpoints, who wrote the log.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    ferret::log::fuzz::row(bytes);
});
