//! No lint about the body appears or disappears.
#![deny(warnings)]
use ferret::profile;

#[profile]
fn unused_argument(used: u32, argument: u32) -> u32 {
    used
}

#[profile]
fn unused_variable(a: String, b: String) -> String {
    let variable = a;
    b
}

#[profile]
fn unused_mut(mut a: u32) -> u32 {
    a
}

#[profile]
fn unreachable() -> u32 {
    return 3;
    4
}

#[profile]
fn unused_result(text: &str) {
    text.parse::<u32>();
}

#[profile]
async fn unused_in_a_future(used: u32, argument: u32) -> u32 {
    used
}

#[profile]
fn dead() {}

fn main() {
    unused_argument(1, 2);
    unused_variable(String::new(), String::new());
    unused_mut(1);
    unreachable();
    unused_result("");
    drop(unused_in_a_future(1, 2));
    must_use();
}

#[profile]
#[must_use]
fn must_use() -> u32 {
    3
}
