//! Pieces of logs, decoded wherever there is a core: each core takes the next one when it is done, and has
//! something of its own to put into what it finds.

use ferret::log::Piece;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of pieces that are handed out at a time. What they leave in memory is many times that.
pub(super) const ROUND: usize = 1 << 20;

/// What each core has of its own.
pub(super) fn each<T>(new: impl Fn() -> T) -> Vec<Mutex<T>> {
    (0..rayon::current_num_threads()).map(|_| Mutex::new(new())).collect()
}

/// Hands out pieces, each with its number, until there are no more.
pub(super) fn hand_out<T: Send>(
    pieces: &[Piece],
    cores: &[Mutex<T>],
    work: impl Fn(&mut T, usize, &Piece) + Sync,
) {
    let next = AtomicUsize::new(0);
    rayon::broadcast(|core| {
        let mut own = cores[core.index()].lock();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(index) else { break };
            work(&mut own, index, piece);
        }
    });
}
