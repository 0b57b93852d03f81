//! A program that starts itself three times: four processes, four logs, shown and summed together
//! under the one name.
//!
//! ```text
//! ferret run -- target/debug/family
//! ferret analyze run.redb --by process
//! ```

use ferret::profile;
use std::io;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

#[profile]
fn parent() -> io::Result<()> {
    let children = (1..=3).map(start).collect::<io::Result<Vec<_>>>()?;
    children.into_iter().try_for_each(wait)
}

#[profile]
fn start(number: u32) -> io::Result<Child> {
    Command::new(std::env::current_exe()?).arg(number.to_string()).spawn()
}

#[profile]
fn wait(mut child: Child) -> io::Result<()> {
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("a child: {status}"))) }
}

#[profile(tags(number))]
fn child(number: u64) {
    for _ in 0..10 {
        step(number);
    }
    println!("child {number} is done");
}

#[profile]
fn step(number: u64) {
    thread::sleep(Duration::from_millis(number));
}

fn main() -> io::Result<()> {
    match std::env::args().nth(1).and_then(|number| number.parse().ok()) {
        Some(number) => {
            child(number);
            Ok(())
        }
        None => parent(),
    }
}
