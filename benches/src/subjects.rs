//! What is measured: the same trivial body, each in its own wrapping.

use ferret::__private::ticks;
use std::hint::black_box;

/// One way to run the body.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) call: fn(u64) -> u64,
    /// The others are compared with this one.
    pub(crate) is_floor: bool,
}

pub(crate) const SUBJECTS: &[Subject] = &[
    Subject { name: "uninstrumented call", call: bare, is_floor: false },
    Subject { name: "two clock reads", call: two_clock_reads, is_floor: true },
    Subject { name: "#[profile]", call: profiled, is_floor: false },
    Subject { name: "#[profile], with a child", call: nested, is_floor: false },
    Subject { name: "span!", call: block, is_floor: false },
];

#[inline(never)]
fn bare(x: u64) -> u64 {
    x.rotate_left(7) ^ 0x9e37
}

#[inline(never)]
fn two_clock_reads(x: u64) -> u64 {
    black_box(ticks());
    let y = x.rotate_left(7) ^ 0x9e37;
    black_box(ticks());
    y
}

#[inline(never)]
#[ferret::profile]
fn profiled(x: u64) -> u64 {
    x.rotate_left(7) ^ 0x9e37
}

#[inline(never)]
#[ferret::profile]
fn nested(x: u64) -> u64 {
    profiled(x)
}

#[inline(never)]
fn block(x: u64) -> u64 {
    let _span = ferret::span!("block");
    x.rotate_left(7) ^ 0x9e37
}
