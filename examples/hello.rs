//! Three nested functions: annotations are the only change to the code.
//!
//! ```text
//! cargo build -p ferret-examples
//! ferret run -- target/debug/hello
//! ferret analyze run.redb --tree
//! ```

use ferret::profile;

#[profile]
fn greet(names: &[&str]) -> String {
    names.iter().map(|name| compose(name)).collect()
}

#[profile]
fn compose(name: &str) -> String {
    format!("{}, {name}!\n", word(name.len()))
}

#[profile]
fn word(length: usize) -> &'static str {
    if length > 5 { "Good day" } else { "Hello" }
}

fn main() {
    print!("{}", greet(&["Ada", "Grace", "Edsger", "Barbara"]));
}
