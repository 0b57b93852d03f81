//! A look at the header of a flight buffer, without reading the rest: whose it is, and whether its process lives.

use super::layout::{CLOCK_AT, CLOCK_PAIRS, FORMAT, Header, MAGIC, MAX_PATH};
use super::{memory, path_of};
use crate::event::ProcessUid;
use crate::record::{clock, identity};
use rustix::fs::OFlags;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::mem::offset_of;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Longer than a process that lives ever lets the clock be, but for one that is stopped.
const SILENT_NS: u64 = 2_000_000_000;

/// What a header says.
#[derive(Debug)]
pub(crate) struct Peek {
    /// The log's device and inode; inode 0 if it never had one.
    pub(super) log: (u64, u64),
    /// The log's path; none if that is too long to be kept.
    pub(super) path: Option<PathBuf>,
    /// How long ago the process last read the clock; if it never did, made the file.
    pub(super) silent_ns: u64,
    pid: u32,
    start_ticks: u64,
}

impl Peek {
    /// That of process `uid`.
    ///
    /// # Errors
    ///
    /// It is not to be seen from here, is not to be read, or is none of this format.
    pub(crate) fn at(uid: ProcessUid) -> io::Result<Self> {
        Self::of(&path_of(uid))
    }

    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let file = memory::open_own(path, OFlags::RDONLY)?;
        let mut header = [0; size_of::<Header>()];
        file.read_exact_at(&mut header, 0)?;
        let word = |at: usize| header[at..].first_chunk().map_or(0, |b| u32::from_ne_bytes(*b));
        let long = |at: usize| header[at..].first_chunk().map_or(0, |b| u64::from_ne_bytes(*b));
        if long(offset_of!(Header, magic)) != MAGIC || word(offset_of!(Header, format)) != FORMAT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let at = offset_of!(Header, path);
        let length = header[at..].first_chunk().map_or(0, |b| u16::from_ne_bytes(*b));
        let path = header[at + 2..].get(..usize::from(length).min(MAX_PATH)).unwrap_or_default();
        let path = (!path.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(path)));
        Ok(Self {
            log: (long(offset_of!(Header, device)), long(offset_of!(Header, inode))),
            path,
            silent_ns: silent_ns(&file, long(offset_of!(Header, clocks)))?,
            pid: word(offset_of!(Header, pid)),
            start_ticks: long(offset_of!(Header, start_ticks)),
        })
    }

    /// Whether it belongs to the log of that device and inode. It knows of none if the process died in the moment
    /// after its log had been made.
    pub(crate) fn is_of(&self, log: (u64, u64)) -> bool {
        is_of(self.log, log)
    }

    /// Whether its process lives, though it may have lost the lock that says so: a daemon that closes all its
    /// descriptors has, until it looks. One that became another program by `exec` has the pid, and reads no clock.
    pub(crate) fn is_alive(&self) -> bool {
        if self.silent_ns > SILENT_NS {
            return false;
        }
        let (state, start_ticks) = identity::state(&self.pid.to_string());
        !matches!(state.as_deref(), None | Some("Z" | "X")) && start_ticks == Some(self.start_ticks)
    }
}

pub(super) fn is_of(own: (u64, u64), log: (u64, u64)) -> bool {
    own.1 == 0 || own == log
}

fn silent_ns(file: &File, clocks: u64) -> io::Result<u64> {
    let Some(last) = clocks.checked_sub(1) else {
        // In the future, after the wall clock was set back, it is as if it were new.
        let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
        return Ok(u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
    };
    let last = usize::try_from(last % CLOCK_PAIRS as u64).unwrap_or(0);
    let mut time = [0; 8];
    file.read_exact_at(&mut time, (CLOCK_AT + last * 16 + 8) as u64)?;
    Ok(clock::now().0.saturating_sub(u64::from_ne_bytes(time)))
}

#[cfg(test)]
impl Peek {
    /// One that says that.
    pub(super) fn made_up(log: (u64, u64), path: &Path, silent_ns: u64) -> Self {
        Self { log, path: Some(path.to_owned()), silent_ns, pid: 0, start_ticks: 0 }
    }
}
