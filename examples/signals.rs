//! A server that runs until a signal stops it. With `handle_signals` its log ends cleanly, and then
//! the signal does what it always does.
//!
//! ```text
//! cargo run -p ferret-examples --bin signals      Ctrl-C ends it
//! ferret analyze run.redb
//! ```

use ferret::profile;
use std::thread;
use std::time::Duration;

#[profile]
fn serve() -> ! {
    println!("serving");
    loop {
        request();
    }
}

#[profile]
fn request() {
    thread::sleep(Duration::from_millis(10));
}

fn main() -> Result<(), ferret::StartError> {
    let options = ferret::Options { handle_signals: true, ..ferret::Options::new("run.redb") };
    let _session = options.start()?;
    serve()
}
