//! What is wrong with a tag's value is said at the value.
use ferret::{profile, span, tag};

struct Opaque;

#[profile(tags(user))]
fn no_such_variable() {}

#[profile(tags(length = user.length()))]
fn no_such_method(user: &str) {}

#[profile(tags(opaque))]
fn no_value(opaque: Opaque) {}

#[profile(tags(%opaque))]
fn no_display(opaque: Opaque) {}

fn macros(opaque: Opaque, computed: &'static str) {
    let _span = span!("name", user);
    let _span = span!("name", opaque);
    let _span = span!(3);
    let _span = span!(computed);
    tag!(opaque);
    tag!(value = opaque);
    tag!(?opaque);
}

fn main() {}
