//! Reads a run once more, on all cores and in no order: for what is only known to be wanted once all was
//! read.

use super::reading::ROUND;
use crate::progress::ProgressLine;
use ferret::event::{LogIndex, Part, Parts};
use ferret::log::{LogError, Run};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Shows each part of what the logs have by now to `see`, with something that is the core's own; gives those.
/// What is damaged is passed over: whoever read the run before has said so.
///
/// # Errors
///
/// A log cannot be opened any more, or none can be read.
pub(super) fn each_part<T: Default + Send>(
    run: &Run,
    see: impl Fn(&mut T, LogIndex, Part<'_>) + Sync,
) -> Result<Vec<T>, LogError> {
    let mut progress = ProgressLine::new("looking closer");
    let mut again = run.again()?;
    let all: u64 = run.logs().iter().map(|tail| tail.info().entries()).sum();
    let cores = rayon::current_num_threads();
    let cores: Vec<_> = (0..cores).map(|_| Mutex::new((T::default(), Parts::default()))).collect();
    let mut done = 0;
    while done < all {
        let pieces = again.fetch(ROUND)?;
        if pieces.is_empty() {
            break;
        }
        let next = AtomicUsize::new(0);
        rayon::broadcast(|core| {
            let (own, parts) = &mut *cores[core.index()].lock();
            while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                let read = piece.decode(parts, |parts| {
                    parts.iter().for_each(|part| see(own, piece.log(), part));
                    parts.clear();
                });
                // Said when it was read first.
                drop(read);
                parts.clear();
            }
        });
        done += pieces.iter().map(ferret::log::Piece::entries).sum::<u64>();
        progress.tell(done, all);
    }
    Ok(cores.into_iter().map(|core| core.into_inner().0).collect())
}
