//! Names that are made when a span begins.
use ferret::{profile, span};

struct Opaque;

#[profile(name = value)]
fn cannot_be_shown(value: Opaque) {}

#[profile(name = nothing.of.the.kind)]
fn not_there() {}

#[profile(name = text.len() + true)]
fn does_not_compile(text: &str) {}

#[profile(name = match n { 1 => "one", _ => "many" })]
fn this_one_is_fine(n: u32) {}

fn main() {
    let _span = span!(name = Opaque);
    let _span = span!(name = missing, n = 3);
    this_one_is_fine(3);
}
