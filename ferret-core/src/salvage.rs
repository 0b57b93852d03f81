//! Bringing the log of a dead process to its end: what it had published and not committed is appended from its
//! flight buffer, exactly once. The only file, beside the recorder's session, that knows both log and recording.
//!
//! Who decides is the log: its lock says whether the process lives, and lets one at a time do this; its watermarks
//! say what is missing; its last row says that nothing is. The flight buffer is taken away after that, so a
//! salvager that dies at any moment leaves either everything to be done, or nothing.

use crate::event::{EndKind, LogEntry, ProcessUid};
use crate::log::{LogError, ReadOptions, Reopen, Reopened, Tail, now};
use crate::record::Left;
use std::io;
use std::path::Path;

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

/// Looks at the log at `path`, and brings it to its end if its process is dead.
///
/// # Errors
///
/// It is no log, is damaged, or is locked for too long.
pub fn salvage(path: &Path) -> Result<Salvage, LogError> {
    let tail = Tail::open(path, &ReadOptions { read_only: true })?;
    let (uid, identity) = (tail.info().uid, tail.identity());
    if tail.info().is_ended {
        // Whoever wrote that may have died before it took the rest away.
        remove_if_its(uid, identity);
        return Ok(Salvage::Ended);
    }
    if tail.owned() != Some(false) {
        return Ok(Salvage::Alive);
    }
    if tail.info().boot_id != boot_id() {
        return Ok(Salvage::Left(WhyLeft::OtherBoot));
    }
    drop(tail);
    let left = match Left::by(uid) {
        Ok(left) => left,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Another may have been faster.
            let is_ended = Tail::open(path, &ReadOptions { read_only: true })?.info().is_ended;
            let not_visible = Salvage::Left(WhyLeft::NotVisible);
            return Ok(if is_ended { Salvage::Ended } else { not_visible });
        }
        Err(_) => return Ok(Salvage::Left(WhyLeft::Unreadable)),
    };
    // It has no inode if the process died in the moment after its log had been made.
    if left.log().1 != 0 && left.log() != identity {
        return Ok(Salvage::Left(WhyLeft::Copy));
    }
    let (reopened, known) = match Reopened::open(path) {
        Ok(Reopen::Dead(reopened, known)) => (reopened, known),
        Ok(Reopen::Ended) => return Ok(Salvage::Ended),
        Ok(Reopen::Owned) => return Ok(Salvage::Alive),
        Err(error) if error.is_not_writable() => return Ok(Salvage::Left(WhyLeft::NotWritable)),
        Err(error) => return Err(error),
    };
    let (how, oom_kills) = (left.ending().unwrap_or(EndKind::Lost), left.oom_kills());
    let (mut reopened, unsaid) = left.fold_into(*reopened, known, now());
    if unsaid > 0 {
        reopened.put(now(), &LogEntry::Dropped { spans: unsaid, busy_ns: 0, top: None });
    }
    let entries = match reopened.end(how, oom_kills, now()) {
        Err(error) if error.is_not_writable() => return Ok(Salvage::Left(WhyLeft::NotWritable)),
        ended => ended?,
    };
    Left::remove(uid);
    Ok(Salvage::Salvaged { entries })
}

/// Takes away what a process left behind whose log has its end.
fn remove_if_its(uid: ProcessUid, log: (u64, u64)) {
    if Left::by(uid).is_ok_and(|left| left.log() == log) {
        Left::remove(uid);
    }
}

fn boot_id() -> String {
    // Unreadable, as in some sandboxes, it is what the process found as well.
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_absent| String::new(), |text| text.trim().to_owned())
}
