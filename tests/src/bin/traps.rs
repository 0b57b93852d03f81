//! A host that catches the signals that ask it to end, says so, and ends itself at the third.
//!
//! `traps before|after [handled]`: whether it begins that before or after its recording, and whether the
//! recording is to handle signals too.

use ferret::{Options, profile};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::error::Error;

#[profile]
fn serve(signals: &mut Signals) {
    println!("ready");
    for (signal, number) in signals.forever().zip(1..) {
        react(signal);
        println!("caught {signal}");
        if number == 3 {
            break;
        }
    }
}

#[profile]
fn react(signal: i32) {
    ferret::tag!(signal);
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let catch = || Signals::new([SIGTERM, SIGINT, SIGHUP]);
    let early = has("before").then(catch).transpose()?;
    let options = Options { handle_signals: has("handled"), ..Options::new("run.redb") };
    let session = options.start()?;
    serve(&mut early.map_or_else(catch, Ok)?);
    drop(session);
    std::process::exit(7);
}
