//! For the target `flight` in `fuzz/` and nobody else: what a salvager makes of any flight buffer, beside a log
//! that says anything of its process.

use crate::event::{EndKind, Entry, LogEntry, Offset, ProcessEnd, ProcessUid};
use crate::log::{fuzz, now};
use crate::record::{Left, Peek};
use std::io;
use std::path::Path;

/// Entries that a log of any length has.
const WRITTEN: Offset = Offset(1_000_000);

/// What was salvaged, as a reader of the log would find it. `known` is what that log says.
///
/// # Errors
///
/// The file at `path` is no flight buffer of process `uid`.
///
/// # Panics
///
/// What would be written cannot be read.
pub fn flight(path: &Path, uid: u128, known: &[u8]) -> io::Result<Vec<Entry>> {
    let peek = Peek::of(path)?;
    let left = Left::at(path, ProcessUid(uid))?;
    // Whichever it says.
    let _is_of: bool = peek.is_of((1, 1)) || peek.is_alive();
    let (how, _) = (left.ending().unwrap_or(EndKind::Lost), left.oom_kills());
    let heard = left.last_heard().map_or_else(now, |heard| heard.min(now()));
    let known = fuzz::known(known).unwrap_or_default();
    let batch = fuzz::batch(WRITTEN, &known);
    let (mut batch, unsaid) = left.fold_into(batch, known, heard);
    batch.put_own(heard, &LogEntry::Dropped { spans: unsaid, busy_ns: 0, top: None, path: None });
    batch.put_own(heard, &LogEntry::ProcessEnd(ProcessEnd { how }));
    let entries = fuzz::read_back(batch, heard).expect("what is written can be read");
    Ok(entries)
}
