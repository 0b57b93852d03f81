//! A thread that gets stuck in a function, until a line on standard input frees it: `ferret watch`
//! shows the open span while it hangs, however long that is.
//!
//! ```text
//! ferret run -- target/debug/stuck      type lines; Ctrl-D ends it
//! ferret watch run.redb                 in a second terminal
//! ```

use ferret::profile;
use std::io::{self, BufRead as _};
use std::sync::mpsc;
use std::thread;

#[profile]
fn serve(orders: &mpsc::Receiver<()>) {
    while orders.recv().is_ok() {
        println!("stuck");
        wait_for_a_word(orders);
        println!("free");
    }
}

#[profile]
fn wait_for_a_word(orders: &mpsc::Receiver<()>) {
    // No word ever again is an answer, too.
    let _word: Result<(), mpsc::RecvError> = orders.recv();
}

fn main() -> io::Result<()> {
    let (sender, orders) = mpsc::channel();
    let server = thread::Builder::new().name("server".to_owned()).spawn(move || serve(&orders))?;
    println!("ready");
    for line in io::stdin().lock().lines() {
        line?;
        if sender.send(()).is_err() {
            break;
        }
    }
    drop(sender);
    server.join().map_err(|_panic| io::Error::other("the server panicked"))
}
