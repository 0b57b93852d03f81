//! Bringing the log of a dead process to its end: what it had published and not committed is appended from its
//! flight buffer, exactly once. The only file, beside the recorder's session, that knows both log and recording.
//!
//! Who decides is the log: its lock says whether the process lives, and lets one at a time do this; its watermarks
//! say what is missing; its last row says that nothing is. The flight buffer is taken away after that, so a
//! salvager that dies at any moment leaves either everything to be done, or nothing.

#[doc(hidden)]
#[cfg(feature = "fuzz")]
pub mod fuzz;

use crate::event::{EndKind, LogEntry};
use crate::log::{LogError, ReadOptions, Reopen, Reopened, Tail, is_this_boot, now};
use crate::record::{Left, Peek, flight, is_this_host};
use std::io;

/// What became of a log that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Salvage {
    /// Its process lives.
    Alive,
    /// It had its end already.
    Ended,
    /// It has its end now.
    Salvaged {
        /// Entries that were missing.
        entries: u64,
    },
    /// It was left as it is.
    Left(WhyLeft),
}

/// Why the log of a dead process was left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyLeft {
    /// What its process left behind is not to be seen from here: it had no shared memory, its memory is another
    /// container's, or somebody removed it.
    NotVisible,
    /// The machine has been started anew since: what the process left behind is gone.
    OtherBoot,
    /// What its process left behind belongs to another file: this is a copy.
    Copy,
    /// What its process left behind may not be read, is damaged, or is of another format.
    Unreadable,
    /// The log cannot be written.
    NotWritable,
}

/// Whether the process of the log that `tail` reads lives; `None` if that cannot be told from here. The file's lock
/// tells if somebody holds it. That nobody does says something of this file alone: of a log that was copied, or came
/// from another machine, the process may live where the file came from.
pub fn is_alive(tail: &Tail) -> Option<bool> {
    let (info, owned) = (tail.info(), tail.owned());
    if owned != Some(false) || info.is_ended {
        return owned;
    }
    if !is_this_boot(&info.boot_id) {
        // This machine was started anew, or another wrote it.
        return is_this_host(&info.host).then_some(false);
    }
    match Peek::at(info.uid) {
        // It may have lost the lock that says so.
        Ok(peek) if peek.is_of(tail.identity()) => Some(peek.is_alive()),
        Ok(_) => None,
        Err(error) if error.kind() == io::ErrorKind::NotFound && info.is_outlived => {
            // Another container's; unless somebody has taken it away who ended the log.
            let again = tail.again(&ReadOptions { read_only: true, ..ReadOptions::default() });
            again.is_ok_and(|tail| tail.info().is_ended).then_some(false)
        }
        // It had none, or it is another user's of this machine: the lock says it all.
        Err(_) => Some(false),
    }
}

/// Looks at the log that `tail` reads, whatever has its name by now, and brings it to its end if its process is dead.
///
/// # Errors
///
/// It is damaged, or is locked for too long.
pub fn salvage(tail: &Tail) -> Result<Salvage, LogError> {
    let (uid, identity) = (tail.info().uid, tail.identity());
    let is_ended = tail.info().is_ended;
    if !is_ended && !is_this_boot(&tail.info().boot_id) {
        return Ok(Salvage::Left(WhyLeft::OtherBoot));
    }
    let is_ended = is_ended
        || tail.again(&ReadOptions { read_only: true, ..ReadOptions::default() })?.info().is_ended;
    if is_ended {
        // Whoever wrote that may have died before it took the rest away.
        if Peek::at(uid).is_ok_and(|peek| peek.is_of(identity) && !peek.is_alive()) {
            flight::remove(uid);
        }
        return Ok(Salvage::Ended);
    }
    if tail.owned() != Some(false) {
        return Ok(Salvage::Alive);
    }
    match Peek::at(uid) {
        // It may have lost the lock that says so.
        Ok(peek) if peek.is_alive() => return Ok(Salvage::Alive),
        Ok(peek) if !peek.is_of(identity) => return Ok(Salvage::Left(WhyLeft::Copy)),
        Ok(_) => {}
        Err(error) => return why_not(tail, &error),
    }
    let (mut reopened, known) = match Reopened::open(tail) {
        Ok(Reopen::Dead(reopened, known)) => (*reopened, known),
        Ok(Reopen::Ended) => return Ok(Salvage::Ended),
        Ok(Reopen::Owned) => return Ok(Salvage::Alive),
        Err(error) if error.is_not_writable() => return Ok(Salvage::Left(WhyLeft::NotWritable)),
        Err(error) => return Err(error),
    };
    // Now that nobody else does this, and the process does not come back.
    let left = match Left::by(uid) {
        // Asked behind it: it may have come back, and have begun another log.
        Ok(left) if Peek::at(uid).is_ok_and(|peek| peek.is_of(identity)) => left,
        Ok(_) => return Ok(Salvage::Alive),
        Err(error) => return why_not(tail, &error),
    };
    let (how, oom_kills) = (left.ending().unwrap_or(EndKind::Lost), left.oom_kills());
    let heard = left.last_heard().map_or_else(now, |heard| heard.min(now()));
    let (batch, unsaid) = left.fold_into(reopened.batch, known, heard);
    reopened.batch = batch;
    if unsaid > 0 {
        reopened.batch.put_own(
            heard,
            &LogEntry::Dropped { spans: unsaid, busy_ns: 0, top: None, path: None },
        );
    }
    let entries = match reopened.end(how, oom_kills, heard, now()) {
        Err(error) if error.is_not_writable() => return Ok(Salvage::Left(WhyLeft::NotWritable)),
        ended => ended?,
    };
    flight::remove(uid);
    flight::sweep();
    Ok(Salvage::Salvaged { entries })
}

/// What is to be said where a dead process left nothing that can be read.
fn why_not(tail: &Tail, error: &io::Error) -> Result<Salvage, LogError> {
    if error.kind() != io::ErrorKind::NotFound {
        return Ok(Salvage::Left(WhyLeft::Unreadable));
    }
    // Another may have been faster.
    let is_ended =
        tail.again(&ReadOptions { read_only: true, ..ReadOptions::default() })?.info().is_ended;
    Ok(if is_ended { Salvage::Ended } else { Salvage::Left(WhyLeft::NotVisible) })
}
