//! Reads a run once more, on all cores and in no order: for what is only known to be wanted once all was
//! read.

use super::cores;
use crate::progress::ProgressLine;
use ferret::event::{LogIndex, Part, Parts};
use ferret::log::{LogError, Run};

/// Shows each part of what the logs have by now, or of the first so many entries, to `see`, with something that is
/// the core's own; gives those.
/// What is damaged is passed over: whoever read the run before has said so.
///
/// # Errors
///
/// A log cannot be opened any more, or none can be read.
pub(super) fn each_part<T: Default + Send>(
    run: &Run,
    reach: Option<u64>,
    see: impl Fn(&mut T, LogIndex, Part<'_>) + Sync,
) -> Result<Vec<T>, LogError> {
    let mut progress = ProgressLine::new("looking closer");
    let mut again = run.again()?;
    let all: u64 = run.logs().iter().map(|tail| tail.info().entries()).sum();
    let all = reach.map_or(all, |reach| reach.min(all));
    let cores = cores::each(|| (T::default(), Parts::default()));
    let mut done = 0;
    while done < all {
        let pieces = again.fetch(cores::ROUND)?;
        if pieces.is_empty() {
            break;
        }
        cores::hand_out(&pieces, &cores, |(own, parts): &mut (T, Parts), _, piece| {
            let read = piece.decode(parts, |parts| {
                parts.iter().for_each(|part| see(own, piece.log(), part));
                parts.clear();
            });
            // Said when it was read first.
            drop(read);
            parts.clear();
        });
        done += pieces.iter().map(ferret::log::Piece::entries).sum::<u64>();
        progress.tell(done, all);
    }
    Ok(cores.into_iter().map(|core| core.into_inner().0).collect())
}
