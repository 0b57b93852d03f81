//! `std::process::exit` from deep inside: nothing is unwound and no destructor runs, and the log
//! still ends cleanly, with the code and with what was open.
//!
//! ```text
//! ferret run -- target/debug/exits 3
//! ferret analyze run.redb
//! ```

use ferret::profile;

#[profile]
fn main_loop(code: i32) {
    if code == 0 {
        return;
    }
    give_up(code);
}

#[profile]
fn give_up(code: i32) {
    std::process::exit(code);
}

fn main() {
    let code = std::env::args().nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    main_loop(code);
    println!("returned");
}
