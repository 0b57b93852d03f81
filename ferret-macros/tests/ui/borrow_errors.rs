//! Borrows are checked as they would be without the attribute.
use ferret::profile;

#[profile]
fn dangling(text: String) -> &'static str {
    &text
}

#[profile]
fn moved_twice(text: String) -> (String, String) {
    (text, text)
}

#[profile]
fn immutable(list: Vec<u32>) -> Vec<u32> {
    list.push(3);
    list
}

#[profile]
fn unrelated<'a>(a: &'a str, b: &str) -> &'a str {
    if a.is_empty() { b } else { a }
}

#[profile(tags(n = drop(text)))]
fn moved_by_a_tag(text: String) -> String {
    text
}

#[profile]
fn unsafe_body(pointer: *const u32) -> u32 {
    *pointer
}

fn main() {}
